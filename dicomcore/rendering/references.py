"""Which images and frames a presentation state, or one of its items, is about (PS3.3 §C.11.11, §10.3)."""

from __future__ import annotations

from dataclasses import dataclass

from dicomcore.data import Dataset

SERIES_INSTANCE_UID = 0x0020000E
REFERENCED_SERIES_SEQUENCE = 0x00081115
REFERENCED_IMAGE_SEQUENCE = 0x00081140
REFERENCED_SOP_CLASS_UID = 0x00081150
REFERENCED_SOP_INSTANCE_UID = 0x00081155
REFERENCED_FRAME_NUMBER = 0x00081160


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image, and which of its frames are meant (from 1); none listed means all of them."""

    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    frames: tuple[int, ...] = ()

    def covers(self, sop_instance_uid: str, frame_number: int) -> bool:
        """Say whether a frame of an image is meant."""
        return self.sop_instance_uid == sop_instance_uid and (not self.frames or frame_number in self.frames)


@dataclass(frozen=True, slots=True)
class Scope:
    """The images that an item applies to; without any it applies to all."""

    images: tuple[ImageReference, ...] = ()

    def covers(self, sop_instance_uid: str, frame_number: int) -> bool:
        """Say whether the item applies to a frame of an image."""
        return not self.images or any(image.covers(sop_instance_uid, frame_number) for image in self.images)


def read_scope(item: Dataset) -> Scope:
    """Read the Referenced Image Sequence of an item."""
    return Scope(read_images(item))


def read_images(dataset: Dataset, series_instance_uid: str = "") -> tuple[ImageReference, ...]:
    """Read a Referenced Image Sequence, in its order."""
    return tuple(
        ImageReference(
            series_instance_uid,
            item.text(REFERENCED_SOP_CLASS_UID),
            item.text(REFERENCED_SOP_INSTANCE_UID),
            tuple(one for one in item.values(REFERENCED_FRAME_NUMBER) if isinstance(one, int) and one > 0),
        )
        for item in dataset.items(REFERENCED_IMAGE_SEQUENCE)
    )


def read_series(dataset: Dataset) -> tuple[ImageReference, ...]:
    """Read the images of a Referenced Series Sequence, in its order."""
    series = dataset.items(REFERENCED_SERIES_SEQUENCE)
    return tuple(image for item in series for image in read_images(item, item.text(SERIES_INSTANCE_UID)))
