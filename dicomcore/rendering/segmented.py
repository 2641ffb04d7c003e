"""Segmentations over the image that they were made from, in their colours (PS3.3 §C.8.20), row REN-003.

Segments are half transparent over an image, and opaque on black where the image is not at hand; of a fractional
segmentation the more so, the less certain it is. Segments are drawn in the order that their frames are given in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dicomcore.data import Buffer
from dicomcore.errors import ResourceNotFound
from dicomcore.pixels.decoding import decode_pixels
from dicomcore.rendering.annotations import draw_annotations
from dicomcore.rendering.description import FrameDescription
from dicomcore.rendering.geometry import place
from dicomcore.rendering.icc import in_colour_space
from dicomcore.rendering.options import RenderingOptions
from dicomcore.rendering.output import write_image
from dicomcore.rendering.overlays import Picture
from dicomcore.rendering.planes import resampled
from dicomcore.rendering.presented import PresentedFrame
from dicomcore.rendering.render import picture_of
from dicomcore.rendering.segmentation import Segmentation

_OPACITY = 0.5


class MaskFrame(Protocol):
    """A frame of a segmentation, its bytes as `stored_frame` gives them."""

    @property
    def content(self) -> Buffer:
        """The bytes."""

    @property
    def transfer_syntax_uid(self) -> str:
        """How they are encoded."""

    @property
    def frame_number(self) -> int:
        """Which frame it is, from 1."""

    @property
    def description(self) -> FrameDescription:
        """What it decodes to, and the texts that may be burned in."""


def render_segmented(
    source: PresentedFrame | None,
    masks: Sequence[MaskFrame],
    segmentation: Segmentation,
    options: RenderingOptions,
) -> bytes:
    """Render frames of a segmentation over the frame of the image that they were made from, if that is at hand.

    Raises:
        CodecUnavailable, CorruptFrame, LimitExceeded: a frame cannot be decoded.
        ResourceNotFound: there is no frame to show.
    """
    if not masks:
        raise ResourceNotFound("frame of the segmentation")
    picture, profile = segmented_picture(source, masks, segmentation, options)
    description = masks[0].description if source is None else source.description
    placed = place(picture, options, description.pixel_aspect)
    return write_image(draw_annotations(placed, description.texts, options), options, profile)


def segmented_picture(
    source: PresentedFrame | None,
    masks: Sequence[MaskFrame],
    segmentation: Segmentation,
    options: RenderingOptions,
) -> tuple[Picture, bytes | None]:
    """Return an RGB picture of the size of the source image, or of the segmentation, and the profile to embed."""
    base, profile = _base(source, masks[0], options)
    plane = None if source is None else source.plane
    shape = (base.shape[0], base.shape[1])
    opacity = 1.0 if source is None else _OPACITY
    drawn = base.astype(np.float32)
    for mask in masks:
        described = segmentation.frames.get(mask.frame_number)
        own = None if described is None else described.plane
        for colors, shares in _layers(mask, segmentation):
            moved, _ = resampled(shares, own, plane, shape, smooth=segmentation.kind == "FRACTIONAL")
            shown, _ = resampled(colors, own, plane, shape, smooth=False)
            share = moved.astype(np.float32)[..., np.newaxis] * np.float32(opacity / 255)
            drawn += (shown - drawn) * share
    return np.rint(drawn).clip(0, 255).astype(np.uint8), profile


def _base(source: PresentedFrame | None, mask: MaskFrame, options: RenderingOptions) -> tuple[Picture, bytes | None]:
    """Return what segments are drawn over, RGB in the colour space that is wanted, and the profile to embed."""
    if source is None:
        image = mask.description.form.image
        black = np.zeros((image.rows, image.columns, 3), np.uint8)
        return in_colour_space(black, None, options.icc_profile)
    form = source.description.form
    decoded = decode_pixels(source.frame, form, source.transfer_syntax_uid, source.frame_number)
    picture = picture_of(decoded, source.description, options)
    colored = picture if picture.ndim == 3 else np.repeat(picture[..., np.newaxis], 3, axis=2)
    return in_colour_space(colored, source.description.icc_profile, options.icc_profile)


def _layers(mask: MaskFrame, segmentation: Segmentation) -> Iterator[tuple[Picture, Picture]]:
    """Yield the colours of a frame, (rows, columns, 3), and how much of them is seen, from 0 to 255."""
    decoded = decode_pixels(mask.content, mask.description.form, mask.transfer_syntax_uid, mask.frame_number)
    values = decoded.pixels
    if values.ndim != 2:
        return
    if segmentation.kind == "LABELMAP":
        yield _label_colors(values, segmentation), np.where(values != 0, 255, 0).astype(np.uint8)
        return
    described = segmentation.frames.get(mask.frame_number)
    number = 1 if described is None or described.segment_number is None else described.segment_number
    colors = np.empty((*values.shape, 3), np.uint8)
    colors[:] = segmentation.color_of(number)
    maximum = segmentation.maximum if segmentation.kind == "FRACTIONAL" else 1
    yield colors, np.rint(np.clip(values.astype(np.float32) / maximum, 0, 1) * 255).astype(np.uint8)


def _label_colors(values: NDArray[np.generic], segmentation: Segmentation) -> Picture:
    if segmentation.palette is not None:
        return segmentation.palette.apply(values)
    numbers, places = np.unique(values, return_inverse=True)
    table = np.array([segmentation.color_of(int(number)) for number in numbers], np.uint8)
    colors: Picture = table[places.reshape(values.shape)]
    return colors
