"""Pages as PDF, in true size, by reportlab.

Words are written in our own typeface, of which the letters that are used go along. What it does not have, and what is
written from the right or with joined letters, which reportlab does not lay out, is put there as a picture of the line.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from reportlab.lib.utils import ImageReader  # type: ignore[import-untyped]  # it has no types
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

from dicomcore.lettering import ascent_of, is_plain, own_typeface, printable_line, width_of, write
from dicomcore.waveforms.drawing import Area, Color, Curve, Lines, Page, Pen, Words

_POINTS = 72 / 25.4  # per millimetre
_PIXELS = 24  # per millimetre, of words that are put there as a picture
_SHARES = {"start": 0.0, "middle": 0.5, "end": 1.0}


def pdf_of(pages: Sequence[Page]) -> bytes:
    """Write pages as one PDF document; it says nothing of when it was made, so that the same is the same."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1, pageCompression=1)
    canvas.setTitle(printable_line(pages[0].title) if pages else "")
    canvas.setCreator("isocenter")
    for page in pages:
        canvas.setPageSize((page.width * _POINTS, page.height * _POINTS))
        for mark in page.marks:
            _DRAWERS[type(mark)](canvas, mark, page.height)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _unit(color: Color) -> tuple[float, float, float]:
    return color[0] / 255, color[1] / 255, color[2] / 255


def _take(canvas: Any, pen: Pen) -> None:
    canvas.setStrokeColorRGB(*_unit(pen.color))
    canvas.setLineWidth(pen.width * _POINTS)
    canvas.setLineJoin(1)
    canvas.setLineCap(1)


def _lines(canvas: Any, mark: Lines, height: float) -> None:
    _take(canvas, mark.pen)
    upright = np.array((0.0, height)) + mark.ends.astype(np.float64) * (1.0, -1.0)
    canvas.lines((upright * _POINTS).reshape(-1, 4).tolist())


def _curve(canvas: Any, mark: Curve, height: float) -> None:
    _take(canvas, mark.pen)
    path = canvas.beginPath()
    upright = np.array((0.0, height)) + mark.points.astype(np.float64) * (1.0, -1.0)
    first, *rest = (upright * _POINTS).tolist()
    path.moveTo(*first)
    for point in rest or [first]:
        path.lineTo(*point)
    canvas.drawPath(path)


def _area(canvas: Any, mark: Area, height: float) -> None:
    canvas.setFillColorRGB(*_unit(mark.color))
    bottom = (height - mark.y - mark.height) * _POINTS
    canvas.rect(mark.x * _POINTS, bottom, mark.width * _POINTS, mark.height * _POINTS, stroke=0, fill=1)


def _words(canvas: Any, mark: Words, height: float) -> None:
    line = printable_line(mark.text)
    if not is_plain(line):
        _words_as_picture(canvas, mark, line, height)
        return
    canvas.setFillColorRGB(*_unit(mark.color))
    canvas.setFont(_font(mark.is_bold), mark.size * _POINTS)
    put = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}
    put[mark.anchor](mark.x * _POINTS, (height - mark.y) * _POINTS, line)


def _words_as_picture(canvas: Any, mark: Words, line: str, height: float) -> None:
    size = max(round(mark.size * _PIXELS), 1)
    room = size  # around the line, for letters that leave their box
    picture = Image.new("RGBA", (width_of(line, size, is_bold=mark.is_bold) + 2 * room, 3 * size), (*mark.color, 0))
    write(ImageDraw.Draw(picture), (room, room), line, size, (*mark.color, 255), is_bold=mark.is_bold)
    width = (picture.width - 2 * room) / _PIXELS
    left = mark.x - room / _PIXELS - width * _SHARES[mark.anchor]
    bottom = height - mark.y - (picture.height - room - ascent_of(size)) / _PIXELS
    box = [value * _POINTS for value in (left, bottom, picture.width / _PIXELS, picture.height / _PIXELS)]
    canvas.drawImage(ImageReader(picture), *box, mask="auto")


@lru_cache(maxsize=2)
def _font(is_bold: bool) -> str:
    """Return the name of our typeface for reportlab."""
    typeface = own_typeface(is_bold)
    pdfmetrics.registerFont(TTFont(typeface.stem, str(typeface)))
    return typeface.stem


_DRAWERS: dict[type, Callable[[Any, Any, float], None]] = {Lines: _lines, Curve: _curve, Area: _area, Words: _words}
