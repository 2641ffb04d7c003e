"""PNG and GIF images become native pixel data (PS3.18 §10.5.2, Table 10.5.2-1: "Transform").

Every sample keeps its value. Transparency is dropped, indexed colour becomes RGB, black and white become 0 and 255, an
animation becomes a multi-frame image. 16-bit colour PNGs are refused, because Pillow would take half of their bits.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageSequence

from dicomcore.data.dataset import Buffer
from dicomcore.errors import LimitExceeded, MalformedDataset

MAX_DECODED = 256 * 1024 * 1024

_PNG, _GIF = b"\x89PNG\r\n\x1a\n", (b"GIF87a", b"GIF89a")
_GREY = 0  # of the colour types of PNG
_FORMATS = ("PNG", "GIF")
_SINGLE_CHANNEL = frozenset(("1", "L", "LA", "I", "I;16", "I;16B"))


@dataclass(frozen=True, slots=True)
class Raster:
    """Native frames, one after the other, and their description; ``frame_time`` is in milliseconds."""

    value: bytes
    rows: int
    columns: int
    samples_per_pixel: int
    bits_allocated: int
    number_of_frames: int = 1
    frame_time: float | None = None


def read_raster(file: Buffer) -> Raster:
    """Decode a PNG or GIF file.

    Raises:
        MalformedDataset: it is neither, or does not decode.
        LimitExceeded: it would decode to more than 256 MB.
    """
    raw = bytes(file)
    _check_header(raw)
    try:
        with Image.open(io.BytesIO(raw), formats=_FORMATS) as image:
            return _read_frames(image)
    except (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError) as error:
        raise MalformedDataset(f"the image does not decode: {error}") from error


def _check_header(raw: bytes) -> None:
    """Refuse what Pillow would shorten, or blow up, before it sees it."""
    if raw.startswith(_PNG) and len(raw) >= 26:
        columns, rows, depth, colour = struct.unpack_from(">IIBB", raw, 16)
        if depth == 16 and colour != _GREY:
            raise MalformedDataset("PNG images of 16 bits per sample are taken in one channel only")
    elif raw.startswith(_GIF) and len(raw) >= 10:
        columns, rows = struct.unpack_from("<HH", raw, 6)
    else:
        raise MalformedDataset("the image is neither PNG nor GIF")
    if columns * rows * 3 > MAX_DECODED:
        raise LimitExceeded("bytes of decoded image", MAX_DECODED)
    if not (0 < columns <= 0xFFFF and 0 < rows <= 0xFFFF):
        raise MalformedDataset(f"an image of {rows} rows and {columns} columns fits no DICOM image")


def _read_frames(image: Image.Image) -> Raster:
    frames: list[np.ndarray] = []
    durations = 0.0
    size = 0
    is_grey = image.mode in _SINGLE_CHANNEL
    for frame in ImageSequence.Iterator(image):
        frames.append(_samples(frame, is_grey=is_grey))
        durations += frame.info.get("duration", 0)
        size += frames[-1].nbytes
        if size > MAX_DECODED:
            raise LimitExceeded("bytes of decoded image", MAX_DECODED)
    samples = np.stack(frames)
    return Raster(
        value=samples.tobytes(),
        rows=samples.shape[1],
        columns=samples.shape[2],
        samples_per_pixel=samples.shape[3] if samples.ndim == 4 else 1,
        bits_allocated=samples.dtype.itemsize * 8,
        number_of_frames=len(frames),
        frame_time=durations / len(frames) if len(frames) > 1 and durations else None,
    )


def _samples(frame: Image.Image, *, is_grey: bool) -> np.ndarray:
    if is_grey and frame.mode.startswith("I"):
        return np.asarray(frame).astype("<u2")
    return np.asarray(frame.convert("L" if is_grey else "RGB"))
