"""Headers of video: MPEG-2 (ISO/IEC 13818-2 §6.2.2), and H.264 and H.265 in MP4 files (ISO/IEC 14496-12, -15).

The transfer syntax follows profile and level (PS3.5 §8.2.5 to §8.2.12). A level beyond those has none; a sender who
knows better says so in the media type.
"""

from __future__ import annotations

import re
import struct

from dicomcore.data.codestream.boxes import boxes, find_box
from dicomcore.data.codestream.header import JPEG_FAMILY, ImageHeader
from dicomcore.errors import MalformedDataset

_PICTURE = re.compile(rb"\x00\x00\x01\x00")
_SEQUENCE = re.compile(rb"\x00\x00\x01\xb3")
_SEQUENCE_EXTENSION = re.compile(rb"\x00\x00\x01\xb5[\x10-\x1f]")
_FRAME_RATES = {1: 24000 / 1001, 2: 24.0, 3: 25.0, 4: 30000 / 1001, 5: 30.0, 6: 50.0, 7: 60000 / 1001, 8: 60.0}
_MAIN_LEVEL = 8
_SAMPLE_ENTRY = 78  # bytes of a visual sample entry before the boxes in it
# The highest level_idc of a transfer syntax.
_H264_LEVELS = ((41, "102"), (42, "104"))
_H265_PROFILES = {1: ("107", 8), 2: ("108", 10)}


def read_mpeg2(view: memoryview) -> ImageHeader:
    """Read the first sequence header of an MPEG-2 elementary or program stream; the pictures are counted."""
    found = _SEQUENCE.search(view)
    if found is None:
        raise MalformedDataset("the MPEG-2 stream has no sequence header")
    size, rates = struct.unpack_from(">3sB", view, found.end())
    packed = int.from_bytes(size, "big")
    extension = _SEQUENCE_EXTENSION.search(view, found.end())
    level, high_bits = 0, 0
    if extension is not None:
        fields = int.from_bytes(view[extension.end() - 1 : extension.end() + 3], "big")
        level, high_bits = fields >> 20 & 0x0F, fields >> 13 & 0x0F
    rate = _FRAME_RATES.get(rates & 0x0F)
    return ImageHeader(
        rows=(packed & 0xFFF) | (high_bits & 3) << 12,
        columns=packed >> 12 | high_bits >> 2 << 12,
        samples_per_pixel=3,
        bits_stored=8,
        photometric_interpretation="YBR_PARTIAL_420",
        transfer_syntax_uid=JPEG_FAMILY + ("100" if level >= _MAIN_LEVEL else "101"),
        number_of_frames=sum(1 for _ in _PICTURE.finditer(view)),
        frame_time=None if rate is None else 1000 / rate,
    )


def read_mp4(view: memoryview) -> ImageHeader:
    """Read the header of the first video track of an MP4 file."""
    moov = find_box(view, b"moov")
    if moov is None:
        raise MalformedDataset("the MP4 file has no moov box")
    for kind, start, end in boxes(view, *moov):
        media = find_box(view, b"mdia", start, end) if kind == b"trak" else None
        handler = None if media is None else find_box(view, b"hdlr", *media)
        if media is not None and handler is not None and bytes(view[handler[0] + 8 : handler[0] + 12]) == b"vide":
            return _read_track(view, media)
    raise MalformedDataset("the MP4 file has no video track")


def _read_track(view: memoryview, media: tuple[int, int]) -> ImageHeader:
    description = _required(view, b"minf/stbl/stsd", media)
    sizes = _required(view, b"minf/stbl/stsz", media)
    number_of_frames = struct.unpack_from(">I", view, sizes[0] + 8)[0]
    length, codec = struct.unpack_from(">I4s", view, description[0] + 8)
    entry = description[0] + 16
    columns, rows = struct.unpack_from(">HH", view, entry + 24)
    configuration = (entry + _SAMPLE_ENTRY, min(description[0] + 8 + length, description[1]))
    component, bits_stored = _syntax(view, codec, configuration)
    duration = _duration(view, media)
    return ImageHeader(
        rows=rows,
        columns=columns,
        samples_per_pixel=3,
        bits_stored=bits_stored,
        photometric_interpretation="YBR_PARTIAL_420",
        transfer_syntax_uid=JPEG_FAMILY + component,
        number_of_frames=number_of_frames,
        frame_time=duration / number_of_frames if number_of_frames and duration else None,
    )


def _syntax(view: memoryview, codec: bytes, entry: tuple[int, int]) -> tuple[str, int]:
    """Return the last component of the transfer syntax and the bits of a sample."""
    if codec in (b"avc1", b"avc3"):
        level = view[_required(view, b"avcC", entry)[0] + 3]
        for highest, component in _H264_LEVELS:
            if level <= highest:
                return component, 8
    elif codec in (b"hvc1", b"hev1"):
        profile = view[_required(view, b"hvcC", entry)[0] + 1] & 0x1F
        if profile in _H265_PROFILES:
            return _H265_PROFILES[profile]
    raise MalformedDataset(f"profile and level of the video ({codec.decode('latin-1')}) have no transfer syntax")


def _duration(view: memoryview, media: tuple[int, int]) -> float:
    """Return the length of the track in milliseconds, 0 if it is not known."""
    start = _required(view, b"mdhd", media)[0]
    fields, offset = (">IQ", 20) if view[start] else (">II", 12)
    timescale, duration = struct.unpack_from(fields, view, start + offset)
    return float(duration * 1000 / timescale) if timescale else 0.0


def _required(view: memoryview, path: bytes, within: tuple[int, int]) -> tuple[int, int]:
    found = find_box(view, path, *within)
    if found is None:
        raise MalformedDataset(f"the MP4 file has no {path.decode()} box")
    return found
