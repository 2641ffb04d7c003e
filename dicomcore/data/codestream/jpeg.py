"""Headers of JPEG (ISO/IEC 10918-1 Annex B) and JPEG-LS (ISO/IEC 14495-1 Annex C) codestreams."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from dicomcore.data.codestream.header import JPEG_FAMILY, ImageHeader
from dicomcore.errors import MalformedDataset

_LOSSLESS, _JPEG_LS = 0xC3, 0xF7
_START_OF_SCAN, _APP0, _ADOBE = 0xDA, 0xE0, 0xEE
# C4, C8 and CC are no frames but tables (DHT, JPG, DAC).
_FRAMES = frozenset((*range(0xC0, 0xD0), _JPEG_LS)) - {0xC4, 0xC8, 0xCC}
# Baseline, extended sequential, progressive (a retired syntax).
_LOSSY = {0xC0: "50", 0xC1: "51", 0xC2: "55"}


@dataclass(slots=True)
class _Segments:
    """What stands before the first scan."""

    marker: int = 0
    frame: bytes = b""
    scan: bytes = b""
    colour_transform: int | None = None
    is_jfif: bool = False


def read_jpeg(view: memoryview) -> ImageHeader:
    """Read the header of a JPEG or JPEG-LS codestream."""
    segments = _read_segments(view)
    precision, rows, columns, components = struct.unpack_from(">BHHB", segments.frame)
    return ImageHeader(
        rows=rows,
        columns=columns,
        samples_per_pixel=components,
        bits_stored=precision,
        photometric_interpretation="MONOCHROME2" if components == 1 else _colour(segments),
        transfer_syntax_uid=JPEG_FAMILY + _process(segments),
    )


def _read_segments(view: memoryview) -> _Segments:
    segments = _Segments()
    position = 2
    while not segments.scan:
        fill, marker, length = struct.unpack_from(">BBH", view, position)
        if fill == 0xFF and marker == 0xFF:  # any number of fill bytes may stand before a marker (§B.1.1.2)
            position += 1
            continue
        if fill != 0xFF or length < 2:
            raise MalformedDataset("a marker is missing in the JPEG header", offset=position)
        content = bytes(view[position + 4 : position + 2 + length])
        if marker in _FRAMES:
            segments.marker, segments.frame = marker, content
        elif marker == _ADOBE and content.startswith(b"Adobe"):
            segments.colour_transform = content[11]
        elif marker == _APP0 and content.startswith(b"JFIF\0"):
            segments.is_jfif = True
        elif marker == _START_OF_SCAN:
            segments.scan = content
        position += 2 + length
    return segments


def _process(segments: _Segments) -> str:
    parameter = segments.scan[-3]  # the predictor of a lossless scan, NEAR of JPEG-LS
    if segments.marker == _JPEG_LS:
        return "81" if parameter else "80"
    if segments.marker == _LOSSLESS:
        return "70" if parameter == 1 else "57"
    if segments.marker not in _LOSSY:
        raise MalformedDataset(f"JPEG process SOF{segments.marker & 0x0F} has no transfer syntax")
    return _LOSSY[segments.marker]


def _colour(segments: _Segments) -> str:
    """Tell RGB from YCbCr: by the APP14 segment, the APP0 segment, the names of the components, else by the process."""
    components = [segments.frame[start : start + 3] for start in range(6, len(segments.frame), 3)]
    is_named_rgb = bytes(component[0] for component in components) == b"RGB"
    is_lossless = segments.marker in (_LOSSLESS, _JPEG_LS)
    if segments.colour_transform is not None:
        is_rgb = segments.colour_transform == 0
    else:
        is_rgb = not segments.is_jfif and (is_named_rgb or is_lossless)
    if is_rgb:
        return "RGB"
    return "YBR_FULL" if len({component[1] for component in components}) == 1 else "YBR_FULL_422"
