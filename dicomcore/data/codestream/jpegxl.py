"""Headers of JPEG XL codestreams (ISO/IEC 18181-1 Annex D), bare or in a container (18181-2).

Whether a codestream without XYB is lossless cannot be seen in its header, so that JPEG XL (…4.112), which allows both,
is the transfer syntax unless the sender says otherwise. A container that can restore a JPEG file is a JPEG
recompression (…4.111). The container is part of the bitstream and stays.
"""

from __future__ import annotations

from dataclasses import replace

from dicomcore.data.codestream.boxes import boxes
from dicomcore.data.codestream.header import JPEG_FAMILY, ImageHeader
from dicomcore.errors import MalformedDataset

_SIZE_BITS = ((9, 1), (13, 1), (18, 1), (30, 1))
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_DEPTHS = ((0, 8), (0, 10), (0, 12), (6, 1))
_EXTRA_CHANNELS = ((0, 0), (0, 1), (4, 2), (12, 1))
_ENUM = ((0, 0), (0, 1), (4, 2), (6, 18))
_GREY = 1


class _Bits:
    """A reader of bits, the least significant of a byte first."""

    def __init__(self, header: bytes) -> None:
        self._number = int.from_bytes(header, "little")
        self._left = len(header) * 8

    def take(self, count: int) -> int:
        """Return the next ``count`` bits as a number."""
        self._left -= count
        if self._left < 0:
            raise IndexError
        number = self._number & ((1 << count) - 1)
        self._number >>= count
        return number

    def choose(self, choices: tuple[tuple[int, int], ...]) -> int:
        """Return a number that two bits say how to read: so many bits, plus a constant."""
        bits, constant = choices[self.take(2)]
        return self.take(bits) + constant


def read_jpegxl(view: memoryview) -> ImageHeader:
    """Read the header of a codestream: size and image metadata."""
    bits = _Bits(bytes(view[2:66]))
    rows, columns = _read_size(bits)
    precision, is_xyb, is_grey = 8, True, False
    if not bits.take(1):
        _skip_extra_fields(bits)
        precision = _read_depth(bits)
        bits.take(1)  # whether 16 bits are enough for buffers
        if bits.choose(_EXTRA_CHANNELS):
            raise MalformedDataset("the JPEG XL image has extra channels, which DICOM has not")
        is_xyb = bool(bits.take(1))
        is_default = bool(bits.take(1))
        if not is_default:
            bits.take(1)  # whether an ICC profile follows
            is_grey = bits.choose(_ENUM) == _GREY
    return ImageHeader(
        rows=rows,
        columns=columns,
        samples_per_pixel=1 if is_grey else 3,
        bits_stored=precision,
        photometric_interpretation="MONOCHROME2" if is_grey else "XYB" if is_xyb else "RGB",
        transfer_syntax_uid=JPEG_FAMILY + "112",
    )


def _read_size(bits: _Bits) -> tuple[int, int]:
    is_small = bits.take(1)
    rows = (bits.take(5) + 1) * 8 if is_small else bits.choose(_SIZE_BITS)
    ratio = bits.take(3)
    if ratio:
        width, height = _RATIOS[ratio]
        return rows, rows * width // height
    return rows, (bits.take(5) + 1) * 8 if is_small else bits.choose(_SIZE_BITS)


def _skip_extra_fields(bits: _Bits) -> None:
    if not bits.take(1):
        return
    bits.take(3)  # orientation
    if bits.take(1):  # intrinsic size
        _read_size(bits)
    if bits.take(1) or bits.take(1):
        raise MalformedDataset("the JPEG XL image has a preview or is an animation, which DICOM has not")


def _read_depth(bits: _Bits) -> int:
    if bits.take(1):
        raise MalformedDataset("the JPEG XL image has floating point samples")
    return bits.choose(_DEPTHS)


def read_jpegxl_container(view: memoryview) -> ImageHeader:
    """Read the header of the codestream, or of its first part, in a container."""
    header, is_recompressed = None, False
    for kind, start, end in boxes(view):
        is_recompressed |= kind == b"jbrd"
        if header is None and kind in (b"jxlc", b"jxlp"):
            header = read_jpegxl(view[start + (4 if kind == b"jxlp" else 0) : end])
    if header is None:
        raise MalformedDataset("the JPEG XL container has no codestream")
    if not is_recompressed:
        return header
    colour = "MONOCHROME2" if header.samples_per_pixel == 1 else "YBR_FULL"
    return replace(header, transfer_syntax_uid=JPEG_FAMILY + "111", photometric_interpretation=colour)
