"""Pages as SVG 1.1: millimetres as they are, text as text. No script, no link, no other origin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dicomcore.documents.xml_text import escaped_text, quoted_text
from dicomcore.waveforms.drawing import Area, Color, Curve, Lines, Page, Pen, Words

_FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"


def svg_of(page: Page) -> bytes:
    """Write a page as one SVG document in UTF-8."""
    width, height = f"{page.width:g}", f"{page.height:g}"
    pieces = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" ',
        f'viewBox="0 0 {width} {height}" role="img" font-family="{_FONT}">\n',
        f"<title>{escaped_text(page.title)}</title>\n",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n',
        *(_WRITERS[type(mark)](mark) + "\n" for mark in page.marks),
        "</svg>\n",
    ]
    return "".join(pieces).encode("utf-8", "replace")


def _color(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)


def _stroke(pen: Pen) -> str:
    return f'fill="none" stroke="{_color(pen.color)}" stroke-width="{pen.width:g}"'


def _lines(mark: Lines) -> str:
    path = "".join(f"M{x:g} {y:g}L{to_x:g} {to_y:g}" for (x, y), (to_x, to_y) in np.round(mark.ends, 3).tolist())
    return f'<path d="{path}" {_stroke(mark.pen)}/>'


def _curve(mark: Curve) -> str:
    points = " ".join(f"{x:.5g},{y:.5g}" for x, y in mark.points.tolist())
    return f'<polyline points="{points}" {_stroke(mark.pen)} stroke-linejoin="round" stroke-linecap="round"/>'


def _area(mark: Area) -> str:
    box = f'x="{mark.x:g}" y="{mark.y:g}" width="{mark.width:g}" height="{mark.height:g}"'
    return f'<rect {box} fill="{_color(mark.color)}"/>'


def _words(mark: Words) -> str:
    weight = ' font-weight="bold"' if mark.is_bold else ""
    place = f'x="{mark.x:g}" y="{mark.y:g}" font-size="{mark.size:g}" text-anchor={quoted_text(mark.anchor)}'
    return f'<text {place} fill="{_color(mark.color)}"{weight}>{escaped_text(mark.text)}</text>'


_WRITERS: dict[type, Callable[[Any], str]] = {Lines: _lines, Curve: _curve, Area: _area, Words: _words}
