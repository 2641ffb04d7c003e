"""Drawing the graphic and text objects of presentation states (PS3.3 §C.10.5.1.2) on a sheet."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dicomcore.rendering.display_color import Color
from dicomcore.rendering.graphic_styles import PLAIN_LINE
from dicomcore.rendering.graphics import CompoundGraphic, Graphic, GraphicAnnotation, Text
from dicomcore.rendering.placement import Placement, Point
from dicomcore.rendering.sheet import Sheet, between
from dicomcore.rendering.text_drawing import draw_anchor, draw_boxed_text, draw_text_at

_CURVE = 64
_MAX_CURVE_POINTS = 20_000


@dataclass(frozen=True, slots=True)
class Space:
    """How points of each unit come to lie in the picture.

    ``matrix_offset`` is the column and row of the image's upper left corner in the total pixel matrix, from 0.
    """

    placement: Placement
    matrix_offset: tuple[float, float] = (0.0, 0.0)

    def point(self, point: Point, units: str) -> Point:
        """Return where a point lies in the picture."""
        if units == "DISPLAY":
            return self.placement.fraction_to_picture(point)
        if units == "MATRIX":
            point = (point[0] - self.matrix_offset[0], point[1] - self.matrix_offset[1])
        return self.placement.to_picture(point)

    def points(self, points: Iterable[Point], units: str) -> list[Point]:
        """Return where points lie in the picture."""
        return [self.point(point, units) for point in points]


def draw_annotation(
    sheet: Sheet,
    annotation: GraphicAnnotation,
    color: Color,
    space: Space,
    draw_compound: Callable[[Sheet, CompoundGraphic, Color, Space], bool],
) -> None:
    """Draw everything of an annotation in the colour of its layer.

    Compound graphics come with an equivalent of simple ones, linked by their number (PS3.3 §C.10.5.1.3.1):
    ``draw_compound`` says whether it drew one, and then its equivalent is not drawn.
    """
    simple = {graphic.compound_id for graphic in annotation.graphics if graphic.compound_id is not None}
    simple |= {text.compound_id for text in annotation.texts if text.compound_id is not None}
    drawn = set()
    for compound in annotation.compounds:
        is_wanted = compound.kind in PREFERRED or compound.compound_id not in simple
        if is_wanted and draw_compound(sheet, compound, color, space):
            drawn.add(compound.compound_id)
    for graphic in annotation.graphics:
        if graphic.compound_id is None or graphic.compound_id not in drawn:
            draw_graphic(sheet, graphic, color, space)
    for text in annotation.texts:
        if text.compound_id is None or text.compound_id not in drawn:
            draw_text(sheet, text, color, space)


PREFERRED = frozenset(("ELLIPSE", "RECTANGLE", "INFINITELINE", "CUTLINE", "RANGELINE", "RULER", "AXIS"))
"""The compound graphics that are drawn instead of their equivalent; of others the equivalent says more surely what the
author saw."""


def draw_graphic(sheet: Sheet, graphic: Graphic, color: Color, space: Space) -> None:
    """Draw a graphic object; one of an unknown type is drawn as a polyline."""
    points = space.points(graphic.points, graphic.units)
    if graphic.kind == "POINT":
        sheet.dot(points[0], graphic.line, color)
        return
    outline = _OUTLINES.get(graphic.kind, _polyline)(points)
    if graphic.is_filled and len(outline) > 2:
        sheet.area(outline, graphic.fill.color or graphic.line.color or color, graphic.fill.opacity)
    sheet.line(outline, graphic.line, color)


def _polyline(points: Sequence[Point]) -> list[Point]:
    return list(points)


def _circle(points: Sequence[Point]) -> list[Point]:
    """Return a circle around the first point through the second; it is round in the picture."""
    if len(points) < 2:
        return []
    (x, y), radius = points[0], math.dist(points[0], points[1])
    return ellipse_around((x, y), (radius, 0.0), (0.0, radius))


def _ellipse(points: Sequence[Point]) -> list[Point]:
    """Return an ellipse by the end points of its major and its minor axis."""
    if len(points) < 4:
        return []
    center = between(points[0], points[1], 0.5)
    major = ((points[1][0] - points[0][0]) / 2, (points[1][1] - points[0][1]) / 2)
    minor = ((points[3][0] - points[2][0]) / 2, (points[3][1] - points[2][1]) / 2)
    return ellipse_around(center, major, minor)


def ellipse_around(center: Point, major: Point, minor: Point) -> list[Point]:
    """Return the points of an ellipse by its center and half axes, the first one again at the end."""
    turns = [2 * math.pi * step / (2 * _CURVE) for step in range(2 * _CURVE + 1)]
    return [
        (
            center[0] + math.cos(turn) * major[0] + math.sin(turn) * minor[0],
            center[1] + math.cos(turn) * major[1] + math.sin(turn) * minor[1],
        )
        for turn in turns
    ]


def _interpolated(points: Sequence[Point]) -> list[Point]:
    """Return a smooth curve through all points (Catmull and Rom), closed if the last is the first."""
    if len(points) < 3:
        return list(points)
    steps = max(1, min(16, _MAX_CURVE_POINTS // len(points)))
    is_closed = points[0] == points[-1]
    before, after = (points[-2], points[1]) if is_closed else (points[0], points[-1])
    padded = [before, *points, after]
    curve = [
        _on_curve(padded[place : place + 4], step / steps) for place in range(len(points) - 1) for step in range(steps)
    ]
    return [*curve, points[-1]]


def _on_curve(points: Sequence[Point], t: float) -> Point:
    weights = (
        -t * (1 - t) ** 2 / 2,
        (2 - 5 * t**2 + 3 * t**3) / 2,
        (t + 4 * t**2 - 3 * t**3) / 2,
        -(t**2) * (1 - t) / 2,
    )
    x = sum(weight * point[0] for weight, point in zip(weights, points, strict=True))
    y = sum(weight * point[1] for weight, point in zip(weights, points, strict=True))
    return x, y


_OUTLINES: dict[str, Callable[[Sequence[Point]], list[Point]]] = {
    "POLYLINE": _polyline,
    "INTERPOLATED": _interpolated,
    "CIRCLE": _circle,
    "ELLIPSE": _ellipse,
}


def draw_text(sheet: Sheet, text: Text, color: Color, space: Space) -> None:
    """Draw a text object, and the line to its anchor point if that is to be visible."""
    if not text.text.strip():
        return
    anchor = None if text.anchor is None else space.point(text.anchor, text.anchor_units)
    if text.box is not None:
        corners = (space.point(text.box[0], text.box_units), space.point(text.box[1], text.box_units))
        draw_boxed_text(sheet, text.text, corners, text.style, color, text.justification)
        if anchor is not None and text.is_anchor_visible:
            draw_anchor(sheet, anchor, corners, PLAIN_LINE, text.style.color or color)
    elif anchor is not None:
        gap = 4 * sheet.thickness
        corner = draw_text_at(sheet, text.text, (anchor[0] + gap, anchor[1] + gap), text.style, color)
        if text.is_anchor_visible:
            sheet.line([anchor, corner], PLAIN_LINE, text.style.color or color)
