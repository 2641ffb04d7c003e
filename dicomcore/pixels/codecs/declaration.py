"""What a codestream declares about its samples, against what the data set says (PS3.5 §8.2).

The codestream is right about its own precision and sign, the data set about what the numbers mean; where they differ
in size nothing is decoded, so that no library allocates for more than the image has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomcore.pixels.encoded_form import colored_by_pixel
from dicomcore.pixels.pixel_format import PixelFormat, Pixels
from dicomcore.pixels.stored_bits import sample_values


@dataclass(frozen=True, slots=True)
class Declaration:
    """Size and samples as the header of a codestream has them; ``precision`` in bits."""

    rows: int
    columns: int
    components: int
    precision: int
    is_signed: bool = False

    def check(self, form: PixelFormat) -> None:
        """Raise ValueError where the codestream is not of the image that the data set describes."""
        image = form.image
        if (self.rows, self.columns) != (image.rows, image.columns):
            raise ValueError(f"{self.rows} rows of {self.columns} instead of {image.rows} of {image.columns}")
        if self.components != image.samples_per_pixel:
            raise ValueError(f"{self.components} components instead of {image.samples_per_pixel}")
        if not 1 <= self.precision <= max(8, image.bits_allocated):
            raise ValueError(f"{self.precision} bits in a cell of {image.bits_allocated}")
        if form.floating:
            raise ValueError("a codestream of integers where the image has floating point numbers")


def values_of(samples: NDArray[Any], declared: Declaration, form: PixelFormat, *, is_exact: bool) -> Pixels:
    """Return decoded samples as the numbers that the data set means.

    Where codestream and data set disagree about the sign, the bits are taken as the data set says: signed numbers from
    Bits Stored bits, others without what is above the precision. Numbers of a codestream that is not exact are cut off
    at what Bits Stored can say; in an exact one, bits above them are no part of the sample.
    """
    fits = declared.precision <= form.bits_stored or form.high_bit != form.bits_stored - 1
    if declared.is_signed and not form.signed:
        cells = samples.view(f"u{samples.dtype.itemsize}")
        samples = np.bitwise_and(cells, cells.dtype.type((1 << declared.precision) - 1))
    elif not is_exact and not fits and declared.is_signed == form.signed:
        samples = np.clip(samples, *limits(form))
    return sample_values(samples, form, declared.precision)


def limits(form: PixelFormat) -> tuple[int, int]:
    """Return the least and the largest number that Bits Stored can say."""
    if form.signed:
        return -(1 << form.bits_stored - 1), (1 << form.bits_stored - 1) - 1
    return 0, (1 << form.bits_stored) - 1


def stored_colors(form: PixelFormat) -> str:
    """Return the photometric interpretation of components that no codec converted.

    Where the data set names a conversion that the codestream does not have, what is in it is RGB.
    """
    named = colored_by_pixel(form).photometric_interpretation
    return "RGB" if named in _CONVERTED else named


def padded(codestream: bytes) -> bytes:
    """Return a codestream of even length, as a fragment has it (PS3.5 §A.4)."""
    return codestream + b"\0" * (len(codestream) & 1)


_CONVERTED = frozenset(("YBR_ICT", "YBR_RCT", "XYB"))
