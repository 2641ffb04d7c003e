"""Small DICOM inputs for every test, put together byte by byte and independent of the project's own writer.

An element is bytes, a data set is the bytes of its elements one after the other: ``element(...) + sequence(...)``.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable

IMPLICIT_LE = "1.2.840.10008.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
DEFLATED_LE = "1.2.840.10008.1.2.1.99"
EXPLICIT_BE = "1.2.840.10008.1.2.2"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
RLE_LOSSLESS = "1.2.840.10008.1.2.5"

CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"

LONG_HEADER = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"))
NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "SV": "q", "UV": "Q"}
ZERO_PADDED = frozenset(("UI", "OB", "UN"))
UNDEFINED = 0xFFFFFFFF

Value = bytes | str | int | float | list[int] | list[float] | list[str] | tuple[int, ...] | tuple[float, ...]


def tag_bytes(tag: int, *, big_endian: bool = False) -> bytes:
    return struct.pack(">HH" if big_endian else "<HH", tag >> 16, tag & 0xFFFF)


def encoded(vr: str, value: Value, *, big_endian: bool = False) -> bytes:
    """Encode a value; bytes are taken as they are, text is Latin-1 and padded, AT values are int tags."""
    order = ">" if big_endian else "<"
    if isinstance(value, bytes):
        return value
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if vr == "AT":
        return b"".join(tag_bytes(int(one), big_endian=big_endian) for one in values)
    if vr in NUMBERS:
        return struct.pack(f"{order}{len(values)}{NUMBERS[vr]}", *values)
    raw = "\\".join(str(one) for one in values).encode("latin-1")
    return raw + (b"\0" if vr in ZERO_PADDED else b" ") * (len(raw) & 1)


def header(tag: int, vr: str, length: int, *, implicit: bool = False, big_endian: bool = False) -> bytes:
    order = ">" if big_endian else "<"
    if implicit:
        return tag_bytes(tag, big_endian=big_endian) + struct.pack(order + "I", length)
    start = tag_bytes(tag, big_endian=big_endian) + vr.encode("ascii")
    if vr in LONG_HEADER:
        return start + struct.pack(order + "HI", 0, length)
    return start + struct.pack(order + "H", length)


def element(
    tag: int,
    vr: str,
    value: Value = b"",
    *,
    implicit: bool = False,
    big_endian: bool = False,
    length: int | None = None,
) -> bytes:
    """Build one element; ``length`` makes it lie about the length of its value."""
    raw = encoded(vr, value, big_endian=big_endian)
    declared = len(raw) if length is None else length
    return header(tag, vr, declared, implicit=implicit, big_endian=big_endian) + raw


def item(content: bytes, *, undefined: bool = False, big_endian: bool = False) -> bytes:
    """Wrap the bytes of a data set, or of a fragment, into an item."""
    order = ">" if big_endian else "<"
    start = tag_bytes(0xFFFEE000, big_endian=big_endian)
    if not undefined:
        return start + struct.pack(order + "I", len(content)) + content
    return start + b"\xff\xff\xff\xff" + content + tag_bytes(0xFFFEE00D, big_endian=big_endian) + bytes(4)


def sequence(
    tag: int,
    *items: bytes,
    undefined: bool = False,
    vr: str = "SQ",
    implicit: bool = False,
    big_endian: bool = False,
) -> bytes:
    """Build a sequence of data sets, sequence and items of defined or of undefined length."""
    content = b"".join(item(one, undefined=undefined, big_endian=big_endian) for one in items)
    if not undefined:
        return header(tag, vr, len(content), implicit=implicit, big_endian=big_endian) + content
    start = header(tag, vr, UNDEFINED, implicit=implicit, big_endian=big_endian)
    return start + content + tag_bytes(0xFFFEE0DD, big_endian=big_endian) + bytes(4)


def encapsulated(fragments: Iterable[bytes], *, offset_table: bytes = b"", tag: int = 0x7FE00010) -> bytes:
    """Build encapsulated pixel data; fragments are padded to even length."""
    content = item(offset_table) + b"".join(item(one + b"\0" * (len(one) & 1)) for one in fragments)
    return header(tag, "OB", UNDEFINED) + content + tag_bytes(0xFFFEE0DD) + bytes(4)


def file_meta(
    transfer_syntax: str = EXPLICIT_LE,
    *,
    sop_class: str = CT_IMAGE_STORAGE,
    sop_instance: str = "1.2.3.4",
    extra: bytes = b"",
) -> bytes:
    """Build group 2 with its group length."""
    content = (
        element(0x00020001, "OB", b"\0\1")
        + element(0x00020002, "UI", sop_class)
        + element(0x00020003, "UI", sop_instance)
        + element(0x00020010, "UI", transfer_syntax)
        + element(0x00020012, "UI", "1.2.3")
        + extra
    )
    return element(0x00020000, "UL", len(content)) + content


def part10(
    dataset: bytes,
    transfer_syntax: str = EXPLICIT_LE,
    *,
    preamble: bytes = bytes(128),
    sop_class: str = CT_IMAGE_STORAGE,
    sop_instance: str = "1.2.3.4",
    extra_meta: bytes = b"",
) -> bytes:
    """Put preamble, prefix and file meta information before the bytes of a data set."""
    meta = file_meta(transfer_syntax, sop_class=sop_class, sop_instance=sop_instance, extra=extra_meta)
    return preamble + b"DICM" + meta + dataset


def ct_elements(**overrides: object) -> dict[int, tuple[str, object]]:
    """Return tag -> (VR, value) of a small CT slice; see `CT_KEYWORDS` for what can be overridden by keyword."""
    elements = {CT_KEYWORDS[keyword][0]: CT_KEYWORDS[keyword][1:] for keyword in CT_KEYWORDS}
    for keyword, value in overrides.items():
        tag, vr, _ = CT_KEYWORDS[keyword]
        elements[tag] = (vr, value)
    return elements  # type: ignore[return-value]


CT_KEYWORDS: dict[str, tuple[int, str, object]] = {
    "SpecificCharacterSet": (0x00080005, "CS", "ISO_IR 100"),
    "ImageType": (0x00080008, "CS", ["ORIGINAL", "PRIMARY", "AXIAL"]),
    "SOPClassUID": (0x00080016, "UI", CT_IMAGE_STORAGE),
    "SOPInstanceUID": (0x00080018, "UI", "1.2.3.4"),
    "StudyDate": (0x00080020, "DA", "20240131"),
    "SeriesDate": (0x00080021, "DA", "20240131"),
    "StudyTime": (0x00080030, "TM", "101112.5"),
    "AccessionNumber": (0x00080050, "SH", "A1"),
    "Modality": (0x00080060, "CS", "CT"),
    "ReferringPhysicianName": (0x00080090, "PN", "Referrer^Rita"),
    "StudyDescription": (0x00081030, "LO", "Thorax"),
    "SeriesDescription": (0x0008103E, "LO", "Axial 5 mm"),
    "PatientName": (0x00100010, "PN", "Doe^Jane"),
    "PatientID": (0x00100020, "LO", "PID1"),
    "PatientBirthDate": (0x00100030, "DA", "19700102"),
    "PatientSex": (0x00100040, "CS", "F"),
    "SliceThickness": (0x00180050, "DS", "5.0"),
    "StudyInstanceUID": (0x0020000D, "UI", "1.2.3"),
    "SeriesInstanceUID": (0x0020000E, "UI", "1.2.3.1"),
    "StudyID": (0x00200010, "SH", "S1"),
    "SeriesNumber": (0x00200011, "IS", "2"),
    "InstanceNumber": (0x00200013, "IS", "7"),
    "ImagePositionPatient": (0x00200032, "DS", ["-250", "-250", "12.5"]),
    "SamplesPerPixel": (0x00280002, "US", 1),
    "PhotometricInterpretation": (0x00280004, "CS", "MONOCHROME2"),
    "Rows": (0x00280010, "US", 4),
    "Columns": (0x00280011, "US", 4),
    "BitsAllocated": (0x00280100, "US", 16),
    "BitsStored": (0x00280101, "US", 12),
    "HighBit": (0x00280102, "US", 11),
    "PixelRepresentation": (0x00280103, "US", 0),
    "RescaleIntercept": (0x00281052, "DS", "-1024"),
    "RescaleSlope": (0x00281053, "DS", "1"),
    "PixelData": (0x7FE00010, "OW", bytes(range(32))),
}


def ct_dataset(*, implicit: bool = False, big_endian: bool = False, extra: bytes = b"", **overrides: object) -> bytes:
    """Build the bytes of a small CT slice's data set; an override of None leaves the element out.

    ``extra`` stands before the pixel data; its author keeps the order of tags.
    """
    pieces = []
    for tag, (vr, value) in ct_elements(**overrides).items():
        pieces.append(extra if tag == 0x7FE00010 else b"")
        if value is not None:
            pieces.append(element(tag, vr, value, implicit=implicit, big_endian=big_endian))  # type: ignore[arg-type]
    return b"".join(pieces)


def ct_instance(transfer_syntax: str = EXPLICIT_LE, *, extra: bytes = b"", **overrides: object) -> bytes:
    """Build a Part 10 file of a small CT slice in a native transfer syntax: ``ct_instance(PatientID="7")``."""
    dataset = ct_dataset(
        implicit=transfer_syntax == IMPLICIT_LE, big_endian=transfer_syntax == EXPLICIT_BE, extra=extra, **overrides
    )
    if transfer_syntax == DEFLATED_LE:
        dataset = deflated(dataset)
    sop_instance = str(overrides.get("SOPInstanceUID", "1.2.3.4"))
    sop_class = str(overrides.get("SOPClassUID", CT_IMAGE_STORAGE))
    return part10(dataset, transfer_syntax, sop_class=sop_class, sop_instance=sop_instance)


def deflated(dataset: bytes) -> bytes:
    """Deflate a data set without zlib header (PS3.5 §A.5)."""
    compressor = zlib.compressobj(wbits=-15)
    raw = compressor.compress(dataset) + compressor.flush()
    return raw + b"\0" * (len(raw) & 1)
