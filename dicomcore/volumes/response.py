"""The Rendered Volume Response Module: what a rendering was, or would be, made with (PS3.18 Annex K).

An orientation is told as the camera that it stands for, so that a client can start from there: the same values as
viewpoint parameters give the same picture. What Annex K has no attribute for, a volume that was reduced to fit into
memory, is told in Derivation Description.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from dicomcore.data import Buffer, BulkdataPolicy, Dataset, encode_json, new_dataset
from dicomcore.rendering import RenderingOptions, Window
from dicomcore.volumes.options import RenderingMethod, VolumeKind, VolumeOptions
from dicomcore.volumes.planning import VolumePlan, plan_volume, reduction_of
from dicomcore.volumes.rendered import DEFAULT_RATE, middle_of, read_volume, stored_voi, voi_for, window_of
from dicomcore.volumes.slices import VolumeFrame
from dicomcore.volumes.views import camera_of, curve_step, swivel_step
from dicomcore.volumes.volume import Factors

REFORMATTING_OPERATION_TYPE = 0x00720510
RENDERING_METHOD = 0x0070120D
VIEWPOINT_POSITION = 0x00701603
VIEWPOINT_LOOK_AT_POINT = 0x00701604
VIEWPOINT_UP_DIRECTION = 0x00701605
MPR_SLAB_THICKNESS = 0x00701503
WINDOW_CENTER = 0x00281050
WINDOW_WIDTH = 0x00281051
VOI_LUT_FUNCTION = 0x00281056
SWIVEL_RANGE = 0x00701A06
ANIMATION_STEP_SIZE = 0x00701A05
RECOMMENDED_ANIMATION_RATE = 0x00701A03
DERIVATION_DESCRIPTION = 0x00082111

_DIGITS = 6


def rendered_volumetric_metadata(
    frames: Sequence[Buffer],
    transfer_syntax_uids: Sequence[str],
    descriptions: Sequence[VolumeFrame],
    options: VolumeOptions,
    rendering: RenderingOptions,
) -> bytes:
    """Return the module, as application/dicom+json, of what `render_volume` makes of the same arguments.

    Frames are decoded only where the window comes from their values. Raises what `render_volume` raises.
    """
    plan = plan_volume(descriptions, options, rendering)
    dataset = new_dataset()
    dataset.put(REFORMATTING_OPERATION_TYPE, "CS", options.kind.value)
    dataset.put(RENDERING_METHOD, "CS", plan.method.value.upper())
    _put_camera(dataset, plan, options)
    if options.kind is VolumeKind.MPR and options.slab is not None:
        dataset.put(MPR_SLAB_THICKNESS, "FD", options.slab)
    if plan.method is not RenderingMethod.VOLUME_RENDERED:
        _put_window(dataset, _window(plan, frames, transfer_syntax_uids, descriptions, options, rendering))
    if options.is_animated:
        _put_animation(dataset, options)
    factors = reduction_of(plan, descriptions, options, sum(map(len, frames)))
    reduction = describe_reduction(factors, plan.stride)
    if reduction:
        dataset.put(DERIVATION_DESCRIPTION, "ST", reduction)
    return encode_json(dataset, BulkdataPolicy(b""))


def _window(
    plan: VolumePlan,
    frames: Sequence[Buffer],
    transfer_syntax_uids: Sequence[str],
    descriptions: Sequence[VolumeFrame],
    options: VolumeOptions,
    rendering: RenderingOptions,
) -> Window:
    description = middle_of(plan, descriptions)
    voi = stored_voi(plan, description, options, rendering)
    if voi is None:
        volume = read_volume(plan, frames, transfer_syntax_uids, descriptions, options)
        voi = voi_for(volume, plan, description, options, rendering)
    return window_of(voi)


def _put_camera(dataset: Dataset, plan: VolumePlan, options: VolumeOptions) -> None:
    """Put the initial camera: at the point that was given, else outside of the volume."""
    camera = camera_of(plan.grid, options)
    distance = float(np.linalg.norm(np.ptp(plan.grid.corners, axis=0)))
    position = camera.look_at - distance * camera.forward if options.position is None else options.position
    dataset.put(VIEWPOINT_POSITION, "FD", *_rounded(position))
    dataset.put(VIEWPOINT_LOOK_AT_POINT, "FD", *_rounded(camera.look_at))
    dataset.put(VIEWPOINT_UP_DIRECTION, "FD", *_rounded(-camera.down))


def _rounded(values: Iterable[float]) -> list[float]:
    return [round(float(value), _DIGITS) + 0.0 for value in values]


def _put_window(dataset: Dataset, window: Window) -> None:
    dataset.put(WINDOW_CENTER, "DS", _decimal(window.center))
    dataset.put(WINDOW_WIDTH, "DS", _decimal(window.width))
    dataset.put(VOI_LUT_FUNCTION, "CS", window.function.name)


def _decimal(number: float) -> str:
    """Write a number in at most the 16 characters of a DS."""
    return f"{number:.9g}"


def _put_animation(dataset: Dataset, options: VolumeOptions) -> None:
    if options.swivel_range is not None:
        dataset.put(SWIVEL_RANGE, "FD", options.swivel_range)
    step = swivel_step(options) if options.swivel_range is not None else curve_step(options)
    dataset.put(ANIMATION_STEP_SIZE, "FD", step)
    dataset.put(RECOMMENDED_ANIMATION_RATE, "FD", options.rate or DEFAULT_RATE)


def describe_reduction(factors: Factors, stride: int) -> str:
    """Say in words by how much a volume was reduced; nothing if it was not."""
    layers, rows, columns = factors
    if max(layers * stride, rows, columns) == 1:
        return ""
    return f"Volume reduced before rendering: 1 voxel of {columns} columns, {rows} rows and {layers * stride} slices"
