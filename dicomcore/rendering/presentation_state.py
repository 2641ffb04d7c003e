"""Softcopy presentation states (PS3.3 §A.33): how somebody meant images to be seen, as a value.

Grayscale, Color, Pseudo-Color, Blending, XA/XRF Grayscale, Advanced Blending and Variable Modality LUT states are read
alike: each module where it is. `presented` draws with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dicomcore.data import Dataset
from dicomcore.rendering.blending import Blending, read_blending
from dicomcore.rendering.displayed_area import (
    DisplayedArea,
    SpatialTransformation,
    read_displayed_areas,
    read_spatial_transformation,
)
from dicomcore.rendering.graphics import GraphicAnnotation, GraphicLayer, read_graphic_annotations, read_layers
from dicomcore.rendering.overlays import ACTIVATION_LAYER, Overlay, overlays_of
from dicomcore.rendering.palette import Palette, read_palette
from dicomcore.rendering.references import ImageReference, read_series
from dicomcore.rendering.shutters import Shutters, read_shutters
from dicomcore.rendering.softcopy import GreyPipeline, read_grey_pipeline
from dicomcore.rendering.subtraction import MaskSubtraction, read_subtraction

SOP_CLASS_UID = 0x00080016
ICC_PROFILE = 0x00282000
MAX_ICC_LENGTH = 16 << 20


@dataclass(frozen=True, slots=True)
class PresentationState:
    """What a presentation state says; picklable, and without anything of the buffer that it was read from.

    ``images`` are those that it shows, ``references`` all that are needed to do so: with them the frames that are
    subtracted. ``overlays`` are its own planes, ``activations`` the layers that planes of the images are shown in, by
    their group.
    """

    sop_class_uid: str
    images: tuple[ImageReference, ...]
    references: tuple[ImageReference, ...]
    pipeline: GreyPipeline
    subtraction: MaskSubtraction | None
    palette: Palette | None
    icc_profile: bytes | None
    blending: Blending | None
    shutters: Shutters | None
    areas: tuple[DisplayedArea, ...]
    transformation: SpatialTransformation
    layers: tuple[GraphicLayer, ...]
    annotations: tuple[GraphicAnnotation, ...]
    overlays: tuple[Overlay, ...]
    activations: tuple[tuple[int, str], ...]

    def area_of(self, sop_instance_uid: str, frame_number: int) -> DisplayedArea | None:
        """Return the displayed area of a frame of an image, if the state selects one."""
        return next((area for area in self.areas if area.scope.covers(sop_instance_uid, frame_number)), None)

    @property
    def whole_series(self) -> tuple[str, ...]:
        """The Series Instance UIDs of which all images are needed, and no image is named."""
        inputs = () if self.blending is None else self.blending.inputs
        return tuple(one.series_instance_uid for one in inputs if one.series_instance_uid)

    def needed_for(self, image: ImageReference, frame_number: int) -> tuple[ImageReference, ...]:
        """Return what is needed to show one frame: itself first, what is subtracted from it or laid over it."""
        one = replace(image, frames=(frame_number,))
        if self.blending is not None:
            return (one, *(other for source in self.blending.inputs[1:] for other in source.references))
        masks = () if self.subtraction is None else self.subtraction.mask_of(frame_number)
        return (one, *(replace(image, frames=(mask,)) for mask in masks))

    def is_shown(self, reference: ImageReference, frame_number: int) -> bool:
        """Say whether a frame is one of those that the state shows, and not only needed for them."""
        if self.blending is not None:
            return self.blending.inputs[0].covers(reference, frame_number)
        return any(image.covers(reference.sop_instance_uid, frame_number) for image in self.images)


def read_presentation_state(dataset: Dataset) -> PresentationState:
    """Read a presentation state; what cannot be read of it is left out.

    Raises:
        LimitExceeded: it has more annotations than anybody could look at.
    """
    blending = read_blending(dataset)
    subtraction = read_subtraction(dataset)
    images = read_series(dataset)
    if blending is not None:
        images = tuple(reference for one in blending.inputs for reference in one.references)
    return PresentationState(
        sop_class_uid=dataset.text(SOP_CLASS_UID),
        images=images,
        references=(*images, *_masks(images, subtraction)),
        pipeline=read_grey_pipeline(dataset),
        subtraction=subtraction,
        palette=None if blending is not None else read_palette(dataset),
        icc_profile=_icc_profile(dataset),
        blending=blending,
        shutters=read_shutters(dataset),
        areas=read_displayed_areas(dataset),
        transformation=read_spatial_transformation(dataset),
        layers=read_layers(dataset),
        annotations=read_graphic_annotations(dataset),
        overlays=overlays_of(dataset),
        activations=_activations(dataset),
    )


def _masks(images: tuple[ImageReference, ...], subtraction: MaskSubtraction | None) -> tuple[ImageReference, ...]:
    """Return the frames that are subtracted and not shown."""
    if subtraction is None:
        return ()
    needed = {
        (image.series_instance_uid, image.sop_class_uid, image.sop_instance_uid, mask)
        for image in images
        for frame in image.frames
        for mask in subtraction.mask_of(frame)
        if mask not in image.frames
    }
    return tuple(ImageReference(series, sop_class, uid, (mask,)) for series, sop_class, uid, mask in sorted(needed))


def _icc_profile(dataset: Dataset) -> bytes | None:
    profile = dataset.raw(ICC_PROFILE)
    return bytes(profile) if 0 < len(profile) <= MAX_ICC_LENGTH else None


def _activations(dataset: Dataset) -> tuple[tuple[int, str], ...]:
    """Read which overlays are shown in which layers (PS3.3 §C.11.7)."""
    layers = ((group, dataset.text(ACTIVATION_LAYER + ((group - 0x6000) << 16))) for group in range(0x6000, 0x6020, 2))
    return tuple((group, layer) for group, layer in layers if layer)
