import io
from dataclasses import replace

import imagecodecs
import numpy as np
import pytest
from PIL import Image

from dicomcore.errors import LimitExceeded, NotAcceptable
from dicomcore.rendering.icc_profiles import icc_profile_of
from dicomcore.rendering.options import IccProfile, RenderingOptions
from dicomcore.rendering.output import RENDERED_MEDIA_TYPES, STILL_MEDIA_TYPES, write_image

Y, X = np.mgrid[:60, :83]
GREY = (128 + 100 * np.sin(X / 9) * np.cos(Y / 7)).astype(np.uint8)
COLOUR = np.stack((GREY, GREY[::-1], np.roll(GREY, 20, 1)), axis=-1)
MAGIC = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG",
    "image/gif": b"GIF8",
    "image/jp2": b"\0\0\0\x0cjP  ",
    "image/jph": b"\0\0\0\x0cjP  ",
    "image/jxl": b"\xff\x0a",
    "image/webp": b"RIFF",
    "image/avif": b"\0\0\0",
}
LOSSLESS = ("image/png", "image/jp2", "image/jph", "image/jxl")


def decoded(media_type: str, encoded: bytes) -> np.ndarray:
    if media_type == "image/jxl":
        return np.asarray(imagecodecs.jpegxl_decode(encoded))
    if media_type in ("image/jp2", "image/jph"):
        return np.asarray(imagecodecs.jpeg2k_decode(encoded[encoded.index(b"jp2c") + 4 :]))
    image = Image.open(io.BytesIO(encoded))
    return np.asarray(image.convert("RGB" if image.mode in ("P", "RGB") else "L"))


def options(media_type: str, quality: int | None = None) -> RenderingOptions:
    return RenderingOptions(media_type=media_type, quality=quality)


def test_every_media_type_has_its_magic_number_here() -> None:
    assert set(MAGIC) == set(RENDERED_MEDIA_TYPES) == set(STILL_MEDIA_TYPES)
    assert STILL_MEDIA_TYPES[0] == "image/jpeg"


@pytest.mark.parametrize("picture", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("media_type", RENDERED_MEDIA_TYPES)
def test_a_picture_is_written_and_read_again(media_type: str, picture: np.ndarray) -> None:
    encoded = write_image(picture, options(media_type))
    assert encoded.startswith(MAGIC[media_type])
    read = decoded(media_type, encoded)
    read = read[..., 0] if picture.ndim == 2 and read.ndim == 3 else read
    assert read.shape == picture.shape
    difference = np.abs(read.astype(int) - picture)
    assert difference.mean() < 8
    assert media_type not in LOSSLESS or difference.max() == 0


@pytest.mark.parametrize("media_type", RENDERED_MEDIA_TYPES)
def test_quality_matters_to_lossy_media_types_only(media_type: str) -> None:
    worse, better = (write_image(COLOUR, options(media_type, quality)) for quality in (20, 95))
    has_quality = RENDERED_MEDIA_TYPES[media_type].has_quality
    assert (len(worse) < len(better)) == has_quality
    assert has_quality or worse == better


def test_jpeg_is_baseline_with_eight_bits_and_halved_chroma() -> None:
    encoded = write_image(COLOUR, options("image/jpeg"))
    start = encoded.index(b"\xff\xc0")
    assert encoded[start + 4] == 8
    assert encoded[start + 11] == 0x22
    assert encoded[6:10] == b"JFIF"
    fine = write_image(COLOUR, options("image/jpeg", 95))
    assert fine[fine.index(b"\xff\xc0") + 11] == 0x11


def test_grey_gif_keeps_every_level() -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(decoded("image/gif", write_image(levels, options("image/gif"))), levels)


def test_gif_of_few_colours_is_exact() -> None:
    few = np.repeat(np.repeat(COLOUR[:10, :20], 20, axis=0), 20, axis=1)
    assert np.array_equal(decoded("image/gif", write_image(few, options("image/gif"))), few)


def test_gif_of_many_colours_is_near_them() -> None:
    many = np.stack((np.tile(np.arange(0, 256, dtype=np.uint8), (400, 2)),) * 3, axis=-1)
    many[:, :, 0] = np.linspace(0, 255, 400)[:, None]
    difference = np.abs(decoded("image/gif", write_image(many, options("image/gif"))).astype(int) - many)
    assert difference.mean() < 8


@pytest.mark.parametrize("media_type", [one for one, kind in RENDERED_MEDIA_TYPES.items() if kind.has_icc_profile])
def test_a_profile_is_embedded(media_type: str) -> None:
    profile = icc_profile_of(IccProfile.SRGB)
    encoded = write_image(COLOUR, options(media_type), profile)
    if media_type in ("image/jp2", "image/jph"):
        assert encoded[encoded.index(b"colr") + 4 :].startswith(b"\2\0\0" + profile)
    else:
        assert Image.open(io.BytesIO(encoded)).info["icc_profile"] == profile


@pytest.mark.parametrize("media_type", [one for one, kind in RENDERED_MEDIA_TYPES.items() if not kind.has_icc_profile])
def test_a_media_type_without_room_for_a_profile_leaves_it_out(media_type: str) -> None:
    assert write_image(COLOUR, options(media_type), b"profile") == write_image(COLOUR, options(media_type))


def test_a_flipped_picture_is_written_as_it_is_seen() -> None:
    assert np.array_equal(decoded("image/png", write_image(COLOUR[:, ::-1], options("image/png"))), COLOUR[:, ::-1])


def test_a_media_type_that_is_none_of_pictures_is_refused_with_those_that_are() -> None:
    with pytest.raises(NotAcceptable) as caught:
        write_image(GREY, options("video/mp4"))
    assert caught.value.available == STILL_MEDIA_TYPES


def test_a_picture_too_large_for_its_format_is_refused() -> None:
    with pytest.raises(LimitExceeded):
        write_image(np.zeros((1, 16384), np.uint8), replace(options("image/webp"), quality=1))


@pytest.mark.parametrize("media_type", RENDERED_MEDIA_TYPES)
@pytest.mark.parametrize("samples", [1, 3])
def test_a_picture_that_takes_more_memory_than_there_is_is_refused_before_it_is_written(
    media_type: str, samples: int
) -> None:
    most = RENDERED_MEDIA_TYPES[media_type].most_pixels(samples)
    pixel = np.zeros((1, 1) if samples == 1 else (1, 1, 3), np.uint8)
    rows = most // 8192 + 1
    picture = np.broadcast_to(pixel, (rows, 8192, *pixel.shape[2:]))
    with pytest.raises(LimitExceeded) as caught:
        write_image(picture, options(media_type))
    assert caught.value.allowed == most


@pytest.mark.parametrize("media_type", RENDERED_MEDIA_TYPES)
def test_large_detectors_and_screens_go_into_every_format(media_type: str) -> None:
    kind = RENDERED_MEDIA_TYPES[media_type]
    assert kind.most_pixels(1) >= 3328 * 4096
    assert kind.most_pixels(3) >= 3840 * 2160
