"""Segmentations (PS3.3 §A.51, §C.8.20): which segment each frame shows, in which colour, and over which image.

Of BINARY and FRACTIONAL segmentations a frame belongs to one segment; the numbers in a LABELMAP are those of segments,
coloured by its palette if it has one. A segment without a Recommended Display CIELab Value gets a colour of its own.
"""

from __future__ import annotations

import colorsys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dicomcore.data import Dataset
from dicomcore.rendering.display_color import Color, read_color
from dicomcore.rendering.palette import Palette, read_palette
from dicomcore.rendering.planes import PER_FRAME_GROUPS, SHARED_GROUPS, Plane, plane_of
from dicomcore.rendering.references import (
    REFERENCED_FRAME_NUMBER,
    REFERENCED_SERIES_SEQUENCE,
    REFERENCED_SOP_CLASS_UID,
    REFERENCED_SOP_INSTANCE_UID,
    SERIES_INSTANCE_UID,
    ImageReference,
)

SEGMENTATION_TYPE = 0x00620001
SEGMENT_SEQUENCE = 0x00620002
SEGMENT_NUMBER = 0x00620004
SEGMENT_LABEL = 0x00620005
SEGMENT_IDENTIFICATION_SEQUENCE = 0x0062000A
REFERENCED_SEGMENT_NUMBER = 0x0062000B
RECOMMENDED_COLOR = 0x0062000D
MAXIMUM_FRACTIONAL_VALUE = 0x0062000E
DERIVATION_IMAGE_SEQUENCE = 0x00089124
SOURCE_IMAGE_SEQUENCE = 0x00082112
REFERENCED_INSTANCE_SEQUENCE = 0x0008114A
NUMBER_OF_FRAMES = 0x00280008
PHOTOMETRIC_INTERPRETATION = 0x00280004

_MAX_FRAMES = 100_000


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment."""

    number: int
    label: str
    color: Color


@dataclass(frozen=True, slots=True)
class SegmentationFrame:
    """What a frame shows: a segment, or None all of a label map; the image it was made from; where it lies."""

    segment_number: int | None
    source: ImageReference | None
    plane: Plane | None


@dataclass(frozen=True, slots=True)
class Segmentation:
    """A segmentation without its pixels; ``frames`` by their number, from 1.

    ``maximum`` is the value of a fractional segmentation that stands for certainty.
    """

    kind: str
    maximum: int
    segments: tuple[Segment, ...]
    palette: Palette | None
    frames: Mapping[int, SegmentationFrame]

    def source_of(self, frame_number: int) -> ImageReference | None:
        """Return the frame of an image that a frame (from 1) was made from, if it is told."""
        frame = self.frames.get(frame_number)
        return None if frame is None else frame.source

    def frames_over(self, frame_number: int) -> tuple[int, ...]:
        """Return all frames that lie where a frame lies, itself with them: those of the other segments."""
        frame = self.frames.get(frame_number)
        place = None if frame is None else _place(frame)
        if place is None:
            return (frame_number,)
        return tuple(number for number, other in self.frames.items() if _place(other) == place)

    def narrowed(self, frame_numbers: Sequence[int]) -> Segmentation:
        """Return the segmentation with only these frames, to be sent to a worker process."""
        return replace(self, frames={number: self.frames[number] for number in frame_numbers if number in self.frames})

    def color_of(self, segment_number: int) -> Color:
        """Return the colour of a segment."""
        known = {segment.number: segment.color for segment in self.segments}
        return known.get(segment_number) or spread_color(segment_number)


def _place(frame: SegmentationFrame) -> object:
    """Return what frames in the same place have in common."""
    if frame.source is not None:
        return frame.source.sop_instance_uid, frame.source.frames
    return None if frame.plane is None else tuple(round(one, 3) for one in frame.plane.position)


def spread_color(number: int) -> Color:
    """Return a bright colour that differs from those of the numbers beside it."""
    red, green, blue = colorsys.hsv_to_rgb(number * 0.618034 % 1, 0.8, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)


def read_segmentation(dataset: Dataset) -> Segmentation:
    """Read a segmentation; what cannot be read of it is left out."""
    kind = dataset.text(SEGMENTATION_TYPE)
    series = _series_of_instances(dataset)
    shared = dataset.items(SHARED_GROUPS)[:1]
    per_frame = dataset.items(PER_FRAME_GROUPS)
    count = min(max(dataset.integer(NUMBER_OF_FRAMES) or 1, 1), _MAX_FRAMES, max(len(per_frame), 1))
    frames = {}
    for number in range(1, count + 1):
        groups = (*per_frame[number - 1 : number], *shared)
        frames[number] = SegmentationFrame(
            segment_number=None if kind == "LABELMAP" else _segment_number(groups),
            source=_source(groups, series),
            plane=plane_of(dataset, number),
        )
    is_palette = dataset.text(PHOTOMETRIC_INTERPRETATION) == "PALETTE COLOR"
    return Segmentation(
        kind=kind,
        maximum=max(dataset.integer(MAXIMUM_FRACTIONAL_VALUE) or 255, 1),
        segments=tuple(_segment(item) for item in dataset.items(SEGMENT_SEQUENCE)),
        palette=read_palette(dataset) if is_palette else None,
        frames=frames,
    )


def _segment(item: Dataset) -> Segment:
    number = item.integer(SEGMENT_NUMBER) or 0
    return Segment(number, item.text(SEGMENT_LABEL), read_color(item, RECOMMENDED_COLOR) or spread_color(number))


def _segment_number(groups: Sequence[Dataset]) -> int:
    found = (item for group in groups for item in group.items(SEGMENT_IDENTIFICATION_SEQUENCE)[:1])
    return next((item.integer(REFERENCED_SEGMENT_NUMBER) or 1 for item in found), 1)


def _source(groups: Sequence[Dataset], series: Mapping[str, str]) -> ImageReference | None:
    """Read the first source image of a frame."""
    for group in groups:
        for derivation in group.items(DERIVATION_IMAGE_SEQUENCE):
            for item in derivation.items(SOURCE_IMAGE_SEQUENCE)[:1]:
                uid = item.text(REFERENCED_SOP_INSTANCE_UID)
                frames = [one for one in item.values(REFERENCED_FRAME_NUMBER) if isinstance(one, int) and one >= 1]
                sop_class = item.text(REFERENCED_SOP_CLASS_UID)
                return ImageReference(series.get(uid, ""), sop_class, uid, tuple(frames[:1]))
    return None


def _series_of_instances(dataset: Dataset) -> dict[str, str]:
    """Read which series the referenced instances are in (PS3.3 §C.12.2)."""
    return {
        instance.text(REFERENCED_SOP_INSTANCE_UID): item.text(SERIES_INSTANCE_UID)
        for item in dataset.items(REFERENCED_SERIES_SEQUENCE)
        for instance in item.items(REFERENCED_INSTANCE_SEQUENCE)
    }
