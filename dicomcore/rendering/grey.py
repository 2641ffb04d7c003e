"""The grayscale pipeline (PS3.4 §N.2.1): stored values, modality LUT, VOI LUT, Presentation LUT, grey levels.

Pixels of up to 16 bits go through one table of all stored values, which is kept for the frames to come; others are
computed in strips of rows, so that the numbers in between take little memory.

Of a VOI LUT and windows in the same image the VOI LUT is shown, of several the first; a window that was asked for goes
before all of them. Padding is black whatever the levels are. The range of an automatic window does not count padding,
and not what a supplemental palette colours.

Lossy compression leaves values around that of padding in its place. To make those black that hit it exactly would
speckle the picture: they are shown as what they are, and only left out of the automatic window if nothing else is near.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dicomcore.pixels.pixel_format import PixelFormat
from dicomcore.rendering.description import FrameDescription
from dicomcore.rendering.luts import (
    Lut,
    Modality,
    Rescale,
    Values,
    apply_modality,
    apply_presentation,
    default_window,
    levels_of,
    looked_up,
    to_bytes,
)
from dicomcore.rendering.options import Window

_STRIP = 1 << 20
_TABLES_KEPT = 64
# How far padding is smeared by lossy compression, of the range of all values, and how few values are none.
_SMEAR, _FEW = 0.1, 0.001

Voi = Window | Lut | None
"""A window, a VOI LUT, or None for values that already are the levels, scaled by their Bits Stored."""


@dataclass(frozen=True, slots=True)
class GreyTransformation:
    """Everything between stored values and grey levels. ``maximum`` is the stored value that is white without a VOI."""

    modality: Modality
    voi: Voi
    inverse: bool
    presentation_lut: Lut | None
    padding: tuple[float, float] | None
    maximum: int

    def levels(self, stored: Values) -> NDArray[np.uint8]:
        """Return the grey level, 0 to 255, of each stored value."""
        with np.errstate(over="ignore", invalid="ignore"):
            if self.voi is None:
                levels = np.clip(stored.astype(np.float64) / self.maximum, 0.0, 1.0)
            else:
                levels = levels_of(apply_modality(stored, self.modality), self.voi)
            grey = to_bytes(apply_presentation(levels, self.inverse, self.presentation_lut))
        padding = _padding_of(stored, self.padding)
        if padding is not None:
            grey[padding] = 0
        return grey


def grey_picture(pixels: Values, description: FrameDescription, window: Window | None = None) -> NDArray[np.uint8]:
    """Return the grey levels, (rows, columns), of decoded pixels; ``window`` goes before those of the image."""
    form = description.form
    transformation = GreyTransformation(
        modality=description.modality,
        voi=window or voi_of(description) or automatic_window(((pixels, description),)),
        inverse=description.presentation_lut_inverse,
        presentation_lut=description.presentation_lut,
        padding=None if description.is_lossy else description.padding,
        maximum=(1 << form.bits_stored) - 1,
    )
    if pixels.dtype.kind in "iu" and pixels.dtype.itemsize <= 2:
        return looked_up(pixels, _table(transformation, pixels.dtype.str, form.bits_stored))
    return _in_strips(transformation, pixels)


def voi_of(description: FrameDescription) -> Window | Lut | None:
    """Return the VOI LUT or window of the image that counts, if there is one."""
    if description.voi_luts:
        return description.voi_luts[0]
    return description.windows[0] if description.windows else None


def automatic_window(frames: Iterable[tuple[Values, FrameDescription]]) -> Window | None:
    """Return the window of frames without one: from the smallest to the largest value of all of them.

    None says that the stored values are levels already.
    """
    extremes: list[float] = []
    for pixels, description in frames:
        if _is_level(description.form, description.modality):
            return None
        extremes += _extremes(pixels, description)
    return default_window(np.array(extremes))


def shows_stored_values(description: FrameDescription) -> bool:
    """Say whether the grey levels are the stored values themselves."""
    return (
        description.form.bits_stored == 8
        and _is_level(description.form, description.modality)
        and voi_of(description) is None
        and not description.presentation_lut_inverse
        and description.presentation_lut is None
        and description.palette is None
        and (description.padding is None or description.is_lossy)
    )


def _is_level(form: PixelFormat, modality: Modality) -> bool:
    plain = modality is None or (isinstance(modality, Rescale) and modality.is_identity)
    return plain and form.bits_stored <= 8 and not form.signed and not form.floating


def _extremes(pixels: Values, description: FrameDescription) -> tuple[float, ...]:
    """Return the smallest and the largest value that is shown, after the modality transformation."""
    shown = pixels
    hidden = _padding_of(pixels, _smeared(pixels, description) if description.is_lossy else description.padding)
    if description.palette is not None:
        coloured = pixels >= description.palette.first_mapped
        hidden = coloured if hidden is None else hidden | coloured
    if hidden is not None and hidden.any():
        shown = pixels[~hidden]
    if shown.dtype.kind == "f":
        shown = shown[np.isfinite(shown)]
    if not shown.size:
        return ()
    ends = np.unique(shown) if isinstance(description.modality, Lut) else np.array([shown.min(), shown.max()])
    with np.errstate(over="ignore", invalid="ignore"):
        values = apply_modality(ends, description.modality)
    return values.min().item(), values.max().item()


def _padding_of(stored: Values, padding: tuple[float, float] | None) -> NDArray[np.bool_] | None:
    if padding is None:
        return None
    smallest, largest = padding
    return stored == smallest if smallest == largest else (stored >= smallest) & (stored <= largest)


def _smeared(pixels: Values, description: FrameDescription) -> tuple[float, float] | None:
    """Return the range that padding has after lossy compression; None if there are values of the image next to it."""
    if description.padding is None:
        return None
    smallest, largest = (float(one) for one in description.padding)
    reach = _SMEAR * (float(pixels.max()) - float(pixels.min()))
    wide = (pixels >= smallest - 1.5 * reach) & (pixels <= largest + 1.5 * reach)
    narrow = (pixels >= smallest - reach) & (pixels <= largest + reach)
    is_apart = np.count_nonzero(wide) - np.count_nonzero(narrow) < _FEW * pixels.size
    return (smallest - reach, largest + reach) if is_apart else None


@lru_cache(_TABLES_KEPT)
def _table(transformation: GreyTransformation, dtype: str, bits_stored: int) -> NDArray[np.uint8]:
    """Return the levels of all stored values, by their bits; signed ones begin with 0, and end with -1."""
    size = np.dtype(dtype).itemsize
    bits = 8 * size if dtype[1] == "i" else min(bits_stored, 8 * size)
    stored = np.arange(1 << bits, dtype=f"<u{size}").view(dtype)
    table = transformation.levels(stored)
    table.setflags(write=False)
    return table


def _in_strips(transformation: GreyTransformation, pixels: Values) -> NDArray[np.uint8]:
    rows = max(1, _STRIP // max(1, pixels.shape[1]))
    strips = (pixels[first : first + rows] for first in range(0, len(pixels), rows))
    return np.concatenate([transformation.levels(strip) for strip in strips])
