"""What rendering must know of an instance, taken from its data set once, and of one of its frames.

`describe` reads everything but the pixels. An `ImageDescription` is small and keeps nothing of the buffer that the data
set was read from, so that it can be kept while frames are asked for; `ImageDescription.frame` costs the same for the
first and the last of many frames. A `FrameDescription` is a value that travels to a worker process.

Real World Value Mapping (PS3.3 §C.7.6.16.2.11) says what can be measured and not what is shown: it is not read.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dicomcore.data import Dataset
from dicomcore.pixels import pixel_data
from dicomcore.pixels.image import PIXEL_DATA, number_of_frames
from dicomcore.pixels.pixel_format import PixelFormat
from dicomcore.rendering.annotation_texts import AnnotationTexts, annotation_texts
from dicomcore.rendering.cine import Cine, read_cine
from dicomcore.rendering.functional_groups import FunctionalGroups, Spacing, read_functional_groups, read_spacing
from dicomcore.rendering.lut_items import read_padding, read_presentation
from dicomcore.rendering.luts import Lut, Modality
from dicomcore.rendering.options import Window
from dicomcore.rendering.overlays import Overlay, OverlayPlanes, overlay_planes
from dicomcore.rendering.palette import Palette, read_palette

SOP_CLASS_UID = 0x00080016
MODALITY = 0x00080060
PIXEL_PRESENTATION = 0x00089205
PIXEL_ASPECT_RATIO = 0x00280034
ICC_PROFILE = 0x00282000
LOSSY_IMAGE_COMPRESSION = 0x00282110
REPRESENTATIVE_FRAME_NUMBER = 0x00286010
OPTICAL_PATH_SEQUENCE = 0x00480105
OPTICAL_PATH_IDENTIFIER = 0x00480106

# The spacings that an image may have beside Pixel Aspect Ratio, the nearest to the patient first.
_SPACINGS = (0x00280030, 0x00181164, 0x00182010)
_SQUARE: Spacing = (1.0, 1.0)
# Pixels that differ more are a mistake and no geometry; those that differ less are square.
_STRETCH = 20.0
_TOLERANCE = 0.002
_MAX_ICC_LENGTH = 16 << 20
_NO_TEXTS = AnnotationTexts()
_DEFAULT_CINE = Cine()


@dataclass(frozen=True, slots=True)
class FrameDescription:
    """How a frame becomes a picture, in the order of the pipeline (PS3.4 §N.2).

    ``padding`` is the range of stored values that is no image; what is left of it after lossy compression is anything
    around it, and ``is_lossy`` says so. A ``palette`` of a grey image is supplemental.
    ``presentation_lut_inverse`` stands for MONOCHROME1 too. ``pixel_aspect`` is the height and the width of a pixel.
    """

    form: PixelFormat
    modality: Modality = None
    windows: tuple[Window, ...] = ()
    voi_luts: tuple[Lut, ...] = ()
    presentation_lut_inverse: bool = False
    presentation_lut: Lut | None = None
    palette: Palette | None = None
    icc_profile: bytes | None = None
    padding: tuple[float, float] | None = None
    is_lossy: bool = False
    pixel_aspect: Spacing = _SQUARE
    overlays: tuple[Overlay, ...] = ()
    texts: AnnotationTexts = _NO_TEXTS
    modality_name: str = ""
    sop_class_uid: str = ""


@dataclass(frozen=True, slots=True)
class ImageDescription:
    """How the frames of an instance become pictures: ``common`` to all of them, and what differs.

    ``representative_frame`` is the frame that stands for all: Representative Frame Number (PS3.3 §C.7.6.6), else the
    one in the middle. Without texts nothing can be burned in: most pictures need none, and they take half the time.
    """

    number_of_frames: int
    common: FrameDescription
    groups: FunctionalGroups
    planes: OverlayPlanes
    representative_frame: int = 1
    icc_profiles: tuple[tuple[str, bytes], ...] = ()
    cine: Cine = _DEFAULT_CINE
    has_texts: bool = True

    def frame(self, frame_number: int) -> FrameDescription:
        """Return the description of a frame, from 1; it is not checked against the number of frames."""
        groups = self.groups.of(frame_number)
        return replace(
            self.common,
            modality=groups.modality,
            windows=groups.windows,
            voi_luts=groups.voi_luts,
            icc_profile=self._icc_profile(groups.optical_path),
            pixel_aspect=self.common.pixel_aspect if groups.spacing is None else aspect_of(groups.spacing),
            overlays=self.planes.of_frame(frame_number),
            texts=self._texts(frame_number),
        )

    def _icc_profile(self, optical_path: str) -> bytes | None:
        profiles = dict(self.icc_profiles)
        return profiles.get(optical_path) or next(iter(profiles.values()), None)

    def _texts(self, frame_number: int) -> AnnotationTexts:
        texts = self.common.texts
        if self.number_of_frames <= 1 or not self.has_texts:
            return texts
        return replace(texts, technique=(*texts.technique, f"Frame {frame_number} of {self.number_of_frames}"))


def describe(dataset: Dataset, *, with_texts: bool = True) -> ImageDescription:
    """Read the description of an instance; one without pixel data has no frames."""
    element = pixel_data(dataset)
    form = PixelFormat.of(dataset, PIXEL_DATA if element is None else element.tag)
    inverse, presentation_lut = read_presentation(dataset, form.photometric_interpretation)
    common = FrameDescription(
        form=form,
        presentation_lut_inverse=inverse,
        presentation_lut=presentation_lut,
        palette=_read_palette(dataset, form),
        padding=read_padding(dataset, form),
        is_lossy=dataset.text(LOSSY_IMAGE_COMPRESSION) == "01",
        pixel_aspect=read_pixel_aspect(dataset),
        texts=annotation_texts(dataset) if with_texts else _NO_TEXTS,
        modality_name=dataset.text(MODALITY),
        sop_class_uid=dataset.text(SOP_CLASS_UID),
    )
    frames = 0 if element is None else number_of_frames(dataset) or 1
    representative = dataset.integer(REPRESENTATIVE_FRAME_NUMBER) or 0
    return ImageDescription(
        number_of_frames=frames,
        common=common,
        groups=read_functional_groups(dataset, form),
        planes=overlay_planes(dataset),
        representative_frame=representative if 1 <= representative <= frames else frames // 2 + 1,
        icc_profiles=_read_icc_profiles(dataset),
        cine=read_cine(dataset),
        has_texts=with_texts,
    )


def _read_palette(dataset: Dataset, form: PixelFormat) -> Palette | None:
    """Read the palette; a grey image has one that matters if it says that it is to be shown in colour (§C.7.6.19)."""
    is_grey = form.photometric_interpretation != "PALETTE COLOR"
    if form.image.samples_per_pixel != 1 or (is_grey and dataset.text(PIXEL_PRESENTATION) not in ("COLOR", "MIXED")):
        return None
    return read_palette(dataset, signed=form.signed)


def read_pixel_aspect(dataset: Dataset) -> Spacing:
    """Read the height and width of a pixel: Pixel Aspect Ratio (PS3.3 §C.7.6.3.1.7), else one of the spacings."""
    for tag in (PIXEL_ASPECT_RATIO, *_SPACINGS):
        spacing = read_spacing(dataset, tag)
        if spacing is not None:
            return aspect_of(spacing)
    return _SQUARE


def aspect_of(spacing: Spacing) -> Spacing:
    """Return height and width of a pixel, the smaller one 1; square if they hardly differ, or absurdly."""
    vertical, horizontal = spacing
    ratio = max(spacing) / min(spacing)
    if not 1 + _TOLERANCE < ratio < _STRETCH:
        return _SQUARE
    return (ratio, 1.0) if vertical > horizontal else (1.0, ratio)


def _read_icc_profiles(dataset: Dataset) -> tuple[tuple[str, bytes], ...]:
    """Read the ICC profiles by optical path (PS3.3 §C.8.12.5); that of the image itself has no name."""
    found = [("", dataset)]
    found += [(item.text(OPTICAL_PATH_IDENTIFIER), item) for item in dataset.items(OPTICAL_PATH_SEQUENCE)]
    return tuple(
        (name, bytes(item.raw(ICC_PROFILE)))
        for name, item in found
        if ICC_PROFILE in item and 0 < len(item.raw(ICC_PROFILE)) <= _MAX_ICC_LENGTH
    )
