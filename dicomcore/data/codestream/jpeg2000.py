"""Headers of JPEG 2000 and HTJ2K codestreams (ISO/IEC 15444-1 Annex A, 15444-15 Annex A), and JP2 files around them."""

from __future__ import annotations

import struct
from dataclasses import replace

from dicomcore.data.codestream.boxes import boxes
from dicomcore.data.codestream.header import JPEG_FAMILY, ImageHeader
from dicomcore.errors import MalformedDataset

_CAP, _COD, _TLM, _SOT = 0xFF50, 0xFF52, 0xFF55, 0xFF90
_HIGH_THROUGHPUT = 0x00020000  # of the capabilities in CAP
_PART_2 = 0x8000  # of Rsiz in SIZ
_RPCL = 2


def read_jpeg2000(view: memoryview) -> ImageHeader:
    """Read the main header of a codestream."""
    length, capabilities, right, bottom, left, top = struct.unpack_from(">HHIIII", view, 4)
    components, precision = struct.unpack_from(">HB", view, 40)
    segments = _read_segments(view, 4 + length)
    _, progression, _, transforms_components, *_, wavelet = struct.unpack_from(">BBHBBBBBB", segments[_COD])
    is_reversible = wavelet == 1
    if components == 1:
        colour = "MONOCHROME2"
    else:
        colour = ("YBR_RCT" if is_reversible else "YBR_ICT") if transforms_components else "RGB"
    if _CAP in segments and struct.unpack_from(">I", segments[_CAP])[0] & _HIGH_THROUGHPUT:
        is_indexed_rpcl = progression == _RPCL and _TLM in segments
        component = ("202" if is_indexed_rpcl else "201") if is_reversible else "203"
    elif capabilities & _PART_2:
        component = "92" if is_reversible else "93"
    else:
        component = "90" if is_reversible else "91"
    return ImageHeader(
        rows=bottom - top,
        columns=right - left,
        samples_per_pixel=components,
        bits_stored=(precision & 0x7F) + 1,
        is_signed=bool(precision & 0x80),
        photometric_interpretation=colour,
        transfer_syntax_uid=JPEG_FAMILY + component,
    )


def _read_segments(view: memoryview, position: int) -> dict[int, bytes]:
    """Return the segments of the main header after SIZ, by marker."""
    segments: dict[int, bytes] = {}
    while True:
        marker, length = struct.unpack_from(">HH", view, position)
        if marker == _SOT:
            break
        if marker < 0xFF00 or length < 2:
            raise MalformedDataset("a marker is missing in the JPEG 2000 header", offset=position)
        segments[marker] = bytes(view[position + 4 : position + 2 + length])
        position += 2 + length
    if _COD not in segments:
        raise MalformedDataset("the JPEG 2000 header has no coding style", offset=position)
    return segments


def read_jp2(view: memoryview) -> ImageHeader:
    """Read the header of the codestream in a JP2 or JPH file; it says where in the file the codestream is."""
    for kind, start, end in boxes(view):
        if kind == b"jp2c":
            return replace(read_jpeg2000(view[start:end]), start=start, end=end)
    raise MalformedDataset("the JP2 file has no codestream")
