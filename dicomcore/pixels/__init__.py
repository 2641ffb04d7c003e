"""Pixels: where the frames of an instance are, what they decode to, and how they are encoded (PS3.5 §8, Annex A.4).

- `image`, `pixel_format`: the Image Pixel Module: the arithmetic of a native frame, and what its cells mean
- `offset_tables`: which fragments make up which frame
- `frames`: the frame index, packed into a header and pages
- `plain_image`: what is kept of most images to make a picture without reading their data set
- `native`, `rle`: one frame of native or RLE compressed pixel data as native bytes
- `stored_bits`: cells to numbers: Bits Stored, High Bit, signs
- `registry`: which transfer syntax is decoded and encoded by what
- `decoding`: one frame of any form to pixels, and pixels to a frame of any form
- `encoding`, `encoded_form`: how pixels are to be encoded, and what the data set says afterwards
- `conversion`: one frame from one transfer syntax to another; `corrected`, `derived`: what the data set says then
- `encapsulation`: pixel data elements as they are written; `icons`: pixel data within items
- `transcode`: a whole instance in Explicit VR Little Endian; `recoding`: in any transfer syntax
- `codecs`: compression libraries
"""

from dicomcore.pixels.conversion import (
    check_lossless_target,
    convert_frame,
    convertible_to,
    encoding_of,
    form_between,
    has_same_pixels,
    has_whole_pixels,
    is_sandboxed,
)
from dicomcore.pixels.decoding import (
    MAX_FRAME_LENGTH,
    decode_frame,
    decode_pixels,
    encode_pixels,
    is_decodable,
    native_bytes,
    stored_frame,
)
from dicomcore.pixels.derived import derived
from dicomcore.pixels.encapsulation import encapsulated_start, needs_extended
from dicomcore.pixels.encoded_form import after_encoding, encoded_form
from dicomcore.pixels.encoding import Encoding
from dicomcore.pixels.frames import FRAMES_PER_PAGE, HEADER_LENGTH, NO_FRAMES, FrameIndex, frame_index, pixel_data
from dicomcore.pixels.image import PIXEL_DATA_TAGS, ImagePixel
from dicomcore.pixels.pixel_format import Decoded, PixelFormat
from dicomcore.pixels.plain_image import image_elements, read_image_elements
from dicomcore.pixels.recoding import Recoding
from dicomcore.pixels.registry import Codec, Targets, codec_of, is_encodable, targets
from dicomcore.pixels.transcode import to_deflated, to_explicit_little_endian

__all__ = [
    "FRAMES_PER_PAGE",
    "HEADER_LENGTH",
    "MAX_FRAME_LENGTH",
    "NO_FRAMES",
    "PIXEL_DATA_TAGS",
    "Codec",
    "Decoded",
    "Encoding",
    "FrameIndex",
    "ImagePixel",
    "PixelFormat",
    "Recoding",
    "Targets",
    "after_encoding",
    "check_lossless_target",
    "codec_of",
    "convert_frame",
    "convertible_to",
    "decode_frame",
    "decode_pixels",
    "derived",
    "encapsulated_start",
    "encode_pixels",
    "encoded_form",
    "encoding_of",
    "form_between",
    "frame_index",
    "has_same_pixels",
    "has_whole_pixels",
    "image_elements",
    "is_decodable",
    "is_encodable",
    "is_sandboxed",
    "native_bytes",
    "needs_extended",
    "pixel_data",
    "read_image_elements",
    "stored_frame",
    "targets",
    "to_deflated",
    "to_explicit_little_endian",
]
