"""What it takes to make a picture of a volume, decided from its geometry before any frame is read.

A section needs the layers that it cuts and no others: of three hundred slices across the body one or two, if the
section lies across the body too. All limits are here: how many bytes the frames and the voxels take (a worker process
has 512 MB), and how long the picture may take.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dicomcore.errors import LimitExceeded
from dicomcore.rendering import MOVING_MEDIA_TYPES, RENDERED_MEDIA_TYPES, RenderingOptions
from dicomcore.volumes.geometry import Array, Grid, grid_of, slices_in
from dicomcore.volumes.options import RenderingMethod, VolumeKind, VolumeOptions
from dicomcore.volumes.reformation import MAX_SECTIONS, slab_depths
from dicomcore.volumes.slices import VolumeFrame
from dicomcore.volumes.views import View, views_of
from dicomcore.volumes.volume import MAX_VOLUME_BYTES, Factors, factors_for, voxel_type

MAX_INPUT_BYTES = 320 << 20
"""The most bytes that the slices of one volume have, uncompressed; of larger ones every n-th layer is used."""

_MEMORY = 400 << 20  # for stored frames and voxels together
_LEAST = 32 << 20  # for voxels, however large the frames are
_SECONDS = 8.0  # of one processor, for all pictures of one answer

# Seconds for a voxel, measured on one core.
_COSTS = {
    RenderingMethod.VOLUME_RENDERED: 90e-9,
    RenderingMethod.MAXIMUM_IP: 6e-9,
    RenderingMethod.MINIMUM_IP: 6e-9,
    RenderingMethod.AVERAGE_IP: 8e-9,
}
_DEFAULT_METHODS = {
    VolumeKind.MPR: RenderingMethod.AVERAGE_IP,
    VolumeKind.THREE_D: RenderingMethod.VOLUME_RENDERED,
}


@dataclass(frozen=True, slots=True, eq=False)
class VolumePlan:
    """A grid, which of its layers are needed, and the views to be made of them.

    ``depths`` are those of the sections of a slab, in mm about each view. Of the layers that there are every
    ``stride``-th is in the grid.
    """

    grid: Grid
    layers: range
    views: tuple[View, ...]
    depths: Array
    method: RenderingMethod
    stride: int = 1

    @property
    def needed(self) -> tuple[int, ...]:
        """The indices of the slices that are to be read."""
        return slices_in(self.grid.layers[index] for index in self.layers)


def is_moving(options: VolumeOptions, rendering: RenderingOptions) -> bool:
    """Say whether the answer is an animation: the request asks for one, and the media type can hold it."""
    media_type = rendering.media_type
    is_still_type, can_move = media_type in RENDERED_MEDIA_TYPES, media_type in MOVING_MEDIA_TYPES
    if rendering.is_still or (is_still_type and not can_move):
        return False
    return options.is_animated or (can_move and not is_still_type)


def method_of(options: VolumeOptions) -> RenderingMethod:
    """Return the rendering method: an MPR averages, three dimensions are rendered directly, unless told otherwise."""
    return options.method or _DEFAULT_METHODS[options.kind]


def plan_volume(frames: Sequence[VolumeFrame], options: VolumeOptions, rendering: RenderingOptions) -> VolumePlan:
    """Decide what is to be done.

    Raises:
        InvalidParameter: the frames are no volume (``volume``), or the viewpoint gives no direction.
        LimitExceeded: more pictures, or a thicker slab, than are made.
    """
    whole = grid_of(frames)
    views = views_of(whole, options, is_still=not is_moving(options, rendering))
    step = min(whole.spacing) / 2
    thickness = options.slab if options.kind is VolumeKind.MPR else None
    depths = slab_depths(thickness, step, max(2, MAX_SECTIONS // len(views)))
    layers = range(len(whole.layers))
    if options.kind is VolumeKind.MPR:
        layers = _layers_cut(whole, views, depths)
    stride = _stride(whole, layers, frames)
    grid, layers = (whole, layers) if stride == 1 else _thinned(whole, layers, stride)
    return VolumePlan(grid, layers, views, depths, method_of(options), stride)


def needed_frames(
    frames: Sequence[VolumeFrame], options: VolumeOptions, rendering: RenderingOptions
) -> tuple[int, ...]:
    """Return the indices of the frames that `render_volume` needs, ascending; raises as `plan_volume`."""
    return plan_volume(frames, options, rendering).needed


def _layers_cut(grid: Grid, views: Sequence[View], depths: Array) -> range:
    """Return the layers that any of the slabs needs, at least two."""
    to_layer = np.linalg.inv(grid.affine)[2]
    places = [to_layer[:3] @ corner + to_layer[3] for view in views for corner in _corners(view, depths)]
    last = len(grid.layers) - 1
    first = min(max(int(np.floor(min(places) + 1e-6)), 0), last - 1)
    return range(first, min(max(int(np.ceil(max(places) - 1e-6)), first + 1), last) + 1)


def _corners(view: View, depths: Array) -> list[Array]:
    right, down = view.camera.right * (view.columns * view.pixel), view.camera.down * (view.rows * view.pixel)
    return [
        view.origin + across * right + along * down + depth * view.camera.forward
        for across in (0, 1)
        for along in (0, 1)
        for depth in (depths[0], depths[-1])
    ]


def _stride(grid: Grid, layers: range, frames: Sequence[VolumeFrame]) -> int:
    """Return 1, or that only every n-th layer can be taken, since all of them would be too much to read."""
    form = frames[grid.layers[0].first].description.form
    return max(1, -(-len(layers) * grid.rows * grid.columns * form.dtype.itemsize // MAX_INPUT_BYTES))


def _thinned(grid: Grid, layers: range, stride: int) -> tuple[Grid, range]:
    kept = grid.layers[::stride]
    if len(kept) < 2:
        raise LimitExceeded("bytes in the slices of a volume", MAX_INPUT_BYTES)
    affine = grid.affine.copy()
    affine[:3, 2] *= stride
    last = len(kept) - 1
    first = min(layers[0] // stride, last - 1)
    return replace(grid, affine=affine, layers=kept), range(first, min(-(-layers[-1] // stride), last) + 1)


def reduction_of(plan: VolumePlan, frames: Sequence[VolumeFrame], options: VolumeOptions, input_bytes: int) -> Factors:
    """Return by how much the volume is reduced, to fit into memory beside its frames and to be done in time.

    Raises:
        LimitExceeded: its slices are too large.
    """
    dtype = voxel_type(frames[index].description for index in plan.needed)
    allowed = max(_LEAST, min(MAX_VOLUME_BYTES, _MEMORY - input_bytes))
    voxels = allowed // dtype.itemsize
    if options.kind is VolumeKind.THREE_D:
        voxels = min(voxels, int(_SECONDS / (_COSTS[plan.method] * len(plan.views))))
    return factors_for(plan.grid, len(plan.layers), voxels)
