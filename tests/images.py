"""Images for codecs, described and made up: smooth ones as modalities make them, and noise, which stays large."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomcore.pixels import ImagePixel
from dicomcore.pixels.pixel_format import Decoded, PixelFormat

CT_SHAPE = (40, 56)


def image_format(
    shape: tuple[int, ...] = CT_SHAPE, bits: int = 16, *, signed: bool = False, photometric_interpretation: str = ""
) -> PixelFormat:
    """The format of an image of (rows, columns) or (rows, columns, samples) with so many bits stored."""
    rows, columns, *samples = shape
    allocated = next(width for width in (8, 16, 32) if bits <= width)
    return PixelFormat(
        image=ImagePixel(rows, columns, samples[0] if samples else 1, allocated, 0, False),
        photometric_interpretation=photometric_interpretation or ("RGB" if samples else "MONOCHROME2"),
        bits_stored=bits,
        high_bit=bits - 1,
        signed=signed,
    )


def bounds(form: PixelFormat) -> tuple[int, int]:
    """The least and the largest value."""
    least = -(1 << form.bits_stored - 1) if form.signed else 0
    return least, least + (1 << form.bits_stored) - 1


def noise(form: PixelFormat, seed: int = 1) -> Decoded:
    """All values there are, in no order."""
    least, largest = bounds(form)
    pixels = np.random.default_rng(seed).integers(least, largest, form.shape, endpoint=True)
    return decoded(pixels, form)


def smooth(form: PixelFormat, seed: int = 1) -> Decoded:
    """A ramp from the least to the largest value in both directions, with a little noise."""
    least, largest = bounds(form)
    rows, columns = form.image.rows, form.image.columns
    ramp = np.add.outer(np.arange(rows), np.arange(columns)) / max(1, rows + columns - 2)
    shades = np.stack([ramp, ramp**2, 1 - ramp], axis=-1) if len(form.shape) == 3 else ramp
    spread = (largest - least) / 200
    pixels = least + shades * (largest - least) + np.random.default_rng(seed).normal(0, spread, form.shape)
    return decoded(np.clip(np.rint(pixels), least, largest), form)


def decoded(pixels: NDArray[Any], form: PixelFormat) -> Decoded:
    return Decoded(np.ascontiguousarray(pixels, form.dtype), form.photometric_interpretation)


def largest_error(one: Decoded, other: Decoded) -> int:
    """The largest difference between two images, in grey levels."""
    return int(np.abs(one.pixels.astype(np.int64) - other.pixels).max())
