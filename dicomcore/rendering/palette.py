"""Palette colour (PS3.3 §C.7.6.3.1.5, §C.7.6.3.1.6, §C.7.9): three tables, plain or segmented, applied to indices.

A palette of an image that is PALETTE COLOR gives every pixel its colour. One of a grey image is supplemental
(§C.7.6.19): it colours the stored values from its first mapped value on, what is below is grey.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dicomcore.data import Dataset
from dicomcore.rendering.lut_items import read_descriptor, read_lut
from dicomcore.rendering.luts import MAX_ENTRIES, Lut, Values, looked_up

_DESCRIPTORS = (0x00281101, 0x00281102, 0x00281103)
_DATA = (0x00281201, 0x00281202, 0x00281203)
_SEGMENTED = (0x00281221, 0x00281222, 0x00281223)
_TABLES_KEPT = 16
_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Palette:
    """The red, green and blue tables, which share their first mapped value; entries have 8 or 16 bits."""

    red: Lut
    green: Lut
    blue: Lut

    @property
    def first_mapped(self) -> int:
        """The stored value that the first colour belongs to."""
        return self.red.first_mapped

    def colours(self) -> NDArray[np.uint8]:
        """Return all colours: (entries, 3)."""
        channels = [_eight_bits(lut) for lut in (self.red, self.green, self.blue)]
        length = max(map(len, channels))
        return np.stack([np.pad(one, (0, length - len(one)), mode="edge") for one in channels], axis=-1)

    def apply(self, values: Values) -> NDArray[np.uint8]:
        """Return the colour of each value: the shape of the values, with a last axis of 3."""
        if values.dtype.kind not in "iu" or values.dtype.itemsize > 2:
            return np.take(self.colours(), self._positions(values), axis=0)
        table = _table(self, values.dtype.str)
        return looked_up(values, table) if values.ndim == 2 else np.take(table, values, axis=0)

    def _positions(self, values: Values) -> NDArray[np.intp]:
        longest = max((self.red, self.green, self.blue), key=lambda lut: len(lut.data))
        return longest.positions(values)


@lru_cache(_TABLES_KEPT)
def _table(palette: Palette, dtype: str) -> NDArray[np.uint8]:
    """Return the colours of all values that a type of integers has; signed ones begin with 0, and end with -1."""
    bits = 8 * np.dtype(dtype).itemsize
    values = np.arange(1 << bits, dtype=f"<u{bits // 8}").view(dtype)
    table = np.take(palette.colours(), palette._positions(values), axis=0)
    table.setflags(write=False)
    return table


def _eight_bits(lut: Lut) -> NDArray[np.uint8]:
    """Take the upper 8 bits; a table of 16 bits that holds no value above 255 was meant to have 8."""
    entries = lut.entries
    bits = 8 if lut.bits <= 8 or int(entries.max()) <= 0xFF else lut.bits
    return (entries >> (bits - 8)).astype(np.uint8)


def read_palette(dataset: Dataset, *, signed: bool = False) -> Palette | None:
    """Read the palette of a data set; None where there is none, or one of its tables cannot be read.

    ``signed`` says whether the stored values are, and with them the first value mapped.
    """
    luts = [_read_channel(dataset, channel, signed) for channel in range(3)]
    red, green, blue = luts
    return None if red is None or green is None or blue is None else Palette(red, green, blue)


def _read_channel(dataset: Dataset, channel: int, signed: bool) -> Lut | None:
    descriptor, data, segmented = _DESCRIPTORS[channel], _DATA[channel], _SEGMENTED[channel]
    if descriptor not in dataset:
        return None
    lut = read_lut(dataset, signed=signed, descriptor_tag=descriptor, data_tag=data)
    if lut is not None or segmented not in dataset:
        return lut
    return _read_segmented(dataset, descriptor, segmented, signed)


def _read_segmented(dataset: Dataset, descriptor_tag: int, data_tag: int, signed: bool) -> Lut | None:
    """Read a Segmented Palette Color Lookup Table (PS3.3 §C.7.9.2), whose numbers have 8 or 16 bits."""
    descriptor = read_descriptor(dataset, descriptor_tag, signed=signed)
    if descriptor is None:
        return None
    count, first, bits = descriptor
    raw = bytes(dataset.raw(data_tag)[: 4 * MAX_ENTRIES])
    wide = bits > 8
    segments = np.frombuffer(raw[: len(raw) // 2 * 2], "<u2") if wide else np.frombuffer(raw, np.uint8)
    entries = expand_segments(segments.tolist(), count, wide=wide)
    return Lut.of(first, 16 if wide else 8, np.array(entries)) if entries else None


def expand_segments(numbers: Sequence[int], count: int, *, wide: bool) -> list[int]:
    """Expand segments to ``count`` entries, or as many as there are; ``wide`` numbers have 16 bits.

    Segments that do not fit, and an indirect one within an indirect one, end the table.
    """
    entries: list[int] = []
    place = 0
    while len(entries) < count and place + 2 < len(numbers):
        if numbers[place] != _INDIRECT:
            after = _expand(numbers, place, entries)
            if after is None:
                break
            place = after
            continue
        segments, place = numbers[place + 1], place + 2
        width = 2 if wide else 4
        pieces = numbers[place : place + width]
        place += width
        offset = sum(piece << index * (16 if wide else 8) for index, piece in enumerate(pieces))
        _repeat(numbers, offset // 2 if wide else offset, segments, entries, count)
    return entries[:count]


def _repeat(numbers: Sequence[int], start: int, segments: int, entries: list[int], count: int) -> None:
    """Expand segments that stand elsewhere once more (PS3.3 §C.7.9.2.3)."""
    place: int | None = start
    for _ in range(segments):
        if place is None or place + 2 >= len(numbers) or len(entries) >= count:
            return
        place = _expand(numbers, place, entries)


def _expand(numbers: Sequence[int], place: int, entries: list[int]) -> int | None:
    """Append the entries of a discrete (§C.7.9.2.1) or linear (§C.7.9.2.2) segment; return where the next begins."""
    opcode, length = numbers[place], numbers[place + 1]
    if opcode == _DISCRETE and length:
        entries += numbers[place + 2 : place + 2 + length]
        return place + 2 + length
    if opcode == _LINEAR and entries and length:
        first, last = entries[-1], numbers[place + 2]
        entries += np.rint(np.linspace(first, last, length + 1)[1:]).astype(int).tolist()
        return place + 3
    return None
