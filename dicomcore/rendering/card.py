"""A card in the place of a picture: a plain field with one word on it, for what cannot or must not be shown."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from dicomcore.errors import LimitExceeded
from dicomcore.lettering import printable_line, width_of, write
from dicomcore.rendering.geometry import MAX_PICTURE_PIXELS
from dicomcore.rendering.options import RenderingOptions
from dicomcore.rendering.output import write_image

_SIDE = 256
_PAPER, _EDGE, _INK = 48, 96, 208
_LETTER_SHARE = 5
_LONGEST = 16


def draw_card(title: str, options: RenderingOptions) -> bytes:
    """Draw a card of the size of the viewport, or 256 by 256 pixels, with a short title in its middle."""
    viewport = options.viewport
    width = _SIDE if viewport is None else viewport.width or viewport.height or _SIDE
    height = _SIDE if viewport is None else viewport.height or viewport.width or _SIDE
    if width * height > MAX_PICTURE_PIXELS:
        raise LimitExceeded("pixels in a picture", MAX_PICTURE_PIXELS)
    card = Image.new("L", (width, height), _PAPER)
    draw = ImageDraw.Draw(card)
    draw.rectangle((0, 0, width - 1, height - 1), outline=_EDGE)
    text = printable_line(title[:_LONGEST])
    size = min(width, height) // _LETTER_SHARE
    while size > 4 and width_of(text, size) > width * 0.9:
        size -= 1
    if text.strip():
        write(draw, (width / 2, height / 2), text, size, _INK, anchor="mm")
    return write_image(np.asarray(card), options)
