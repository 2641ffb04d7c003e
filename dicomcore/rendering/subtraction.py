"""Mask subtraction (PS3.3 §C.7.6.10, §C.11.13): a frame without what is on other frames of the same image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomcore.data import Dataset

MASK_SUBTRACTION_SEQUENCE = 0x00286100
OPERATION = 0x00286101
APPLICABLE_FRAME_RANGE = 0x00286102
MASK_FRAME_NUMBERS = 0x00286110
SUB_PIXEL_SHIFT = 0x00286114
TID_OFFSET = 0x00286120

_MAX_MASK_FRAMES = 64

Numbers = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class MaskSubtraction:
    """Which frames are subtracted: the average of some (AVG_SUB), or one at a distance (TID, REV_TID).

    ``ranges`` are the first and last frames that it is for, all if there are none; ``shift`` is how far the mask is
    moved down and right, in pixels.
    """

    operation: str
    mask_frames: tuple[int, ...] = ()
    ranges: tuple[tuple[int, int], ...] = ()
    shift: tuple[float, float] = (0.0, 0.0)
    offset: int = 1

    def mask_of(self, frame_number: int) -> tuple[int, ...]:
        """Return the frames that are averaged and subtracted from a frame; none if it is shown as it is."""
        covering = next((one for one in self.ranges if one[0] <= frame_number <= one[1]), None)
        if self.ranges and covering is None:
            return ()
        if self.operation == "AVG_SUB":
            return self.mask_frames
        first = covering[0] if covering is not None else 1
        mask = {
            "TID": frame_number - self.offset,
            "REV_TID": first - self.offset - (frame_number - first),
        }.get(self.operation, 0)
        return (mask,) if mask >= 1 else ()


def read_subtraction(dataset: Dataset) -> MaskSubtraction | None:
    """Read the first item of the Mask Subtraction Sequence; None if there is none."""
    for item in dataset.items(MASK_SUBTRACTION_SEQUENCE)[:1]:
        ends = [one for one in item.values(APPLICABLE_FRAME_RANGE) if isinstance(one, int)]
        frames = (one for one in item.values(MASK_FRAME_NUMBERS) if isinstance(one, int) and one >= 1)
        return MaskSubtraction(
            operation=item.text(OPERATION),
            mask_frames=tuple(frames)[:_MAX_MASK_FRAMES],
            ranges=tuple(zip(ends[::2], ends[1::2], strict=False)),
            shift=_shift(item),
            offset=item.integer(TID_OFFSET) or 1,
        )
    return None


def _shift(item: Dataset) -> tuple[float, float]:
    values = [one for one in item.values(SUB_PIXEL_SHIFT) if isinstance(one, float) and math.isfinite(one)]
    return (values[0], values[1]) if len(values) == 2 else (0.0, 0.0)


def subtracted(values: NDArray[Any], masks: Sequence[NDArray[Any]], shift: tuple[float, float]) -> Numbers:
    """Return values (rows, columns) after the modality transformation less the average of masks of the same shape."""
    mean = np.zeros(values.shape, np.float32)
    for mask in masks:
        mean += mask.astype(np.float32)
    mean /= max(1, len(masks))
    return values.astype(np.float32) - _moved(mean, shift)


def _moved(mask: Numbers, shift: tuple[float, float]) -> Numbers:
    """Move a mask down and right by fractions of pixels; its edges are repeated."""
    for axis, distance in enumerate(shift):
        if distance:
            limit = mask.shape[axis]
            whole = math.floor(min(max(distance, -limit), limit))
            rest = np.float32(min(max(distance, -limit), limit) - whole)
            places = np.arange(limit) - whole
            near = np.take(mask, np.clip(places, 0, limit - 1), axis)
            far = np.take(mask, np.clip(places - 1, 0, limit - 1), axis)
            mask = near * (1 - rest) + far * rest
    return mask
