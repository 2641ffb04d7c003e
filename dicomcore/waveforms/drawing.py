"""Pages as lists of marks in millimetres, which every backend draws alike: `svg`, `raster`, `pdf`.

The origin is the upper left corner, y grows downwards. A mark is drawn over those before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Points: TypeAlias = NDArray[np.float32]
"""Coordinates with the shape (points, 2), in mm."""
Color: TypeAlias = tuple[int, int, int]

A4_LANDSCAPE = (297.0, 210.0)


@dataclass(frozen=True, slots=True)
class Pen:
    """How lines look: colour and width in mm."""

    color: Color
    width: float


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Separate straight lines: ``ends`` has the shape (lines, 2, 2)."""

    ends: NDArray[np.float32]
    pen: Pen


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One line through all points."""

    points: Points
    pen: Pen


@dataclass(frozen=True, slots=True)
class Area:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    color: Color


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text: its baseline is at ``y``, ``size`` is that of the font in mm, ``anchor`` start, middle or end."""

    x: float
    y: float
    text: str
    size: float
    color: Color = (0, 0, 0)
    anchor: str = "start"
    is_bold: bool = False


Mark: TypeAlias = Lines | Curve | Area | Words


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """A page of ``width`` by ``height`` mm with its marks; ``title`` says what it is to who does not see it."""

    width: float
    height: float
    marks: tuple[Mark, ...]
    title: str = ""


def straight_lines(ends: list[tuple[float, float, float, float]], pen: Pen) -> Lines:
    """Make lines of (x, y, x, y)."""
    return Lines(np.asarray(ends, np.float32).reshape(-1, 2, 2), pen)
