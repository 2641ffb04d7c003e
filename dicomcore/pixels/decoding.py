"""One frame of any stored form to native little endian, for the transfer syntaxes that need no image codec.

The registry `_DECODERS` has the encapsulated ones; native pixel data, deflated data sets included, is `native`.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

from dicomcore import uids
from dicomcore.data import Buffer, TransferSyntax
from dicomcore.errors import CodecUnavailable, CorruptFrame, LimitExceeded
from dicomcore.pixels.frames import FrameIndex
from dicomcore.pixels.image import ImagePixel
from dicomcore.pixels.native import native_frame
from dicomcore.pixels.rle import decode_rle

MAX_FRAME_LENGTH = 256 << 20
DEFLATED_IMAGE_FRAME = "1.2.840.10008.1.2.8.1"

Decoder = Callable[[memoryview, ImagePixel, int], memoryview]


def _decode_uncompressed(frame: memoryview, image: ImagePixel, frame_number: int) -> memoryview:
    """Take a frame of Encapsulated Uncompressed Explicit VR Little Endian (PS3.5 §A.4.11) without its padding."""
    return frame[: image.length]


def _decode_deflated(frame: memoryview, image: ImagePixel, frame_number: int) -> memoryview:
    """Inflate a frame of Deflated Image Frame Compression (PS3.5 §A.4.13)."""
    try:
        native = zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, image.length)
    except zlib.error as error:
        raise CorruptFrame(frame_number, str(error)) from error
    return memoryview(native)


_DECODERS: dict[str, Decoder] = {
    uids.RLE_LOSSLESS: decode_rle,
    uids.ENCAPSULATED_UNCOMPRESSED: _decode_uncompressed,
    DEFLATED_IMAGE_FRAME: _decode_deflated,
}


def is_decodable(transfer_syntax: TransferSyntax) -> bool:
    """Say whether frames of this transfer syntax can be made native here."""
    return transfer_syntax.uid in _DECODERS or not (transfer_syntax.encapsulated or transfer_syntax.referenced)


def stored_frame(frames: FrameIndex, buffer: Buffer, frame_number: int, page: bytes | None = None) -> memoryview:
    """Return a frame (from 1) as it is stored: a view of the buffer, or the joined fragments."""
    if not frames.encapsulated:
        return native_frame(frames, memoryview(buffer), frame_number)
    view = memoryview(buffer)
    spans = frames.spans(frame_number, page)
    if len(spans) == 1:
        return view[spans[0][0] : spans[0][1]]
    return memoryview(b"".join([view[start:end] for start, end in spans]))


def decode_frame(
    frames: FrameIndex,
    transfer_syntax: TransferSyntax,
    buffer: Buffer,
    frame_number: int,
    page: bytes | None = None,
) -> memoryview:
    """Decode a frame (from 1) to native little endian bytes.

    ``buffer`` is the one that the frame index was made from. Raises `CodecUnavailable` for a transfer syntax that needs
    an image codec, `CorruptFrame` for a frame that does not decode, `LimitExceeded` for one that would be too large.
    """
    if not is_decodable(transfer_syntax):
        raise CodecUnavailable(transfer_syntax.uid)
    image = frames.image
    if image.length > MAX_FRAME_LENGTH:
        raise LimitExceeded("bytes in a decoded frame", MAX_FRAME_LENGTH)
    if frames.count and not image.length:
        raise CorruptFrame(frame_number, "the image has no pixels")
    if not frames.encapsulated:
        return native_frame(frames, memoryview(buffer), frame_number)
    if not transfer_syntax.encapsulated:
        raise CorruptFrame(frame_number, f"encapsulated in {transfer_syntax.name}")
    frame = stored_frame(frames, buffer, frame_number, page)
    decoded = _DECODERS[transfer_syntax.uid](frame, image, frame_number)
    if len(decoded) != image.length:
        raise CorruptFrame(frame_number, f"{len(decoded)} bytes instead of {image.length}")
    return decoded
