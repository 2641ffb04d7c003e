"""Where the frames of an instance lie in the patient: one `VolumeFrame` each, read from the data set, without pixels.

Read are the Image Plane Module (PS3.3 §C.7.6.2), the Plane Position, Plane Orientation and Pixel Measures functional
groups of enhanced images (§C.7.6.16.2) and the Grid Frame Offset Vector of dose grids (§C.8.8.3.2). Left out are frames
that no volume can be made of: without position or orientation, in colour, localizers. An instance with none gives none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dicomcore.data import Dataset
from dicomcore.rendering import FrameDescription, describe
from dicomcore.volumes.options import Point

IMAGE_TYPE = 0x00080008
SLICE_THICKNESS = 0x00180050
ECHO_NUMBERS = 0x00180086
PIXEL_SPACING = 0x00280030
INSTANCE_NUMBER = 0x00200013
IMAGE_POSITION_PATIENT = 0x00200032
IMAGE_ORIENTATION_PATIENT = 0x00200037
FRAME_OF_REFERENCE_UID = 0x00200052
TEMPORAL_POSITION_IDENTIFIER = 0x00200100
SLICE_LOCATION = 0x00201041
STACK_ID = 0x00209056
PLANE_POSITION_SEQUENCE = 0x00209113
PLANE_ORIENTATION_SEQUENCE = 0x00209116
FRAME_CONTENT_SEQUENCE = 0x00209111
TEMPORAL_POSITION_INDEX = 0x00209128
PIXEL_MEASURES_SEQUENCE = 0x00289110
GRID_FRAME_OFFSET_VECTOR = 0x3004000C
SHARED_FUNCTIONAL_GROUPS_SEQUENCE = 0x52009229
PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE = 0x52009230

MAX_FRAMES = 20_000
_GREY = frozenset(("MONOCHROME1", "MONOCHROME2"))
_FARTHEST = 1e6


@dataclass(frozen=True, slots=True)
class VolumeFrame:
    """One frame and its plane: a value that travels to a worker process.

    ``position`` is the center of the first pixel; ``row`` and ``column`` are the directions, of length 1, in which the
    column index resp. the row index grow; ``spacing`` is the distance of rows and that of columns, in mm. Frames whose
    ``stack`` differs (frame of reference, stack ID, phase, echo, image type) are never put into one volume.
    """

    description: FrameDescription
    position: Point
    row: Point
    column: Point
    spacing: tuple[float, float]
    frame_number: int = 1
    stack: tuple[str, ...] = ()

    @property
    def normal(self) -> Point:
        """The direction, of length 1, that is at right angles to rows and columns."""
        (a, b, c), (d, e, f) = self.row, self.column
        return (b * f - c * e, c * d - a * f, a * e - b * d)


def slices_of(dataset: Dataset) -> tuple[VolumeFrame, ...]:
    """Read the frames of an instance that can be slices of a volume."""
    if "LOCALIZER" in dataset.texts(IMAGE_TYPE):
        return ()
    images = describe(_without_texts_of_slices(dataset))
    form = images.common.form
    is_grey = form.image.samples_per_pixel == 1 and form.photometric_interpretation in _GREY
    if not is_grey or not 0 < images.number_of_frames <= MAX_FRAMES:
        return ()
    frames = []
    series_stack = _stack(dataset)
    for number, sources in enumerate(_sources(dataset, images.number_of_frames), 1):
        plane = _plane(sources)
        if plane is not None:
            position, row, column, spacing = plane
            description = replace(
                images.frame(number), overlays=(), icc_profile=None, palette=None, texts=images.common.texts
            )
            stack = (*series_stack, *_frame_stack(sources))
            frames.append(VolumeFrame(description, position, row, column, spacing, number, stack))
    return tuple(_offset(dataset, frames))


def _without_texts_of_slices(dataset: Dataset) -> Dataset:
    """Leave out what would be written on a picture and is true of one slice only."""
    without = dataset.copy()
    for tag in (SLICE_THICKNESS, INSTANCE_NUMBER, SLICE_LOCATION):
        without.remove(tag)
    return without


def _sources(dataset: Dataset, count: int) -> Iterator[tuple[Dataset, ...]]:
    """Give for each frame where its attributes are looked for: its own groups, the shared ones, the data set."""
    shared = dataset.items(SHARED_FUNCTIONAL_GROUPS_SEQUENCE)[:1]
    own = dataset.items(PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
    for index in range(count):
        yield (*own[index : index + 1], *shared, dataset)


def _find(sources: Sequence[Dataset], group: int, tag: int) -> Dataset | None:
    """Find who has an attribute: the item of a functional group, or the data set itself, which comes last."""
    for source in sources[:-1]:
        for item in source.items(group)[:1]:
            if tag in item:
                return item
    return sources[-1] if tag in sources[-1] else None


def _floats(dataset: Dataset | None, tag: int, count: int) -> tuple[float, ...] | None:
    if dataset is None:
        return None
    values = dataset.values(tag)[:count]
    numbers = tuple(float(one) for one in values if isinstance(one, (int, float)))
    return numbers if len(numbers) == count and all(abs(one) < _FARTHEST for one in numbers) else None


_Plane = tuple[Point, Point, Point, tuple[float, float]]


def _plane(sources: Sequence[Dataset]) -> _Plane | None:
    position = _floats(_find(sources, PLANE_POSITION_SEQUENCE, IMAGE_POSITION_PATIENT), IMAGE_POSITION_PATIENT, 3)
    cosines = _floats(
        _find(sources, PLANE_ORIENTATION_SEQUENCE, IMAGE_ORIENTATION_PATIENT), IMAGE_ORIENTATION_PATIENT, 6
    )
    spacing = _floats(_find(sources, PIXEL_MEASURES_SEQUENCE, PIXEL_SPACING), PIXEL_SPACING, 2)
    if position is None or cosines is None or spacing is None or not 1e-4 < min(spacing) <= max(spacing) < 1e3:
        return None
    row, column = _unit(cosines[:3]), _unit(cosines[3:])
    if row is None or column is None or abs(_dot(row, column)) > 0.01:
        return None
    # Image orientations are written with few digits; a right angle is meant.
    skew = _dot(row, column)
    straight = _unit([b - skew * a for a, b in zip(row, column, strict=True)])
    return (
        None if straight is None else ((position[0], position[1], position[2]), row, straight, (spacing[0], spacing[1]))
    )


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _unit(vector: Sequence[float]) -> Point | None:
    length = math.hypot(*vector)
    return (vector[0] / length, vector[1] / length, vector[2] / length) if length > 0.5 else None


def _stack(dataset: Dataset) -> tuple[str, ...]:
    """Tell apart what one series may hold of the same place: phases, echoes, magnitude and phase images."""
    return (
        dataset.text(FRAME_OF_REFERENCE_UID),
        dataset.text(TEMPORAL_POSITION_IDENTIFIER),
        dataset.text(ECHO_NUMBERS),
        *dataset.texts(IMAGE_TYPE)[2:],
    )


def _frame_stack(sources: Sequence[Dataset]) -> tuple[str, ...]:
    content = [item for source in sources[:-1] for item in source.items(FRAME_CONTENT_SEQUENCE)[:1]][:1]
    return tuple(item.text(tag) for item in content for tag in (STACK_ID, TEMPORAL_POSITION_INDEX))


def _offset(dataset: Dataset, frames: Sequence[VolumeFrame]) -> Iterator[VolumeFrame]:
    """Move the frames of a dose grid, which share one position, along their normal."""
    offsets = _floats(dataset, GRID_FRAME_OFFSET_VECTOR, len(frames)) if len(frames) > 1 else None
    if offsets is None:
        yield from frames
        return
    first = offsets[0]
    for frame, offset in zip(frames, offsets, strict=True):
        # Offsets are relative to the first frame, or (case b of §C.8.8.3.2) the patient coordinates along the axis.
        moved = [place + (offset - first) * part for place, part in zip(frame.position, frame.normal, strict=True)]
        yield replace(frame, position=(moved[0], moved[1], moved[2]))
