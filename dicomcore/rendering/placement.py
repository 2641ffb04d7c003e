"""Where an image lies in a picture: a box of it, scaled, turned by quarters and flipped; points and pixels alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dicomcore.rendering.geometry import scaled
from dicomcore.rendering.overlays import Mask, Picture

Point = tuple[float, float]
"""Across and down; of an image, the upper left corner of its first pixel is 0, 0."""

Scale = Callable[[Picture, tuple[float, float, float, float], int, int], Picture]
"""Scale a part of a picture to a width and height."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The part of an image in ``box`` (left, top, right, bottom; it may reach beyond the image) fills a picture.

    ``width`` and ``height`` are those of the picture before it is turned: clockwise by ``rotation`` degrees, a
    multiple of 90, and then, if ``is_flipped``, left to right.
    """

    box: tuple[float, float, float, float]
    width: int
    height: int
    rotation: int = 0
    is_flipped: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """The width and height of the picture."""
        return (self.height, self.width) if self.rotation in (90, 270) else (self.width, self.height)

    @property
    def scales(self) -> tuple[float, float]:
        """How many pixels of the unturned picture one of the image is wide and high."""
        left, top, right, bottom = self.box
        return self.width / (right - left), self.height / (bottom - top)

    @property
    def scale(self) -> float:
        """The mean of the scales."""
        across, down = self.scales
        return float((across * down) ** 0.5)

    def to_picture(self, point: Point) -> Point:
        """Return where a point of the image lies in the picture."""
        across, down = self.scales
        x, y = (point[0] - self.box[0]) * across, (point[1] - self.box[1]) * down
        turned = {
            0: (x, y),
            90: (self.height - y, x),
            180: (self.width - x, self.height - y),
            270: (y, self.width - x),
        }[self.rotation]
        return (self.size[0] - turned[0], turned[1]) if self.is_flipped else turned

    def fraction_to_picture(self, point: Point) -> Point:
        """Return where a point lies that is given as fractions of the displayed area (PS3.3 §C.10.5, DISPLAY)."""
        width, height = self.size
        return point[0] * width, point[1] * height

    def draw(self, picture: Picture, background: int = 0) -> Picture:
        """Return the picture of an image, grey (rows, columns) or RGB, with ``background`` where there is no image."""
        canvas = np.full((self.height, self.width, *picture.shape[2:]), background, np.uint8)
        self._fill(canvas, picture, scaled)
        return np.ascontiguousarray(self._turned(canvas))

    def draw_mask(self, mask: Mask, factor: int = 1) -> Mask:
        """Return a mask of the image's size as it lies in the picture, ``factor`` times as wide and high."""
        larger = Placement(self.box, self.width * factor, self.height * factor, self.rotation, self.is_flipped)
        canvas = np.zeros((larger.height, larger.width), np.uint8)
        larger._fill(canvas, mask.astype(np.uint8), _nearest)
        return larger._turned(canvas).astype(np.bool_)

    def _fill(self, canvas: Picture, picture: Picture, scale: Scale) -> None:
        """Scale what lies in the box onto the unturned canvas."""
        across, down = self.scales
        columns = _span(picture.shape[1], self.box[0], across, self.width)
        rows = _span(picture.shape[0], self.box[1], down, self.height)
        if columns is None or rows is None:
            return
        (left, right), (start, end) = columns
        (top, bottom), (first, last) = rows
        canvas[top:bottom, left:right] = scale(picture, (start, first, end, last), right - left, bottom - top)

    def _turned(self, canvas: NDArray[Any]) -> NDArray[Any]:
        turned = np.rot90(canvas, -self.rotation // 90)
        return turned[:, ::-1] if self.is_flipped else turned


def _nearest(picture: Picture, box: tuple[float, float, float, float], width: int, height: int) -> Picture:
    """Scale a mask: a bit stays a bit."""
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.NEAREST, box=box))


Span = tuple[tuple[int, int], tuple[float, float]]


def _span(length: int, origin: float, scale: float, limit: int) -> Span | None:
    """Return which pixels of a canvas' axis an image covers, and which part of the image's axis they show."""
    first = max(0, round((0 - origin) * scale))
    last = min(limit, round((length - origin) * scale))
    start, end = max(0.0, first / scale + origin), min(float(length), last / scale + origin)
    if first >= last or end - start < 1e-6:
        return None
    return (first, last), (start, end)
