"""Which slices make up a volume, and where its voxels lie: geometry only, no pixels.

Slices of one orientation, size and spacing belong together; the largest such group is the volume. Slices are sorted
along their normal and placed by their true positions (Image Position (Patient)); Slice Thickness, Spacing Between
Slices and Slice Location play no part. Of several slices at one place the first given is taken. Where slices are
missing, or not evenly spaced, the volume has evenly spaced layers nevertheless, each interpolated between the slices
around it; a wide gap ends the volume. A tilted gantry moves the slices sideways with their position: the volume is
sheared then, as its affine is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dicomcore.errors import InvalidParameter
from dicomcore.volumes.slices import VolumeFrame

Array = NDArray[np.float64]

_SAME_DIRECTION = 0.999  # cosine: within 2.5 degrees, as orientations are written with few digits
_SAME_PLACE = 0.01  # of the distance of slices
_DIRECTIONS = 64  # of slices that are otherwise alike; those of further ones are no stack
_EVEN = 0.05  # of the distance of slices: less is rounding
_GAP = 6.0  # times the usual distance of slices: what lies beyond is another volume


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a volume: slice ``first``, or a mixture with slice ``second``, whose share is ``weight``."""

    first: int
    second: int
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Grid:
    """The voxels of a volume: their number, and where each lies in the patient.

    ``affine`` (4, 4) maps (column, row, layer, 1), from 0, to the center of the voxel in mm; ``layers`` say which
    slices, by their index in what was given, each layer is made of.
    """

    affine: Array
    rows: int
    columns: int
    layers: tuple[Layer, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        """The number of layers, rows and columns: the shape of the voxels."""
        return (len(self.layers), self.rows, self.columns)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """The distance of layers, rows and columns in mm; of layers that are sheared, along the shear."""
        lengths = np.linalg.norm(self.affine[:3, :3], axis=0)
        return (float(lengths[2]), float(lengths[1]), float(lengths[0]))

    @property
    def center(self) -> Array:
        """The middle of the volume in the patient."""
        middle = np.array([(self.columns - 1) / 2, (self.rows - 1) / 2, (len(self.layers) - 1) / 2, 1.0])
        center: Array = (self.affine @ middle)[:3]
        return center

    @property
    def corners(self) -> Array:
        """The eight corners (8, 3) of the volume in the patient, at the outer edges of the voxels."""
        sizes = (self.columns, self.rows, len(self.layers))
        corners = np.array(
            [[(-0.5, size - 0.5)[index >> axis & 1] for axis, size in enumerate(sizes)] for index in range(8)]
        )
        moved: Array = corners @ self.affine[:3, :3].T + self.affine[:3, 3]
        return moved


def grid_of(frames: Sequence[VolumeFrame]) -> Grid:
    """Return the grid of the largest volume in frames.

    Raises:
        InvalidParameter: no two frames are parallel slices at different places.
    """
    groups = _groups(frames)
    candidates = [_stacked(frames, group) for group in groups]
    best = max(candidates, key=len, default=[])
    if len(best) < 2:
        raise InvalidParameter("volume", "there are no parallel images with positions that a volume could be made of")
    return _grid(frames, best)


def _groups(frames: Sequence[VolumeFrame]) -> list[list[int]]:
    """Put frames together that differ in nothing but their position."""
    groups: dict[tuple[object, ...], list[tuple[Array, list[int]]]] = {}
    for index, frame in enumerate(frames):
        image = frame.description.form.image
        spacing = tuple(round(one, 4) for one in frame.spacing)
        alike = groups.setdefault((frame.stack, image.rows, image.columns, spacing), [])
        axes = np.array([frame.row, frame.column])
        for directions, members in alike:
            if (np.einsum("ij,ij->i", axes, directions) > _SAME_DIRECTION).all():
                members.append(index)
                break
        else:
            if len(alike) < _DIRECTIONS:
                alike.append((axes, [index]))
    return [members for alike in groups.values() for _, members in alike]


def _stacked(frames: Sequence[VolumeFrame], group: Sequence[int]) -> list[int]:
    """Sort a group along its normal, without those that share a place or stand aside of the others."""
    if len(group) < 2:
        return list(group)
    normal = np.array(frames[group[0]].normal)
    places = {index: float(np.dot(frames[index].position, normal)) for index in group}
    ordered = sorted(group, key=lambda index: places[index])
    gaps = [places[b] - places[a] for a, b in pairwise(ordered)]
    usual = float(np.median([gap for gap in gaps if gap > 1e-3] or [0.0]))
    runs: list[list[int]] = [[ordered[0]]]
    for index in ordered[1:]:
        gap = places[index] - places[runs[-1][-1]]
        if gap > _GAP * usual:
            runs.append([index])
        elif gap > max(_SAME_PLACE * usual, 1e-3):
            runs[-1].append(index)
    return _in_line(frames, max(runs, key=len), places)


def _in_line(frames: Sequence[VolumeFrame], indices: list[int], places: dict[int, float]) -> list[int]:
    """Keep the slices whose first pixels lie on one line, which a tilted gantry makes oblique to the slices."""
    if len(indices) < 3:
        return indices
    heights = np.array([places[index] for index in indices])
    positions = np.array([frames[index].position for index in indices])
    slope = np.median(np.diff(positions, axis=0) / np.diff(heights)[:, np.newaxis], axis=0)
    offsets = positions - heights[:, np.newaxis] * slope
    distances = np.linalg.norm(offsets - np.median(offsets, axis=0), axis=1)
    return [
        index
        for index, distance in zip(indices, distances, strict=True)
        if distance <= max(1.0, *frames[index].spacing)
    ]


def _grid(frames: Sequence[VolumeFrame], indices: Sequence[int]) -> Grid:
    frame = frames[indices[0]]
    positions = np.array([frames[index].position for index in indices])
    normal = np.array(frame.normal)
    heights = positions @ normal
    layers = _layers(indices, heights)
    affine = np.eye(4)
    affine[:3, 0] = np.array(frame.row) * frame.spacing[1]
    affine[:3, 1] = np.array(frame.column) * frame.spacing[0]
    affine[:3, 2] = (positions[-1] - positions[0]) / (len(layers) - 1)
    affine[:3, 3] = positions[0]
    image = frame.description.form.image
    return Grid(affine, image.rows, image.columns, tuple(layers))


def _layers(indices: Sequence[int], heights: Array) -> list[Layer]:
    """Space layers evenly between the first slice and the last, as close as slices usually are."""
    usual = float(np.median(np.diff(heights)))
    count = round(float(heights[-1] - heights[0]) / usual) + 1
    places = np.linspace(heights[0], heights[-1], count)
    if count == len(indices) and np.abs(places - heights).max() <= _EVEN * usual:
        return [Layer(index, index) for index in indices]
    return [_mixture(indices, heights, float(place), usual) for place in places]


def _mixture(indices: Sequence[int], heights: Array, place: float, usual: float) -> Layer:
    above = int(np.clip(np.searchsorted(heights, place), 1, len(indices) - 1))
    weight = float((place - heights[above - 1]) / (heights[above] - heights[above - 1]))
    tolerance = _EVEN * usual / float(heights[above] - heights[above - 1])
    if weight <= tolerance:
        return Layer(indices[above - 1], indices[above - 1])
    if weight >= 1 - tolerance:
        return Layer(indices[above], indices[above])
    return Layer(indices[above - 1], indices[above], weight)


def slices_in(layers: Iterable[Layer]) -> tuple[int, ...]:
    """Return the indices of the slices that layers are made of, ascending."""
    return tuple(sorted({index for layer in layers for index in (layer.first, layer.second)}))
