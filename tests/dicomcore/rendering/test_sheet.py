from __future__ import annotations

import numpy as np
import pytest

from dicomcore.errors import LimitExceeded
from dicomcore.rendering.display_color import WHITE
from dicomcore.rendering.graphic_styles import PLAIN_LINE, LineStyle, Shadow
from dicomcore.rendering.sheet import Sheet, between, clip

RED = (255, 0, 0)
GREY = np.full((40, 60), 100, np.uint8)


def test_an_empty_sheet_changes_nothing() -> None:
    assert Sheet(60, 40).over(GREY) is GREY


def test_a_line_is_where_it_was_drawn() -> None:
    sheet = Sheet(60, 40)
    sheet.line([(5, 20.5), (55, 20.5)], PLAIN_LINE, WHITE)
    drawn = sheet.over(GREY)
    assert drawn.ndim == 2
    assert (drawn[20, 8:52] > 240).all()
    assert (drawn[:18] == 100).all() and (drawn[23:] == 100).all()


def test_colours_make_a_grey_picture_rgb() -> None:
    sheet = Sheet(60, 40)
    sheet.area([(0, 0), (30, 0), (30, 40), (0, 40)], RED)
    drawn = sheet.over(GREY)
    assert drawn[20, 10].tolist() == [255, 0, 0]
    assert drawn[20, 50].tolist() == [100, 100, 100]


def test_opacity_lets_the_picture_through() -> None:
    sheet = Sheet(60, 40)
    sheet.area([(0, 0), (60, 0), (60, 40), (0, 40)], WHITE, 0.5)
    assert abs(int(sheet.over(GREY)[20, 20]) - 178) <= 1


def test_what_is_drawn_later_lies_above() -> None:
    sheet = Sheet(60, 40)
    for color in (RED, (0, 0, 255)):
        sheet.area([(0, 0), (60, 0), (60, 40), (0, 40)], color)
    assert sheet.over(GREY)[20, 20].tolist() == [0, 0, 255]


def test_a_thicker_line_is_thicker() -> None:
    sheet = Sheet(60, 40)
    sheet.line([(5, 20), (55, 20)], LineStyle(thickness=10.0), WHITE)
    assert 9 <= int((sheet.over(GREY)[:, 30] > 200).sum()) <= 11


def test_a_pattern_has_32_bits() -> None:
    sheet = Sheet(80, 40)
    style = LineStyle(thickness=1.0, pattern=0xFF00FF00, off_color=(0, 0, 0), off_opacity=1.0)
    sheet.line([(8.0, 20.5), (40.0, 20.5)], style, WHITE)
    row = sheet.over(np.full((40, 80), 100, np.uint8))[20]
    assert (row[9:15] > 230).all() and (row[17:23] < 25).all() and (row[25:31] > 230).all()


def test_a_shadow_lies_under_its_line() -> None:
    sheet = Sheet(60, 40)
    sheet.line([(5, 20.5), (55, 20.5)], LineStyle(shadow=Shadow("NORMAL", (0.0, 5.0), (0, 0, 0), 1.0)), WHITE)
    drawn = sheet.over(GREY)
    assert drawn[20, 30] > 240 and drawn[25, 30] < 15


def test_a_mask_is_painted() -> None:
    sheet = Sheet(60, 40)
    mask = np.zeros((40 * sheet.factor, 60 * sheet.factor), bool)
    mask[:, : 30 * sheet.factor] = True
    sheet.mask(mask, WHITE)
    drawn = sheet.over(GREY)
    assert (drawn[:, :30] == 255).all() and (drawn[:, 30:] == 100).all()


def test_points_far_away_are_clipped() -> None:
    sheet = Sheet(60, 40)
    sheet.line([(-1e7, 20.5), (1e7, 20.5)], LineStyle(pattern=0xFFFF0000), WHITE)
    sheet.line([(-1e7, -1e7), (1e7, -1e7)], PLAIN_LINE, WHITE)
    sheet.area([(-1e7, 30), (1e7, 30), (1e7, 1e7), (-1e7, 1e7)], WHITE)
    sheet.dot((1e7, -1e7), PLAIN_LINE, WHITE)
    drawn = sheet.over(GREY)
    assert (drawn[32:] == 255).all()
    assert (drawn[:18] == 100).all()


def test_too_many_dashes_are_refused() -> None:
    sheet = Sheet(60, 40)
    with pytest.raises(LimitExceeded):
        sheet.line([(0, 0), (60, 0)] * 2000, LineStyle(pattern=0xFF00FF00), WHITE)


def test_large_sheets_are_drawn_at_their_size() -> None:
    assert [Sheet(side, side).factor for side in (1024, 2048, 2049)] == [4, 2, 1]


def test_lines_are_clipped_to_a_box() -> None:
    assert clip((-10, 5), (20, 5), (0, 0, 10, 10)) == ((0, 5), (10, 5))
    assert clip((-10, -5), (20, -5), (0, 0, 10, 10)) is None
    assert clip((3, 3), (3, 3), (0, 0, 10, 10)) == ((3, 3), (3, 3))


def test_between_goes_along_a_line() -> None:
    assert between((0, 0), (4, 8), 0.25) == (1, 2)
