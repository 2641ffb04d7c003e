"""Images as a presentation state shows them (PS3.4 §N.2, PS3.18 §8.3.5.1), row RS-045.

The order: modality LUT, mask subtraction, VOI LUT, Presentation LUT or palette or profile, blending; shutters;
displayed area, rotation and flip; overlays, graphics and texts, layer by layer; annotations of the request last.

A still picture shows the first image that the state refers to; an animation all of them, as large as the first. An
anonymous picture has no overlays, graphics and texts. Without a Graphic Layer an annotation is drawn in white.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from dicomcore.data import Buffer
from dicomcore.errors import ResourceNotFound
from dicomcore.pixels.decoding import decode_pixels
from dicomcore.pixels.pixel_format import Decoded
from dicomcore.rendering.animation import animated_media_types, write_animation
from dicomcore.rendering.annotations import draw_annotations
from dicomcore.rendering.blending import BlendingInput, blended, colored
from dicomcore.rendering.cine import DEFAULT_MILLISECONDS
from dicomcore.rendering.compound_drawing import draw_compound
from dicomcore.rendering.description import FrameDescription
from dicomcore.rendering.display_color import WHITE, Color
from dicomcore.rendering.displayed_area import place_area
from dicomcore.rendering.geometry import place, viewport_of_whole
from dicomcore.rendering.graphic_drawing import Space, draw_annotation
from dicomcore.rendering.icc import in_colour_space
from dicomcore.rendering.luts import Values, apply_modality
from dicomcore.rendering.options import RenderingOptions
from dicomcore.rendering.output import write_image
from dicomcore.rendering.overlays import Overlay, Picture, mask_of, with_embedded_bits
from dicomcore.rendering.planes import Plane, nearest, resampled
from dicomcore.rendering.presentation_state import PresentationState
from dicomcore.rendering.references import ImageReference
from dicomcore.rendering.render import picture_of
from dicomcore.rendering.sheet import Sheet
from dicomcore.rendering.shutters import draw_shutters
from dicomcore.rendering.subtraction import subtracted


@dataclass(frozen=True, slots=True)
class PresentedFrame:
    """A frame of an image that a presentation state refers to.

    ``frame`` is as `stored_frame` gives it. ``plane`` is where it lies in the patient; without it, images that are
    blended are taken one by one in their order, and stretched to the same size. ``matrix_offset`` is the column and row
    of its upper left pixel in the total pixel matrix, from 0.
    """

    frame: Buffer
    transfer_syntax_uid: str
    frame_number: int
    description: FrameDescription
    reference: ImageReference
    plane: Plane | None = None
    matrix_offset: tuple[float, float] = (0.0, 0.0)


def render_presented(
    frames: Sequence[PresentedFrame],
    state: PresentationState,
    options: RenderingOptions,
    milliseconds: float | Sequence[float] = DEFAULT_MILLISECONDS,
) -> bytes:
    """Render frames as a presentation state shows them, to a file of the media type of the options.

    ``frames`` are those of the state's references that are at hand; ``milliseconds`` is the time of each picture of an
    animation.

    Raises:
        CodecUnavailable, CorruptFrame, LimitExceeded: a frame cannot be decoded.
        ResourceNotFound: none of the frames is one that the state shows.
    """
    shown = [frame for frame in frames if state.is_shown(frame.reference, frame.frame_number)]
    if not shown:
        raise ResourceNotFound("image that the presentation state shows")
    if len(shown) == 1 or options.is_still or options.media_type not in animated_media_types():
        picture, profile = presented_picture(shown[0], frames, state, options)
        return write_image(picture, options, profile)
    return write_animation(_pictures(shown, frames, state, options), milliseconds, options)


def _pictures(
    shown: Sequence[PresentedFrame],
    frames: Sequence[PresentedFrame],
    state: PresentationState,
    options: RenderingOptions,
) -> Iterator[Picture]:
    """Yield the pictures of an animation: RGB, all of the size of the first."""
    size: tuple[int, int] | None = None
    for frame in shown:
        picture, _ = presented_picture(frame, frames, state, options)
        image = Image.fromarray(np.ascontiguousarray(picture)).convert("RGB")
        size = size or image.size
        yield np.asarray(image if image.size == size else image.resize(size, Image.Resampling.BICUBIC))


def presented_picture(
    frame: PresentedFrame, frames: Sequence[PresentedFrame], state: PresentationState, options: RenderingOptions
) -> tuple[Picture, bytes | None]:
    """Return one frame as a presentation state shows it, grey or RGB, and the profile to embed.

    ``frames`` are those that may be needed besides: to be subtracted, to be laid over it.
    """
    description = frame.description
    picture = _blended(frame, frames, state, options) if state.blending else _image(frame, frames, state, options)
    picture, profile = in_colour_space(picture, state.icc_profile or description.icc_profile, options.icc_profile)
    vertical, horizontal = description.pixel_aspect
    if state.shutters is not None:
        picture = draw_shutters(picture, state.shutters, vertical / horizontal)
    uid, number = frame.reference.sop_instance_uid, frame.frame_number
    area = state.area_of(uid, number)
    placement = place_area(
        None if area is None else area.on_frame(frame.matrix_offset),
        state.transformation,
        picture.shape[:2],
        vertical / horizontal,
        viewport_of_whole(options),
    )
    drawn = placement.draw(picture)
    if not options.is_anonymous:
        sheet = Sheet(*placement.size)
        _draw_layers(sheet, frame, state, Space(placement, frame.matrix_offset))
        drawn = sheet.over(drawn)
    drawn = place(drawn, replace(options, viewport=None))
    return draw_annotations(drawn, description.texts, options), profile


def _image(
    frame: PresentedFrame, frames: Sequence[PresentedFrame], state: PresentationState, options: RenderingOptions
) -> Picture:
    """Return a frame by the transformations of the state, of the image's size."""
    uid, number = frame.reference.sop_instance_uid, frame.frame_number
    description = state.pipeline.over(frame.description, uid, number)
    decoded = _decoded(frame)
    masks = _masks(frame, frames, state)
    if masks and state.subtraction is not None:
        values = apply_modality(decoded.pixels, description.modality)
        others = [apply_modality(_decoded(mask).pixels, description.modality) for mask in masks]
        decoded, description = _subtracted(values, others, state.subtraction.shift, description, state)
    # Windows of the request do not apply to presentation states (row RS-045).
    picture = picture_of(decoded, description, replace(options, window=None))
    return colored(picture, state.palette) if state.palette is not None and picture.ndim == 2 else picture


def _decoded(frame: PresentedFrame) -> Decoded:
    return decode_pixels(frame.frame, frame.description.form, frame.transfer_syntax_uid, frame.frame_number)


def _masks(frame: PresentedFrame, frames: Sequence[PresentedFrame], state: PresentationState) -> list[PresentedFrame]:
    """Return the frames that are subtracted from a frame; they have its size, or are none of its image."""
    if state.subtraction is None or frame.description.form.image.samples_per_pixel != 1:
        return []
    wanted = state.subtraction.mask_of(frame.frame_number)
    uid = frame.reference.sop_instance_uid
    found = {one.frame_number: one for one in frames if one.reference.sop_instance_uid == uid}
    masks = [found[number] for number in wanted if number in found]
    return [mask for mask in masks if mask.description.form.shape == frame.description.form.shape]


def _subtracted(
    values: Values,
    masks: Sequence[Values],
    shift: tuple[float, float],
    description: FrameDescription,
    state: PresentationState,
) -> tuple[Decoded, FrameDescription]:
    """Return the differences as pixels of their own; without a VOI their whole range is shown."""
    differences = subtracted(values, masks, shift)
    form = replace(description.form, floating=True, signed=False)
    chosen = replace(description, form=form, modality=None)
    if not state.pipeline.vois:
        chosen = replace(chosen, windows=(), voi_luts=())
    return Decoded(differences, "MONOCHROME2"), chosen


def _blended(
    frame: PresentedFrame, frames: Sequence[PresentedFrame], state: PresentationState, options: RenderingOptions
) -> Picture:
    """Return a frame of the lowest input with those of the others that lie in the same place over it."""
    blending = state.blending
    if blending is None:
        return _image(frame, frames, state, options)
    lowest = blending.inputs[0]
    place = [one for one in frames if lowest.covers(one.reference, one.frame_number)].index(frame)
    base = _input_picture(frame, lowest, options)
    pictures, covers = [base], [np.ones(base.shape[:2], np.bool_)]
    for other in blending.inputs[1:]:
        candidates = [one for one in frames if other.covers(one.reference, one.frame_number)]
        partner = _partner(frame, candidates, place)
        if partner is not None:
            picture = _input_picture(partner, other, options)
            moved, cover = resampled(picture, partner.plane, frame.plane, base.shape[:2], smooth=True)
            pictures.append(moved)
            covers.append(cover)
    return blended(pictures, covers, blending.opacity)


def _partner(frame: PresentedFrame, candidates: Sequence[PresentedFrame], place: int) -> PresentedFrame | None:
    """Return which of the candidates lies where a frame does: by its plane, else by its place in the order."""
    number = None if frame.plane is None else nearest(frame.plane, [one.plane for one in candidates])
    if number is None:
        number = min(place, len(candidates) - 1)
    return candidates[number] if candidates else None


def _input_picture(frame: PresentedFrame, source: BlendingInput, options: RenderingOptions) -> Picture:
    """Return a frame of one of the inputs as RGB."""
    description = source.pipeline.over(frame.description, frame.reference.sop_instance_uid, frame.frame_number)
    picture = picture_of(_decoded(frame), description, replace(options, window=None))
    if picture.ndim == 3:
        return picture
    return (
        np.repeat(picture[..., np.newaxis], 3, axis=2) if source.palette is None else colored(picture, source.palette)
    )


def _draw_layers(sheet: Sheet, frame: PresentedFrame, state: PresentationState, space: Space) -> None:
    """Draw overlays and annotations, layer by layer; those of no layer that the state names come last, in white."""
    uid, number = frame.reference.sop_instance_uid, frame.frame_number
    overlays = _active_overlays(frame, state)
    annotations = [one for one in state.annotations if one.scope.covers(uid, number)]
    names = {layer.name for layer in state.layers}
    ordered: list[tuple[str | None, Color]] = [(layer.name, layer.color) for layer in state.layers]
    for name, color in (*ordered, (None, WHITE)):
        for overlay in overlays:
            if overlay.layer == name or (name is None and overlay.layer not in names):
                _draw_overlay(sheet, overlay, frame, color, space)
        for annotation in annotations:
            if annotation.layer == name or (name is None and annotation.layer not in names):
                draw_annotation(sheet, annotation, color, space, draw_compound)


def _active_overlays(frame: PresentedFrame, state: PresentationState) -> list[Overlay]:
    """Return the planes of the state and of the image that the state activates (PS3.3 §C.11.7), by group."""
    layers = dict(state.activations)
    own = {overlay.group: overlay for overlay in state.overlays}
    bitmap = None if state.shutters is None else state.shutters.bitmap
    wanted = [one for one in frame.description.overlays if one.group in layers and one.group not in own]
    taken = with_embedded_bits(
        wanted, frame.frame, frame.description.form, frame.transfer_syntax_uid, frame.frame_number
    )
    planes = [overlay for overlay in own.values() if overlay.group in layers and overlay != bitmap]
    return [replace(one, layer=layers[one.group]) for one in sorted((*planes, *taken), key=lambda one: one.group)]


def _draw_overlay(sheet: Sheet, overlay: Overlay, frame: PresentedFrame, color: Color, space: Space) -> None:
    image = frame.description.form.image
    mask = mask_of(overlay, image.rows, image.columns)
    if mask.any():
        sheet.mask(space.placement.draw_mask(mask, sheet.factor), color)
