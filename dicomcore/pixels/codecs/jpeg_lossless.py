"""JPEG lossless (PS3.5 §8.2.1, ISO/IEC 10918-1 Annex H): Process 14 with any predictor, 2 to 16 bits, by libjpeg-turbo.

Components are never converted: a codestream whose components are YBR_FULL gives YBR_FULL. Only those of RGB are called
R, G and B, in an Adobe segment too; readers believe that before they believe the data set. All others are 1, 2 and 3.
"""

from __future__ import annotations

import imagecodecs

from dicomcore.data import Buffer
from dicomcore.pixels.codecs.jpeg_header import JpegHeader, with_numbered_components
from dicomcore.pixels.encoded_form import colored_by_pixel
from dicomcore.pixels.encoding import Encoding
from dicomcore.pixels.pixel_format import Decoded, PixelFormat
from dicomcore.pixels.stored_bits import sample_values, stored_cells

# What libjpeg has to be told so that it converts nothing, by the number of components.
COMPONENTS = {1: "GRAYSCALE", 3: "RGB", 4: "CMYK"}

_FIRST_ORDER = 1


def decode_process_14(frame: Buffer, header: JpegHeader, form: PixelFormat) -> Decoded:
    """Decode a frame whose header has been read and checked."""
    components = COMPONENTS.get(len(header.components))
    try:
        samples = imagecodecs.jpeg8_decode(bytes(frame), colorspace=components, outcolorspace=components)
    except imagecodecs.Jpeg8Error as error:
        raise ValueError(str(error)) from error
    pixels = sample_values(samples, form, header.precision)
    return Decoded(pixels, colored_by_pixel(form).photometric_interpretation)


def encode_jpeg_lossless(decoded: Decoded, form: PixelFormat, encoding: Encoding) -> bytes:
    """Encode Bits Stored bits of each sample with the predictor asked for; signed ones in two's complement."""
    return _encode(decoded, form, encoding.predictor)


def encode_first_order(decoded: Decoded, form: PixelFormat, encoding: Encoding) -> bytes:
    """Encode with the predictor of Selection Value 1, the only one of its transfer syntax."""
    return _encode(decoded, form, _FIRST_ORDER)


def _encode(decoded: Decoded, form: PixelFormat, predictor: int) -> bytes:
    # Readers take the size of a cell from the precision: what has two bytes there shall have two bytes here.
    smallest = 8 if form.image.bits_allocated == 8 else 9
    cells = stored_cells(decoded.pixels, form)
    is_rgb = decoded.photometric_interpretation == "RGB"
    components = None if cells.ndim == 2 else "RGB" if is_rgb else "UNKNOWN"
    codestream = imagecodecs.jpeg8_encode(
        cells,
        colorspace=components,
        outcolorspace=components,
        lossless=True,
        predictor=predictor,
        bitspersample=max(smallest, form.bits_stored),
    )
    encoded = bytes(codestream) if is_rgb else with_numbered_components(codestream)
    return encoded + b"\0" * (len(encoded) & 1)
