"""JPEG 2000 (PS3.5 §8.2.4, ISO/IEC 15444-1 and, as far as its library goes, -2) by OpenJPEG, and HTJ2K (PS3.5 §8.2.14,
ISO/IEC 15444-15) by OpenJPH.

Colour that was transformed (YBR_RCT, YBR_ICT) comes out as RGB, and RGB is transformed going in; other colours are left
as they are. Codestreams are written without boxes. HTJ2K is always in RPCL order with tile-part lengths (TLM), each
resolution in a tile-part of its own, and with a smallest resolution of 64 pixels: the options of the transfer syntax
1.2.840.10008.1.2.4.202 (PS3.5 §10.18), which do no harm in the other two.

A part 2 codestream with several frames as its components (PS3.5 §A.4.4) has more components than a pixel of the image
has samples, and is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from dicomcore.data import Buffer
from dicomcore.pixels.codecs.boxes import box_content
from dicomcore.pixels.codecs.declaration import Declaration, padded, stored_colors, values_of
from dicomcore.pixels.codecs.jpeg2000_header import read_jpeg2000_header
from dicomcore.pixels.codecs.swallowed_errors import raised_in
from dicomcore.pixels.encoding import Encoding
from dicomcore.pixels.pixel_format import Decoded, PixelFormat

_LEVELS = 5
_SMALLEST = 64
_SSIZ = 42  # where SIZ says the precision of the first component
_EIGHT_BITS = 8
_LOWEST, _HIGHEST = 15, 120  # decibels

_Library = Callable[[bytes], NDArray[Any]]


def decode_jpeg2000(frame: Buffer, form: PixelFormat) -> Decoded:
    """Decode a frame of JPEG 2000, part 1 or 2; HTJ2K, mislabelled, is decoded too."""
    return _decode(frame, form, _openjpeg)


def decode_htj2k(frame: Buffer, form: PixelFormat) -> Decoded:
    """Decode a frame of HTJ2K."""
    return _decode(frame, form, _openjph)


def _openjpeg(codestream: bytes) -> NDArray[Any]:
    return imagecodecs.jpeg2k_decode(codestream, numthreads=1)


def _openjph(codestream: bytes) -> NDArray[Any]:
    with raised_in("_htj2k"):
        samples: NDArray[Any] = imagecodecs.htj2k_decode(codestream, planar=False)
    return samples


def _decode(frame: Buffer, form: PixelFormat, exact: _Library) -> Decoded:
    codestream = box_content(frame, b"jp2c") or memoryview(frame)
    header = read_jpeg2000_header(codestream)
    header.check(form)
    try:
        # OpenJPH, twice as fast, lets what loss makes larger than white wrap around to black, and makes a picture even
        # of half a frame: it is for frames that are exact and whole.
        samples = (exact if header.is_reversible and header.is_whole else _openjpeg)(bytes(codestream))
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    if header.is_reversible:
        _check_range(samples, header.declared)
    pixels = values_of(_by_pixel(samples, form), header.declared, form, is_exact=header.is_reversible)
    return Decoded(pixels, "RGB" if header.is_converted else stored_colors(form))


def _check_range(samples: NDArray[Any], declared: Declaration) -> None:
    """Raise ValueError for numbers that do not fit into the precision: OpenJPH makes them of damaged frames."""
    bits = samples.dtype.itemsize * 8
    if declared.precision == bits:
        return
    least, largest = int(samples.min()), int(samples.max())
    reach = max(largest, ~least) >> declared.precision - declared.is_signed
    if reach:
        raise ValueError(f"samples from {least} to {largest} in a codestream of {declared.precision} bits")


def _by_pixel(samples: NDArray[Any], form: PixelFormat) -> NDArray[Any]:
    """Bring components in planes together."""
    if samples.ndim == 3 and samples.shape != form.shape:
        samples = samples.transpose(1, 2, 0)
    return np.ascontiguousarray(samples)


def encode_jpeg2000(decoded: Decoded, form: PixelFormat, encoding: Encoding) -> bytes:
    """Encode Bits Stored bits of each sample."""
    pixels = np.ascontiguousarray(decoded.pixels)

    def encode(decibels: int | None) -> bytes:
        return bytes(
            imagecodecs.jpeg2k_encode(
                pixels,
                decibels,
                codecformat="j2k",
                bitspersample=form.bits_stored,
                reversible=decibels is None,
                mct=decoded.photometric_interpretation == "RGB",
                numthreads=1,
            )
        )

    return padded(_chosen(encode, form, encoding))


def encode_htj2k(decoded: Decoded, form: PixelFormat, encoding: Encoding) -> bytes:
    """Encode a frame; the precision of a codestream that loses something is Bits Allocated."""
    is_rgb = decoded.photometric_interpretation == "RGB"
    pixels = np.ascontiguousarray(decoded.pixels)
    stored = form.bits_stored if encoding.lossless else pixels.dtype.itemsize * 8
    pixels = _lifted(pixels, stored)
    if pixels.ndim == 3 and not is_rgb:
        if form.image.columns == 1:
            raise ValueError("colours other than RGB in one column, which the library takes for one component")
        pixels = np.ascontiguousarray(pixels.transpose(2, 0, 1))

    def encode(decibels: int | None) -> bytes:
        return bytes(
            imagecodecs.htj2k_encode(
                pixels,
                None if decibels is None else _step(decibels, form, stored),
                rgb=is_rgb and pixels.ndim == 3,
                planar=pixels.ndim == 3 and not is_rgb,
                resolutions=_levels(form),
                reversible=decibels is None,
                tlm=True,
                tilepart=imagecodecs.HTJ2K.TILEPART.RESOLUTIONS,
            )
        )

    return padded(_with_precision(_chosen(encode, form, encoding), stored))


def _lifted(pixels: NDArray[Any], precision: int) -> NDArray[Any]:
    """Add what an encoder that takes cells for samples subtracts too much of unsigned ones (§G.1 of part 1)."""
    bits = pixels.dtype.itemsize * 8
    if pixels.dtype.kind == "i" or precision == bits:
        return pixels
    lifted: NDArray[Any] = pixels + pixels.dtype.type((1 << bits - 1) - (1 << precision - 1))
    return lifted


def _with_precision(codestream: bytes, precision: int) -> bytes:
    """Say in SIZ how many bits a sample has; the bit planes above them are empty already."""
    header = bytearray(codestream[: _SSIZ + 3 * 4])
    for position in range(_SSIZ, _SSIZ + 3 * int.from_bytes(header[40:42], "big"), 3):
        header[position] = header[position] & 0x80 | precision - 1
    return bytes(header) + codestream[len(header) :]


def _levels(form: PixelFormat) -> int:
    """Return how often an image has to be halved until both sides have 64 pixels, 5 times at least."""
    largest = max(form.image.rows, form.image.columns)
    return max(_LEVELS, (-(-largest // _SMALLEST) - 1).bit_length())


def _chosen(encode: Callable[[int | None], bytes], form: PixelFormat, encoding: Encoding) -> bytes:
    """Encode without loss, with a quality, or with the highest that gives the compression ratio."""
    try:
        return _encoded(encode, form, encoding)
    except RuntimeError as error:
        raise ValueError(str(error)) from error


def _encoded(encode: Callable[[int | None], bytes], form: PixelFormat, encoding: Encoding) -> bytes:
    if encoding.lossless:
        return encode(None)
    if encoding.ratio is None:
        return encode(_decibels(encoding.lossy_quality, form))
    allowed = int(form.image.pixels * form.image.samples_per_pixel * form.image.bits_allocated // 8 / encoding.ratio)
    return _largest_within(encode, allowed)


def _largest_within(encode: Callable[[int | None], bytes], allowed: int) -> bytes:
    low, high = _LOWEST, _HIGHEST + 1
    best = b""
    while high - low > 1:
        middle = (low + high) // 2
        encoded = encode(middle)
        if len(encoded) <= allowed:
            low, best = middle, max(best, encoded, key=len)
        else:
            high = middle
    return best or encode(_LOWEST)


def _decibels(quality: int, form: PixelFormat) -> int:
    """Return the ratio of peak signal to noise that a quality of JPEG's kind stands for.

    Of 8 bits, 90 is 43 dB, 1.8 grey levels of noise. More bits are shown in narrower windows, where the same ratio
    would be seen: three decibels, half a bit, are added for each.
    """
    return 25 + quality // 5 + 3 * max(0, form.bits_stored - _EIGHT_BITS)


def _step(decibels: int, form: PixelFormat, precision: int) -> float:
    """Return the quantization step of HTJ2K, as a part of the range of a sample, that makes about this much noise."""
    return float(2.0 * 10 ** (-decibels / 20) * 2.0 ** (form.bits_stored - precision))
