"""MP4 files (ISO/IEC 14496-12) with their directory in front: players need it before the first picture."""

from __future__ import annotations

import struct

from dicomcore.data.codestream.boxes import boxes, find_box

_CHUNK_OFFSETS = b"trak/mdia/minf/stbl/stco"


def with_fast_start(file: bytes) -> bytes:
    """Move the directory (``moov``) of a file with one track before its samples (``mdat``), and correct the offsets."""
    view = memoryview(file)
    pieces: dict[bytes, tuple[int, int]] = {}
    start = 0
    for kind, _, stop in boxes(view):
        pieces[kind] = (start, stop)
        start = stop
    begin, end = pieces[b"moov"]
    samples = pieces[b"mdat"][0]
    if begin < samples:
        return file
    moov = bytearray(view[begin:end])
    _move_chunks(moov, len(moov))
    return b"".join([view[:samples], moov, view[samples:begin], view[end:]])


def _move_chunks(moov: bytearray, distance: int) -> None:
    """Add ``distance`` to the offsets (§8.7.5) of all chunks."""
    span = find_box(memoryview(moov), _CHUNK_OFFSETS, 8)
    if span is None:
        raise ValueError("a directory without 32 bit chunk offsets")
    (count,) = struct.unpack_from(">I", moov, span[0] + 4)
    layout = f">{count}I"
    offsets = struct.unpack_from(layout, moov, span[0] + 8)
    struct.pack_into(layout, moov, span[0] + 8, *(offset + distance for offset in offsets))
