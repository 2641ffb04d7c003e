"""Drawing compound graphics (PS3.3 §C.10.5.1.3) out of lines, areas and texts.

What they look like in detail is left to whoever draws them (PS3.17 Annex YY).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from dicomcore.rendering.display_color import Color
from dicomcore.rendering.graphic_drawing import Space, ellipse_around
from dicomcore.rendering.graphics import CompoundGraphic
from dicomcore.rendering.placement import Point
from dicomcore.rendering.sheet import Sheet, between, clip
from dicomcore.rendering.text_drawing import draw_text_at

_TICK = 0.012
_HEAD = 0.025

Lines = list[list[Point]]


def draw_compound(sheet: Sheet, compound: CompoundGraphic, color: Color, space: Space) -> bool:
    """Draw a compound graphic in the colour of its layer; say whether its type and number of points are known."""
    known = _DRAWINGS.get(compound.kind)
    if known is None or len(compound.points) < known[0]:
        return False
    points = space.points(_corners(compound), compound.units)
    center = points[0] if compound.center is None else space.point(compound.center, compound.units)
    turned = [_rotated(point, center, compound.rotation) for point in points]
    lines = known[1](sheet, compound, turned, center)
    if compound.is_filled and compound.kind in ("ELLIPSE", "RECTANGLE"):
        sheet.area(lines[0], compound.fill.color or compound.line.color or color, compound.fill.opacity)
    for line in lines:
        sheet.line(line, compound.line, color)
    if compound.kind in ("RULER", "AXIS"):
        _draw_labels(sheet, compound, turned, color)
    return True


def _corners(compound: CompoundGraphic) -> Sequence[Point]:
    """Return the points; of an ellipse or rectangle all four corners, so that they can be turned."""
    if compound.kind not in ("ELLIPSE", "RECTANGLE"):
        return compound.points
    (left, top), (right, bottom) = compound.points[:2]
    return (left, top), (right, top), (right, bottom), (left, bottom)


def _rotated(point: Point, center: Point, degrees: float) -> Point:
    """Turn a point counterclockwise, as it is seen."""
    turn = math.radians(-degrees)
    x, y = point[0] - center[0], point[1] - center[1]
    return center[0] + x * math.cos(turn) - y * math.sin(turn), center[1] + x * math.sin(turn) + y * math.cos(turn)


def _rectangle(sheet: Sheet, compound: CompoundGraphic, points: list[Point], center: Point) -> Lines:
    return [[*points, points[0]]]


def _ellipse(sheet: Sheet, compound: CompoundGraphic, points: list[Point], center: Point) -> Lines:
    middle = between(points[0], points[2], 0.5)
    right, bottom = between(points[1], points[2], 0.5), between(points[2], points[3], 0.5)
    major = (right[0] - middle[0], right[1] - middle[1])
    return [ellipse_around(middle, major, (bottom[0] - middle[0], bottom[1] - middle[1]))]


def _pairs(sheet: Sheet, compound: CompoundGraphic, points: list[Point], center: Point) -> Lines:
    return [points[place : place + 2] for place in range(0, len(points) - 1, 2)]


def _endless(sheet: Sheet, compound: CompoundGraphic, points: list[Point], center: Point) -> Lines:
    """Return a line through two points to the borders of the picture, with a gap around the center (§C.10.5.1.3.6)."""
    start, end = points[:2]
    ends = _extended(sheet, start, end)
    if ends is None:
        return []
    radius = compound.gap * sheet.width / 2
    if radius <= 0:
        return [list(ends)]
    return _outside(ends, center, radius)


def _cut_line(sheet: Sheet, compound: CompoundGraphic, points: list[Point], center: Point) -> Lines:
    """Return an endless line, and in the middle of each half an arrow that points at it from its right side."""
    lines = _endless(sheet, compound, points, center)
    ends = _extended(sheet, points[0], points[1])
    if ends is None:
        return lines
    across = _normal(ends[0], ends[1], 2 * _HEAD * sheet.width)
    for fraction in (0.25, 0.75):
        tip = between(*ends, fraction)
        lines += _arrow_lines(sheet, tip, (tip[0] + across[0], tip[1] + across[1]))
    return lines


def _range_line(sheet: Sheet, compound: CompoundGraphic, points: list[Point], center: Point) -> Lines:
    """Return a line with strokes across both of its ends."""
    start, end = points[:2]
    return [[start, end], _stroke(start, start, end, sheet), _stroke(end, start, end, sheet)]


def _ruled(sheet: Sheet, compound: CompoundGraphic, points: list[Point], center: Point) -> Lines:
    """Return a line with its ticks; one without ticks has them at its ends."""
    start, end = points[:2]
    positions = [tick.position for tick in compound.ticks] or [0.0, 1.0]
    places = [between(start, end, position) for position in positions]
    return [[start, end], *(_stroke(place, start, end, sheet, compound.tick_alignment) for place in places)]


def _arrow(sheet: Sheet, compound: CompoundGraphic, points: list[Point], center: Point) -> Lines:
    return _arrow_lines(sheet, points[0], points[1])


def _arrow_lines(sheet: Sheet, tip: Point, tail: Point) -> Lines:
    length = math.dist(tip, tail)
    if not length:
        return []
    back = min(1.0, _HEAD * min(sheet.width, sheet.height) / length)
    base, across = between(tip, tail, back), _normal(tip, tail, back * length / 2)
    barbs = [(base[0] + sign * across[0], base[1] + sign * across[1]) for sign in (1, -1)]
    return [[tail, tip], [barbs[0], tip, barbs[1]]]


def _crosshair(sheet: Sheet, compound: CompoundGraphic, points: list[Point], center: Point) -> Lines:
    """Return two lines that cross at a point, from the gap around it to the visible diameter or the borders."""
    x, y = points[0]
    reach = compound.visible_diameter * sheet.width / 2 or float(sheet.width + sheet.height)
    ends = [_rotated((x + dx * reach, y + dy * reach), (x, y), compound.rotation) for dx, dy in _DIRECTIONS]
    gap = min(1.0, max(compound.gap * sheet.width / 2, 0.0) / abs(reach))
    return [[between((x, y), end, gap), end] for end in ends]


_DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1))


def _extended(sheet: Sheet, start: Point, end: Point) -> tuple[Point, Point] | None:
    length = math.dist(start, end)
    if not length:
        return None
    # Far enough to leave the picture from wherever the points are.
    reach = (abs(start[0]) + abs(start[1]) + sheet.width + sheet.height) / length + 1
    return clip(between(start, end, -reach), between(start, end, reach), (0.0, 0.0, sheet.width, sheet.height))


def _outside(ends: tuple[Point, Point], center: Point, radius: float) -> Lines:
    """Return the parts of a line outside of a circle."""
    length = math.dist(*ends)
    if not length:
        return []
    along = ((ends[1][0] - ends[0][0]) / length, (ends[1][1] - ends[0][1]) / length)
    to_center = (center[0] - ends[0][0], center[1] - ends[0][1])
    middle = to_center[0] * along[0] + to_center[1] * along[1]
    half = math.sqrt(max(radius**2 - (to_center[0] ** 2 + to_center[1] ** 2 - middle**2), 0.0))
    cuts = [min(max(middle + side, 0.0), length) / length for side in (-half, half)]
    return [[ends[0], between(*ends, cuts[0])], [between(*ends, cuts[1]), ends[1]]]


def _normal(start: Point, end: Point, length: float) -> Point:
    """Return a vector of a length to the right of the way from one point to another, as it is seen."""
    whole = math.dist(start, end) or 1.0
    return -(end[1] - start[1]) / whole * length, (end[0] - start[0]) / whole * length


def _stroke(place: Point, start: Point, end: Point, sheet: Sheet, alignment: str = "CENTER") -> list[Point]:
    """Return a short stroke across a line: over it, or on its lower or upper side alone."""
    x, y = _normal(start, end, _TICK * min(sheet.width, sheet.height))
    above, below = {"BOTTOM": (0, 1), "TOP": (1, 0)}.get(alignment, (1, 1))
    return [(place[0] - x * above, place[1] - y * above), (place[0] + x * below, place[1] + y * below)]


def _draw_labels(sheet: Sheet, compound: CompoundGraphic, points: list[Point], color: Color) -> None:
    start, end = points[:2]
    x, y = _normal(start, end, 2 * _TICK * min(sheet.width, sheet.height))
    side = -1.5 if compound.label_alignment == "TOP" else 1.0
    for tick in compound.ticks:
        if tick.label:
            place = between(start, end, tick.position)
            point = (place[0] + x * side, place[1] + y * side)
            draw_text_at(sheet, tick.label, point, compound.text, compound.text.color or color, "CENTER")


# How many points each type needs at least, and the lines that it consists of.
_Drawing = Callable[[Sheet, CompoundGraphic, list[Point], Point], Lines]
_DRAWINGS: dict[str, tuple[int, _Drawing]] = {
    "RECTANGLE": (2, _rectangle),
    "ELLIPSE": (2, _ellipse),
    "MULTILINE": (2, _pairs),
    "INFINITELINE": (2, _endless),
    "CUTLINE": (2, _cut_line),
    "RANGELINE": (2, _range_line),
    "RULER": (2, _ruled),
    "AXIS": (2, _ruled),
    "ARROW": (2, _arrow),
    "CROSSHAIR": (1, _crosshair),
}
