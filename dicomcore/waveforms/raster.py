"""Pages as pixels: drawn by pillow on a larger sheet, then made smaller, which smooths every edge."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw

from dicomcore.lettering import Anchor, printable_line, write
from dicomcore.waveforms.drawing import Area, Curve, Lines, Page, Pen, Words

DEFAULT_RESOLUTION = 6.0
"""Pixels per mm (152 dpi) where no viewport is asked for."""
MAX_RESOLUTION = 12.0
"""Pixels per mm that a viewport can ask for at most (305 dpi)."""

_DEFAULT_QUALITY = 90
_ANCHORS: dict[str, Anchor] = {"start": "ls", "middle": "ms", "end": "rs"}


def resolution_for(page: Page, width: int | None, height: int | None) -> float:
    """Return the pixels per mm that fit a page into a box of pixels, within what is allowed."""
    fits = [size / length for size, length in ((width, page.width), (height, page.height)) if size is not None]
    return min(*fits, MAX_RESOLUTION, MAX_RESOLUTION) if fits else DEFAULT_RESOLUTION


def picture_of(page: Page, resolution: float = DEFAULT_RESOLUTION) -> Image.Image:
    """Draw a page in RGB at ``resolution`` pixels per mm, one pixel at least."""
    size = (max(round(page.width * resolution), 1), max(round(page.height * resolution), 1))
    times = 3 if resolution <= DEFAULT_RESOLUTION else 2  # a sheet is 100 MB at most
    sheet = Image.new("RGB", (size[0] * times, size[1] * times), (255, 255, 255))
    canvas = _Canvas(sheet, resolution * times)
    for mark in page.marks:
        _DRAWERS[type(mark)](canvas, mark)
    return sheet.reduce(times)


def encoded_picture(picture: Image.Image, media_type: str, resolution: float, quality: int | None = None) -> bytes:
    """Encode a picture as image/png or image/jpeg; its resolution goes along, so that it prints in true size."""
    dpi = (resolution * 25.4, resolution * 25.4)
    out = io.BytesIO()
    if media_type == "image/jpeg":
        picture.save(out, "JPEG", quality=quality or _DEFAULT_QUALITY, subsampling=0, dpi=dpi)
    else:
        picture.save(out, "PNG", dpi=dpi)
    return out.getvalue()


class _Canvas:
    """A sheet and its scale, in pixels per mm."""

    def __init__(self, sheet: Image.Image, scale: float) -> None:
        self._draw = ImageDraw.Draw(sheet)
        self._scale = scale

    def _width(self, pen: Pen) -> int:
        return max(round(pen.width * self._scale), 1)

    def lines(self, mark: Lines) -> None:
        """Draw separate lines."""
        for ends in (mark.ends * self._scale).tolist():
            self._draw.line([tuple(end) for end in ends], fill=mark.pen.color, width=self._width(mark.pen))

    def curve(self, mark: Curve) -> None:
        """Draw one line through all points; a single point is a dot."""
        points = [tuple(point) for point in (mark.points * self._scale).tolist()]
        points = points * 2 if len(points) == 1 else points
        self._draw.line(points, fill=mark.pen.color, width=self._width(mark.pen), joint="curve")

    def area(self, mark: Area) -> None:
        """Fill a rectangle."""
        corner = (mark.x + mark.width, mark.y + mark.height)
        box = [value * self._scale for value in (mark.x, mark.y, *corner)]
        self._draw.rectangle(box, fill=mark.color)

    def words(self, mark: Words) -> None:
        """Write a line of text."""
        place = (mark.x * self._scale, mark.y * self._scale)
        size = max(round(mark.size * self._scale), 1)
        line, anchor = printable_line(mark.text), _ANCHORS[mark.anchor]
        write(self._draw, place, line, size, mark.color, anchor=anchor, is_bold=mark.is_bold)


_DRAWERS: dict[type, Callable[[_Canvas, Any], None]] = {
    Lines: _Canvas.lines,
    Curve: _Canvas.curve,
    Area: _Canvas.area,
    Words: _Canvas.words,
}
