from __future__ import annotations

import math

import numpy as np
import pytest
from presentation_builders import boxed_text, dataset_of, graphic

from dicomcore.data import Dataset
from dicomcore.rendering.compound_drawing import draw_compound
from dicomcore.rendering.display_color import WHITE
from dicomcore.rendering.graphic_drawing import Space, draw_annotation, ellipse_around
from dicomcore.rendering.graphics import read_graphic_annotations
from dicomcore.rendering.placement import Placement
from dicomcore.rendering.sheet import Sheet

SIDE = 100


def drawn(placement: Placement | None = None, offset: tuple[float, float] = (0, 0), **values: object) -> np.ndarray:
    """Draw an annotation in white on black, an image of 100 by 100 pixels; return where something is."""
    state = dataset_of(GraphicAnnotationSequence=[dataset_of(GraphicLayer="A", **values)])
    (annotation,) = read_graphic_annotations(state)
    placement = placement or Placement((0.0, 0.0, SIDE, SIDE), SIDE, SIDE)
    sheet = Sheet(*placement.size)
    draw_annotation(sheet, annotation, WHITE, Space(placement, offset), draw_compound)
    return sheet.over(np.zeros((placement.size[1], placement.size[0]), np.uint8)) > 90


def graphics(*items: Dataset, **options: object) -> np.ndarray:
    return drawn(GraphicObjectSequence=list(items), **options)  # type: ignore[arg-type]


def distances(mask: np.ndarray, x: float, y: float) -> np.ndarray:
    rows, columns = np.nonzero(mask)
    return np.hypot(columns + 0.5 - x, rows + 0.5 - y)


def test_a_polyline_goes_through_its_points() -> None:
    mask = graphics(graphic("POLYLINE", 10, 20.5, 80.5, 20.5, 80.5, 60))
    assert mask[20, 12:80].all() and mask[22:58, 80].all()
    assert not mask[30:, :75].any()


def test_a_circle_has_its_center_and_a_point_on_it() -> None:
    away = distances(graphics(graphic("CIRCLE", 50, 40, 50, 60)), 50, 40)
    assert len(away) > 100 and (np.abs(away - 20) < 1.5).all()


def test_an_ellipse_has_its_axes() -> None:
    mask = graphics(graphic("ELLIPSE", 20, 50, 80, 50, 50, 40, 50, 60))
    rows, columns = np.nonzero(mask)
    radius = np.hypot((columns + 0.5 - 50) / 30, (rows + 0.5 - 50) / 10)
    assert len(rows) > 100 and (np.abs(radius - 1) < 0.15).all()


def test_a_filled_graphic_covers_its_inside() -> None:
    mask = graphics(graphic("POLYLINE", 20, 20, 60, 20, 60, 70, 20, 70, 20, 20, GraphicFilled="Y"))
    expected = np.zeros_like(mask)
    expected[20:70, 20:60] = True
    assert (mask != expected).sum() < 250
    assert mask[22:68, 22:58].all()


def test_an_interpolated_curve_goes_through_all_points() -> None:
    points = [(20, 50), (40, 30), (60, 50), (80, 30)]
    mask = graphics(graphic("INTERPOLATED", *(number for point in points for number in point)))
    assert all(distances(mask, *point).min() < 1.5 for point in points)


def test_a_point_is_a_dot() -> None:
    away = distances(graphics(graphic("POINT", 30, 40)), 30, 40)
    assert len(away) >= 4 and away.max() < 3


def test_display_units_are_fractions_of_the_picture() -> None:
    placement = Placement((0.0, 0.0, SIDE, SIDE), 200, 200)
    mask = graphics(graphic("POLYLINE", 0.1, 0.5, 0.9, 0.5, units="DISPLAY"), placement=placement)
    rows, columns = np.nonzero(mask)
    assert abs(rows.mean() - 100) <= 1 and (columns.min(), columns.max()) == (20, pytest.approx(180, abs=2))


def test_pixel_units_follow_the_image() -> None:
    placement = Placement((0.0, 0.0, SIDE, SIDE), 200, 200, rotation=90)
    away = distances(graphics(graphic("POINT", 30, 40), placement=placement), 200 - 80, 60)
    assert away.max() < 4


def test_matrix_units_begin_at_the_total_pixel_matrix() -> None:
    away = distances(graphics(graphic("POINT", 1030, 2040, units="MATRIX"), offset=(1000, 2000)), 30, 40)
    assert away.max() < 3


@pytest.mark.parametrize("kind", ["CIRCLE", "ELLIPSE", "POLYLINE", "INTERPOLATED", "UNKNOWN"])
def test_graphics_of_too_few_points_are_left_out(kind: str) -> None:
    assert graphics(graphic(kind, 3, 3)).sum() <= 4


def test_a_text_and_the_line_to_its_anchor_are_drawn() -> None:
    anchor = {"AnchorPointAnnotationUnits": "PIXEL", "AnchorPoint": [90.5, 90.5]}
    box = (5, 5, 60, 20)
    hidden = drawn(TextObjectSequence=[boxed_text("Text", *box, AnchorPointVisibility="N", **anchor)])
    visible = drawn(TextObjectSequence=[boxed_text("Text", *box, AnchorPointVisibility="Y", **anchor)])
    assert hidden[5:20].any() and not hidden[30:].any()
    assert visible[88:91, 88:91].any()


def test_a_text_may_have_an_anchor_alone() -> None:
    item = dataset_of(UnformattedTextValue="Text", AnchorPointAnnotationUnits="PIXEL", AnchorPoint=[20.0, 30.0])
    rows, columns = np.nonzero(drawn(TextObjectSequence=[item]))
    assert 20 <= columns.min() <= 28 and 30 <= rows.min() <= 40


def test_an_empty_text_is_not_drawn() -> None:
    assert not drawn(TextObjectSequence=[boxed_text(" ", 5, 5, 60, 20)]).any()


def compound(kind: str, *numbers: float) -> Dataset:
    return dataset_of(
        CompoundGraphicInstanceID=1,
        CompoundGraphicUnits="PIXEL",
        CompoundGraphicType=kind,
        GraphicData=[float(number) for number in numbers],
    )


def test_a_compound_graphic_is_drawn_instead_of_its_equivalent() -> None:
    simple = graphic("POLYLINE", 5, 95, 95, 95, CompoundGraphicInstanceID=1)
    mask = drawn(CompoundGraphicSequence=[compound("RECTANGLE", 20, 20, 60, 60)], GraphicObjectSequence=[simple])
    assert mask[20, 30:50].all() and not mask[90:].any()


@pytest.mark.parametrize("kind", ["ARROW", "PRIVATE"])
def test_the_equivalent_is_drawn_where_it_is_surer(kind: str) -> None:
    simple = graphic("POLYLINE", 5, 95, 95, 95, CompoundGraphicInstanceID=1)
    mask = drawn(CompoundGraphicSequence=[compound(kind, 20, 20, 60, 60)], GraphicObjectSequence=[simple])
    assert mask[90:].any() and not mask[:80].any()


def test_the_points_of_an_ellipse_are_on_it() -> None:
    points = ellipse_around((5, 5), (3, 0), (0, 2))
    assert points[0] == pytest.approx(points[-1])
    assert all(math.hypot((x - 5) / 3, (y - 5) / 2) == pytest.approx(1) for x, y in points)
