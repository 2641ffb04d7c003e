from __future__ import annotations

import numpy as np
import pytest

from dicomcore.rendering.compound_drawing import draw_compound
from dicomcore.rendering.display_color import WHITE
from dicomcore.rendering.graphic_drawing import Space
from dicomcore.rendering.graphics import CompoundGraphic, Tick
from dicomcore.rendering.placement import Placement, Point
from dicomcore.rendering.sheet import Sheet

SIDE = 100


def drawn(kind: str, *points: Point, **details: object) -> np.ndarray:
    """Draw a compound graphic in white on black; return where something is."""
    sheet = Sheet(SIDE, SIDE)
    compound = CompoundGraphic(kind, "PIXEL", points, bool(details.pop("is_filled", False)), 1, **details)  # type: ignore[arg-type]
    assert draw_compound(sheet, compound, WHITE, Space(Placement((0.0, 0.0, SIDE, SIDE), SIDE, SIDE)))
    return sheet.over(np.zeros((SIDE, SIDE), np.uint8)) > 90


def extent(mask: np.ndarray) -> list[int]:
    rows, columns = np.nonzero(mask)
    return [int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())]


def test_a_rectangle_has_two_corners() -> None:
    mask = drawn("RECTANGLE", (20.5, 30.5), (60.5, 70.5))
    assert mask[30, 22:58].all() and mask[70, 22:58].all() and mask[32:68, 20].all() and mask[32:68, 60].all()
    assert not mask[35:65, 25:55].any()


def test_a_rectangle_is_turned_counterclockwise_around_a_point() -> None:
    mask = drawn("RECTANGLE", (50, 40), (90, 60), rotation=90.0, center=(50.0, 50.0))
    assert extent(mask) == pytest.approx([40, 10, 60, 50], abs=1)


def test_an_ellipse_fills_its_box() -> None:
    mask = drawn("ELLIPSE", (20, 30), (80, 70), is_filled=True)
    assert extent(mask) == pytest.approx([20, 30, 79, 69], abs=1)
    rows, columns = np.indices(mask.shape) + 0.5
    inside = np.hypot((columns - 50) / 30, (rows - 50) / 20) < 1
    assert (mask != inside).mean() < 0.03


def test_an_infinite_line_goes_from_border_to_border() -> None:
    assert drawn("INFINITELINE", (40, 50.5), (60, 50.5))[50].all()


def test_the_gap_of_an_infinite_line_is_around_its_center() -> None:
    row = drawn("INFINITELINE", (40, 50.5), (60, 50.5), gap=0.2, center=(50.0, 50.5))[50]
    assert row[:39].all() and not row[42:58].any() and row[61:].all()


def test_the_arrows_of_a_cut_line_come_from_its_right() -> None:
    mask = drawn("CUTLINE", (40, 50.5), (60, 50.5))
    assert not mask[:45].any()
    assert mask[54, 24:27].any() and mask[54, 74:77].any()


def test_a_range_line_ends_in_strokes() -> None:
    mask = drawn("RANGELINE", (20.5, 50.5), (80.5, 50.5))
    assert mask[50, 22:78].all()
    assert mask[48:53, 20].sum() >= 2 and mask[48:53, 80].sum() >= 2


def test_a_ruler_has_its_ticks_and_labels() -> None:
    ticks = (Tick(0.0, "0"), Tick(0.5, "5"), Tick(1.0, "10"))
    plain = drawn("RULER", (10.5, 50.5), (90.5, 50.5))
    labelled = drawn("RULER", (10.5, 50.5), (90.5, 50.5), ticks=ticks)
    assert not plain[55:].any()
    assert labelled[51, 50] and labelled[53:65, 44:58].any()


@pytest.mark.parametrize(
    ("alignment", "above", "below"), [("TOP", True, False), ("BOTTOM", False, True), ("CENTER", True, True)]
)
def test_ticks_are_aligned(alignment: str, above: bool, below: bool) -> None:
    sheet = Sheet(1000, 1000)
    axis = CompoundGraphic("AXIS", "PIXEL", ((100, 500), (900, 500)), False, 1, tick_alignment=alignment)
    draw_compound(sheet, axis, WHITE, Space(Placement((0.0, 0.0, 1000, 1000), 1000, 1000)))
    mask = sheet.over(np.zeros((1000, 1000), np.uint8)) > 90
    assert (mask[:495].any(), mask[506:].any()) == (above, below)


def test_an_arrow_has_its_head_at_the_first_point() -> None:
    mask = drawn("ARROW", (20.5, 50.5), (80.5, 50.5))
    rows, columns = np.nonzero(mask)
    assert np.abs(columns[np.abs(rows - 50) >= 1]).max() < 30


def test_a_crosshair_leaves_its_center_open() -> None:
    mask = drawn("CROSSHAIR", (50.5, 50.5), gap=0.2, visible_diameter=0.6)
    assert not mask[42:59, 42:59].any()
    assert mask[50, 25:38].all() and mask[62:78, 50].all() and not mask[50, :18].any()


def test_multiple_lines_are_pairs_of_points() -> None:
    mask = drawn("MULTILINE", (10, 20.5), (90, 20.5), (10, 60.5), (90, 60.5))
    assert mask[20, 12:88].all() and mask[60, 12:88].all() and not mask[25:55].any()


@pytest.mark.parametrize("kind", ["RECTANGLE", "INFINITELINE", "CUTLINE", "RANGELINE", "RULER", "ARROW", "CROSSHAIR"])
def test_points_in_one_place_do_no_harm(kind: str) -> None:
    mask = drawn(kind, (50.0, 50.0), (50.0, 50.0), rotation=45.0)
    assert mask.shape == (SIDE, SIDE) and mask.mean() < 0.1


def test_unknown_types_and_missing_points_are_told() -> None:
    sheet, space = Sheet(SIDE, SIDE), Space(Placement((0.0, 0.0, SIDE, SIDE), SIDE, SIDE))
    assert not draw_compound(sheet, CompoundGraphic("PRIVATE", "PIXEL", ((1, 1),), False, 1), WHITE, space)
    assert not draw_compound(sheet, CompoundGraphic("RULER", "PIXEL", ((1, 1),), False, 1), WHITE, space)
