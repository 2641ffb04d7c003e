import numpy as np
import pytest

from dicomcore.errors import InvalidParameter, LimitExceeded
from dicomcore.rendering.geometry import fitting_size, place, scaled, viewport_of_whole
from dicomcore.rendering.options import Region, RenderingOptions, Viewport

PICTURE = np.arange(50 * 100, dtype=np.uint32).reshape(50, 100).astype(np.uint8)


def placed(viewport: Viewport | None = None, region: Region | None = None, **aspect: tuple[float, float]) -> np.ndarray:
    return place(PICTURE, RenderingOptions(viewport=viewport, region=region), **aspect)


def test_without_a_viewport_the_picture_is_the_image() -> None:
    assert placed() is PICTURE
    assert placed(pixel_aspect=(2.0, 1.0)) is PICTURE


def test_a_picture_fits_into_the_viewport_enlarged_or_reduced() -> None:
    assert placed(Viewport(512, 512)).shape == (256, 512)
    assert placed(Viewport(512, 50)).shape == (50, 100)
    assert placed(Viewport(10, 10)).shape == (5, 10)
    assert placed(Viewport(1, 1)).shape == (1, 1)


def test_one_limit_alone_keeps_the_aspect() -> None:
    assert placed(Viewport(width=50)).shape == (25, 50)
    assert placed(Viewport(height=100)).shape == (100, 200)


def test_pixels_that_are_not_square_are_made_so() -> None:
    assert placed(Viewport(100, 100), pixel_aspect=(2.0, 1.0)).shape == (100, 100)
    assert placed(Viewport(100, 100), pixel_aspect=(1.0, 2.0)).shape == (25, 100)


def test_a_part_of_the_image_at_its_own_size_is_cut_out() -> None:
    assert np.array_equal(placed(Viewport(20, 10, 30, 5, 20, 10)), PICTURE[5:15, 30:50])


def test_a_part_reaches_to_the_edge_where_it_has_no_size() -> None:
    assert np.array_equal(placed(Viewport(60, 40, 40, 10)), PICTURE[10:, 40:])


def test_a_part_beyond_the_edge_is_cut() -> None:
    assert np.array_equal(placed(Viewport(10, 5, 90, 45, 100, 100)), PICTURE[45:, 90:])


def test_a_part_outside_of_the_image_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="viewport"):
        placed(Viewport(10, 10, 100, 0, 10, 10))


def test_negative_sizes_flip() -> None:
    assert np.array_equal(placed(Viewport(100, 50, 0, 0, -100, 50)), PICTURE[:, ::-1])
    assert np.array_equal(placed(Viewport(100, 50, 0, 0, 100, -50)), PICTURE[::-1])
    assert np.array_equal(placed(Viewport(20, 10, 30, 5, -20, -10)), PICTURE[5:15, 30:50][::-1, ::-1])


def test_a_region_is_cut_before_the_viewport() -> None:
    half = Region(0.0, 0.5, 0.5, 1.0)
    assert np.array_equal(placed(region=half), PICTURE[25:, :50])
    assert placed(Viewport(100, 100), half).shape == (50, 100)


def test_the_smallest_region_is_one_pixel() -> None:
    assert np.array_equal(placed(region=Region(0.999, 0.999, 1.0, 1.0)), PICTURE[49:, 99:])
    assert placed(region=Region(0.5, 0.5, 0.500001, 0.500001)).shape == (1, 1)


def test_scaling_down_averages() -> None:
    checkers = np.indices((64, 64)).sum(axis=0) % 2 * np.uint8(255)
    small = scaled(checkers.astype(np.uint8), (0, 0, 64, 64), 8, 8)
    assert np.abs(small.astype(int) - 128).max() <= 2


def test_colours_are_scaled_too() -> None:
    picture = np.full((20, 30, 3), (10, 100, 200), np.uint8)
    assert (place(picture, RenderingOptions(viewport=Viewport(15, 10))) == (10, 100, 200)).all()


def test_a_picture_has_a_largest_size() -> None:
    with pytest.raises(LimitExceeded):
        fitting_size(Viewport(width=1_000_000), (0.0, 0.0, 1.0, 1.0), (1.0, 1.0))


def test_a_viewport_for_a_region_is_larger_for_the_whole() -> None:
    region = Region(0.25, 0, 0.75, 0.1)
    for viewport, expected in [
        (None, None),
        (Viewport(100, 20), Viewport(200, 200)),
        (Viewport(None, 20), Viewport(None, 200)),
        (Viewport(100, None), Viewport(200, None)),
    ]:
        assert viewport_of_whole(RenderingOptions(viewport=viewport, region=region)) == expected
        assert viewport_of_whole(RenderingOptions(viewport=viewport)) is viewport
