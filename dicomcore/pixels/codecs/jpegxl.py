"""JPEG XL (PS3.5 §8.2.15, ISO/IEC 18181-1) by libjxl: lossless, lossy, and JPEG files made smaller and restored.

Images are written as bare codestreams, without the boxes of ISO/IEC 18181-2; both are read. What restores a JPEG file
is in a box, so that a recompressed JPEG has them. Samples have no sign in a codestream: negative numbers are two's
complement of Bits Stored bits, and can only be kept without loss.

Lossy colour is XYB inside and RGB outside. Lossless components are not converted, whatever their colours are. A
recompressed JPEG is restored and decoded as such: libjxl computes other numbers of it, up to 11 grey levels away, and
does not know colours that only the data set tells.
"""

from __future__ import annotations

from typing import Any

import imagecodecs
import numpy as np

from dicomcore.data import Buffer, ImageHeader, read_image_header
from dicomcore.errors import MalformedDataset
from dicomcore.pixels.codecs.boxes import box_content
from dicomcore.pixels.codecs.declaration import Declaration, padded, stored_colors, values_of
from dicomcore.pixels.codecs.jpeg import decode_jpeg
from dicomcore.pixels.encoding import Encoding
from dicomcore.pixels.pixel_format import Decoded, PixelFormat
from dicomcore.pixels.stored_bits import stored_cells

_JPEG_XL = "1.2.840.10008.1.2.4.11"
_RECOMPRESSED = "1.2.840.10008.1.2.4.111"
_CONVERTED = frozenset(("XYB", "YBR_FULL"))
# 12 ms for a CT instead of the 64 of the library's own choice, and 1 % more bytes.
_EFFORT = 3
_EXACT_QUALITY, _LINEAR_QUALITY = 100, 30
_SMALLEST_DISTANCE = 0.01
_EIGHT_BITS = 8


def decode_jpegxl(frame: Buffer, form: PixelFormat) -> Decoded:
    """Decode a frame, a bare codestream or one in boxes; an orientation that it may have is not applied."""
    header = _header(frame)
    declared = Declaration(header.rows, header.columns, header.samples_per_pixel, header.bits_stored)
    declared.check(form)
    if _is_recompressed(header):
        return decode_jpeg(restore_jpeg(frame), form)
    try:
        samples = imagecodecs.jpegxl_decode(bytes(frame), keeporientation=True, numthreads=1)
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    is_converted = header.photometric_interpretation in _CONVERTED
    pixels = values_of(samples, declared, form, is_exact=not is_converted)
    return Decoded(pixels, "RGB" if is_converted and declared.components == 3 else stored_colors(form))


def encode_jpegxl(decoded: Decoded, form: PixelFormat, encoding: Encoding) -> bytes:
    """Encode Bits Stored bits of each sample; raise ValueError for what cannot lose anything and still be right."""
    if not encoding.lossless:
        _check_lossy(decoded, form)
    chosen: dict[str, Any] = {"lossless": True} if encoding.lossless else {"distance": _distance(encoding, form)}
    # The library takes 8 bits and less in bytes only.
    cell = np.dtype(np.uint8 if form.bits_stored <= _EIGHT_BITS else np.uint16)
    try:
        encoded = imagecodecs.jpegxl_encode(
            np.ascontiguousarray(stored_cells(decoded.pixels, form), cell),
            effort=_EFFORT,
            bitspersample=form.bits_stored,
            usecontainer=False,
            numthreads=1,
            **chosen,
        )
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    # The library puts more than 12 bits into boxes, to say that a decoder needs buffers of 32.
    return padded(bytes(box_content(encoded, b"jxlc") or encoded))


def recompress_jpeg(codestream: Buffer) -> bytes:
    """Make a JPEG codestream smaller (JPEG XL JPEG Recompression); `restore_jpeg` gives back every byte of it.

    Raises ValueError if the codestream is not baseline or progressive JPEG of 8 bits.
    """
    try:
        return padded(bytes(imagecodecs.jpegxl_encode_jpeg(bytes(codestream))))
    except RuntimeError as error:
        raise ValueError(str(error)) from error


def restore_jpeg(frame: Buffer) -> bytes:
    """Return the JPEG codestream that a frame was recompressed from; raise ValueError if it was not."""
    if not _is_recompressed(_header(frame)):
        raise ValueError("a frame that was no JPEG before")
    try:
        return bytes(imagecodecs.jpegxl_decode_jpeg(bytes(frame), numthreads=1))
    except RuntimeError as error:
        raise ValueError(str(error)) from error


def _header(frame: Buffer) -> ImageHeader:
    try:
        header = read_image_header(frame)
    except MalformedDataset as error:
        raise ValueError(str(error)) from error
    if not header.transfer_syntax_uid.startswith(_JPEG_XL):
        raise ValueError("no JPEG XL codestream")
    return header


def _is_recompressed(header: ImageHeader) -> bool:
    return header.transfer_syntax_uid == _RECOMPRESSED


def _check_lossy(decoded: Decoded, form: PixelFormat) -> None:
    if form.signed:
        raise ValueError("negative numbers in a codestream that loses something")
    if decoded.pixels.ndim == 3 and decoded.photometric_interpretation != "RGB":
        raise ValueError(f"{decoded.photometric_interpretation} in a codestream that makes XYB of RGB")


def _distance(encoding: Encoding, form: PixelFormat) -> float:
    """Return Butteraugli's distance for a quality, as libjxl maps those of JPEG: 90 is 1.0, barely to be seen.

    It is that of an image shown in its whole range. More than 8 bits are shown in narrower windows, so that the
    distance is halved for every two of them.
    """
    quality = encoding.lossy_quality
    if quality >= _LINEAR_QUALITY:
        distance = 0.1 + (_EXACT_QUALITY - quality) * 0.09
    else:
        distance = 53 / 3000 * quality**2 - 23 / 20 * quality + 25
    return float(max(_SMALLEST_DISTANCE, distance / 2 ** (max(0, form.bits_stored - _EIGHT_BITS) / 2)))
