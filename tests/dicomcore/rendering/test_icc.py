import io

import numpy as np
import pytest
from PIL import Image

from dicomcore.rendering.icc import embedded_profile, has_icc_profile, in_colour_space
from dicomcore.rendering.icc_profiles import icc_profile_of
from dicomcore.rendering.options import IccProfile

ADOBE, SRGB = icc_profile_of(IccProfile.ADOBE_RGB), icc_profile_of(IccProfile.SRGB)
PICTURE = np.full((4, 5, 3), (100, 150, 200), np.uint8)


def test_colours_with_a_profile_are_converted_to_srgb_by_default() -> None:
    picture, embedded = in_colour_space(PICTURE, ADOBE, None)
    assert embedded is None
    assert picture[0, 0, 0] < 70


def test_colours_without_a_profile_are_srgb_already() -> None:
    picture, embedded = in_colour_space(PICTURE, None, None)
    assert picture is PICTURE
    assert embedded is None


def test_colours_stay_as_they_are_if_no_profile_is_wanted() -> None:
    assert in_colour_space(PICTURE, ADOBE, IccProfile.NO) == (PICTURE, None)


@pytest.mark.parametrize(("profile", "expected"), [(ADOBE, ADOBE), (None, SRGB), (b"garbage", SRGB)])
def test_the_profile_of_the_image_is_embedded_if_one_is_wanted(profile: bytes | None, expected: bytes) -> None:
    picture, embedded = in_colour_space(PICTURE, profile, IccProfile.YES)
    assert picture is PICTURE
    assert embedded == expected


def test_a_space_that_is_asked_for_is_converted_to_and_embedded() -> None:
    picture, embedded = in_colour_space(PICTURE, None, IccProfile.ADOBE_RGB)
    assert embedded == ADOBE
    back, _ = in_colour_space(picture, ADOBE, None)
    assert np.abs(back.astype(int) - PICTURE).max() <= 2


def test_srgb_of_srgb_is_only_embedded() -> None:
    picture, embedded = in_colour_space(PICTURE, None, IccProfile.SRGB)
    assert picture is PICTURE
    assert embedded == SRGB


@pytest.mark.parametrize("profile", [b"", b"garbage", ADOBE[:200], bytes(5000)])
def test_a_profile_that_cannot_be_read_is_as_good_as_none(profile: bytes) -> None:
    assert np.array_equal(in_colour_space(PICTURE, profile, None)[0], PICTURE)


def test_grey_pictures_have_no_colour_space() -> None:
    grey = PICTURE[..., 0]
    assert in_colour_space(grey, ADOBE, IccProfile.SRGB) == (grey, None)


def test_which_spaces_are_embedded() -> None:
    assert [has_icc_profile(space) for space in (None, IccProfile.NO, IccProfile.YES, IccProfile.SRGB)] == [
        False,
        False,
        True,
        True,
    ]


def jpeg(**choices: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(PICTURE).save(stream, "JPEG", **choices)
    return stream.getvalue()


def test_the_profile_in_a_jpeg_stream_is_found_whole() -> None:
    long = ADOBE + bytes(100_000)
    assert embedded_profile(jpeg(icc_profile=ADOBE)) == ADOBE
    assert embedded_profile(jpeg(icc_profile=long)) == long


@pytest.mark.parametrize(
    "stream", [jpeg(), b"", b"\xff\xd8\xff\xe2\xff", b"\xff\xd8\xff\xe2\0\0\xff\xe2\0\1", b"GIF89a"]
)
def test_a_stream_without_a_profile_has_none(stream: bytes) -> None:
    assert embedded_profile(stream) is None
