import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from dicomcore.rendering.icc_profiles import COLOUR_SPACES, icc_profile_of
from dicomcore.rendering.options import IccProfile


def converted(rgb: tuple[int, int, int], source: bytes, target: ImageCms.ImageCmsProfile) -> np.ndarray:
    transform = ImageCms.buildTransform(ImageCms.ImageCmsProfile(io.BytesIO(source)), target, "RGB", "RGB", 1)
    image = ImageCms.applyTransform(Image.new("RGB", (1, 1), rgb), transform)
    assert image is not None
    return np.asarray(image)[0, 0].astype(int)


@pytest.mark.parametrize("space", COLOUR_SPACES)
def test_a_profile_is_one_of_a_display(space: IccProfile) -> None:
    profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile_of(space))).profile
    assert profile.xcolor_space.strip() == "RGB"
    assert profile.device_class == "mntr"
    assert profile.profile_description == COLOUR_SPACES[space].name


@pytest.mark.parametrize("space", COLOUR_SPACES)
def test_a_profile_has_the_length_that_it_says_and_whole_words(space: IccProfile) -> None:
    profile = icc_profile_of(space)
    assert struct.unpack(">I", profile[:4]) == (len(profile),)
    assert len(profile) % 4 == 0


def test_srgb_is_that_of_littlecms() -> None:
    theirs = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    for rgb in ((0, 0, 0), (255, 255, 255), (255, 0, 0), (12, 100, 200), (90, 3, 160)):
        assert np.abs(converted(rgb, icc_profile_of(IccProfile.SRGB), theirs) - rgb).max() <= 1


@pytest.mark.parametrize(
    ("space", "rgb", "expected"),
    [
        (IccProfile.ADOBE_RGB, (128, 128, 128), (128, 128, 128)),
        (IccProfile.ADOBE_RGB, (100, 150, 200), (66, 151, 203)),
        (IccProfile.DISPLAY_P3, (200, 100, 100), (214, 95, 96)),
    ],
)
def test_well_known_colours_become_what_they_are_in_srgb(
    space: IccProfile, rgb: tuple[int, int, int], expected: tuple[int, int, int]
) -> None:
    theirs = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    assert np.abs(converted(rgb, icc_profile_of(space), theirs) - expected).max() <= 2


def test_white_is_white_in_every_space() -> None:
    theirs = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    for space in COLOUR_SPACES:
        assert converted((255, 255, 255), icc_profile_of(space), theirs).min() >= 254
