"""From frames to the picture of a volume, or an animation: what worker processes run (PS3.18 §10.4.1.1.7 and .8).

The window is the one that was asked for, else that of the slice in the middle, else from the smallest to the largest
value of what was read. Averages and smallest values along rays through the whole volume are far from what the window of
a slice shows: without one that was asked for they get the range of the initial view. Where there is no volume the
picture is black.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dicomcore.data import Buffer
from dicomcore.errors import CorruptFrame
from dicomcore.pixels import decode_pixels
from dicomcore.rendering import FrameDescription, RenderingOptions, Viewport, VoiFunction, Window
from dicomcore.rendering.animation import MAX_ANIMATION_PIXELS, write_animation
from dicomcore.rendering.annotations import draw_annotations
from dicomcore.rendering.geometry import place
from dicomcore.rendering.grey import voi_of
from dicomcore.rendering.luts import (
    Lut,
    Rescale,
    Values,
    apply_presentation,
    default_window,
    levels_of,
    to_bytes,
)
from dicomcore.rendering.render import finished
from dicomcore.volumes.compositing import ray_step, render_in_color
from dicomcore.volumes.options import RenderingMethod, VolumeKind, VolumeOptions
from dicomcore.volumes.planning import VolumePlan, is_moving, plan_volume, reduction_of
from dicomcore.volumes.projection import project
from dicomcore.volumes.reformation import reformat
from dicomcore.volumes.sampling import Samples
from dicomcore.volumes.slices import VolumeFrame
from dicomcore.volumes.transfer import ct_transfer, window_transfer
from dicomcore.volumes.views import View, views_of
from dicomcore.volumes.volume import Volume, build_volume, modality_values, voxel_type

Picture = NDArray[np.uint8]

DEFAULT_RATE = 15.0
"""Pictures a second of an animation."""


def render_volume(
    frames: Sequence[Buffer],
    transfer_syntax_uids: Sequence[str],
    descriptions: Sequence[VolumeFrame],
    options: VolumeOptions,
    rendering: RenderingOptions,
) -> bytes:
    """Render a volume to a file of the media type of ``rendering``.

    The three sequences go together; frames that `needed_frames` does not list may be empty.

    Raises:
        InvalidParameter: the frames are no volume (``volume``), or the viewpoint or viewport shows nothing.
        CodecUnavailable, CorruptFrame, LimitExceeded: a frame cannot be decoded, or too much is asked for.
        NotAcceptable: the media type is not one of pictures.
    """
    plan = plan_volume(descriptions, options, rendering)
    volume = read_volume(plan, frames, transfer_syntax_uids, descriptions, options)
    middle = middle_of(plan, descriptions)
    voi = voi_for(volume, plan, middle, options, rendering)
    scene = Scene(volume, plan, middle, voi, rendering.window is not None)
    if not is_moving(options, rendering):
        return finished(place(scene.picture(plan.views[0], options), rendering), middle, rendering)
    moving = replace(rendering, viewport=affordable(rendering.viewport, len(plan.views)))
    pictures = (
        draw_annotations(place(scene.picture(view, options), moving), middle.texts, moving) for view in plan.views
    )
    return write_animation(pictures, 1000 / (options.rate or DEFAULT_RATE), moving)


def affordable(viewport: Viewport | None, count: int) -> Viewport | None:
    """Return a viewport that leaves room for so many pictures; the one that was asked for if it does."""
    if viewport is None:
        return None
    side = math.isqrt(MAX_ANIMATION_PIXELS // count)
    width, height = (side if one is None else min(one, side) for one in (viewport.width, viewport.height))
    return replace(viewport, width=width, height=height)


def read_volume(
    plan: VolumePlan,
    frames: Sequence[Buffer],
    transfer_syntax_uids: Sequence[str],
    descriptions: Sequence[VolumeFrame],
    options: VolumeOptions,
) -> Volume:
    """Decode the frames that a plan needs, and make voxels of them."""
    dtype = voxel_type(descriptions[index].description for index in plan.needed)
    factors = reduction_of(plan, descriptions, options, sum(map(len, frames)))

    def read(index: int) -> Values:
        one = descriptions[index]
        return _decoded(frames[index], transfer_syntax_uids[index], one)

    return build_volume(plan.grid, plan.layers, factors, dtype, read)


def _decoded(frame: Buffer, transfer_syntax_uid: str, one: VolumeFrame) -> Values:
    form = one.description.form
    pixels = decode_pixels(frame, form, transfer_syntax_uid, one.frame_number).pixels
    if pixels.shape != (form.image.rows, form.image.columns):
        raise CorruptFrame(one.frame_number, "it is no grey image")
    return modality_values(pixels, one.description)


_FAR_FROM_SLICES = frozenset((RenderingMethod.AVERAGE_IP, RenderingMethod.MINIMUM_IP))


def middle_of(plan: VolumePlan, descriptions: Sequence[VolumeFrame]) -> FrameDescription:
    """Return the description of the slice in the middle, which stands for all of them."""
    return descriptions[plan.grid.layers[len(plan.grid.layers) // 2].first].description


def stored_voi(
    plan: VolumePlan, description: FrameDescription, options: VolumeOptions, rendering: RenderingOptions
) -> Window | Lut | None:
    """Return the window or VOI LUT that needs no values: the one that was asked for, or that of the images."""
    if rendering.window is not None:
        return rendering.window
    is_deep = options.kind is VolumeKind.THREE_D and plan.method in _FAR_FROM_SLICES
    return None if is_deep else voi_of(description)


def voi_for(
    volume: Volume,
    plan: VolumePlan,
    description: FrameDescription,
    options: VolumeOptions,
    rendering: RenderingOptions,
) -> Window | Lut:
    """Return the window or VOI LUT that values are shown with."""
    stored = stored_voi(plan, description, options, rendering)
    if stored is not None:
        return stored
    if options.kind is VolumeKind.THREE_D and plan.method in _FAR_FROM_SLICES:
        (view,) = views_of(plan.grid, options, is_still=True)
        return default_window(project(volume, view, plan.method))
    return _automatic(volume, description)


def _automatic(volume: Volume, description: FrameDescription) -> Window:
    form, modality = description.form, description.modality
    is_plain = modality is None or (isinstance(modality, Rescale) and modality.is_identity)
    if is_plain and form.bits_stored <= 8 and not form.signed and not form.floating:
        largest = float((1 << form.bits_stored) - 1)
        return Window(largest / 2, largest, VoiFunction.LINEAR_EXACT)
    hidden = None
    if description.padding is not None:
        ends = modality_values(np.array(description.padding, form.dtype), description)
        hidden = (volume.voxels >= ends.min()) & (volume.voxels <= ends.max())
    return default_window(volume.voxels, hidden)


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A volume and how it is shown; ``description`` is that of the slice in its middle."""

    volume: Volume
    plan: VolumePlan
    description: FrameDescription
    voi: Window | Lut
    is_window_chosen: bool = False

    def picture(self, view: View, options: VolumeOptions) -> Picture:
        """Return the picture of one view, grey or RGB, before the viewport."""
        if options.kind is VolumeKind.MPR:
            return self._grey(reformat(self.volume, view, self.plan.depths, self.plan.method))
        if self.plan.method is not RenderingMethod.VOLUME_RENDERED:
            return self._grey(project(self.volume, view, self.plan.method))
        step = ray_step(self.volume, view)
        is_ct = self.description.modality_name == "CT" and not self.is_window_chosen
        transfer = ct_transfer(step) if is_ct else window_transfer(window_of(self.voi), step)
        return render_in_color(self.volume, view, transfer)

    def _grey(self, samples: Samples) -> Picture:
        levels = levels_of(samples, self.voi)
        shown = self.description
        grey = to_bytes(apply_presentation(levels, shown.presentation_lut_inverse, shown.presentation_lut))
        grey[np.isnan(samples)] = 0
        return grey


def window_of(voi: Window | Lut) -> Window:
    """Return a window; in place of a VOI LUT the one that covers its inputs."""
    if isinstance(voi, Window):
        return voi
    count = len(voi.entries)
    return Window(voi.first_mapped + count / 2, float(max(count, 1)), VoiFunction.LINEAR)
