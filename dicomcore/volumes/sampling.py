"""Trilinear interpolation of the planes of views: sections and slabs of a volume (PS3.3 §C.11.26).

A section whose rows, columns and depth run along the axes of the volume is interpolated axis by axis, any other voxel
by voxel: eight neighbours of each pixel are taken and mixed. Half a voxel around the outermost centers still belongs to
the volume; beyond it there is nothing, which is NaN.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicomcore.volumes.geometry import Array
from dicomcore.volumes.views import View
from dicomcore.volumes.volume import Volume

Samples = NDArray[np.float32]
"""(rows, columns) of a view; NaN where there is no volume."""

_STRIP = 1 << 17  # pixels at once: what is in between stays in the cache of the processor
_EPSILON = 1e-6
_STRAIGHT = 0.02  # voxels that an axis may stray over a whole picture and still be taken as straight


@dataclass(frozen=True, slots=True, eq=False)
class _Path:
    """A view in voxels, in the order of the array (layer, row, column): the first pixel, and the steps as rows.

    ``steps`` are down, right and one mm into the depth.
    """

    origin: Array
    steps: Array


def _path(volume: Volume, view: View) -> _Path:
    to_voxels = volume.to_voxels
    origin = to_voxels[:3, :3] @ view.origin + to_voxels[:3, 3]
    axes = view.axes
    axes[:, 2] /= view.pixel
    right, down, depth = (to_voxels[:3, :3] @ axes).T
    return _Path(origin[::-1], np.array([down[::-1], right[::-1], depth[::-1]]))


def sections(volume: Volume, view: View, depths: Array) -> Iterator[Samples]:
    """Give the section at each depth, in mm behind the plane of the view."""
    path = _path(volume, view)
    axes = _axes(path, view, depths)
    if axes is None:
        for depth in depths:
            yield _oblique(volume, path, path.origin + depth * path.steps[2], view)
    else:
        yield from _straight(volume, path, view, depths, axes)


def _axes(path: _Path, view: View, depths: Array) -> tuple[int, int, int] | None:
    """Return the axes of the array that run down, right and into the depth; None if they are oblique."""
    sizes = np.array([view.rows, view.columns, max(1.0, float(np.abs(depths).max()))])
    reach = np.abs(path.steps) * sizes[:, np.newaxis]
    down, right, depth = (int(one) for one in reach.argmax(axis=1))
    strays = reach.copy()
    strays[[0, 1, 2], [down, right, depth]] = 0
    return (down, right, depth) if len({down, right, depth}) == 3 and strays.max() < _STRAIGHT else None


def _straight(volume: Volume, path: _Path, view: View, depths: Array, axes: tuple[int, int, int]) -> Iterator[Samples]:
    down, right, depth = axes
    planes = volume.voxels.transpose(depth, down, right)
    rows = _Line.of(path.origin[down], path.steps[0][down], view.rows, planes.shape[1])
    columns = _Line.of(path.origin[right], path.steps[1][right], view.columns, planes.shape[2])
    outside = ~(rows.inside[:, np.newaxis] & columns.inside)
    kept: dict[int, Samples] = {}
    for place in path.origin[depth] + depths * path.steps[2][depth]:
        line = _Line.of(float(place), 0.0, 1, len(planes))
        if not line.inside[0]:
            yield np.full((view.rows, view.columns), np.nan, np.float32)
            continue
        wanted = sorted({int(line.before[0]), int(line.after[0])} if line.share[0] else {int(line.before[0])})
        kept = {index: kept[index] if index in kept else _resampled(planes[index], rows, columns) for index in wanted}
        first, last = kept[wanted[0]], kept[wanted[-1]]
        samples = first.copy() if len(wanted) == 1 else first + (last - first) * np.float32(line.share[0])
        samples[outside] = np.nan
        yield samples


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """Where samples along one axis lie: between which two voxels, how near to the second, and whether in the volume."""

    before: NDArray[np.intp]
    after: NDArray[np.intp]
    share: Samples
    inside: NDArray[np.bool_]

    @classmethod
    def of(cls, start: float, step: float, count: int, size: int) -> _Line:
        places = start + step * np.arange(count)
        inside = (places >= -0.5 - _EPSILON) & (places <= size - 0.5 + _EPSILON)
        places = np.clip(places, 0, size - 1)
        near = np.rint(places)
        places = np.where(np.abs(places - near) < 1e-4, near, places)
        before = places.astype(np.intp)
        share = (places - before).astype(np.float32)
        return cls(before, np.minimum(before + 1, size - 1), share, inside)


def _resampled(plane: NDArray[np.generic], rows: _Line, columns: _Line) -> Samples:
    """Interpolate a plane linearly, first along its rows, whose columns are fewer or more than those of the picture."""
    across = _along_columns(plane, columns)
    first = across[rows.before]
    if not rows.share.any():
        return first
    mixed: Samples = first + (across[rows.after] - first) * rows.share[:, np.newaxis]
    return mixed


def _along_columns(plane: NDArray[np.generic], columns: _Line) -> Samples:
    first = np.take(plane, columns.before, axis=1).astype(np.float32)
    if not columns.share.any():
        return first
    second = np.take(plane, columns.after, axis=1).astype(np.float32)
    mixed: Samples = first + (second - first) * columns.share
    return mixed


def _oblique(volume: Volume, path: _Path, origin: Array, view: View) -> Samples:
    """Interpolate a section in any direction, strip by strip."""
    samples = np.empty((view.rows, view.columns), np.float32)
    height = max(1, _STRIP // view.columns)
    for top in range(0, view.rows, height):
        rows = np.arange(top, min(top + height, view.rows), dtype=np.float64)[:, np.newaxis]
        columns = np.arange(view.columns, dtype=np.float64)
        places = [origin[axis] + rows * path.steps[0][axis] + columns * path.steps[1][axis] for axis in range(3)]
        samples[top : top + height] = trilinear(volume.voxels, places[0], places[1], places[2])
    return samples


def trilinear(voxels: NDArray[np.generic], layer: Array, row: Array, column: Array) -> Samples:
    """Interpolate voxels at places, given along each axis of the array; NaN outside."""
    inside = np.ones(layer.shape, np.bool_)
    befores, shares, steps = [], [], []
    stride = 1
    for places, size in zip((column, row, layer), reversed(voxels.shape), strict=True):
        inside &= (places >= -0.5 - _EPSILON) & (places <= size - 0.5 + _EPSILON)
        clipped = np.clip(places, 0, max(size - 1 - _EPSILON, 0))
        before = clipped.astype(np.int64)
        shares.append((clipped - before).astype(np.float32))
        befores.append(before * stride)
        steps.append(stride if size > 1 else 0)
        stride *= size
    first = befores[0] + befores[1] + befores[2]
    mixed = _mixed(voxels.reshape(-1), first, steps, shares)
    mixed[~inside] = np.nan
    return mixed


def _mixed(
    flat: NDArray[np.generic], first: NDArray[np.int64], steps: list[int], shares: list[Samples], offset: int = 0
) -> Samples:
    """Mix the neighbours from ``first`` on, two along each axis: those of the last axis are mixtures themselves."""
    if not steps:
        return flat.take(first + offset if offset else first).astype(np.float32)
    before = _mixed(flat, first, steps[:-1], shares[:-1], offset)
    after = _mixed(flat, first, steps[:-1], shares[:-1], offset + steps[-1])
    after -= before
    after *= shares[-1]
    before += after
    return before
