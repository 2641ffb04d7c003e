"""One frame of any stored form to pixels, pixels to a frame of any form, and the frame out of its buffer.

`decode_pixels` and `encode_pixels` know every transfer syntax of `registry`, and are what worker processes run.
`decode_frame` makes native bytes of the forms that need no image codec, without a detour by numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dicomcore import uids
from dicomcore.data import Buffer, TransferSyntax
from dicomcore.errors import CodecUnavailable, CorruptFrame, InvalidParameter, LimitExceeded
from dicomcore.pixels.codecs.deflate import inflated
from dicomcore.pixels.codecs.native import BITS_ALLOCATED, cells_of
from dicomcore.pixels.encoding import Encoding
from dicomcore.pixels.frames import FrameIndex
from dicomcore.pixels.image import ImagePixel
from dicomcore.pixels.native import native_frame
from dicomcore.pixels.pixel_format import Decoded, PixelFormat
from dicomcore.pixels.registry import codec_of
from dicomcore.pixels.rle import decode_rle

MAX_FRAME_LENGTH = 256 << 20
DEFLATED_IMAGE_FRAME = "1.2.840.10008.1.2.8.1"

Decoder = Callable[[memoryview, ImagePixel, int], memoryview]


def decode_pixels(frame: Buffer, form: PixelFormat, transfer_syntax_uid: str, frame_number: int = 1) -> Decoded:
    """Decode one frame on its own, as `stored_frame` gives it: native ones are little endian and start with a byte.

    Nothing is allocated or handed to a codec before the size that the data set declares is known to be within
    `MAX_FRAME_LENGTH`.

    Raises:
        CodecUnavailable: the transfer syntax is not in the registry.
        CorruptFrame: the frame does not decode, or to an image other than that of the data set.
        LimitExceeded: it would be too large.
    """
    codec = codec_of(transfer_syntax_uid)
    if codec is None:
        raise CodecUnavailable(transfer_syntax_uid)
    _check_size(form, frame_number)
    try:
        decoded = codec.decode(frame, form)
    except (ValueError, MemoryError) as error:
        raise CorruptFrame(frame_number, str(error) or "not enough memory") from error
    pixels = decoded.pixels
    if pixels.shape != form.shape or pixels.dtype != form.dtype:
        raise CorruptFrame(frame_number, f"{pixels.shape} {pixels.dtype} instead of {form.shape} {form.dtype}")
    return decoded


def encode_pixels(
    decoded: Decoded, form: PixelFormat, transfer_syntax_uid: str, encoding: Encoding | None = None
) -> bytes:
    """Encode one frame, of even length; `encoded_form` says what the data set has to say about it.

    ``form`` is the one that the pixels were decoded by.

    Raises:
        CodecUnavailable: the transfer syntax cannot be encoded here.
        InvalidParameter: it cannot hold such an image.
    """
    codec = codec_of(transfer_syntax_uid)
    if codec is None or codec.encode is None:
        raise CodecUnavailable(transfer_syntax_uid)
    if not codec.holds(form):
        raise InvalidParameter("transfer syntax", f"{transfer_syntax_uid} cannot hold this image")
    try:
        return codec.encode(decoded, form, (encoding or Encoding()).of(transfer_syntax_uid))
    except ValueError as error:
        raise InvalidParameter("transfer syntax", f"{transfer_syntax_uid} cannot hold this image: {error}") from error


def native_bytes(decoded: Decoded, form: PixelFormat | None = None) -> memoryview:
    """Return pixels as native bytes: little endian, colour by pixel, signs repeated up to the highest bit of a cell.

    With ``form`` given, single bits are packed and cells of three bytes have three; without, each sample is as wide as
    its type.
    """
    if form is not None:
        return cells_of(decoded.pixels, form)
    pixels = decoded.pixels
    little_endian = pixels.astype(pixels.dtype.newbyteorder("<"), order="C", copy=False)
    return little_endian.reshape(-1).view(np.uint8).data


def _check_size(form: PixelFormat, frame_number: int) -> None:
    image = form.image
    if not image.bits or image.bits_allocated not in BITS_ALLOCATED:
        raise CorruptFrame(frame_number, f"the image has no pixels of {image.bits_allocated} bits")
    if image.pixels * image.samples_per_pixel * form.dtype.itemsize > MAX_FRAME_LENGTH:
        raise LimitExceeded("bytes in a decoded frame", MAX_FRAME_LENGTH)


def _decode_uncompressed(frame: memoryview, image: ImagePixel, frame_number: int) -> memoryview:
    """Take a frame of Encapsulated Uncompressed Explicit VR Little Endian (PS3.5 §A.4.11) without its padding."""
    return frame[: image.length]


def _decode_deflated(frame: memoryview, image: ImagePixel, frame_number: int) -> memoryview:
    """Inflate a frame of Deflated Image Frame Compression (PS3.5 §A.4.13)."""
    try:
        return memoryview(inflated(frame, image.length))
    except ValueError as error:
        raise CorruptFrame(frame_number, str(error)) from error


_DECODERS: dict[str, Decoder] = {
    uids.RLE_LOSSLESS: decode_rle,
    uids.ENCAPSULATED_UNCOMPRESSED: _decode_uncompressed,
    DEFLATED_IMAGE_FRAME: _decode_deflated,
}


def is_decodable(transfer_syntax: TransferSyntax) -> bool:
    """Say whether `decode_frame` makes frames of this transfer syntax native."""
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
