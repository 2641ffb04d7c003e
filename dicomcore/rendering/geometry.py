"""From image pixels to the pixels of the picture: crop, flip, scale (PS3.18 §8.3.5.1.3).

Without a viewport nothing is scaled: one pixel of the picture for one of the image, even where these are not square
(PS3.18 §8.3.5.1.3, §9.5.2.5). With one, the picture fits into it as large as it can, enlarged where it must be, and
pixels that are not square are made so. Scaling down averages over what falls together (Lanczos), scaling up is bicubic.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dicomcore.errors import InvalidParameter, LimitExceeded
from dicomcore.rendering.options import Region, RenderingOptions, Viewport

MAX_PICTURE_PIXELS = 64 << 20
"""The most pixels that a picture which was scaled may have."""

# Averaging over blocks before Lanczos: three times the target leaves no difference to be seen, and saves the time.
_REDUCING_GAP = 3.0
Box = tuple[float, float, float, float]
"""Left, top, right and bottom, in pixels of the image."""


def place(
    picture: NDArray[np.uint8], options: RenderingOptions, pixel_aspect: tuple[float, float] = (1.0, 1.0)
) -> NDArray[np.uint8]:
    """Return the part of a picture that the options ask for, at the size that they ask for.

    ``pixel_aspect`` is the height and the width of a pixel. The picture is returned itself if nothing is to be done.
    """
    if options.region is None and options.viewport is None:
        return picture
    rows, columns = picture.shape[:2]
    box: Box = (0.0, 0.0, float(columns), float(rows))
    if options.region is not None:
        box = _part(box, options.region)
    if options.viewport is None:
        return _cut(picture, box)
    viewport = options.viewport
    box = source_box(viewport, box)
    width, height = fitting_size(viewport, box, pixel_aspect)
    return _flipped(scaled(picture, box, width, height), viewport)


def viewport_of_whole(options: RenderingOptions) -> Viewport | None:
    """Return the viewport that a whole picture has to fit into for its region to fit into the one that is asked for."""
    region, viewport = options.region, options.viewport
    if region is None or viewport is None:
        return viewport
    across, down = region.right - region.left, region.bottom - region.top
    width = None if viewport.width is None else max(1, int(viewport.width / across))
    height = None if viewport.height is None else max(1, int(viewport.height / down))
    return replace(viewport, width=width, height=height)


def _part(box: Box, region: Region) -> Box:
    _, _, width, height = box
    return (region.left * width, region.top * height, region.right * width, region.bottom * height)


def source_box(viewport: Viewport, whole: Box) -> Box:
    """Return which part of the image is shown; what reaches beyond it is cut. Raises `InvalidParameter` if none is."""
    left, top = whole[0] + viewport.x, whole[1] + viewport.y
    right = whole[2] if viewport.source_width is None else left + abs(viewport.source_width)
    bottom = whole[3] if viewport.source_height is None else top + abs(viewport.source_height)
    box = (max(left, whole[0]), max(top, whole[1]), min(right, whole[2]), min(bottom, whole[3]))
    if not (box[0] < box[2] and box[1] < box[3]):
        raise InvalidParameter("viewport", "it lies outside of the image")
    return box


def fitting_size(viewport: Viewport, box: Box, pixel_aspect: tuple[float, float]) -> tuple[int, int]:
    """Return the width and height of the picture: aspect kept, one of them as large as the viewport allows."""
    width, height = (box[2] - box[0]) * pixel_aspect[1], (box[3] - box[1]) * pixel_aspect[0]
    scales = [
        allowed / size for allowed, size in ((viewport.width, width), (viewport.height, height)) if allowed is not None
    ]
    scale = min(scales, default=1.0)
    fitted = max(1, round(width * scale)), max(1, round(height * scale))
    if fitted[0] * fitted[1] > MAX_PICTURE_PIXELS:
        raise LimitExceeded("pixels in a picture", MAX_PICTURE_PIXELS)
    return fitted


def scaled(picture: NDArray[np.uint8], box: Box, width: int, height: int) -> NDArray[np.uint8]:
    """Return a part of a picture, whose edges may lie within pixels, scaled to a width and height."""
    if (width, height) == (box[2] - box[0], box[3] - box[1]) and all(edge == int(edge) for edge in box):
        return _cut(picture, box)
    shrinks = width < box[2] - box[0] or height < box[3] - box[1]
    method = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
    image = Image.fromarray(np.ascontiguousarray(picture))
    return np.asarray(image.resize((width, height), method, box=box, reducing_gap=_REDUCING_GAP if shrinks else None))


def _cut(picture: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Cut to whole pixels, at least one each way."""
    left, top = min(int(box[0]), picture.shape[1] - 1), min(int(box[1]), picture.shape[0] - 1)
    right, bottom = max(left + 1, round(box[2])), max(top + 1, round(box[3]))
    return picture[top:bottom, left:right]


def _flipped(picture: NDArray[np.uint8], viewport: Viewport) -> NDArray[np.uint8]:
    if viewport.source_width is not None and viewport.source_width < 0:
        picture = picture[:, ::-1]
    if viewport.source_height is not None and viewport.source_height < 0:
        picture = picture[::-1]
    return picture
