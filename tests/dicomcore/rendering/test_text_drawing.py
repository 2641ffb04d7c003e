from __future__ import annotations

import numpy as np
import pytest

from dicomcore.rendering.display_color import BLACK, WHITE
from dicomcore.rendering.graphic_styles import PLAIN_LINE, PLAIN_TEXT, Shadow, TextStyle
from dicomcore.rendering.sheet import Sheet
from dicomcore.rendering.text_drawing import draw_anchor, draw_boxed_text, draw_text_at, usual_size


def extent(sheet: Sheet, level: int = 100) -> tuple[int, int, int, int]:
    drawn = sheet.over(np.full((sheet.height, sheet.width), level, np.uint8))
    rows, columns = np.nonzero(np.abs(drawn.astype(int) - level) > 20)
    return int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())


def test_text_fills_its_box() -> None:
    sheet = Sheet(200, 200)
    draw_boxed_text(sheet, "Text", ((20, 30), (120, 70)), PLAIN_TEXT, WHITE)
    left, top, right, bottom = extent(sheet)
    assert 17 <= left <= 25 and top >= 28 and bottom <= 72 and bottom - top > 20 and right <= 123


@pytest.mark.parametrize(("justification", "side"), [("LEFT", 0), ("RIGHT", 2)])
def test_text_is_justified(justification: str, side: int) -> None:
    sheet = Sheet(200, 200)
    draw_boxed_text(sheet, "Ab", ((20, 30), (180, 50)), PLAIN_TEXT, WHITE, justification)
    assert abs(extent(sheet)[side] - (20, 0, 180, 0)[side]) <= 5


def test_the_style_says_where_in_the_box_text_stands() -> None:
    sheet = Sheet(200, 200)
    draw_boxed_text(sheet, "Ab cd", ((20, 20), (60, 180)), TextStyle(vertical="BOTTOM"), WHITE)
    assert extent(sheet)[1] > 140


@pytest.mark.parametrize(
    ("corners", "is_upright"),
    [
        (((20, 50), (180, 80)), True),
        (((180, 80), (20, 50)), True),
        (((80, 20), (50, 180)), False),
        (((50, 180), (80, 20)), False),
    ],
)
def test_text_runs_from_the_first_corner_to_the_second(
    corners: tuple[tuple[int, int], tuple[int, int]], is_upright: bool
) -> None:
    sheet = Sheet(200, 200)
    draw_boxed_text(sheet, "Running", corners, PLAIN_TEXT, WHITE)
    left, top, right, bottom = extent(sheet)
    assert (right - left > bottom - top) == is_upright
    first = corners[0]
    nearest = min(abs(left - first[0]), abs(right - first[0])), min(abs(top - first[1]), abs(bottom - first[1]))
    assert max(nearest) <= 15


def test_text_turned_upside_down_is_turned_and_not_mirrored() -> None:
    upright, turned = Sheet(200, 200), Sheet(200, 200)
    draw_boxed_text(upright, "F7", ((20, 50), (180, 80)), PLAIN_TEXT, WHITE)
    draw_boxed_text(turned, "F7", ((180, 150), (20, 120)), PLAIN_TEXT, WHITE)
    one, other = (np.asarray(sheet.image)[..., 3] for sheet in (upright, turned))
    assert np.abs(one[::-1, ::-1].astype(int) - other).mean() < 1


def test_letters_are_outlined_in_contrast() -> None:
    for color in (WHITE, BLACK):
        sheet = Sheet(200, 200)
        draw_boxed_text(sheet, "Text", ((20, 30), (180, 90)), PLAIN_TEXT, color)
        drawn = sheet.over(np.full((200, 200), 128, np.uint8))
        assert drawn.min() < 20 and drawn.max() > 235


def test_styles_change_the_letters() -> None:
    pictures = []
    shadow = Shadow("NORMAL", (4.0, 4.0), BLACK, 1.0)
    for style in (PLAIN_TEXT, TextStyle(is_bold=True), TextStyle(is_underlined=True), TextStyle(shadow=shadow)):
        sheet = Sheet(200, 200)
        draw_boxed_text(sheet, "Text", ((20, 30), (180, 90)), style, WHITE)
        pictures.append(np.asarray(sheet.image)[..., 3].sum())
    assert len(set(pictures)) == 4


def test_text_at_a_point_begins_there() -> None:
    sheet = Sheet(200, 200)
    assert draw_text_at(sheet, "Text", (50, 60), PLAIN_TEXT, WHITE) == (50, 60)
    left, top, _, _ = extent(sheet)
    assert abs(left - 50) <= 3 and abs(top - 60) <= 5


def test_centered_text_is_around_its_point() -> None:
    sheet = Sheet(200, 200)
    draw_text_at(sheet, "12345", (100, 60), PLAIN_TEXT, WHITE, "CENTER")
    left, _, right, _ = extent(sheet)
    assert abs((left + right) / 2 - 100) <= 2


def test_letters_grow_with_the_picture() -> None:
    assert usual_size(Sheet(100, 100)) == 10
    assert usual_size(Sheet(720, 900)) == 20


def test_the_anchor_line_begins_at_the_edge_of_the_box() -> None:
    sheet = Sheet(200, 200)
    draw_anchor(sheet, (150.5, 60.5), ((20, 50), (100, 80)), PLAIN_LINE, WHITE)
    left, top, right, bottom = extent(sheet)
    assert 98 <= left <= 101 and 149 <= right <= 152 and bottom - top <= 2


@pytest.mark.parametrize("text", ["x" * 2000, "\n" * 2000, "x\n" * 1000, "山\ud800", "   "])
@pytest.mark.parametrize("corners", [((0, 0), (1e7, 1e7)), ((-1e7, 5), (-1e7, 5)), ((5, 5), (5, 5))])
def test_any_text_in_any_box_can_be_drawn(text: str, corners: tuple[tuple[float, float], tuple[float, float]]) -> None:
    sheet = Sheet(64, 64)
    draw_boxed_text(sheet, text, corners, PLAIN_TEXT, WHITE)
    assert sheet.over(np.zeros((64, 64), np.uint8)).shape == (64, 64)
