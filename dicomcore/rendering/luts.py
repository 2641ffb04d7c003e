"""Modality, VOI and Presentation LUT (PS3.3 §C.11.1, §C.11.2, §C.11.6): values, and how they are applied to arrays.

Nothing here knows data sets: `lut_items` reads these values from them. Tables hold their entries as bytes, so that they
are hashable values that travel to a worker process.

Levels are numbers between 0 (black) and 1 (white). The formulas are those of PS3.3 §C.11.2.1.2 and §C.11.2.1.3. What
is shown when the image brings no window of its own is not said by the standard. Here:

- unsigned pixels of 8 bits or fewer without a modality transformation are shown as they are;
- all others from their smallest value (black) to their largest (white), padding and what is no number left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomcore.rendering.options import VoiFunction, Window

Values = NDArray[Any]
"""An array of numbers of any type and shape."""

MAX_ENTRIES = 65536
_STRIP = 1 << 16  # values whose indices stay in the cache of a processor
_LARGEST_INTEGER = 1 << 62


@dataclass(frozen=True, slots=True)
class Lut:
    """A look-up table (PS3.3 §C.11.1.1): input ``first_mapped`` gives the first entry.

    ``data`` is the entries as little endian 16-bit unsigned integers, at least one; of each, ``bits`` are significant.
    Make one by `Lut.of`.
    """

    first_mapped: int
    bits: int
    data: bytes

    @classmethod
    def of(cls, first_mapped: int, bits: int, entries: Values) -> Lut:
        """Make a table of integers between 0 and 65535."""
        return cls(first_mapped, bits, np.asarray(entries).astype("<u2").tobytes())

    @property
    def entries(self) -> NDArray[np.uint16]:
        """The entries, read-only."""
        return np.frombuffer(self.data, "<u2")

    @property
    def maximum(self) -> int:
        """The largest value that an entry may have."""
        return (1 << self.bits) - 1

    def apply(self, values: Values) -> NDArray[np.uint16]:
        """Look values up: what lies before the first mapped value or behind the last gets the first or last entry.

        Values that are no integers are rounded down.
        """
        entries = self.entries
        return entries[self.positions(values)]

    def positions(self, values: Values) -> NDArray[np.intp]:
        """Return the index of the entry of each value."""
        last = len(self.data) // 2 - 1
        if values.dtype.kind == "f":
            values = np.floor(np.nan_to_num(values, nan=self.first_mapped, posinf=2.0**53, neginf=-(2.0**53)))
        else:
            values = (values.clip(max=_LARGEST_INTEGER) if values.dtype == np.uint64 else values).astype(np.int64)
        positions: NDArray[np.intp] = np.clip(values - self.first_mapped, 0, last).astype(np.intp)
        return positions


@dataclass(frozen=True, slots=True)
class Rescale:
    """Rescale Slope and Rescale Intercept (PS3.3 §C.11.1.1.2)."""

    slope: float = 1.0
    intercept: float = 0.0

    @property
    def is_identity(self) -> bool:
        """Whether nothing is changed."""
        return self.slope == 1 and self.intercept == 0

    @property
    def is_integral(self) -> bool:
        """Whether integers stay integers that 32 bits can hold, given 16 bits."""
        return all(abs(number) < 1 << 14 and number == int(number) for number in (self.slope, self.intercept))


Modality = Rescale | Lut | None
"""The modality transformation: stored values to what they measure, Hounsfield units for example."""


def apply_modality(values: Values, modality: Modality) -> Values:
    """Apply the modality transformation to stored values: int32 where that is exact, else float64.

    Arrays of 16 bits and fewer with whole slope and intercept stay integers; without a transformation the values
    themselves are returned.
    """
    if modality is None:
        return values
    if isinstance(modality, Lut):
        return modality.apply(values).astype(np.int32)
    if modality.is_identity:
        return values
    if values.dtype.kind in "iu" and values.dtype.itemsize <= 2 and modality.is_integral:
        return values.astype(np.int32) * int(modality.slope) + int(modality.intercept)
    return values.astype(np.float64) * modality.slope + modality.intercept


def _linear(values: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """Apply LINEAR (PS3.3 §C.11.2.1.2.1); a width of 1 is a threshold at the center less a half.

    The standard forbids a width below 1. Images of fractions have one nevertheless, and mean LINEAR_EXACT.
    """
    if window.width < 1:
        return _linear_exact(values, window)
    center, width = window.center - 0.5, window.width - 1
    if width == 0:
        return (values > center).astype(np.float64)
    return np.clip((values - center) / width + 0.5, 0.0, 1.0)


def _linear_exact(values: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """Apply LINEAR_EXACT (PS3.3 §C.11.2.1.3.2)."""
    return np.clip((values - window.center) / window.width + 0.5, 0.0, 1.0)


def _sigmoid(values: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
    """Apply SIGMOID (PS3.3 §C.11.2.1.3.1)."""
    exponents = np.clip(-4.0 * (values - window.center) / window.width, -700.0, 700.0)
    return 1.0 / (1.0 + np.exp(exponents))


_FUNCTIONS: dict[VoiFunction, Callable[[NDArray[np.float64], Window], NDArray[np.float64]]] = {
    VoiFunction.LINEAR: _linear,
    VoiFunction.LINEAR_EXACT: _linear_exact,
    VoiFunction.SIGMOID: _sigmoid,
}


def levels_of(values: Values, voi: Window | Lut) -> NDArray[np.float64]:
    """Return the level of each value, in the units that the modality transformation gives; no number is black."""
    if isinstance(voi, Lut):
        return voi.apply(values).astype(np.float64) / voi.maximum
    levels = _FUNCTIONS[voi.function](values.astype(np.float64), voi)
    return np.nan_to_num(levels, copy=False, nan=0.0) if values.dtype.kind == "f" else levels


def apply_window(values: Values, window: Window) -> NDArray[np.uint8]:
    """Return the grey level, 0 to 255, of each value."""
    return to_bytes(levels_of(values, window))


def apply_voi_lut(values: Values, lut: Lut) -> NDArray[np.uint8]:
    """Return the grey level, 0 to 255, of each value."""
    return to_bytes(levels_of(values, lut))


def default_window(values: Values, padding: NDArray[np.bool_] | None = None) -> Window:
    """Return the window from the smallest to the largest value, without those that ``padding`` marks.

    Integers get a LINEAR window, whose ends are exact for them; fractions a LINEAR_EXACT one. Values that are all
    alike get a window that shows them black.
    """
    shown = values if padding is None else values[~padding]
    if shown.dtype.kind == "f":
        shown = shown[np.isfinite(shown)]
    if shown.size == 0:
        return Window(0.5, 1.0)
    return window_between(shown.min().item(), shown.max().item())


def window_between(smallest: float, largest: float) -> Window:
    """Return the window that shows one value black and the other one, if it is larger, white."""
    if isinstance(smallest, int) and isinstance(largest, int):
        return Window((smallest + largest + 1) / 2, float(largest - smallest + 1))
    # Halves before the sum, so that the ends of the range of a double do not overflow.
    width = largest / 2 - smallest / 2
    return Window(smallest / 2 + largest / 2, min(2 * width, 1.7e308) or 1.0, VoiFunction.LINEAR_EXACT)


def looked_up(values: Values, table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the entries, grey levels or colours, of integers of up to 16 bits, (rows, columns).

    ``table`` has one for each pattern of bits: of signed integers it begins with 0 and ends with -1. Longer ones than
    the table are taken modulo its length: should a codec let one through, it does no harm. Rows are looked up in
    strips, because looking up makes wide numbers of all indices.
    """
    indices = values.view(f"<u{values.dtype.itemsize}")
    found = np.empty(values.shape + table.shape[1:], np.uint8)
    rows = max(1, _STRIP // max(1, values.shape[1]))
    for first in range(0, len(values), rows):
        np.take(table, indices[first : first + rows], axis=0, mode="wrap", out=found[first : first + rows])
    return found


def apply_presentation(levels: Values, inverse: bool, lut: Lut | None = None) -> Values:
    """Apply the Presentation LUT (PS3.3 §C.11.6) to levels between 0 and 1; the result has the same range.

    A table maps the whole range of levels onto its entries, however many it has; ``inverse`` is the shape INVERSE.
    """
    if lut is not None:
        entries = lut.entries.astype(np.float64) / lut.maximum
        levels = entries[np.rint(levels * (len(entries) - 1)).astype(np.intp)]
    return 1.0 - levels if inverse else levels


def to_bytes(levels: Values) -> NDArray[np.uint8]:
    """Make grey levels from 0 (black) to 255 (white) of levels between 0 and 1."""
    return np.rint(levels * 255.0).astype(np.uint8)
