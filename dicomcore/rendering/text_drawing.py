"""Texts of presentation states (PS3.3 §C.10.5.1.1): laid out, turned, and drawn so that they can be read anywhere.

Letters fill the height of their box as far as its width allows, and never get smaller than can be read: the standard
lets a text leave its box. A text is read from the box's first corner towards the second; where these were turned with
the image, so is the text, which is never mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw

from dicomcore.lettering import printable, width_of, write
from dicomcore.rendering.display_color import BLACK, WHITE, Color
from dicomcore.rendering.graphic_styles import LineStyle, TextStyle
from dicomcore.rendering.placement import Point
from dicomcore.rendering.sheet import Sheet

_LINE_HEIGHT = 1.25
_SMALLEST = 10
_LINES_PER_PICTURE = 36
_MAX_LINES = 100
_LARGEST = 96
_SHARES = {"LEFT": 0.0, "CENTER": 0.5, "RIGHT": 1.0, "TOP": 0.0, "BOTTOM": 1.0}

# How often a quarter turn clockwise, by whether the second corner is right of and below the first.
_TURNS = {(True, True): 0, (False, True): 1, (False, False): 2, (True, False): 3}


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines of one size, laid out: ``places`` are the left edge and the width of each, in pixels of the sheet."""

    lines: tuple[str, ...]
    letters: int
    places: tuple[tuple[float, int], ...]
    width: int
    height: int

    @property
    def rim(self) -> int:
        """The room around a line for its outline."""
        return max(2, self.letters // 6)


def draw_boxed_text(
    sheet: Sheet, text: str, corners: tuple[Point, Point], style: TextStyle, color: Color, justification: str = ""
) -> None:
    """Draw a text in a box that is given by two corners in the picture."""
    (x, y), (to_x, to_y) = corners
    turns = _TURNS[to_x >= x, to_y >= y]
    width, height = abs(to_x - x), abs(to_y - y)
    lines = _lines(text)
    size = _fitting_size(sheet, lines, *((height, width) if turns % 2 else (width, height)))
    horizontal = style.horizontal or justification or "LEFT"
    block = _laid_out(sheet, lines, size, horizontal)
    taken = (block.height, block.width) if turns % 2 else (block.width, block.height)
    across, down = _SHARES.get(horizontal, 0.0), _SHARES.get(style.vertical, 0.0)
    shares = {0: (across, down), 1: (1 - down, across), 2: (1 - across, 1 - down), 3: (down, 1 - across)}[turns]
    left = min(x, to_x) + (width - taken[0] / sheet.factor) * shares[0]
    top = min(y, to_y) + (height - taken[1] / sheet.factor) * shares[1]
    _draw(sheet, block, (left, top), turns, style, color)


def draw_text_at(sheet: Sheet, text: str, point: Point, style: TextStyle, color: Color, align: str = "LEFT") -> Point:
    """Draw a text that begins, ends or is centered (``align``) at a point, below it; return its upper left corner."""
    block = _laid_out(sheet, _lines(text), usual_size(sheet), style.horizontal or align)
    left = point[0] - block.width / sheet.factor * _SHARES.get(align, 0.0)
    _draw(sheet, block, (left, point[1]), 0, style, color)
    return left, point[1]


def usual_size(sheet: Sheet) -> int:
    """Return the height of letters, in pixels of the picture, where nothing else says it."""
    return min(max(_SMALLEST, min(sheet.width, sheet.height) // _LINES_PER_PICTURE), _LARGEST)


def draw_anchor(sheet: Sheet, anchor: Point, corners: tuple[Point, Point], style: LineStyle, color: Color) -> None:
    """Draw a line from the edge of a box to the point that its text is about."""
    left, right = sorted((corners[0][0], corners[1][0]))
    top, bottom = sorted((corners[0][1], corners[1][1]))
    nearest = (min(max(anchor[0], left), right), min(max(anchor[1], top), bottom))
    if nearest != anchor:
        sheet.line([nearest, anchor], style, color)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in printable(text).rstrip().split("\n")][:_MAX_LINES]


def _fitting_size(sheet: Sheet, lines: list[str], width: float, height: float) -> int:
    size = min(int(height / _LINE_HEIGHT / len(lines)), _LARGEST)
    widest = max(width_of(line, 32) for line in lines) / 32
    size = min(size, int(width / widest)) if widest else size
    return max(size, min(_SMALLEST, usual_size(sheet)))


def _laid_out(sheet: Sheet, lines: list[str], size: int, horizontal: str) -> _Block:
    letters = size * sheet.factor
    # What is longer than the picture would not be seen, and costs memory.
    longest = max(1, 4 * (sheet.width + sheet.height) // size)
    shown = tuple(line[:longest] for line in lines)
    widths = [width_of(line, letters) for line in shown]
    share = _SHARES.get(horizontal, 0.0)
    places = tuple(((max(widths) - width) * share, width) for width in widths)
    return _Block(shown, letters, places, max(widths), round(letters * _LINE_HEIGHT) * len(shown))


def _draw(sheet: Sheet, block: _Block, corner: Point, turns: int, style: TextStyle, color: Color) -> None:
    """Stamp the lines of a block, each for itself, turned clockwise, its upper left corner at a point."""
    step, rim = block.height // len(block.lines), block.rim
    for number, (line, (left, width)) in enumerate(zip(block.lines, block.places, strict=True)):
        if not line:
            continue
        image = _line_image(line, width, block, style, style.color or color, sheet.factor)
        x, y = left - rim, number * step - rim
        turned = {
            0: (x, y),
            1: (block.height - y - image.height, x),
            2: (block.width - x - image.width, block.height - y - image.height),
            3: (y, block.width - x - image.width),
        }[turns]
        place = (corner[0] + turned[0] / sheet.factor, corner[1] + turned[1] / sheet.factor)
        sheet.stamp(image.rotate(-90 * turns, expand=True), place, style.color or color)


def _line_image(line: str, width: int, block: _Block, style: TextStyle, ink: Color, factor: int) -> Image.Image:
    """Draw one line, with its outline and shadow, on a transparent image."""
    letters, rim = block.letters, block.rim
    image = Image.new("RGBA", (width + 2 * rim, round(letters * _LINE_HEIGHT) + 2 * rim))
    drawing = ImageDraw.Draw(image)
    shadow = style.shadow
    if shadow is not None and shadow.style == "NORMAL":
        moved = (rim + shadow.offset[0] * factor, rim + shadow.offset[1] * factor)
        write(drawing, moved, line, letters, (*shadow.color, round(shadow.opacity * 255)))
    outline = _contrast(ink) if shadow is None else shadow.color
    heavy = max(1, letters // 16) if style.is_bold else 0
    write(drawing, (rim, rim), line, letters, (*outline, 255), stroke_width=max(1, letters // 12) + heavy)
    write(drawing, (rim, rim), line, letters, (*ink, 255), stroke_width=heavy)
    if style.is_underlined:
        y = rim + round(letters * 1.1)
        drawing.line((rim, y, rim + width, y), (*ink, 255), max(1, letters // 14))
    return image


def _contrast(color: Color) -> Color:
    return BLACK if 2 * color[0] + 5 * color[1] + color[2] > 400 else WHITE
