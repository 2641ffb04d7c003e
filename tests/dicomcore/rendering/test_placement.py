from __future__ import annotations

import numpy as np
import pytest

from dicomcore.rendering.placement import Placement

IMAGE = np.arange(24, dtype=np.uint8).reshape(4, 6) * 10


def whole(rotation: int = 0, *, is_flipped: bool = False, scale: int = 1) -> Placement:
    return Placement((0.0, 0.0, 6.0, 4.0), 6 * scale, 4 * scale, rotation, is_flipped)


def test_the_whole_image_at_its_size_is_the_image() -> None:
    assert (whole().draw(IMAGE) == IMAGE).all()


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("is_flipped", [False, True])
def test_images_are_turned_clockwise_and_then_flipped(rotation: int, is_flipped: bool) -> None:
    expected = np.rot90(IMAGE, -rotation // 90)
    expected = expected[:, ::-1] if is_flipped else expected
    placement = whole(rotation, is_flipped=is_flipped)
    assert (placement.draw(IMAGE) == expected).all()
    assert placement.size == (expected.shape[1], expected.shape[0])


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("is_flipped", [False, True])
@pytest.mark.parametrize("scale", [1, 3])
def test_points_come_to_lie_where_pixels_do(rotation: int, is_flipped: bool, scale: int) -> None:
    placement = whole(rotation, is_flipped=is_flipped, scale=scale)
    for row, column in ((0, 0), (1, 4), (3, 5)):
        mask = np.zeros((4, 6), bool)
        mask[row, column] = True
        rows, columns = np.nonzero(placement.draw_mask(mask))
        x, y = placement.to_picture((column + 0.5, row + 0.5))
        assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx((x, y))


def test_what_lies_beyond_the_image_is_background() -> None:
    drawn = Placement((-2.0, -1.0, 8.0, 6.0), 10, 7).draw(IMAGE, background=9)
    assert drawn.shape == (7, 10)
    assert (drawn[1:5, 2:8] == IMAGE).all()
    drawn[1:5, 2:8] = 9
    assert (drawn == 9).all()


def test_a_part_of_the_image_is_cut_out() -> None:
    assert (Placement((1.0, 2.0, 4.0, 4.0), 3, 2).draw(IMAGE) == IMAGE[2:4, 1:4]).all()


def test_a_box_beside_the_image_shows_none_of_it() -> None:
    assert not Placement((100.0, 100.0, 110.0, 110.0), 10, 10).draw(IMAGE + 1).any()


def test_colour_is_kept() -> None:
    color = np.stack([IMAGE, IMAGE + 1, IMAGE + 2], axis=-1)
    assert (whole(90).draw(color) == np.rot90(color, -1)).all()


def test_making_an_image_smaller_averages() -> None:
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    drawn = Placement((0.0, 0.0, 64.0, 64.0), 8, 8).draw(stripes)
    assert np.abs(drawn.astype(int) - 127).max() <= 20


def test_fractions_are_those_of_the_turned_picture() -> None:
    assert whole(90, scale=2).fraction_to_picture((0.5, 1.0)) == (4.0, 12.0)


def test_the_scale_is_the_mean_of_both() -> None:
    assert Placement((0.0, 0.0, 6.0, 4.0), 12, 32).scale == pytest.approx(4.0)
