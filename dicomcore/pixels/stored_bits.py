"""Bits Stored, High Bit and Pixel Representation (PS3.5 §8.1.1): from the cells of a frame to numbers and back.

A cell has Bits Allocated bits; the sample is Bits Stored of them, up to High Bit. What is beside it may be anything:
zeros, the sign repeated, or the overlays of older editions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomcore.pixels.pixel_format import PixelFormat, Pixels

Cells = NDArray[np.unsignedinteger[Any]]


def sample_values(cells: Pixels, form: PixelFormat, precision: int | None = None) -> Pixels:
    """Return the numbers, of `PixelFormat.dtype`, that cells of integers hold.

    ``precision`` is that of a codestream, in bits: where it is not more than Bits Stored, High Bit, which describes
    native cells, is not applied. What is above the sample is cut off even there: decoders do not keep to the precision
    where a codestream is damaged. Samples that fill their cell are not copied.
    """
    stored = form.bits_stored
    bits = form.dtype.itemsize * 8
    shift = form.high_bit + 1 - stored
    if precision is not None and precision <= stored:
        shift = 0
    if stored >= bits:
        return _as(cells, form.dtype)
    wide = _as(cells, np.dtype(f"<u{form.dtype.itemsize}"))
    if not form.signed and not shift:
        sample: Pixels = np.bitwise_and(wide, wide.dtype.type((1 << stored) - 1))
        return sample
    # To the top and down again: an arithmetic shift of signed numbers repeats the sign, of others brings zeros.
    values: Pixels = np.left_shift(wide, bits - stored - shift).view(form.dtype)
    values >>= bits - stored
    return values


def stored_cells(pixels: Pixels, form: PixelFormat) -> Cells:
    """Return the samples as unsigned numbers of Bits Stored bits: signed ones in two's complement, the rest cut off.

    They are in C order.
    """
    unsigned = np.dtype(f"<u{form.dtype.itemsize}")
    cells: Cells = in_order(_as(pixels, form.dtype)).view(unsigned)
    if form.bits_stored < unsigned.itemsize * 8:
        cells = np.bitwise_and(cells, unsigned.type((1 << form.bits_stored) - 1))
    return cells


def in_order(pixels: Pixels) -> Pixels:
    """Return pixels in C order, with the strides that libraries expect even of a single row or column."""
    return np.ascontiguousarray(pixels).reshape(-1).reshape(pixels.shape)


def _as(cells: Pixels, dtype: np.dtype[Any]) -> Pixels:
    """Return the cells with another type: a view where only the sign differs, else a copy."""
    if cells.dtype == dtype:
        return cells
    if cells.dtype.itemsize == dtype.itemsize and cells.dtype.kind in "iu":
        return cells.view(dtype)
    return cells.astype(dtype)
