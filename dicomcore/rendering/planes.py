"""Where an image plane lies in the patient (PS3.3 §C.7.6.2, §C.7.6.16.2.3), to lay one image over another.

Only planes that are parallel are laid over each other. Positions are in mm, in the coordinates of the patient.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dicomcore.data import Dataset
from dicomcore.rendering.lut_items import numbers
from dicomcore.rendering.overlays import Picture

POSITION = 0x00200032
ORIENTATION = 0x00200037
SPACING = 0x00280030
FRAME_OF_REFERENCE_UID = 0x00200052
SHARED_GROUPS = 0x52009229
PER_FRAME_GROUPS = 0x52009230
PLANE_POSITION = 0x00209113
PLANE_ORIENTATION = 0x00209116
PIXEL_MEASURES = 0x00289110

_PARALLEL = 0.99

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane: ``position`` of the center of its first pixel, directions ``across`` a row and ``down`` a column.

    ``spacing`` is the distance of rows and that of columns.
    """

    position: Vector
    across: Vector
    down: Vector
    spacing: tuple[float, float]
    frame_of_reference_uid: str = ""

    @property
    def normal(self) -> Vector:
        """The direction out of the plane."""
        x, y, z = np.cross(self.across, self.down).tolist()
        return x, y, z

    def is_parallel(self, other: Plane) -> bool:
        """Say whether another plane is parallel, in the same frame of reference."""
        same = self.frame_of_reference_uid == other.frame_of_reference_uid
        return same and abs(float(np.dot(self.normal, other.normal))) >= _PARALLEL

    def distance(self, other: Plane) -> float:
        """Return how far another plane's first pixel is from this plane."""
        return abs(float(np.dot(np.subtract(other.position, self.position), self.normal)))

    def affine_to(self, other: Plane) -> tuple[float, float, float, float, float, float]:
        """Return the numbers that take a point of this plane (across, down, from its corner) to one of another.

        They are a, b, c, d, e, f in x' = a x + b y + c and y' = d x + e y + f.
        """
        columns = [np.multiply(self.across, self.spacing[1]), np.multiply(self.down, self.spacing[0])]
        origin = np.subtract(self.position, other.position) - 0.5 * columns[0] - 0.5 * columns[1]
        rows = [np.divide(other.across, other.spacing[1]), np.divide(other.down, other.spacing[0])]
        (a, b, c), (d, e, f) = ([float(row @ one) for one in (*columns, origin)] for row in rows)
        return a, b, c + 0.5, d, e, f + 0.5


def plane_of(dataset: Dataset, frame_number: int = 1) -> Plane | None:
    """Read the plane of a frame from the image or its functional groups; None if it does not say where it is."""
    shared = dataset.items(SHARED_GROUPS)[:1]
    own = dataset.items(PER_FRAME_GROUPS)[frame_number - 1 : frame_number]
    groups = (*own, *shared)
    position = _numbers(dataset, groups, PLANE_POSITION, POSITION, 3)
    orientation = _numbers(dataset, groups, PLANE_ORIENTATION, ORIENTATION, 6)
    spacing = _numbers(dataset, groups, PIXEL_MEASURES, SPACING, 2)
    if position is None or orientation is None or spacing is None or min(spacing) <= 0:
        return None
    across, down = _unit(orientation[:3]), _unit(orientation[3:])
    if across is None or down is None or abs(float(np.dot(across, down))) > 1 - _PARALLEL:
        return None
    x, y, z = position
    return Plane((x, y, z), across, down, (spacing[0], spacing[1]), dataset.text(FRAME_OF_REFERENCE_UID))


def _numbers(dataset: Dataset, groups: Sequence[Dataset], group: int, tag: int, count: int) -> list[float] | None:
    found = [item for owner in groups for item in owner.items(group)[:1]]
    for item in (*found, dataset):
        values = [value for value in numbers(item, tag) if value is not None]
        if len(values) == count:
            return values
    return None


def _unit(vector: Sequence[float]) -> Vector | None:
    length = math.hypot(*vector)
    if not length:
        return None
    x, y, z = (value / length for value in vector)
    return x, y, z


def nearest(plane: Plane, candidates: Sequence[Plane | None]) -> int | None:
    """Return which of the candidates is parallel to a plane and nearest to it; None if none is."""
    parallel = [
        (plane.distance(one), number)
        for number, one in enumerate(candidates)
        if one is not None and plane.is_parallel(one)
    ]
    return min(parallel)[1] if parallel else None


def resampled(
    picture: Picture, source: Plane | None, target: Plane | None, shape: tuple[int, int], *, smooth: bool
) -> tuple[Picture, NDArray[np.bool_]]:
    """Return a picture as it lies on the grid of another plane of ``shape`` rows and columns, and where it lies.

    Without both planes, or if they are not parallel, the picture is stretched to the whole grid.
    """
    if picture.shape[:2] == shape and (source == target or source is None or target is None):
        return picture, np.ones(shape, np.bool_)
    rows, columns = shape
    if source is None or target is None or not target.is_parallel(source):
        affine = (picture.shape[1] / columns, 0.0, 0.0, 0.0, picture.shape[0] / rows, 0.0)
    else:
        affine = target.affine_to(source)
    method = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    image = Image.fromarray(np.ascontiguousarray(picture))
    moved = image.transform((columns, rows), Image.Transform.AFFINE, affine, method)
    whole = Image.new("L", image.size, 255)
    covered = whole.transform((columns, rows), Image.Transform.AFFINE, affine, Image.Resampling.NEAREST)
    return np.asarray(moved), np.asarray(covered) > 0
