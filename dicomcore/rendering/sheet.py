"""A transparent sheet that annotations are drawn on, and that is then laid over a picture.

It is drawn larger than the picture and scaled down, which smooths lines and letters. Coordinates are pixels of the
picture, 0, 0 its upper left corner. Lines are clipped before they are drawn, so that points far away cost nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from PIL import Image, ImageDraw

from dicomcore.errors import LimitExceeded
from dicomcore.rendering.display_color import Color, is_grey
from dicomcore.rendering.graphic_styles import SOLID, LineStyle
from dicomcore.rendering.overlays import Mask, Picture
from dicomcore.rendering.placement import Point

# Sheets up to so many pixels are drawn so many times as wide and high.
_FACTORS = ((1 << 20, 4), (1 << 22, 2))
_MAX_DASHES = 200_000
_THINNEST = 0.5
_STRIP = 32
_FAR = 1 << 14
_LINES_PER_PICTURE = 500

Rgba = tuple[int, int, int, int]


class Sheet:
    """Draw on a sheet of a picture's width and height; `over` lays it over the picture.

    ``factor`` is how many times larger the sheet is, ``thickness`` the usual one of lines.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self.factor = next((factor for size, factor in _FACTORS if width * height <= size), 1)
        self.thickness = max(1.0, min(width, height) / _LINES_PER_PICTURE)
        self.image = Image.new("RGBA", (width * self.factor, height * self.factor))
        self.is_colored = False
        self._is_empty = True
        self._drawing = ImageDraw.Draw(self.image)
        self._dashes = 0

    def line(self, points: Sequence[Point], style: LineStyle, color: Color) -> None:
        """Draw a line through points; ``color`` is that of the layer, where the style has none."""
        thickness = max(style.thickness or self.thickness, _THINNEST)
        shadow = style.shadow
        if shadow is not None:
            ink = self._ink(shadow.color, shadow.opacity)
            is_moved = shadow.style == "NORMAL"
            moved = [(x + shadow.offset[0], y + shadow.offset[1]) for x, y in points] if is_moved else points
            self._stroke(moved, thickness if is_moved else thickness + 2, ink)
        ink = self._ink(style.color or color, style.opacity)
        if style.pattern == SOLID:
            self._stroke(points, thickness, ink)
            return
        for dash, is_on in self._dashed(points, thickness, style.pattern):
            if is_on:
                self._stroke(dash, thickness, ink)
            elif style.off_color is not None:
                self._stroke(dash, thickness, self._ink(style.off_color, style.off_opacity))

    def area(self, points: Sequence[Point], color: Color, opacity: float = 1.0) -> None:
        """Fill a polygon."""
        if len(points) < 3:
            return
        near = [(min(max(x, -_FAR), _FAR), min(max(y, -_FAR), _FAR)) for x, y in points]
        self._drawing.polygon([self._place(point) for point in near], fill=self._ink(color, opacity))

    def dot(self, point: Point, style: LineStyle, color: Color) -> None:
        """Draw a point that can be seen: three times as wide as a line."""
        radius = 1.5 * (style.thickness or self.thickness) * self.factor
        if max(abs(point[0]), abs(point[1])) < _FAR:
            x, y = self._place(point)
            box = (x - radius, y - radius, x + radius, y + radius)
            self._drawing.ellipse(box, fill=self._ink(style.color or color, style.opacity))

    def mask(self, mask: Mask, color: Color) -> None:
        """Paint where a mask, of the sheet's own size, is set."""
        self.image.paste(self._ink(color, 1.0), mask=Image.fromarray(mask.astype(np.uint8) * 255))

    def stamp(self, letters: Image.Image, position: Point, color: Color) -> None:
        """Lay an image of letters, drawn at the sheet's factor, with its upper left corner at a position."""
        self._ink(color, 1.0)
        left, top = round(position[0] * self.factor), round(position[1] * self.factor)
        seen = (max(0, -left), max(0, -top))
        end = (min(letters.width, self.image.width - left), min(letters.height, self.image.height - top))
        if seen[0] < end[0] and seen[1] < end[1]:
            self.image.alpha_composite(letters.crop((*seen, *end)), (left + seen[0], top + seen[1]))

    def over(self, picture: Picture) -> Picture:
        """Return a picture of this size, grey or RGB, with the sheet over it; colours make a grey picture RGB."""
        if self._is_empty:
            return picture
        if picture.ndim == 2 and self.is_colored:
            picture = np.repeat(picture[:, :, np.newaxis], 3, axis=2)
        drawn = picture.copy()
        for first in range(0, self.height, _STRIP):
            place = self._marked(first, min(first + _STRIP, self.height))
            if place is not None:
                left, top, right, bottom = place
                drawn[top:bottom, left:right] = _mixed(picture[top:bottom, left:right], self._part(place))
        return drawn

    def _marked(self, first: int, last: int) -> tuple[int, int, int, int] | None:
        """Return the box around what is drawn in some rows (left, top, right, bottom; pixels of the picture)."""
        factor = self.factor
        box = self.image.crop((0, first * factor, self.image.width, last * factor)).getbbox()
        if box is None:
            return None
        return box[0] // factor, first + box[1] // factor, -(-box[2] // factor), first - (-box[3] // factor)

    def _part(self, place: tuple[int, int, int, int]) -> Picture:
        """Return a part of the sheet at the size of the picture, colours weighted by their opacity.

        Weighted, because transparent pixels would darken those beside them otherwise.
        """
        left, top, right, bottom = (edge * self.factor for edge in place)
        part = self.image.crop((left, top, right, bottom)).convert("RGBa")
        return np.asarray(part.reduce(self.factor) if self.factor > 1 else part)

    def _ink(self, color: Color, opacity: float) -> Rgba:
        self._is_empty = False
        self.is_colored = self.is_colored or not is_grey(color)
        return (*color, round(opacity * 255))

    def _place(self, point: Point) -> Point:
        """Return a point as Pillow counts: the center of the first pixel of the sheet is 0, 0."""
        return point[0] * self.factor - 0.5, point[1] * self.factor - 0.5

    def _stroke(self, points: Sequence[Point], thickness: float, ink: Rgba) -> None:
        width = max(1, round(thickness * self.factor))
        for start, end in pairwise(points):
            clipped = clip(start, end, (-thickness, -thickness, self.width + thickness, self.height + thickness))
            if clipped is None:
                continue
            scaled = [self._place(point) for point in clipped]
            self._drawing.line(scaled, fill=ink, width=width)
            if width > 2 and len(points) > 2:
                self._join(scaled, width / 2, ink)

    def _join(self, ends: Sequence[Point], radius: float, ink: Rgba) -> None:
        for x, y in ends:
            self._drawing.ellipse((x - radius, y - radius, x + radius, y + radius), fill=ink)

    def _dashed(self, points: Sequence[Point], unit: float, pattern: int) -> Iterator[tuple[list[Point], bool]]:
        """Cut a line into pieces as a pattern of 32 bits says, which goes on over corners.

        Raises `LimitExceeded` when there are more pieces than pixels could show.
        """
        position = 0
        for start, end in pairwise(points):
            clipped = clip(start, end, (-unit, -unit, self.width + unit, self.height + unit))
            length = 0.0 if clipped is None else math.dist(*clipped)
            if clipped is None or not length:
                continue
            steps = max(1, round(length / unit))
            self._dashes += steps
            if self._dashes > _MAX_DASHES:
                raise LimitExceeded("dashes of a presentation state", _MAX_DASHES)
            for first, last, is_on in _runs(pattern, position, steps):
                yield [between(*clipped, first / steps), between(*clipped, last / steps)], is_on
            position += steps


def _mixed(picture: Picture, part: Picture) -> Picture:
    """Lay a part of a sheet, its colours weighted, over the same part of a picture."""
    through = 255 - part[..., 3].astype(np.uint16)
    color = part[..., 0] if picture.ndim == 2 else part[..., :3]
    through = through if picture.ndim == 2 else through[..., np.newaxis]
    mixed: Picture = (color + (picture * through + 127) // 255).clip(max=255).astype(np.uint8)
    return mixed


def _runs(pattern: int, position: int, steps: int) -> Iterator[tuple[int, int, bool]]:
    """Return the runs of equal bits of a pattern that is repeated."""
    bits = [bool(pattern >> (31 - (position + step) % 32) & 1) for step in range(steps)]
    first = 0
    for step in range(1, steps + 1):
        if step == steps or bits[step] != bits[first]:
            yield first, step, bits[first]
            first = step


def between(start: Point, end: Point, fraction: float) -> Point:
    """Return the point at a fraction of the way from one to another."""
    return start[0] + (end[0] - start[0]) * fraction, start[1] + (end[1] - start[1]) * fraction


def clip(start: Point, end: Point, box: tuple[float, float, float, float]) -> tuple[Point, Point] | None:
    """Return the part of a line that lies in a box (left, top, right, bottom), if any (Liang and Barsky)."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    first, last = 0.0, 1.0
    sides = ((-dx, start[0] - box[0]), (dx, box[2] - start[0]), (-dy, start[1] - box[1]), (dy, box[3] - start[1]))
    for direction, distance in sides:
        if direction == 0:
            if distance < 0:
                return None
        elif direction < 0:
            first = max(first, distance / direction)
        else:
            last = min(last, distance / direction)
    return None if first > last else (between(start, end, first), between(start, end, last))
