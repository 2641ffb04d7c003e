import io
import struct

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from dicomcore.pixels.codecs.picture_formats import (
    encode_jp2_picture,
    encode_jpeg_picture,
    encode_jph_picture,
    encode_jxl_picture,
)

Y, X = np.mgrid[:50, :70]
GREY = (128 + 100 * np.sin(X / 9) * np.cos(Y / 7)).astype(np.uint8)
COLOUR = np.stack((GREY, GREY[::-1], np.roll(GREY, 20, 1)), axis=-1)
PICTURES = pytest.mark.parametrize("picture", [GREY, COLOUR], ids=["grey", "colour"])


def boxes(content: bytes) -> dict[bytes, bytes]:
    found, place = {}, 0
    while place < len(content):
        length, kind = struct.unpack(">I4s", content[place : place + 8])
        found[kind] = content[place + 8 : place + length]
        place += length
    return found


@PICTURES
def test_jpeg_is_read_by_another_library(picture: np.ndarray) -> None:
    image = Image.open(io.BytesIO(encode_jpeg_picture(picture, 95)))
    assert image.mode == ("L" if picture.ndim == 2 else "RGB")
    assert np.abs(np.asarray(image).astype(int) - picture).mean() < 4


def test_a_profile_longer_than_a_segment_is_embedded_in_several() -> None:
    profile = bytes(range(256)) * 600
    image = Image.open(io.BytesIO(encode_jpeg_picture(COLOUR, 90, profile)))
    assert image.info["icc_profile"] == profile
    assert image.info["jfif"] == 257


@PICTURES
@pytest.mark.parametrize(("encode", "brand"), [(encode_jp2_picture, b"jp2 "), (encode_jph_picture, b"jph ")])
def test_a_codestream_stands_in_boxes_that_describe_it(encode: object, brand: bytes, picture: np.ndarray) -> None:
    content = boxes(encode(picture, None))  # type: ignore[operator]
    assert list(content) == [b"jP  ", b"ftyp", b"jp2h", b"jp2c"]
    assert content[b"ftyp"] == brand + bytes(4) + brand
    header = boxes(content[b"jp2h"])
    components = 1 if picture.ndim == 2 else 3
    assert struct.unpack(">2IH4B", header[b"ihdr"]) == (50, 70, components, 7, 7, 0, 0)
    assert header[b"colr"] == struct.pack(">3BI", 1, 0, 0, 17 if components == 1 else 16)
    assert content[b"jp2c"].startswith(b"\xff\x4f\xff\x51")


@PICTURES
def test_jp2_is_read_by_another_library(picture: np.ndarray) -> None:
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode_jp2_picture(picture, None)))), picture)


@PICTURES
def test_jph_and_jxl_without_a_quality_lose_nothing(picture: np.ndarray) -> None:
    assert np.array_equal(imagecodecs.htj2k_decode(boxes(encode_jph_picture(picture, None))[b"jp2c"]), picture)
    assert np.array_equal(imagecodecs.jpegxl_decode(encode_jxl_picture(picture, None)), picture)


@PICTURES
@pytest.mark.parametrize("encode", [encode_jp2_picture, encode_jph_picture, encode_jxl_picture])
def test_better_quality_is_longer_and_nearer(encode: object, picture: np.ndarray) -> None:
    errors, lengths = [], []
    for quality in (1, 50, 100):
        encoded = encode(picture, quality)  # type: ignore[operator]
        lengths.append(len(encoded))
        stream = encoded if encode is encode_jxl_picture else boxes(encoded)[b"jp2c"]
        read = imagecodecs.jpegxl_decode(stream) if encode is encode_jxl_picture else imagecodecs.jpeg2k_decode(stream)
        errors.append(np.abs(read.astype(int) - picture).mean())
    assert lengths == sorted(lengths)
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 2
    assert errors[0] < 30
