"""The marker segments of a JPEG codestream (ISO/IEC 10918-1 Annex B), read before a library is.

What a codestream declares is compared with what the data set says, so that no decoder allocates for more; and who
wrote its colours can be told from the application segments and the component identifiers.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import unpack_from

from dicomcore.data import Buffer
from dicomcore.pixels.pixel_format import PixelFormat

MAX_SCANS = 500
_MAX_SEGMENTS = 10_000

_SOI, _EOI, _SOS, _APP0, _APP14 = 0xD8, 0xD9, 0xDA, 0xE0, 0xEE
_START_OF_FRAME = frozenset((*range(0xC0, 0xD0),)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD8)))
_LOSSLESS_HUFFMAN = 0xC3
_DECODABLE = frozenset((0xC0, 0xC1, 0xC2, _LOSSLESS_HUFFMAN))


@dataclass(frozen=True, slots=True)
class Component:
    """One component of a frame header: its identifier and its sampling factors."""

    identifier: int
    horizontal: int
    vertical: int


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What stands before the first scan.

    ``process`` is the second byte of the start of frame marker. ``adobe_transform`` is that of an Adobe APP14 segment:
    0 for components as they came, 1 for YCbCr; None without one.
    """

    process: int
    precision: int
    rows: int
    columns: int
    components: tuple[Component, ...]
    is_jfif: bool
    adobe_transform: int | None

    @property
    def is_lossless(self) -> bool:
        """Whether this is Process 14, lossless with Huffman coding."""
        return self.process == _LOSSLESS_HUFFMAN

    @property
    def is_subsampled(self) -> bool:
        """Whether components differ in resolution."""
        return len({(one.horizontal, one.vertical) for one in self.components}) > 1

    @property
    def has_rgb_identifiers(self) -> bool:
        """Whether the components are called R, G and B."""
        return bytes(one.identifier for one in self.components).upper() == b"RGB"

    def check(self, form: PixelFormat) -> None:
        """Raise ValueError where the codestream is not of the image that the data set describes."""
        image = form.image
        if self.process not in _DECODABLE:
            raise ValueError(f"a JPEG process that is not decoded here (marker FF{self.process:02X})")
        if (self.rows, self.columns) != (image.rows, image.columns):
            raise ValueError(f"{self.rows} rows of {self.columns} instead of {image.rows} of {image.columns}")
        if len(self.components) != image.samples_per_pixel:
            raise ValueError(f"{len(self.components)} components instead of {image.samples_per_pixel}")
        if not 2 <= self.precision <= 16 or self.precision > image.bits_allocated:
            raise ValueError(f"{self.precision} bits in a cell of {image.bits_allocated}")
        if form.floating:
            raise ValueError("a codestream of integers where the image has floating point numbers")


def read_jpeg_header(frame: Buffer) -> JpegHeader:
    """Read the segments up to the first scan; raise ValueError where the codestream is broken or has no end."""
    head = memoryview(frame)
    if bytes(head[:2]) != bytes((0xFF, _SOI)):
        raise ValueError("no JPEG codestream")
    found: tuple[int, int, int, int, tuple[Component, ...]] | None = None
    is_jfif, adobe_transform = False, None
    offset = 2
    for _ in range(_MAX_SEGMENTS):
        marker, start, offset = _segment(head, offset)
        content = head[start:offset]
        if marker in _START_OF_FRAME:
            found = _frame_header(marker, content)
        elif marker == _APP0 and bytes(content[:4]) == b"JFIF":
            is_jfif = True
        elif marker == _APP14 and bytes(content[:5]) == b"Adobe" and len(content) >= 12:
            adobe_transform = content[11]
        elif marker in (_SOS, _EOI):
            break
    if found is None:
        raise ValueError("no frame header before the first scan")
    _check_scans(bytes(head[offset:]))
    return JpegHeader(*found, is_jfif, adobe_transform)


def with_numbered_components(codestream: Buffer) -> bytes:
    """Call the components 1, 2, 3 ... in the order of the frame header, as JFIF does; all are in the first scan.

    Of these numbers readers conclude nothing for colours of lossless processes.
    """
    numbered = bytearray(codestream)
    offset, marker = 2, 0
    while marker != _SOS:
        marker, start, offset = _segment(memoryview(numbered), offset)
        if marker in _START_OF_FRAME:
            first, step, count = start + 6, 3, numbered[start + 5]
        elif marker == _SOS:
            first, step, count = start + 1, 2, numbered[start]
        else:
            continue
        numbered[first : first + step * count : step] = range(1, count + 1)
    return bytes(numbered)


def _segment(head: memoryview, offset: int) -> tuple[int, int, int]:
    """Return the marker at ``offset``, and where its content starts and ends."""
    while offset + 1 < len(head) and head[offset] == 0xFF and head[offset + 1] == 0xFF:
        offset += 1  # fill bytes (§B.1.1.2)
    if offset + 4 > len(head) or head[offset] != 0xFF:
        raise ValueError(f"no marker at byte {offset}")
    marker = head[offset + 1]
    if marker in _WITHOUT_LENGTH:
        return marker, offset + 2, offset + 2
    (length,) = unpack_from(">H", head, offset + 2)
    end = offset + 2 + length
    if length < 2 or end > len(head):
        raise ValueError(f"the segment at byte {offset} is cut off")
    return marker, offset + 4, end


def _frame_header(marker: int, content: memoryview) -> tuple[int, int, int, int, tuple[Component, ...]]:
    if len(content) < 6:
        raise ValueError("the frame header is cut off")
    precision, rows, columns, count = unpack_from(">BHHB", content)
    if len(content) < 6 + 3 * count:
        raise ValueError("the frame header is cut off")
    specified = (content[6 + 3 * number : 9 + 3 * number] for number in range(count))
    components = tuple(Component(one[0], one[1] >> 4, one[1] & 15) for one in specified)
    return marker, precision, rows, columns, components


def _check_scans(scans: bytes) -> None:
    """Refuse a codestream that was cut off, and one with scans without end.

    The library fills what is missing with grey and says nothing. Neither marker can stand in entropy-coded data.
    """
    if b"\xff\xd9" not in scans:
        raise ValueError("the codestream is cut off: it has no end of image marker")
    if scans.count(b"\xff\xda") >= MAX_SCANS:
        raise ValueError(f"more than {MAX_SCANS} scans")
