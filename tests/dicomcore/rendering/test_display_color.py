from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageCms
from presentation_builders import dataset_of

from dicomcore.rendering.display_color import color_of_cielab, color_of_grey, is_grey, read_color


@pytest.mark.parametrize(
    ("lab", "expected"),
    [((65535, 32896, 32896), (255, 255, 255)), ((0, 32896, 32896), (0, 0, 0)), ((35579, 53662, 50858), (255, 0, 0))],
)
def test_known_colours_come_out(lab: tuple[int, int, int], expected: tuple[int, int, int]) -> None:
    assert np.abs(np.subtract(color_of_cielab(lab), expected)).max() <= 2


@pytest.mark.parametrize("lab", [(41661, 41167, 40792), (30000, 36000, 20000), (50000, 25000, 36000)])
def test_colours_are_those_of_a_colour_management_system(lab: tuple[int, int, int]) -> None:
    lightness, a, b = lab[0] / 65535 * 255, lab[1] / 257, lab[2] / 257
    # Pillow holds a and b as signed bytes.
    pixel = Image.frombytes("LAB", (1, 1), bytes((round(lightness), round(a - 128) % 256, round(b - 128) % 256)))
    transform = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    theirs = ImageCms.applyTransform(pixel, transform)
    assert theirs is not None
    assert np.abs(np.subtract(color_of_cielab(lab), theirs.getpixel((0, 0)))).max() <= 4


def test_p_values_have_16_bits() -> None:
    assert color_of_grey(0xFFFF) == (255, 255, 255)
    assert color_of_grey(0x80FF) == (128, 128, 128)
    assert color_of_grey(-5) == (0, 0, 0)


def test_a_colour_goes_before_a_grey_value() -> None:
    item = dataset_of(GraphicLayerRecommendedDisplayGrayscaleValue=0x4000)
    assert read_color(item, 0x00700401, 0x00700066) == (64, 64, 64)
    item.put(0x00700401, "US", 65535, 32896, 32896)
    assert read_color(item, 0x00700401, 0x00700066) == (255, 255, 255)
    assert read_color(dataset_of(), 0x00700401) is None


def test_colours_without_hue_are_grey() -> None:
    assert is_grey((3, 3, 3))
    assert not is_grey((3, 3, 4))
