"""Which part of an image is shown, how large and which way up (PS3.3 §C.10.4, §C.10.6).

The displayed area is given by the pixels at its corners, in the image as it is stored, and may reach beyond the image.
It is rotated clockwise, then flipped. SCALE TO FIT and TRUE SIZE fill the viewport as far as the aspect ratio allows (a
server does not know how large the pixels of the reader's monitor are); MAGNIFY has its own scale, and what is larger
than the viewport is cropped around the middle (PS3.18 §9.5.2.3, row URI-029). Without a viewport one pixel of the image
is one pixel of the picture, the longer side of pixels that are not square is stretched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dicomcore.data import Dataset
from dicomcore.rendering.lut_items import numbers
from dicomcore.rendering.options import Viewport
from dicomcore.rendering.placement import Placement
from dicomcore.rendering.references import Scope, read_scope

SELECTION_SEQUENCE = 0x0070005A
TOP_LEFT = 0x00700052
BOTTOM_RIGHT = 0x00700053
SIZE_MODE = 0x00700100
PIXEL_SPACING = 0x00700101
PIXEL_ASPECT_RATIO = 0x00700102
MAGNIFICATION = 0x00700103
PIXEL_ORIGIN_INTERPRETATION = 0x00480301
ROTATION = 0x00700042
HORIZONTAL_FLIP = 0x00700041

MAX_PIXELS = 1 << 25
"""The number of pixels of a picture; what would be larger is made smaller."""

_FARTHEST = 1 << 20
_ROTATIONS = (0, 90, 180, 270)


@dataclass(frozen=True, slots=True)
class DisplayedArea:
    """What a Displayed Area Selection item says.

    The corners are column and row, from 1, of the pixels that are in the upper left and the lower right corner of the
    picture after rotation. ``aspect`` is the height of a pixel by its width; None if the item does not say it.
    ``is_of_volume`` says that the corners are pixels of the total pixel matrix and not of a frame of it.
    """

    scope: Scope
    top_left: tuple[int, int]
    bottom_right: tuple[int, int]
    size_mode: str = "SCALE TO FIT"
    aspect: float | None = None
    magnification: float | None = None
    is_of_volume: bool = False

    def on_frame(self, matrix_offset: tuple[float, float]) -> DisplayedArea:
        """Return the area with its corners as pixels of the frame that begins here in the total pixel matrix."""
        if not self.is_of_volume:
            return self
        column, row = (int(one) for one in matrix_offset)
        corners = ((left - column, top - row) for left, top in (self.top_left, self.bottom_right))
        top_left, bottom_right = corners
        return replace(self, top_left=top_left, bottom_right=bottom_right, is_of_volume=False)


@dataclass(frozen=True, slots=True)
class SpatialTransformation:
    """Image Rotation, clockwise in degrees, and then Image Horizontal Flip (PS3.3 §C.10.6)."""

    rotation: int = 0
    is_flipped: bool = False


def read_displayed_areas(dataset: Dataset) -> tuple[DisplayedArea, ...]:
    """Read the Displayed Area Selection Sequence; items without corners are left out."""
    areas = (_read(item) for item in dataset.items(SELECTION_SEQUENCE))
    return tuple(area for area in areas if area is not None)


def _read(item: Dataset) -> DisplayedArea | None:
    top_left, bottom_right = _corner(item, TOP_LEFT), _corner(item, BOTTOM_RIGHT)
    if top_left is None or bottom_right is None:
        return None
    magnification = item.number(MAGNIFICATION)
    return DisplayedArea(
        scope=read_scope(item),
        top_left=top_left,
        bottom_right=bottom_right,
        size_mode=item.text(SIZE_MODE) or "SCALE TO FIT",
        aspect=_aspect(item, PIXEL_SPACING) or _aspect(item, PIXEL_ASPECT_RATIO),
        magnification=magnification if magnification and 1e-3 <= magnification <= 1e3 else None,
        is_of_volume=item.text(PIXEL_ORIGIN_INTERPRETATION) == "VOLUME",
    )


def _corner(item: Dataset, tag: int) -> tuple[int, int] | None:
    values = [min(max(one, -_FARTHEST), _FARTHEST) for one in item.values(tag) if isinstance(one, int)]
    return (values[0], values[1]) if len(values) == 2 else None


def _aspect(item: Dataset, tag: int) -> float | None:
    values = numbers(item, tag)
    if len(values) != 2 or not values[0] or not values[1]:
        return None
    aspect = values[0] / values[1]
    return aspect if 1e-2 <= aspect <= 1e2 else None


def read_spatial_transformation(dataset: Dataset) -> SpatialTransformation:
    """Read the Spatial Transformation Module; a rotation by other than quarter turns is none."""
    rotation = dataset.integer(ROTATION) or 0
    return SpatialTransformation(
        rotation=rotation % 360 if rotation % 360 in _ROTATIONS else 0,
        is_flipped=dataset.text(HORIZONTAL_FLIP) == "Y",
    )


def place_area(
    area: DisplayedArea | None,
    transformation: SpatialTransformation,
    image_size: tuple[int, int],
    image_aspect: float,
    viewport: Viewport | None,
) -> Placement:
    """Say where the pixels of an image come to lie in the picture.

    Args:
        area: the displayed area; None shows the whole image.
        transformation: how it is turned.
        image_size: rows and columns.
        image_aspect: the height of a pixel by its width, as the image has it, where the area does not say.
        viewport: only its width and height are regarded (row RND-005).
    """
    left, top, right, bottom = _box(area, image_size)
    aspect = image_aspect if area is None or area.aspect is None else area.aspect
    across, down = (1.0, aspect) if aspect >= 1 else (1 / aspect, 1.0)
    natural = ((right - left) * across, (bottom - top) * down)
    limits = _limits(viewport, transformation)
    if area is not None and area.size_mode == "MAGNIFY":
        scale = area.magnification or 1.0
        width, height = (size * scale for size in natural)
        shown = (min(width, limits[0] or width), min(height, limits[1] or height))
        margin = ((width - shown[0]) / scale / across / 2, (height - shown[1]) / scale / down / 2)
        left, right, top, bottom = left + margin[0], right - margin[0], top + margin[1], bottom - margin[1]
        size = shown
    else:
        scales = [limit / length for limit, length in zip(limits, natural, strict=True) if limit]
        scale = min(scales, default=1.0)
        size = (natural[0] * scale, natural[1] * scale)
    width, height = _bounded(*size)
    return Placement((left, top, right, bottom), width, height, transformation.rotation, transformation.is_flipped)


def _box(area: DisplayedArea | None, image_size: tuple[int, int]) -> tuple[float, float, float, float]:
    """Return the left, top, right and bottom edge, where the upper left corner of the image is 0, 0."""
    if area is None:
        return 0.0, 0.0, float(image_size[1]), float(image_size[0])
    columns = sorted((area.top_left[0], area.bottom_right[0]))
    rows = sorted((area.top_left[1], area.bottom_right[1]))
    return columns[0] - 1.0, rows[0] - 1.0, float(columns[1]), float(rows[1])


def _limits(viewport: Viewport | None, transformation: SpatialTransformation) -> tuple[int | None, int | None]:
    """Return the width and height of the viewport as they are before the picture is turned."""
    if viewport is None:
        return None, None
    is_turned = transformation.rotation in (90, 270)
    return (viewport.height, viewport.width) if is_turned else (viewport.width, viewport.height)


def _bounded(width: float, height: float) -> tuple[int, int]:
    """Return whole sizes of at least a pixel, made smaller together when there would be too many pixels."""
    shrink = min(1.0, (MAX_PIXELS / max(width * height, 1.0)) ** 0.5)
    shrink = min(shrink, 65535 / max(width, height))
    return max(1, round(width * shrink)), max(1, round(height * shrink))
