"""JPEG with loss (PS3.5 §8.2.1, ISO/IEC 10918-1): baseline, extended with 8 or 12 bits, progressive, by libjpeg-turbo.

Which process a frame has is what its codestream says, not the transfer syntax: baseline in JPEG Extended is common.

Whether the components are YCbCr, and become RGB, is decided by what is surest to be true of the codestream:

1. components called R, G and B are RGB;
2. a JFIF segment, an Adobe segment with transform 1, or chroma of a lower resolution say YCbCr;
3. otherwise the data set's Photometric Interpretation is right: YBR_... is converted, RGB is left as it is.

pydicom follows the same rules but for the Adobe segment and the resolution; DCMTK follows rule 3 alone.
"""

from __future__ import annotations

from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from dicomcore.data import Buffer
from dicomcore.pixels.codecs.jpeg_header import JpegHeader, read_jpeg_header
from dicomcore.pixels.codecs.jpeg_lossless import COMPONENTS, decode_process_14
from dicomcore.pixels.encoding import Encoding
from dicomcore.pixels.pixel_format import Decoded, PixelFormat
from dicomcore.pixels.stored_bits import in_order, sample_values

_BASELINE_BITS, _EXTENDED_BITS = 8, 12


def decode_jpeg(frame: Buffer, form: PixelFormat) -> Decoded:
    """Decode a frame of any process that is sequential or progressive, or lossless with Huffman coding."""
    header = read_jpeg_header(frame)
    header.check(form)
    if header.is_lossless:
        return decode_process_14(frame, header, form)
    outside = COMPONENTS.get(len(header.components))
    inside = "YCBCR" if outside == "RGB" and is_ybr(header, form) else outside
    try:
        samples = imagecodecs.jpeg8_decode(bytes(frame), colorspace=inside, outcolorspace=outside)
    except imagecodecs.Jpeg8Error as error:
        raise ValueError(str(error)) from error
    pixels = sample_values(_within_range(samples, header, form), form, header.precision)
    return Decoded(pixels, "RGB" if outside == "RGB" else form.photometric_interpretation)


def is_ybr(header: JpegHeader, form: PixelFormat) -> bool:
    """Say whether the three components of a codestream are luminance and two colour differences."""
    if header.has_rgb_identifiers:
        return False
    if header.is_jfif or header.adobe_transform == 1 or header.is_subsampled:
        return True
    return form.photometric_interpretation.startswith("YBR")


def encode_jpeg(decoded: Decoded, form: PixelFormat, encoding: Encoding) -> bytes:
    """Encode 8 bit samples in the baseline process; colour as YCbCr with half of the chroma in a row (YBR_FULL_422)."""
    return _encode(decoded, encoding, np.dtype(np.uint8), _BASELINE_BITS)


def encode_jpeg_extended(decoded: Decoded, form: PixelFormat, encoding: Encoding) -> bytes:
    """Encode up to 12 bits in the extended process."""
    return _encode(decoded, encoding, np.dtype(np.uint16), _EXTENDED_BITS)


def _encode(decoded: Decoded, encoding: Encoding, dtype: np.dtype[Any], bits: int) -> bytes:
    pixels = in_order(decoded.pixels.astype(dtype, copy=False))
    inside = None if pixels.ndim == 2 else "YCBCR"
    outside = inside and ("RGB" if decoded.photometric_interpretation == "RGB" else "YCBCR")
    encoded = imagecodecs.jpeg8_encode(
        pixels,
        encoding.lossy_quality,
        colorspace=outside,
        outcolorspace=inside,
        subsampling=inside and "422",
        bitspersample=bits,
    )
    return bytes(encoded) + b"\0" * (len(encoded) & 1)


def _within_range(samples: NDArray[Any], header: JpegHeader, form: PixelFormat) -> NDArray[Any]:
    """Cut off what loss made larger than Bits Stored can say; the upper bits are no overlay here."""
    if form.signed or header.precision <= form.bits_stored or form.high_bit != form.bits_stored - 1:
        return samples
    np.minimum(samples, samples.dtype.type((1 << form.bits_stored) - 1), out=samples)
    return samples
