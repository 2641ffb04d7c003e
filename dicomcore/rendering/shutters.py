"""Display shutters (PS3.3 §C.7.6.11, §C.7.6.15): the parts of an image that are covered.

Several shapes leave open what all of them leave open. Coordinates are rows and columns of the image, from 1, before
rotation; edges belong to what stays visible.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from dicomcore.data import Dataset
from dicomcore.rendering.display_color import BLACK, Color, is_grey, read_color
from dicomcore.rendering.overlays import Mask, Overlay, Picture, mask_of, overlays_of

SHAPE = 0x00181600
EDGES = (0x00181602, 0x00181604, 0x00181606, 0x00181608)
CENTER = 0x00181610
RADIUS = 0x00181612
VERTICES = 0x00181620
PRESENTATION_VALUE = 0x00181622
OVERLAY_GROUP = 0x00181623
PRESENTATION_COLOR = 0x00181624

_MAX_VERTICES = 10_000
_FARTHEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Shutters:
    """What covers an image; a shape that is None is not used.

    ``rectangle`` is the left, right, upper and lower edge: columns and rows; ``circle`` the row and column of the
    center and the radius; ``polygon`` rows and columns by turns; ``bitmap`` covers where its bits are set.
    """

    rectangle: tuple[int, int, int, int] | None = None
    circle: tuple[int, int, int] | None = None
    polygon: tuple[int, ...] | None = None
    bitmap: Overlay | None = None
    color: Color = BLACK

    def covered(self, rows: int, columns: int, aspect: float = 1.0) -> Mask:
        """Return which pixels of an image of this size are covered.

        ``aspect`` is the height of a pixel by its width: a circular shutter is round in the picture, its radius is
        counted in pixels of a row.
        """
        covered = np.zeros((rows, columns), np.bool_)
        if self.rectangle is not None:
            covered |= _outside_rectangle(self.rectangle, rows, columns)
        if self.circle is not None:
            covered |= _outside_circle(self.circle, rows, columns, aspect)
        if self.polygon is not None:
            covered |= _outside_polygon(self.polygon, rows, columns)
        if self.bitmap is not None:
            covered |= mask_of(self.bitmap, rows, columns)
        return covered


def read_shutters(dataset: Dataset) -> Shutters | None:
    """Read the shutters of a presentation state or image; None if it has none."""
    shapes = dataset.texts(SHAPE)
    shutters = Shutters(
        rectangle=_rectangle(dataset) if "RECTANGULAR" in shapes else None,
        circle=_circle(dataset) if "CIRCULAR" in shapes else None,
        polygon=_polygon(dataset) if "POLYGONAL" in shapes else None,
        bitmap=_bitmap(dataset) if "BITMAP" in shapes else None,
        color=read_color(dataset, PRESENTATION_COLOR, PRESENTATION_VALUE) or BLACK,
    )
    parts = (shutters.rectangle, shutters.circle, shutters.polygon, shutters.bitmap)
    return shutters if any(part is not None for part in parts) else None


def _rectangle(dataset: Dataset) -> tuple[int, int, int, int] | None:
    left, right, upper, lower = (dataset.integer(tag) for tag in EDGES)
    if left is None or right is None or upper is None or lower is None:
        return None
    return left, right, upper, lower


def _circle(dataset: Dataset) -> tuple[int, int, int] | None:
    center, radius = _integers(dataset, CENTER), dataset.integer(RADIUS)
    return None if len(center) != 2 or radius is None or radius < 0 else (center[0], center[1], radius)


def _polygon(dataset: Dataset) -> tuple[int, ...] | None:
    vertices = _integers(dataset, VERTICES)[: 2 * _MAX_VERTICES]
    return None if len(vertices) < 6 else tuple(vertices[: len(vertices) // 2 * 2])


def _bitmap(dataset: Dataset) -> Overlay | None:
    group = dataset.integer(OVERLAY_GROUP)
    return next((overlay for overlay in overlays_of(dataset) if overlay.group == group), None)


def _integers(dataset: Dataset, tag: int) -> list[int]:
    return [min(max(one, -_FARTHEST), _FARTHEST) for one in dataset.values(tag) if isinstance(one, int)]


def _outside_rectangle(rectangle: tuple[int, int, int, int], rows: int, columns: int) -> Mask:
    left, right, upper, lower = rectangle
    outside = np.ones((rows, columns), np.bool_)
    outside[max(upper - 1, 0) : max(lower, 0), max(left - 1, 0) : max(right, 0)] = False
    return outside


def _outside_circle(circle: tuple[int, int, int], rows: int, columns: int, aspect: float) -> Mask:
    down = (np.arange(1, rows + 1, dtype=np.float64) - circle[0]) * aspect
    across = np.arange(1, columns + 1, dtype=np.float64) - circle[1]
    outside: Mask = down[:, np.newaxis] ** 2 + across**2 > float(circle[2]) ** 2
    return outside


def _outside_polygon(vertices: tuple[int, ...], rows: int, columns: int) -> Mask:
    inside = Image.new("1", (columns, rows), 0)
    points = [(column - 1, row - 1) for row, column in zip(vertices[::2], vertices[1::2], strict=True)]
    ImageDraw.Draw(inside).polygon(points, fill=1, outline=1)
    return ~np.asarray(inside, dtype=np.bool_)


def draw_shutters(picture: Picture, shutters: Shutters, aspect: float = 1.0) -> Picture:
    """Return a copy of a picture of the image's size with the shutters drawn; colours make a grey picture RGB."""
    if picture.ndim == 2 and not is_grey(shutters.color):
        picture = np.repeat(picture[:, :, np.newaxis], 3, axis=2)
    drawn = picture.copy()
    covered = shutters.covered(picture.shape[0], picture.shape[1], aspect)
    drawn[covered] = shutters.color[0] if drawn.ndim == 2 else shutters.color
    return drawn
