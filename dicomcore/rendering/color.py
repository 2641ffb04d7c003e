"""Colour pixels of every photometric interpretation to RGB of 8 bits (PS3.3 §C.7.6.3.1.2).

Windows, rescaling and Presentation LUT are for grey values: colour images do without (PS3.4 §N.2.2). More than 8 bits
are cut to the upper 8.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dicomcore.rendering.luts import Values, default_window, levels_of, to_bytes

Picture = NDArray[np.uint8]
"""8-bit pixels: grey (rows, columns) or RGB (rows, columns, 3)."""


def eight_bits(pixels: Values, bits_stored: int) -> Picture:
    """Scale samples to 8 bits: unsigned ones by their bits, signed and floating ones from smallest to largest."""
    if pixels.dtype == np.uint8 and bits_stored == 8:
        return pixels.view(np.uint8)
    if pixels.dtype.kind != "u":
        return to_bytes(levels_of(pixels, default_window(pixels)))
    if bits_stored > 8:
        return (pixels >> (bits_stored - 8)).astype(np.uint8)
    return to_bytes(pixels.astype(np.float64).clip(max=(1 << bits_stored) - 1) / ((1 << bits_stored) - 1))


def _rgb_of_rgb(samples: Picture) -> Picture:
    return samples


def _rgb_of_ybr_full(samples: Picture) -> Picture:
    """Convert YBR_FULL, which is the YCbCr of JFIF."""
    return np.asarray(Image.fromarray(samples, "YCbCr").convert("RGB"))


# PS3.3 §C.7.6.3.1.2 has the way there; this is the way back.
_PARTIAL = np.array([[1.1644, 0.0, 1.5960], [1.1644, -0.3917, -0.8130], [1.1644, 2.0173, 0.0]], np.float32)
_PARTIAL_ZERO = np.array([16.0, 128.0, 128.0], np.float32)


def _rgb_of_ybr_partial(samples: Picture) -> Picture:
    """Convert YBR_PARTIAL_420 and _422, where 16 is black and 235 white."""
    rgb = [np.rint((row - _PARTIAL_ZERO) @ _PARTIAL.T).clip(0, 255).astype(np.uint8) for row in samples]
    return np.stack(rgb)


def _rgb_of_hsv(samples: Picture) -> Picture:
    """Convert HSV, retired."""
    return np.asarray(Image.fromarray(samples, "HSV").convert("RGB"))


def _rgb_of_argb(samples: Picture) -> Picture:
    """Convert ARGB, retired: the first sample indexes a palette or is nothing, and is left out."""
    return samples[..., 1:]


def _rgb_of_cmyk(samples: Picture) -> Picture:
    """Convert CMYK, retired."""
    return np.asarray(Image.fromarray(samples, "CMYK").convert("RGB"))


_CONVERSIONS: dict[tuple[str, int], Callable[[Picture], Picture]] = {
    ("RGB", 3): _rgb_of_rgb,
    ("YBR_ICT", 3): _rgb_of_rgb,
    ("YBR_RCT", 3): _rgb_of_rgb,
    ("XYB", 3): _rgb_of_rgb,
    ("YBR_FULL", 3): _rgb_of_ybr_full,
    ("YBR_FULL_422", 3): _rgb_of_ybr_full,
    ("YBR_PARTIAL_420", 3): _rgb_of_ybr_partial,
    ("YBR_PARTIAL_422", 3): _rgb_of_ybr_partial,
    ("HSV", 3): _rgb_of_hsv,
    ("ARGB", 4): _rgb_of_argb,
    ("CMYK", 4): _rgb_of_cmyk,
}


def colour_picture(pixels: Values, photometric_interpretation: str, bits_stored: int) -> Picture:
    """Return decoded pixels (rows, columns, samples) as RGB of 8 bits.

    YBR_ICT, YBR_RCT and XYB are taken as RGB: their codecs give that. What is unknown is taken as RGB too, or by its
    first sample as grey if there are fewer than three.
    """
    samples = np.ascontiguousarray(eight_bits(pixels, bits_stored))
    count = samples.shape[-1]
    if count < 3:
        return np.repeat(samples[..., :1], 3, axis=-1)
    convert = _CONVERSIONS.get((photometric_interpretation, count))
    return samples[..., :3] if convert is None else convert(samples)
