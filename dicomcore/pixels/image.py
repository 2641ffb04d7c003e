"""The Image Pixel Module (PS3.3 §C.7.6.3): how pixels are laid out in a frame, and how long a frame is.

All arithmetic is in Python integers, and nothing is believed before it was compared with the bytes that are there.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from dicomcore.data import Dataset

SAMPLES_PER_PIXEL = 0x00280002
PHOTOMETRIC_INTERPRETATION = 0x00280004
PLANAR_CONFIGURATION = 0x00280006
NUMBER_OF_FRAMES = 0x00280008
ROWS = 0x00280010
COLUMNS = 0x00280011
BITS_ALLOCATED = 0x00280100
FLOAT_PIXEL_DATA = 0x7FE00008
DOUBLE_FLOAT_PIXEL_DATA = 0x7FE00009
PIXEL_DATA = 0x7FE00010
PIXEL_DATA_TAGS = (PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_FLOAT_PIXEL_DATA)

_FLOAT_BITS = {FLOAT_PIXEL_DATA: 32, DOUBLE_FLOAT_PIXEL_DATA: 64}
_LAYOUT = struct.Struct("<HHHHBB")
# Two pixels share their chroma samples (PS3.3 §C.7.6.3.1.2); the others halve the rows too, and exist only compressed.
_SUBSAMPLED = frozenset(("YBR_FULL_422", "YBR_PARTIAL_422"))
_MAX_SHORT = 0xFFFF


@dataclass(frozen=True, slots=True)
class ImagePixel:
    """The layout of one frame."""

    rows: int
    columns: int
    samples_per_pixel: int
    bits_allocated: int
    planar_configuration: int
    subsampled: bool

    @classmethod
    def of(cls, dataset: Dataset, tag: int = PIXEL_DATA) -> ImagePixel:
        """Take the layout from a data set; what is absent or nonsense is 0, so that a frame has no length."""
        photometric_interpretation = dataset.text(PHOTOMETRIC_INTERPRETATION)
        return cls(
            rows=_short(dataset, ROWS),
            columns=_short(dataset, COLUMNS),
            samples_per_pixel=_short(dataset, SAMPLES_PER_PIXEL, 1),
            bits_allocated=_FLOAT_BITS.get(tag, 0) or _short(dataset, BITS_ALLOCATED),
            planar_configuration=1 if dataset.integer(PLANAR_CONFIGURATION) == 1 else 0,
            subsampled=photometric_interpretation in _SUBSAMPLED,
        )

    @classmethod
    def from_bytes(cls, packed: bytes) -> ImagePixel:
        """Undo `to_bytes`."""
        rows, columns, samples, bits, planar_configuration, subsampled = _LAYOUT.unpack(packed)
        return cls(rows, columns, samples, bits, planar_configuration, bool(subsampled))

    def to_bytes(self) -> bytes:
        """Pack the layout."""
        return _LAYOUT.pack(
            self.rows,
            self.columns,
            self.samples_per_pixel,
            self.bits_allocated,
            self.planar_configuration,
            self.subsampled,
        )

    @property
    def pixels(self) -> int:
        """The number of pixels of a frame."""
        return self.rows * self.columns

    @property
    def bits(self) -> int:
        """The number of bits of a native frame; frames follow each other without padding (PS3.5 §8.1.1)."""
        samples = self.samples_per_pixel
        if self.subsampled and samples == 3:
            return (self.columns + 1) // 2 * self.rows * 4 * self.bits_allocated
        return self.pixels * samples * self.bits_allocated

    @property
    def length(self) -> int:
        """The number of bytes of a native frame on its own."""
        return (self.bits + 7) // 8

    @property
    def swap_width(self) -> int:
        """The number of bytes swapped together in big endian OW: a pixel cell, or a word of two 8-bit cells."""
        return {32: 4, 64: 8}.get(self.bits_allocated, 2)


LAYOUT_LENGTH = _LAYOUT.size


def _short(dataset: Dataset, tag: int, default: int = 0) -> int:
    value = dataset.integer(tag)
    return default if value is None or not 0 <= value <= _MAX_SHORT else value


def number_of_frames(dataset: Dataset) -> int | None:
    """Return Number of Frames; None if absent or nonsense."""
    value = dataset.integer(NUMBER_OF_FRAMES)
    return value if value is not None and value >= 1 else None
