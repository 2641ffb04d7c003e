"""Pages as PDF, in true size, by reportlab."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]  # it has no types

from dicomcore.waveforms.drawing import Area, Color, Curve, Lines, Page, Pen, Words
from dicomcore.waveforms.typeface import pdf_font, printable

_POINTS = 72 / 25.4  # per millimetre


def pdf_of(pages: Sequence[Page]) -> bytes:
    """Write pages as one PDF document; it says nothing of when it was made, so that the same is the same."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=1, pageCompression=1)
    canvas.setTitle(printable(pages[0].title) if pages else "")
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
    canvas.setFillColorRGB(*_unit(mark.color))
    canvas.setFont(pdf_font(mark.is_bold), mark.size * _POINTS)
    write = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}
    write[mark.anchor](mark.x * _POINTS, (height - mark.y) * _POINTS, printable(mark.text))


_DRAWERS: dict[type, Callable[[Any, Any, float], None]] = {Lines: _lines, Curve: _curve, Area: _area, Words: _words}
