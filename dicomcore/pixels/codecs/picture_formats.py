"""Pictures of 8 bits into the files of image formats that compression libraries write (PS3.18 §8.7.4).

Pictures are uint8, grey (rows, columns) or RGB (rows, columns, 3), contiguous. The formats that pillow writes well are
in `dicomcore.rendering.output`.
"""

from __future__ import annotations

import struct

import imagecodecs
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

_APP2 = b"\xff\xe2"
_ICC_MARK = b"ICC_PROFILE\0"
_CHUNK = 65519
_SUBSAMPLED_BELOW = 95
_JP2_SIGNATURE = b"\x0d\x0a\x87\x0a"
_SRGB, _GREY = 16, 17
_JPEG2000_COMPRESSION = 7


def encode_jpeg_picture(picture: Picture, quality: int, icc_profile: bytes | None = None) -> bytes:
    """Encode baseline JPEG in JFIF: grey, or YCbCr whose chroma is halved both ways below a quality of 95."""
    subsampling = None if picture.ndim == 2 else "420" if quality < _SUBSAMPLED_BELOW else "444"
    encoded = bytes(imagecodecs.jpeg8_encode(picture, level=quality, subsampling=subsampling))
    return encoded if icc_profile is None else _with_profile(encoded, icc_profile)


def _with_profile(encoded: bytes, profile: bytes) -> bytes:
    """Put a profile into APP2 segments (ICC.1:2001-04 §B.4) behind the JFIF segment, which stands first."""
    behind = 4 + int.from_bytes(encoded[4:6], "big") if encoded[2:4] == b"\xff\xe0" else 2
    chunks = [profile[start : start + _CHUNK] for start in range(0, len(profile), _CHUNK)]
    segments = b"".join(
        _APP2 + struct.pack(">H", len(chunk) + 16) + _ICC_MARK + bytes((number, len(chunks))) + chunk
        for number, chunk in enumerate(chunks, 1)
    )
    return encoded[:behind] + segments + encoded[behind:]


def encode_jp2_picture(picture: Picture, quality: int | None, icc_profile: bytes | None = None) -> bytes:
    """Encode JPEG 2000 in a JP2 file (ISO/IEC 15444-1 Annex I); reversible without a quality."""
    reversible = quality is None
    level = 0 if quality is None else _signal_to_noise(quality)
    codestream = imagecodecs.jpeg2k_encode(
        picture, level=level, codecformat="j2k", reversible=reversible, mct=picture.ndim == 3
    )
    return _jp2_file(b"jp2 ", picture, bytes(codestream), icc_profile)


def encode_jph_picture(picture: Picture, quality: int | None, icc_profile: bytes | None = None) -> bytes:
    """Encode High-Throughput JPEG 2000 in a JPH file (ISO/IEC 15444-15 Annex D); reversible without a quality."""
    if quality is None:
        codestream = imagecodecs.htj2k_encode(picture, reversible=True)
    else:
        codestream = imagecodecs.htj2k_encode(picture, level=_quantization(quality), reversible=False)
    return _jp2_file(b"jph ", picture, bytes(codestream), icc_profile)


def _signal_to_noise(quality: int) -> int:
    """Return the decibels that JPEG 2000 is to reach: 30 for a quality of 1, 50 for 100."""
    return round(30 + 20 * (quality - 1) / 99)


def _quantization(quality: int) -> float:
    """Return the quantization step of HTJ2K, relative to the range of the samples: finer with quality."""
    return float(0.0005 * 2 ** ((100 - quality) / 12))


def _jp2_file(brand: bytes, picture: Picture, codestream: bytes, icc_profile: bytes | None) -> bytes:
    components = 1 if picture.ndim == 2 else 3
    rows, columns = picture.shape[:2]
    image_header = struct.pack(">2IH4B", rows, columns, components, 7, _JPEG2000_COMPRESSION, 0, 0)
    if icc_profile is None:
        colour = struct.pack(">3BI", 1, 0, 0, _GREY if components == 1 else _SRGB)
    else:
        # Method 2 is for profiles of matrix and curves; JPH allows any (method 3), and readers of JP2 take it too.
        colour = struct.pack(">3B", 2, 0, 0) + icc_profile
    return (
        _box(b"jP  ", _JP2_SIGNATURE)
        + _box(b"ftyp", brand + bytes(4) + brand)
        + _box(b"jp2h", _box(b"ihdr", image_header) + _box(b"colr", colour))
        + _box(b"jp2c", codestream)
    )


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + kind + content


def encode_jxl_picture(picture: Picture, quality: int | None) -> bytes:
    """Encode JPEG XL; lossless without a quality."""
    if quality is None:
        return bytes(imagecodecs.jpegxl_encode(picture, lossless=True, effort=3, numthreads=1))
    return bytes(imagecodecs.jpegxl_encode(picture, distance=_distance(quality), effort=3, numthreads=1))


def _distance(quality: int) -> float:
    """Return the Butteraugli distance for a quality of JPEG, as libjxl's own tools map it."""
    if quality >= 30:
        return 0.1 + (100 - quality) * 0.09
    return 53 / 3000 * quality * quality - 23 / 20 * quality + 25
