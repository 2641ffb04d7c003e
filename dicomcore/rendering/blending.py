"""Blending presentation states (PS3.3 §C.11.14, §C.11.31): images of two or more series, laid over each other.

Of a Blending Softcopy Presentation State the superimposed image, coloured by the palette of the state, lies over the
underlying grey one with a relative opacity. Of an Advanced Blending Presentation State the first item of the Blending
Display Sequence is made: inputs laid over each other with an opacity (FOREGROUND), or averaged (EQUAL).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dicomcore.data import Dataset
from dicomcore.rendering.overlays import Mask, Picture
from dicomcore.rendering.palette import Palette, read_palette
from dicomcore.rendering.references import ImageReference, read_images, read_series
from dicomcore.rendering.softcopy import GreyPipeline, read_grey_pipeline

BLENDING_SEQUENCE = 0x00700402
RELATIVE_OPACITY = 0x00700403
BLENDING_POSITION = 0x00700405
ADVANCED_BLENDING_SEQUENCE = 0x00701B01
BLENDING_INPUT_NUMBER = 0x00701B02
DISPLAY_INPUT_SEQUENCE = 0x00701B03
DISPLAY_SEQUENCE = 0x00701B04
BLENDING_MODE = 0x00701B06
SERIES_INSTANCE_UID = 0x0020000E

_MAX_INPUTS = 16


@dataclass(frozen=True, slots=True)
class BlendingInput:
    """One of the sets of images, how their values become grey, and the palette that colours them, if there is one.

    ``series_instance_uid`` is set where the input is all images of a series.
    """

    references: tuple[ImageReference, ...]
    pipeline: GreyPipeline
    palette: Palette | None = None
    series_instance_uid: str = ""

    def covers(self, reference: ImageReference, frame_number: int) -> bool:
        """Say whether a frame belongs to this input."""
        if self.series_instance_uid:
            return reference.series_instance_uid == self.series_instance_uid
        return any(one.covers(reference.sop_instance_uid, frame_number) for one in self.references)


@dataclass(frozen=True, slots=True)
class Blending:
    """Inputs from the lowest to the uppermost; ``opacity`` is that of each over what is below it.

    None averages all of them.
    """

    inputs: tuple[BlendingInput, ...]
    opacity: float | None


def read_blending(dataset: Dataset) -> Blending | None:
    """Read the blending of a presentation state; None if it has none that can be made."""
    if ADVANCED_BLENDING_SEQUENCE in dataset:
        return _read_advanced(dataset)
    items = {item.text(BLENDING_POSITION): item for item in dataset.items(BLENDING_SEQUENCE)}
    if "UNDERLYING" not in items or "SUPERIMPOSED" not in items:
        return None
    below, above = items["UNDERLYING"], items["SUPERIMPOSED"]
    inputs = (
        BlendingInput(read_series(below), read_grey_pipeline(below)),
        BlendingInput(read_series(above), read_grey_pipeline(above), read_palette(dataset)),
    )
    return Blending(inputs, _opacity(dataset, 1.0))


def _read_advanced(dataset: Dataset) -> Blending | None:
    items = {item.integer(BLENDING_INPUT_NUMBER): item for item in dataset.items(ADVANCED_BLENDING_SEQUENCE)}
    for display in dataset.items(DISPLAY_SEQUENCE)[:1]:
        numbers = [item.integer(BLENDING_INPUT_NUMBER) for item in display.items(DISPLAY_INPUT_SEQUENCE)]
        inputs = tuple(_advanced_input(items[number]) for number in numbers[:_MAX_INPUTS] if number in items)
        if not inputs:
            return None
        is_even = display.text(BLENDING_MODE) == "EQUAL"
        # FOREGROUND names the foreground first.
        return Blending(inputs[::-1], None if is_even else _opacity(display, 0.5))
    return None


def _advanced_input(item: Dataset) -> BlendingInput:
    series = item.text(SERIES_INSTANCE_UID)
    images = (*read_images(item, series), *read_series(item))
    return BlendingInput(images, read_grey_pipeline(item), read_palette(item), "" if images else series)


def _opacity(dataset: Dataset, default: float) -> float:
    value = dataset.number(RELATIVE_OPACITY)
    return default if value is None or not math.isfinite(value) else min(max(value, 0.0), 1.0)


def blended(pictures: Sequence[Picture], covers: Sequence[Mask], opacity: float | None) -> Picture:
    """Return RGB pictures of one size blended, the lowest first.

    ``covers`` says where each picture has pixels; elsewhere what is below it is seen as it is.
    """
    result = pictures[0].astype(np.float32)
    for number, (picture, cover) in enumerate(zip(pictures[1:], covers[1:], strict=True), 1):
        share = 1 / (number + 1) if opacity is None else opacity
        mixed = picture * np.float32(share) + result * np.float32(1 - share)
        result = np.where(cover[..., np.newaxis], mixed, result)
    return np.rint(result).clip(0, 255).astype(np.uint8)


def colored(grey: Picture, palette: Palette) -> Picture:
    """Return grey levels in the colours of a palette, whose whole range they are spread over (PS3.3 §C.11.14)."""
    colors = palette.colours()
    table = colors[np.rint(np.arange(256) / 255 * (len(colors) - 1)).astype(np.intp)]
    return np.take(table, grey, axis=0)
