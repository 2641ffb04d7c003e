"""JPEG-LS (PS3.5 §8.2.3, ISO/IEC 14495-1), lossless and near-lossless, by CharLS.

Components are never converted. Samples have no sign in a codestream: negative numbers are two's complement. What is
written here has 8 or 16 bits of precision, whatever Bits Stored is, and signs are repeated up to the highest of them:
that costs nothing in size, and readers that do not look at Bits Stored are right too.
"""

from __future__ import annotations

import imagecodecs
import numpy as np

from dicomcore.data import Buffer
from dicomcore.pixels.codecs.declaration import limits, padded, stored_colors, values_of
from dicomcore.pixels.codecs.jpegls_header import read_jpegls_header
from dicomcore.pixels.encoding import Encoding
from dicomcore.pixels.pixel_format import Decoded, PixelFormat, Pixels

_SOI = b"\xff\xd8"
_HEADERS = 4096  # the room that is left for them beside the samples, of which noise grows


def decode_jpegls(frame: Buffer, form: PixelFormat) -> Decoded:
    """Decode a frame whose components are interleaved by sample, by line or not at all."""
    header = read_jpegls_header(frame)
    header.declared.check(form)
    try:
        samples = imagecodecs.jpegls_decode(bytes(frame))
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    if samples.ndim == 3 and samples.shape[-1] != form.image.samples_per_pixel:
        samples = samples.transpose(1, 2, 0)
    pixels = values_of(np.ascontiguousarray(samples), header.declared, form, is_exact=not header.near)
    return Decoded(pixels, stored_colors(form))


def encode_jpegls(decoded: Decoded, form: PixelFormat, encoding: Encoding) -> bytes:
    """Encode a frame, colour interleaved by sample; no number changes by more than ``encoding.near`` if lossy."""
    pixels, near = decoded.pixels, 0 if encoding.lossless else encoding.near
    if near:
        pixels, near = _within_range(pixels, form, near)
    unsigned = np.dtype(f"<u{form.dtype.itemsize}")
    cells = np.ascontiguousarray(pixels, form.dtype).view(unsigned)
    try:
        encoded = bytes(imagecodecs.jpegls_encode(cells, near, out=2 * cells.nbytes + _HEADERS))
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    return padded(_SOI + encoded[read_jpegls_header(encoded).start :])


def _within_range(pixels: Pixels, form: PixelFormat, near: int) -> tuple[Pixels, int]:
    """Keep what comes out within Bits Stored: one more than its largest number would be read as its least.

    Numbers that are too near to the end are moved away from it, and the error of the codestream is halved, so that
    both together are what was asked for.
    """
    least, largest = limits(form)
    is_cut_by_codec = not form.signed and form.bits_stored == pixels.dtype.itemsize * 8
    if is_cut_by_codec or not pixels.size:
        return pixels, near
    if pixels.max() <= largest - near and (not form.signed or pixels.min() >= least + near):
        return pixels, near
    near //= 2
    return np.clip(pixels, least + near if form.signed else least, largest - near), near
