"""Graphics, texts and layers of presentation states, as values (PS3.3 §C.10.5, §C.10.7).

Points are across and down. In PIXEL units the upper left corner of the image's first pixel is 0\\0, in MATRIX units
that of the total pixel matrix; in DISPLAY units the displayed area is from 0\\0 to 1\\1 (§C.10.5.1.1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dicomcore.data import Dataset
from dicomcore.errors import LimitExceeded
from dicomcore.rendering.display_color import WHITE, Color, color_of_grey, read_color
from dicomcore.rendering.graphic_styles import (
    PLAIN_FILL,
    PLAIN_LINE,
    PLAIN_TEXT,
    FillStyle,
    LineStyle,
    TextStyle,
    read_fill_style,
    read_line_style,
    read_text_style,
)
from dicomcore.rendering.placement import Point
from dicomcore.rendering.references import Scope, read_scope

GRAPHIC_LAYER_SEQUENCE = 0x00700060
LAYER_NAME = 0x00700002
LAYER_ORDER = 0x00700062
LAYER_GREY = 0x00700066
LAYER_RGB = 0x00700067
LAYER_CIELAB = 0x00700401
GRAPHIC_ANNOTATION_SEQUENCE = 0x00700001
TEXT_OBJECT_SEQUENCE = 0x00700008
GRAPHIC_OBJECT_SEQUENCE = 0x00700009
COMPOUND_GRAPHIC_SEQUENCE = 0x00700209
BOX_UNITS = 0x00700003
ANCHOR_UNITS = 0x00700004
GRAPHIC_UNITS = 0x00700005
TEXT = 0x00700006
BOX_TOP_LEFT = 0x00700010
BOX_BOTTOM_RIGHT = 0x00700011
JUSTIFICATION = 0x00700012
ANCHOR_POINT = 0x00700014
ANCHOR_VISIBILITY = 0x00700015
GRAPHIC_DATA = 0x00700022
GRAPHIC_TYPE = 0x00700023
GRAPHIC_FILLED = 0x00700024
COMPOUND_ID = 0x00700226
COMPOUND_UNITS = 0x00700282
COMPOUND_TYPE = 0x00700294
ROTATION_ANGLE = 0x00700230
ROTATION_POINT = 0x00700273
GAP_LENGTH = 0x00700261
VISIBLE_DIAMETER = 0x00700262
TICK_ALIGNMENT = 0x00700274
SHOW_TICK_LABEL = 0x00700278
TICK_LABEL_ALIGNMENT = 0x00700279
MAJOR_TICKS_SEQUENCE = 0x00700287
TICK_POSITION = 0x00700288
TICK_LABEL = 0x00700289

MAX_OBJECTS = 10_000
MAX_POINTS = 500_000
_FARTHEST = 1e7

Points = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class GraphicLayer:
    """A layer; those of a higher order are drawn later, over the others."""

    name: str
    order: int
    color: Color


@dataclass(frozen=True, slots=True)
class Graphic:
    """A graphic object: POINT, POLYLINE, INTERPOLATED, CIRCLE or ELLIPSE."""

    kind: str
    units: str
    points: Points
    is_filled: bool = False
    line: LineStyle = PLAIN_LINE
    fill: FillStyle = PLAIN_FILL
    compound_id: int | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text object, in a box (upper left and lower right corner), at an anchor point, or both.

    The text runs from the box's first corner towards the second, which may turn it.
    """

    text: str
    box: tuple[Point, Point] | None
    box_units: str
    anchor: Point | None
    anchor_units: str
    is_anchor_visible: bool
    justification: str
    style: TextStyle = PLAIN_TEXT
    compound_id: int | None = None


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick of a ruler or axis, at a fraction of its length."""

    position: float
    label: str


@dataclass(frozen=True, slots=True)
class CompoundGraphic:
    """A compound graphic (PS3.3 §C.10.5.1.3); ``rotation`` is counterclockwise, in degrees, around ``center``.

    ``gap`` and ``visible_diameter`` are fractions of the displayed area's width.
    """

    kind: str
    units: str
    points: Points
    is_filled: bool
    compound_id: int | None
    rotation: float = 0.0
    center: Point | None = None
    gap: float = 0.0
    visible_diameter: float = 0.0
    ticks: tuple[Tick, ...] = ()
    tick_alignment: str = "CENTER"
    label_alignment: str = "BOTTOM"
    line: LineStyle = PLAIN_LINE
    fill: FillStyle = PLAIN_FILL
    text: TextStyle = PLAIN_TEXT


@dataclass(frozen=True, slots=True)
class GraphicAnnotation:
    """What is drawn over some of the images in one layer."""

    scope: Scope
    layer: str
    graphics: tuple[Graphic, ...]
    texts: tuple[Text, ...]
    compounds: tuple[CompoundGraphic, ...] = ()


def read_layers(dataset: Dataset) -> tuple[GraphicLayer, ...]:
    """Read the Graphic Layer Sequence, in the order of drawing; a layer without a colour is white."""
    layers = (
        GraphicLayer(item.text(LAYER_NAME), item.integer(LAYER_ORDER) or 0, _layer_color(item))
        for item in dataset.items(GRAPHIC_LAYER_SEQUENCE)
    )
    return tuple(sorted(layers, key=lambda layer: layer.order))


def _layer_color(item: Dataset) -> Color:
    rgb = [value for value in item.values(LAYER_RGB) if isinstance(value, int)]
    if LAYER_CIELAB not in item and len(rgb) == 3:
        red, green, blue = (color_of_grey(value)[0] for value in rgb)
        return red, green, blue
    return read_color(item, LAYER_CIELAB, LAYER_GREY) or WHITE


def read_graphic_annotations(dataset: Dataset) -> tuple[GraphicAnnotation, ...]:
    """Read the Graphic Annotation Sequence; objects without usable points are left out.

    Raises `LimitExceeded` for more objects or points than anybody could look at.
    """
    annotations = tuple(
        GraphicAnnotation(
            scope=read_scope(item),
            layer=item.text(LAYER_NAME),
            graphics=tuple(one for one in map(_graphic, item.items(GRAPHIC_OBJECT_SEQUENCE)) if one.points),
            texts=tuple(one for one in map(_text, item.items(TEXT_OBJECT_SEQUENCE)) if one.box or one.anchor),
            compounds=tuple(one for one in map(_compound, item.items(COMPOUND_GRAPHIC_SEQUENCE)) if one.points),
        )
        for item in dataset.items(GRAPHIC_ANNOTATION_SEQUENCE)[: MAX_OBJECTS + 1]
    )
    _check(annotations)
    return annotations


def _check(annotations: tuple[GraphicAnnotation, ...]) -> None:
    objects = sum(len(one.graphics) + len(one.texts) + len(one.compounds) for one in annotations)
    points = sum(len(shape.points) for one in annotations for shape in one.graphics)
    points += sum(len(shape.points) for one in annotations for shape in one.compounds)
    if max(objects, len(annotations)) > MAX_OBJECTS:
        raise LimitExceeded("annotations of a presentation state", MAX_OBJECTS)
    if points > MAX_POINTS:
        raise LimitExceeded("graphic points of a presentation state", MAX_POINTS)


def _graphic(item: Dataset) -> Graphic:
    return Graphic(
        kind=item.text(GRAPHIC_TYPE),
        units=item.text(GRAPHIC_UNITS),
        points=_points(item),
        is_filled=item.text(GRAPHIC_FILLED) == "Y",
        line=read_line_style(item),
        fill=read_fill_style(item),
        compound_id=item.integer(COMPOUND_ID),
    )


def _text(item: Dataset) -> Text:
    top_left, bottom_right = _point(item, BOX_TOP_LEFT), _point(item, BOX_BOTTOM_RIGHT)
    return Text(
        text=item.text(TEXT),
        box=None if top_left is None or bottom_right is None else (top_left, bottom_right),
        box_units=item.text(BOX_UNITS),
        anchor=_point(item, ANCHOR_POINT),
        anchor_units=item.text(ANCHOR_UNITS),
        is_anchor_visible=item.text(ANCHOR_VISIBILITY) == "Y",
        justification=item.text(JUSTIFICATION),
        style=read_text_style(item),
        compound_id=item.integer(COMPOUND_ID),
    )


def _compound(item: Dataset) -> CompoundGraphic:
    has_labels = item.text(SHOW_TICK_LABEL) == "Y"
    return CompoundGraphic(
        kind=item.text(COMPOUND_TYPE),
        units=item.text(COMPOUND_UNITS),
        points=_points(item),
        is_filled=item.text(GRAPHIC_FILLED) == "Y",
        compound_id=item.integer(COMPOUND_ID),
        rotation=_number(item, ROTATION_ANGLE),
        center=_point(item, ROTATION_POINT),
        gap=_number(item, GAP_LENGTH),
        visible_diameter=_number(item, VISIBLE_DIAMETER),
        ticks=tuple(
            Tick(_number(tick, TICK_POSITION), tick.text(TICK_LABEL) if has_labels else "")
            for tick in item.items(MAJOR_TICKS_SEQUENCE)[:1000]
        ),
        tick_alignment=item.text(TICK_ALIGNMENT) or "CENTER",
        label_alignment=item.text(TICK_LABEL_ALIGNMENT) or "BOTTOM",
        line=read_line_style(item),
        fill=read_fill_style(item),
        text=read_text_style(item),
    )


def _number(item: Dataset, tag: int) -> float:
    value = item.number(tag)
    return value if value is not None and math.isfinite(value) and abs(value) < _FARTHEST else 0.0


def _points(item: Dataset) -> Points:
    """Read Graphic Data; one with numbers that are none has no points."""
    raw = item.raw(GRAPHIC_DATA)
    if len(raw) // 8 > MAX_POINTS:
        raise LimitExceeded("graphic points of a presentation state", MAX_POINTS)
    numbers = np.frombuffer(raw[: len(raw) // 8 * 8], "<f4")
    if not np.isfinite(numbers).all() or np.abs(numbers).max(initial=0.0) >= _FARTHEST:
        return ()
    pairs = numbers.reshape(-1, 2).tolist()
    return tuple((across, down) for across, down in pairs)


def _point(item: Dataset, tag: int) -> Point | None:
    values = [one for one in item.values(tag) if isinstance(one, float) and abs(one) < _FARTHEST]
    return (values[0], values[1]) if len(values) == 2 else None
