"""Parallel rays through a volume, plane by plane: the geometry of shear and warp.

Rays cross the planes of voxels along one axis of the array, the one that they run along most. From plane to plane they
move sideways by the same amount, so that a plane that is shifted as a whole brings each voxel onto its ray: that costs
two linear interpolations of contiguous arrays, where following each ray would gather eight voxels for every sample.
What comes out lies askew, in a sheared picture, and is brought into the picture of the view by one affine mapping.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomcore.volumes.geometry import Array
from dicomcore.volumes.sampling import Samples, trilinear
from dicomcore.volumes.views import View
from dicomcore.volumes.volume import Volume

_BLOCK = 16  # planes that are brought into the order of memory at once


@dataclass(frozen=True, slots=True, eq=False)
class Shear:
    """How planes of a volume lie in the sheared picture, whose rows and columns are voxels.

    ``order`` are the axes of the array: across the planes, then along their rows and columns. ``offsets`` (planes, 2)
    is where the first voxel of each plane is put. ``nearest_first`` are the planes in the order in which rays meet
    them, ``step`` the way from one to the next in mm, ``direction`` the way of one mm in voxels, by ``order``.
    """

    order: tuple[int, int, int]
    offsets: Array
    shape: tuple[int, int]
    nearest_first: range
    step: float
    direction: Array


def shear_of(volume: Volume, view: View) -> Shear:
    """Return how rays along the line of sight of a view go through a volume."""
    direction = (volume.to_voxels[:3, :3] @ view.camera.forward)[::-1]
    main = int(np.abs(direction).argmax())
    order = (main, *(axis for axis in range(3) if axis != main))
    ordered = direction[list(order)]
    sizes = [volume.voxels.shape[axis] for axis in order]
    offsets = np.arange(sizes[0])[:, np.newaxis] * (-ordered[1:] / ordered[0])
    # Shifts that are whole for one plane stay whole for all planes of a view along an axis.
    offsets -= np.floor(offsets.min(axis=0))
    shape = np.ceil(offsets.max(axis=0)).astype(int) + np.array(sizes[1:]) + 1
    planes = range(sizes[0]) if ordered[0] > 0 else range(sizes[0] - 1, -1, -1)
    return Shear(
        (order[0], order[1], order[2]),
        offsets,
        (int(shape[0]), int(shape[1])),
        planes,
        1 / abs(float(ordered[0])),
        ordered,
    )


def planes_of(volume: Volume, shear: Shear) -> Iterator[tuple[int, NDArray[Any]]]:
    """Give the planes, the nearest first, with their numbers; each is contiguous."""
    ordered = volume.voxels.transpose(shear.order)
    for first in range(0, len(shear.nearest_first), _BLOCK):
        numbers = list(shear.nearest_first[first : first + _BLOCK])
        block = np.ascontiguousarray(ordered[min(numbers) : max(numbers) + 1])
        for number in numbers:
            yield number, block[number - min(numbers)]


def place_of(shear: Shear, plane: int) -> tuple[tuple[int, int], tuple[float, float]]:
    """Return where the first voxel of a plane comes to lie: whole pixels, and what remains, from -0.5 to 0.5."""
    whole = np.rint(shear.offsets[plane])
    rest = shear.offsets[plane] - whole
    return (int(whole[0]), int(whole[1])), (float(rest[0]), float(rest[1]))


def shifted(values: Samples, rest: tuple[float, float]) -> Samples:
    """Shift values by less than a pixel along their last two axes; edges are continued."""
    return _shifted_along(_shifted_along(values, rest[0], -2), rest[1], -1)


def _shifted_along(values: Samples, rest: float, axis: int) -> Samples:
    if abs(rest) < 1e-4 or values.shape[axis] < 2:
        return values
    low: list[slice] = [slice(None)] * values.ndim
    high = low.copy()
    low[axis], high[axis] = slice(None, -1), slice(1, None)
    to, by = (high, low) if rest > 0 else (low, high)
    moved = values.copy()
    difference = values[tuple(by)] - values[tuple(to)]
    difference *= np.float32(abs(rest))
    moved[tuple(to)] += difference
    return moved


def warped(picture: Samples, volume: Volume, view: View, shear: Shear) -> Samples:
    """Bring a sheared picture into the picture of a view; NaN beyond its edges."""
    rows, columns = _places(volume, view, shear)
    return trilinear(picture[np.newaxis], np.zeros_like(rows), rows, columns)


def warped_mask(mask: NDArray[np.bool_], volume: Volume, view: View, shear: Shear) -> NDArray[np.bool_]:
    """Bring a sheared mask into the picture of a view: each pixel gets what the nearest one has."""
    rows, columns = (np.rint(one).astype(np.int64) for one in _places(volume, view, shear))
    inside = (rows >= 0) & (rows < mask.shape[0]) & (columns >= 0) & (columns < mask.shape[1])
    found: NDArray[np.bool_] = mask[np.where(inside, rows, 0), np.where(inside, columns, 0)] & inside
    return found


def _places(volume: Volume, view: View, shear: Shear) -> tuple[Array, Array]:
    """Return where each pixel of a view is in the sheared picture: rows and columns.

    Along its ray each point is moved to plane 0, and from there to where that plane was put.
    """
    to_voxels = volume.to_voxels
    origin = (to_voxels[:3, :3] @ view.origin + to_voxels[:3, 3])[::-1][list(shear.order)]
    steps = (to_voxels[:3, :3] @ view.axes)[::-1][list(shear.order)]
    slope = shear.direction[1:] / shear.direction[0]
    start = origin[1:] - slope * origin[0] + shear.offsets[0]
    right, down = (steps[1:, column] - slope * steps[0, column] for column in (0, 1))
    rows = np.arange(view.rows, dtype=np.float64)[:, np.newaxis]
    columns = np.arange(view.columns, dtype=np.float64)
    # What is nearly whole is whole: then a view along the slices shows their pixels as they are.
    places = [np.round(start[axis] + rows * down[axis] + columns * right[axis], 7) for axis in (0, 1)]
    return places[0], places[1]
