"""A minimal writer of DICOM files (PS3.10 §7) in Explicit VR Little Endian, independent of the code that is measured.

Elements are plain tuples (tag, VR, value); a value is text, bytes, a number, a list of numbers, or a list of items,
each a list of elements again. Nothing is checked: the corpus is checked with pydicom in the tests.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_LS_LOSSLESS = "1.2.840.10008.1.2.4.80"
PIXEL_DATA = 0x7FE00010
UNDEFINED = 0xFFFFFFFF

Element = tuple[int, str, Any]
Elements = Sequence[Element]

_LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})
_NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "AT": "HH"}


def _value(vr: str, value: Any) -> bytes:
    if isinstance(value, bytes):
        return value + b"\0" * (len(value) % 2)
    if vr == "SQ":
        return b"".join(_item(elements) for elements in value)
    if vr in _NUMBERS:
        values = value if isinstance(value, list | tuple) else [value]
        if vr == "AT":
            values = [half for tag in values for half in (tag >> 16, tag & 0xFFFF)]
            return struct.pack(f"<{len(values)}H", *values)
        return struct.pack(f"<{len(values)}{_NUMBERS[vr]}", *values)
    text = str(value).encode("utf-8")
    return text + (b"\0" if vr == "UI" else b" ") * (len(text) % 2)


def _item(elements: Elements) -> bytes:
    body = encode(elements)
    return struct.pack("<HHI", 0xFFFE, 0xE000, len(body)) + body


def _header(tag: int, vr: str, length: int) -> bytes:
    if vr in _LONG:
        return struct.pack("<HH2sHI", tag >> 16, tag & 0xFFFF, vr.encode(), 0, length)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, vr.encode(), length)


def encode(elements: Elements) -> bytes:
    """Encode elements in ascending order of their tags; sequences and items have explicit lengths."""
    parts = []
    for tag, vr, value in sorted(elements, key=lambda element: element[0]):
        encoded = _value(vr, value)
        parts += [_header(tag, vr, len(encoded)), encoded]
    return b"".join(parts)


def encode_native_pixels(pixels: bytes, vr: str = "OW") -> bytes:
    """Encode a native Pixel Data element (PS3.5 §8.2)."""
    return native_pixels_header(len(pixels), vr) + pixels


def native_pixels_header(length: int, vr: str = "OW") -> bytes:
    """Encode the header of a native Pixel Data element whose value follows in another way."""
    return _header(PIXEL_DATA, vr, length)


def encode_fragments(frames: Iterable[bytes], *, offset_table: bool) -> bytes:
    """Encode an encapsulated Pixel Data element, one fragment per frame (PS3.5 §A.4)."""
    padded = [frame + b"\0" * (len(frame) % 2) for frame in frames]
    offsets, offset = [], 0
    for fragment in padded:
        offsets.append(offset)
        offset += 8 + len(fragment)
    table = struct.pack(f"<{len(offsets)}I", *offsets) if offset_table else b""
    parts = [_header(PIXEL_DATA, "OB", UNDEFINED)]
    for fragment in (table, *padded):
        parts += [struct.pack("<HHI", 0xFFFE, 0xE000, len(fragment)), fragment]
    parts.append(struct.pack("<HHI", 0xFFFE, 0xE0DD, 0))
    return b"".join(parts)


def file_header(sop_class_uid: str, sop_instance_uid: str, transfer_syntax_uid: str) -> bytes:
    """Encode preamble, prefix and File Meta Information (PS3.10 §7.1)."""
    group = encode(
        [
            (0x00020001, "OB", b"\0\1"),
            (0x00020002, "UI", sop_class_uid),
            (0x00020003, "UI", sop_instance_uid),
            (0x00020010, "UI", transfer_syntax_uid),
            (0x00020012, "UI", "2.25.198513817269384917241637158203341905017"),
            (0x00020013, "SH", "BENCHMARK"),
        ]
    )
    return bytes(128) + b"DICM" + encode([(0x00020000, "UL", len(group))]) + group


def dataset_start(file: bytes | bytearray | memoryview) -> int:
    """Find where the data set begins in a file: behind group 2, whose length stands at a fixed place."""
    (length,) = struct.unpack_from("<I", file, 140)
    return 144 + int(length)


def count_elements(elements: Elements) -> int:
    """Count elements, those inside of sequences too."""
    nested = sum(count_elements(item) for _, vr, value in elements if vr == "SQ" for item in value)
    return len(elements) + nested
