"""Frames to pictures, from the stored bytes to a file: what worker processes run.

The order is that of PS3.4 §N.2 and PS3.18 §8.3.5.1: decode; grey values or colours; overlays; crop, flip and scale;
colour space; annotations; and the file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dicomcore.data import Buffer
from dicomcore.pixels.decoding import decode_pixels
from dicomcore.pixels.pixel_format import Decoded
from dicomcore.rendering.animation import MAX_ANIMATION_PIXELS, write_animation
from dicomcore.rendering.annotations import draw_annotations
from dicomcore.rendering.cine import DEFAULT_MILLISECONDS
from dicomcore.rendering.color import colour_picture
from dicomcore.rendering.description import FrameDescription
from dicomcore.rendering.geometry import place
from dicomcore.rendering.grey import automatic_window, grey_picture, voi_of
from dicomcore.rendering.icc import embedded_profile, in_colour_space
from dicomcore.rendering.luts import Values
from dicomcore.rendering.options import RenderingOptions, Viewport
from dicomcore.rendering.output import write_image
from dicomcore.rendering.overlays import draw_overlays, with_embedded_bits

Picture = NDArray[np.uint8]


def render_frame(
    frame: Buffer,
    transfer_syntax_uid: str,
    frame_number: int,
    description: FrameDescription,
    options: RenderingOptions,
) -> bytes:
    """Render one frame, given as `stored_frame` gives it, to a file of the media type of the options.

    Raises:
        CodecUnavailable, CorruptFrame, LimitExceeded: the frame cannot be decoded.
        InvalidParameter: the viewport lies outside of the image.
        NotAcceptable: the media type is not one of still pictures.
    """
    decoded = decode_pixels(frame, description.form, transfer_syntax_uid, frame_number)
    picture = picture_of(decoded, description, options)
    drawn = _with_overlays(picture, frame, transfer_syntax_uid, frame_number, description, options)
    return finished(place(drawn, options, description.pixel_aspect), description, options, frame)


def picture_of(decoded: Decoded, description: FrameDescription, options: RenderingOptions) -> Picture:
    """Return decoded pixels as a picture of the size of the image: grey (rows, columns) or RGB.

    Everything up to and with the Presentation LUT or the palette is applied; nothing is drawn, no profile applied.
    """
    pixels = decoded.pixels
    if pixels.ndim == 3:
        return colour_picture(pixels, decoded.photometric_interpretation, description.form.bits_stored)
    palette = description.palette
    if palette is not None and decoded.photometric_interpretation == "PALETTE COLOR":
        return palette.apply(pixels)
    grey = grey_picture(pixels, description, options.window)
    if palette is None:
        return grey
    picture = np.repeat(grey[..., None], 3, axis=-1)
    coloured = pixels >= palette.first_mapped
    picture[coloured] = palette.apply(pixels[coloured])
    return picture


def _with_overlays(
    picture: Picture,
    frame: Buffer,
    transfer_syntax_uid: str,
    frame_number: int,
    description: FrameDescription,
    options: RenderingOptions,
) -> Picture:
    """Draw the overlays, which may be writing: an anonymous picture has none."""
    if options.is_anonymous:
        return picture
    overlays = with_embedded_bits(description.overlays, frame, description.form, transfer_syntax_uid, frame_number)
    return draw_overlays(picture, overlays)


def finished(
    placed: Picture, description: FrameDescription, options: RenderingOptions, frame: Buffer | None = None
) -> bytes:
    """Return a picture of its final size as a file: in the colour space that is wanted, annotations burned in.

    ``frame`` is the stored frame, whose own ICC profile counts where the description has none.
    """
    profile = description.icc_profile
    if profile is None and placed.ndim == 3 and frame is not None:
        profile = embedded_profile(frame)
    picture, embedded = in_colour_space(placed, profile, options.icc_profile)
    return write_image(draw_annotations(picture, description.texts, options), options, embedded)


def render_frames(
    frames: Sequence[Buffer],
    transfer_syntax_uid: str,
    descriptions: Sequence[FrameDescription],
    options: RenderingOptions,
    milliseconds: float | Sequence[float] = DEFAULT_MILLISECONDS,
    frame_numbers: Sequence[int] | None = None,
) -> bytes:
    """Render frames of one image to an animation of the media type of the options.

    Frames without a window of their own share one, from the smallest to the largest value of all of them, so that
    brightness does not jump. A picture that is too large for `MAX_ANIMATION_PIXELS` in so many frames is scaled down.
    ``milliseconds`` is the time of each picture; ``frame_numbers`` matter to errors only.
    """
    numbers = frame_numbers or range(1, len(frames) + 1)
    coded = list(zip(frames, numbers, descriptions, strict=True))
    durations = [milliseconds] * len(frames) if isinstance(milliseconds, (int, float)) else milliseconds
    chosen = replace(options, viewport=_affordable(options.viewport, descriptions))
    if options.window is None and voi_of(descriptions[0]) is None:
        chosen = replace(chosen, window=automatic_window(_greys(coded, transfer_syntax_uid)))
    pictures = (_picture(transfer_syntax_uid, *one, chosen) for one in coded)
    return write_animation(pictures, durations, chosen)


def _affordable(viewport: Viewport | None, descriptions: Sequence[FrameDescription]) -> Viewport | None:
    """Return a viewport that leaves room for all pictures; the one that was asked for if it does."""
    image = descriptions[0].form.image
    side = math.isqrt(MAX_ANIMATION_PIXELS // len(descriptions))
    if viewport is None:
        return Viewport(side, side) if max(image.rows, image.columns) > side else None
    width, height = (side if one is None else min(one, side) for one in (viewport.width, viewport.height))
    return replace(viewport, width=width, height=height)


_Coded = tuple[Buffer, int, FrameDescription]


def _greys(coded: Sequence[_Coded], transfer_syntax_uid: str) -> Iterator[tuple[Values, FrameDescription]]:
    """Yield the pixels of grey frames, which are decoded once more to be shown: not all of them fit into memory."""
    for frame, number, description in coded:
        if description.form.image.samples_per_pixel == 1:
            yield decode_pixels(frame, description.form, transfer_syntax_uid, number).pixels, description


def _picture(
    transfer_syntax_uid: str, frame: Buffer, number: int, description: FrameDescription, options: RenderingOptions
) -> Picture:
    """Render one frame of an animation."""
    form = description.form
    picture = picture_of(decode_pixels(frame, form, transfer_syntax_uid, number), description, options)
    drawn = _with_overlays(picture, frame, transfer_syntax_uid, number, description, options)
    placed = place(drawn, options, description.pixel_aspect)
    coloured, _ = in_colour_space(placed, description.icc_profile, None)
    return draw_annotations(coloured, description.texts, options)
