"""Pixels: where the frames of an instance are, and how they become native (PS3.5 §8, Annexes A.4 and G).

- `image`: the Image Pixel Module, and the arithmetic of a native frame
- `offset_tables`: which fragments make up which frame
- `frames`: the frame index, packed into a header and pages
- `native`, `rle`: one frame of native or RLE compressed pixel data
- `decoding`: one frame of any stored form
- `transcode`: a whole instance in Explicit VR Little Endian
- `codecs`: compression libraries
"""

from dicomcore.pixels.decoding import decode_frame, is_decodable, stored_frame
from dicomcore.pixels.frames import FRAMES_PER_PAGE, NO_FRAMES, FrameIndex, frame_index, pixel_data
from dicomcore.pixels.image import PIXEL_DATA_TAGS, ImagePixel
from dicomcore.pixels.transcode import to_explicit_little_endian

__all__ = [
    "FRAMES_PER_PAGE",
    "NO_FRAMES",
    "PIXEL_DATA_TAGS",
    "FrameIndex",
    "ImagePixel",
    "decode_frame",
    "frame_index",
    "is_decodable",
    "pixel_data",
    "stored_frame",
    "to_explicit_little_endian",
]
