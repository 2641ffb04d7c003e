"""Thumbnails: one small picture that stands for a study, a series or an instance (PS3.18 §10.4.1.1.4).

Which instance stands for many is decided here: the middle one of the images, since the first slice of a series seldom
shows anything. What has no picture of its own, or one that may show who the patient is (Burned In Annotation, a report,
the header of an ECG), is shown as a plain card with the kind of the object on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dicomcore.content import Content
from dicomcore.data import Dataset
from dicomcore.errors import CodecUnavailable, CorruptFrame, LimitExceeded, ResourceGone, ResourceNotFound
from dicomcore.instance import Instance
from dicomcore.pictures.kinds import Kind, kind_of
from dicomcore.pictures.renderer import Renderer
from dicomcore.rendering import RenderingOptions, Viewport, draw_card
from dicomcore.source import Source

THUMBNAIL_MEDIA_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
_SIDE = 256
_MODALITY = 0x00080060
_BURNED_IN_ANNOTATION = 0x00280301
_IMAGES = frozenset((Kind.IMAGE, Kind.FRAMES, Kind.VIDEO))
# Kinds from the one that stands best for a study to the one that does worst.
_ORDER = (Kind.IMAGE, Kind.FRAMES, Kind.VIDEO, Kind.SEGMENTATION, Kind.PRESENTATION_STATE, Kind.WAVEFORM, Kind.DOCUMENT)
_WITHOUT_PICTURE = (None, Kind.DOCUMENT, Kind.WAVEFORM)
_NO_PICTURE = (CodecUnavailable, CorruptFrame, LimitExceeded, ResourceGone, ResourceNotFound)


def representative(instances: Sequence[Instance]) -> Instance:
    """The instance that stands for others: the middle one of the best kind there is."""
    for kinds in (_IMAGES, *({kind} for kind in _ORDER)):
        found = [one for one in instances if kind_of(one) in kinds]
        if found:
            return found[len(found) // 2]
    return instances[0]


async def thumbnail(
    renderer: Renderer,
    source: Source,
    instance: Instance,
    media_type: str,
    viewport: Viewport | None = None,
    frame_number: int | None = None,
) -> Content:
    """A small picture of an instance, or of one of its frames, that names nobody."""
    options = RenderingOptions(
        media_type=media_type, quality=80, viewport=viewport or Viewport(_SIDE, _SIDE), is_anonymous=True
    )
    is_marked, title = await instance.made_of_dataset(_known)
    try:
        if kind_of(instance) not in _WITHOUT_PICTURE and not is_marked:
            if frame_number is not None:
                return await renderer.frame(source, instance, frame_number, options)
            return await renderer.instance(source, instance, _still(options))
    except _NO_PICTURE:
        if frame_number is not None:
            raise
    return Content.of([await renderer.workers.run(draw_card, title, options)])


def _still(options: RenderingOptions) -> RenderingOptions:
    """A thumbnail does not move: GIF and WebP show the representative frame, as the others do."""
    return replace(options, is_still=True)


def _known(dataset: Dataset) -> tuple[bool, str]:
    """Whether somebody is named in the pixels, and the modality, if it is one."""
    modality = dataset.text(_MODALITY)
    is_modality = modality.isascii() and modality.isalnum() and len(modality) <= 16
    return dataset.text(_BURNED_IN_ANNOTATION) == "YES", modality if is_modality else ""
