"""The grey values of softcopy presentation states (PS3.3 §A.33, PS3.4 §N.2): what takes the place of the image's own.

A presentation state says everything: where it has no modality transformation, stored values are used as they are; where
it has no VOI transformation for an image, the whole range of values that the image may have is shown (PS3.4 §N.2.1.3).
MONOCHROME1 is not regarded, the Presentation LUT says what is dark (PS3.3 §C.11.6). Nor is Pixel Padding Value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dicomcore.data import Dataset
from dicomcore.pixels.pixel_format import PixelFormat
from dicomcore.rendering.description import FrameDescription
from dicomcore.rendering.lut_items import (
    may_be_negative,
    read_modality,
    read_presentation,
    read_voi_luts,
    read_windows,
)
from dicomcore.rendering.luts import Lut, Modality, Rescale, window_between
from dicomcore.rendering.options import Window
from dicomcore.rendering.references import Scope, read_scope

SOFTCOPY_VOI_LUT_SEQUENCE = 0x00283110


@dataclass(frozen=True, slots=True)
class ScopedVoi:
    """A VOI transformation and the images that it is for; of a table and a window the table counts."""

    scope: Scope
    windows: tuple[Window, ...]
    voi_luts: tuple[Lut, ...]


@dataclass(frozen=True, slots=True)
class GreyPipeline:
    """Modality, VOI and Presentation LUT of a presentation state."""

    modality: Modality = None
    vois: tuple[ScopedVoi, ...] = ()
    inverse: bool = False
    presentation_lut: Lut | None = None

    def over(self, description: FrameDescription, sop_instance_uid: str, frame_number: int) -> FrameDescription:
        """Return a frame's description with the transformations of the state; a colour image's has none to replace."""
        form = description.form
        if form.image.samples_per_pixel != 1 or form.photometric_interpretation == "PALETTE COLOR":
            return replace(description, overlays=())
        modality = _signed_modality(self.modality, form)
        voi = next((one for one in self.vois if one.scope.covers(sop_instance_uid, frame_number)), None)
        is_signed = may_be_negative(form, modality)
        return replace(
            description,
            form=replace(form, photometric_interpretation="MONOCHROME2"),
            modality=modality,
            windows=(full_range(form, modality),) if voi is None else voi.windows,
            voi_luts=() if voi is None else tuple(_signed(lut, is_signed) for lut in voi.voi_luts),
            presentation_lut_inverse=self.inverse,
            presentation_lut=self.presentation_lut,
            palette=None,
            padding=None,
            overlays=(),
        )


def read_grey_pipeline(dataset: Dataset) -> GreyPipeline:
    """Read the transformations of a presentation state, or of one of the inputs of a blending one."""
    inverse, presentation_lut = read_presentation(dataset, "MONOCHROME2")
    vois = (
        ScopedVoi(read_scope(item), read_windows(item), read_voi_luts(item))
        for item in dataset.items(SOFTCOPY_VOI_LUT_SEQUENCE)
    )
    return GreyPipeline(
        modality=read_modality(dataset),
        vois=tuple(voi for voi in vois if voi.windows or voi.voi_luts),
        inverse=inverse,
        presentation_lut=presentation_lut,
    )


def full_range(form: PixelFormat, modality: Modality) -> Window:
    """Return the window from the smallest to the largest value that the image might have."""
    if isinstance(modality, Lut):
        return window_between(0, modality.maximum)
    low, high = (-(1 << form.bits_stored - 1), (1 << form.bits_stored - 1) - 1)
    if not form.signed:
        low, high = 0, (1 << form.bits_stored) - 1
    if modality is None or modality.is_identity:
        return window_between(low, high)
    ends = sorted((low * modality.slope + modality.intercept, high * modality.slope + modality.intercept))
    return window_between(ends[0], ends[1])


def _signed_modality(modality: Modality, form: PixelFormat) -> Modality:
    return modality if modality is None or isinstance(modality, Rescale) else _signed(modality, form.signed)


def _signed(lut: Lut, is_signed: bool) -> Lut:
    """Read the first mapped value again as a negative number: only the image says whether it may be one."""
    if not is_signed or lut.first_mapped < 0x8000:
        return lut
    return replace(lut, first_mapped=lut.first_mapped - 0x10000)
