"""The marker segments of a JPEG-LS codestream (ISO/IEC 14495-1 Annex C), read before a library is.

A SPIFF header (ISO/IEC 10918-3 Annex F), which has a start of image of its own, may stand before them.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import unpack_from

from dicomcore.data import Buffer
from dicomcore.pixels.codecs.declaration import Declaration

_SOI, _SOS, _SOF55, _APP8, _LSE = 0xD8, 0xDA, 0xF7, 0xE8, 0xF8
_END_OF_IMAGE = b"\xff\xd9"  # which stands nowhere in entropy-coded data
_END_OF_DIRECTORY = b"\0\0\0\1"
_SIZE_IN_FOUR_BYTES = 4  # the kind of LSE segment that overrides rows and columns of the frame header
_MAX_SEGMENTS = 1_000


@dataclass(frozen=True, slots=True)
class JpeglsHeader:
    """What stands before the first scan, and the largest error of that scan in grey levels.

    ``start`` is where the frame begins, after a SPIFF header, two bytes behind a start of image marker.
    """

    declared: Declaration
    near: int
    start: int


def read_jpegls_header(frame: Buffer) -> JpeglsHeader:
    """Read the segments up to the first scan; raise ValueError where the codestream is broken."""
    head = memoryview(frame)
    if bytes(head[:2]) != bytes((0xFF, _SOI)):
        raise ValueError("no JPEG-LS codestream")
    declared: Declaration | None = None
    start = position = 2
    for _ in range(_MAX_SEGMENTS):
        marker, content, position = _segment(head, position)
        if marker == _APP8 and bytes(content[:4]) == _END_OF_DIRECTORY:
            start = position = _start_of_image(head, position)
        elif marker == _LSE and content and content[0] == _SIZE_IN_FOUR_BYTES:
            raise ValueError("a size that fits no DICOM image")
        elif marker == _SOF55:
            declared = _declaration(content)
        elif marker == _SOS:
            if declared is None or len(content) < 4:
                break
            _check_end(bytes(head[position:]))
            return JpeglsHeader(declared, near=content[-3], start=start)
    raise ValueError("no frame header before the first scan")


def _segment(head: memoryview, position: int) -> tuple[int, memoryview, int]:
    """Return the marker at ``position``, the content of its segment, and where that ends."""
    while position + 1 < len(head) and head[position] == 0xFF and head[position + 1] == 0xFF:
        position += 1  # fill bytes (ISO/IEC 10918-1 §B.1.1.2)
    if position + 4 > len(head) or head[position] != 0xFF:
        raise ValueError(f"no marker at byte {position}")
    (length,) = unpack_from(">H", head, position + 2)
    end = position + 2 + length
    if length < 2 or end > len(head):
        raise ValueError(f"the segment at byte {position} is cut off")
    return head[position + 1], head[position + 4 : end], end


def _start_of_image(head: memoryview, position: int) -> int:
    """Step over the start of image that ends a SPIFF header; some writers count it into the segment."""
    return position + 2 if bytes(head[position : position + 2]) == bytes((0xFF, _SOI)) else position


def _check_end(scans: bytes) -> None:
    """Refuse a codestream that was cut off: the library looks for 2**32 bits that are not there, for seconds."""
    if _END_OF_IMAGE not in scans:
        raise ValueError("the codestream is cut off: it has no end of image marker")


def _declaration(content: memoryview) -> Declaration:
    if len(content) < 6:
        raise ValueError("the frame header is cut off")
    precision, rows, columns, components = unpack_from(">BHHB", content)
    return Declaration(rows, columns, components, precision)
