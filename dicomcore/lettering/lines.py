"""Lines of printable text: how wide they are, and how they are written, each letter in a typeface that has it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Literal

from PIL import ImageDraw

from dicomcore.lettering.text import belongs_to_the_last
from dicomcore.lettering.typefaces import font_of, own_typeface, typeface_of

Ink = int | tuple[int, int, int] | tuple[int, int, int, int]
Anchor = Literal["la", "ls", "ms", "rs", "mm"]
"""Where a line's place is on it: left, middle or right; top (``a``), baseline (``s``) or middle."""

_SHARES = {"l": 0.0, "m": 0.5, "r": 1.0}


def ascent_of(size: int) -> int:
    """Return how many pixels a baseline is below the top of its line."""
    return font_of(own_typeface(), size).getmetrics()[0]


def width_of(line: str, size: int, *, is_bold: bool = False) -> int:
    """Return how many pixels wide a printable line is."""
    runs = _runs(line, is_bold)
    if len(runs) > 1:
        return ceil(_length(runs, size)) + 1
    left, _, right, _ = font_of(runs[0][0], size).getbbox(line)
    return int(right - min(left, 0)) + 1


def write(
    drawing: ImageDraw.ImageDraw,
    place: tuple[float, float],
    line: str,
    size: int,
    ink: Ink,
    *,
    anchor: Anchor = "la",
    is_bold: bool = False,
    stroke_width: int = 0,
) -> None:
    """Write a printable line, all typefaces on one baseline; ``stroke_width`` makes letters thicker, in pixels."""
    runs = _runs(line, is_bold)
    ascent, descent = font_of(own_typeface(is_bold), size).getmetrics()
    left = place[0] - (_length(runs, size) * _SHARES[anchor[0]] if anchor[0] != "l" else 0)
    baseline = place[1] + {"a": ascent, "s": 0, "m": (ascent - descent) / 2}[anchor[1]]
    for typeface, letters in runs:
        font = font_of(typeface, size)
        drawing.text((left, baseline), letters, ink, font, anchor="ls", stroke_width=stroke_width)
        left += font.getlength(letters)


def _length(runs: Sequence[tuple[Path, str]], size: int) -> float:
    return sum(font_of(typeface, size).getlength(letters) for typeface, letters in runs)


def _runs(line: str, is_bold: bool) -> list[tuple[Path, str]]:
    """Take a line apart by the typeface of its letters; one part at least."""
    own = own_typeface(is_bold)
    if line.isascii():
        return [(own, line)]
    runs: list[tuple[Path, str]] = []
    for letter in line:
        typeface = runs[-1][0] if runs and belongs_to_the_last(letter) else typeface_of(letter, is_bold) or own
        if runs and runs[-1][0] == typeface:
            runs[-1] = (typeface, runs[-1][1] + letter)
        else:
            runs.append((typeface, letter))
    return runs
