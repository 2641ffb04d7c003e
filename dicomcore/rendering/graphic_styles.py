"""How lines, areas and letters of annotations look (PS3.3 §C.10.5.1.4): the style macros of presentation states."""

from __future__ import annotations

import math
from dataclasses import dataclass

from dicomcore.data import Dataset
from dicomcore.rendering.display_color import BLACK, Color, read_color

TEXT_STYLE_SEQUENCE = 0x00700231
LINE_STYLE_SEQUENCE = 0x00700232
FILL_STYLE_SEQUENCE = 0x00700233
TEXT_COLOR = 0x00700241
HORIZONTAL_ALIGNMENT = 0x00700242
VERTICAL_ALIGNMENT = 0x00700243
SHADOW_STYLE = 0x00700244
SHADOW_OFFSET_X = 0x00700245
SHADOW_OFFSET_Y = 0x00700246
SHADOW_COLOR = 0x00700247
SHADOW_OPACITY = 0x00700258
UNDERLINED = 0x00700248
BOLD = 0x00700249
PATTERN_ON_COLOR = 0x00700251
PATTERN_OFF_COLOR = 0x00700252
LINE_THICKNESS = 0x00700253
LINE_DASHING_STYLE = 0x00700254
LINE_PATTERN = 0x00700255
FILL_MODE = 0x00700257
PATTERN_ON_OPACITY = 0x00700284
PATTERN_OFF_OPACITY = 0x00700285

SOLID = 0xFFFFFFFF
_DASHED = 0xFF00FF00
_THICKEST = 100.0


@dataclass(frozen=True, slots=True)
class Shadow:
    """What lies behind lines and letters: NORMAL is moved by the offset (pixels), OUTLINED surrounds them."""

    style: str
    offset: tuple[float, float]
    color: Color
    opacity: float


@dataclass(frozen=True, slots=True)
class LineStyle:
    """A line. ``color`` None is that of the layer, ``thickness`` None the usual one, else pixels of the picture.

    ``pattern`` is 32 bits, each for a thickness' length, the most significant first; where they are 0, the line has the
    ``off_color``, if there is one.
    """

    color: Color | None = None
    opacity: float = 1.0
    off_color: Color | None = None
    off_opacity: float = 0.0
    thickness: float | None = None
    pattern: int = SOLID
    shadow: Shadow | None = None


@dataclass(frozen=True, slots=True)
class FillStyle:
    """The inside of a closed graphic. A stippled one is drawn even, with half the opacity."""

    color: Color | None = None
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class TextStyle:
    """Letters; alignments are those of PS3.3 §C.10.5.1.4, empty where the style does not say."""

    color: Color | None = None
    horizontal: str = ""
    vertical: str = ""
    is_bold: bool = False
    is_underlined: bool = False
    shadow: Shadow | None = None


PLAIN_LINE = LineStyle()
PLAIN_FILL = FillStyle()
PLAIN_TEXT = TextStyle()


def read_line_style(item: Dataset) -> LineStyle:
    """Read the Line Style Sequence of a graphic."""
    for style in item.items(LINE_STYLE_SEQUENCE)[:1]:
        is_dashed = style.text(LINE_DASHING_STYLE) == "DASHED"
        thickness = _fraction(style, LINE_THICKNESS, _THICKEST)
        return LineStyle(
            color=read_color(style, PATTERN_ON_COLOR),
            opacity=_opacity(style, PATTERN_ON_OPACITY, 1.0),
            off_color=read_color(style, PATTERN_OFF_COLOR) if is_dashed else None,
            off_opacity=_opacity(style, PATTERN_OFF_OPACITY, 1.0),
            thickness=thickness or None,
            pattern=_pattern(style) if is_dashed else SOLID,
            shadow=_shadow(style),
        )
    return PLAIN_LINE


def read_fill_style(item: Dataset) -> FillStyle:
    """Read the Fill Style Sequence of a graphic."""
    for style in item.items(FILL_STYLE_SEQUENCE)[:1]:
        share = 0.5 if style.text(FILL_MODE) == "STIPPELED" else 1.0
        opacity = _opacity(style, PATTERN_ON_OPACITY, 1.0) * share
        return FillStyle(read_color(style, PATTERN_ON_COLOR), opacity)
    return PLAIN_FILL


def read_text_style(item: Dataset) -> TextStyle:
    """Read the Text Style Sequence of a text."""
    for style in item.items(TEXT_STYLE_SEQUENCE)[:1]:
        return TextStyle(
            color=read_color(style, TEXT_COLOR),
            horizontal=style.text(HORIZONTAL_ALIGNMENT),
            vertical=style.text(VERTICAL_ALIGNMENT),
            is_bold=style.text(BOLD) == "Y",
            is_underlined=style.text(UNDERLINED) == "Y",
            shadow=_shadow(style),
        )
    return PLAIN_TEXT


def _pattern(style: Dataset) -> int:
    raw = bytes(style.raw(LINE_PATTERN))[:4]
    return int.from_bytes(raw, "little") or _DASHED if len(raw) == 4 else _DASHED


def _shadow(style: Dataset) -> Shadow | None:
    name = style.text(SHADOW_STYLE)
    if name not in ("NORMAL", "OUTLINED"):
        return None
    offset = (_fraction(style, SHADOW_OFFSET_X, 50.0), _fraction(style, SHADOW_OFFSET_Y, 50.0))
    return Shadow(name, offset, read_color(style, SHADOW_COLOR) or BLACK, _opacity(style, SHADOW_OPACITY, 1.0))


def _opacity(style: Dataset, tag: int, default: float) -> float:
    value = style.number(tag)
    return default if value is None or not math.isfinite(value) else min(max(value, 0.0), 1.0)


def _fraction(style: Dataset, tag: int, limit: float) -> float:
    value = style.number(tag)
    return 0.0 if value is None or not math.isfinite(value) else min(max(value, -limit), limit)
