"""What kind of thing an instance is when somebody wants to look at it (PS3.18 Table 8.7.2-1), and in which media types.

The category "Other" of the standard is split into what can be shown nonetheless (presentation states, segmentations,
waveforms) and what cannot, which has no kind.
"""

from __future__ import annotations

import enum
from functools import lru_cache

from dicomcore.data import lookup, uid_keyword
from dicomcore.documents import document_media_types
from dicomcore.errors import ResourceNotFound, UnsupportedSopClass
from dicomcore.instance import Instance
from dicomcore.rendering import MOVING_MEDIA_TYPES, STILL_MEDIA_TYPES, RenderingOptions, can_write
from dicomcore.waveforms import waveform_media_types

_STORAGE = "1.2.840.10008.5.1.4.1.1"
# Those that place images in space (planar MPR, volume rendering) are not shown.
_PRESENTATION_STATES = frozenset(f"{_STORAGE}.11.{last}" for last in (1, 2, 3, 4, 5, 8, 12))
_SEGMENTATIONS = frozenset((f"{_STORAGE}.66.4", f"{_STORAGE}.66.7"))


class Kind(enum.Enum):
    """What an instance is shown as."""

    IMAGE = "single frame image"
    FRAMES = "multi-frame image"
    VIDEO = "video"
    PRESENTATION_STATE = "presentation state"
    SEGMENTATION = "segmentation"
    DOCUMENT = "document"
    WAVEFORM = "waveform"


def kind_of(instance: Instance) -> Kind | None:
    """The kind of an instance; None if there is no picture of it."""
    return _kind_of(instance.sop_class_uid, instance.transfer_syntax_uid, min(instance.number_of_frames, 2))


@lru_cache(maxsize=1024)
def _kind_of(sop_class_uid: str, transfer_syntax_uid: str, frames: int) -> Kind | None:
    """The kind of what has no frames, one, or (2) several."""
    if sop_class_uid in _PRESENTATION_STATES:
        return Kind.PRESENTATION_STATE
    if document_media_types(sop_class_uid):
        return Kind.DOCUMENT
    if waveform_media_types(sop_class_uid):
        return Kind.WAVEFORM
    if not frames:
        return None
    if sop_class_uid in _SEGMENTATIONS:
        return Kind.SEGMENTATION
    syntax = lookup(transfer_syntax_uid)
    if syntax is not None and syntax.video:
        return Kind.VIDEO
    return Kind.IMAGE if frames == 1 else Kind.FRAMES


def no_picture(instance: Instance) -> ResourceNotFound | UnsupportedSopClass:
    """Why there is no picture of an instance: its pixels are missing, or it is nothing to be looked at."""
    if uid_keyword(instance.sop_class_uid).endswith("ImageStorage"):
        return ResourceNotFound(f"usable pixel data of {instance.resource}")
    return UnsupportedSopClass(instance.sop_class_uid)


def media_types_of(instance: Instance) -> tuple[str, ...]:
    """The media types that an instance can be rendered to, the default first; none if there is no picture of it.

    Of several frames the moving ones show all, the others the representative one. A segmentation is shown in one place.
    """
    kind = kind_of(instance)
    if kind is Kind.DOCUMENT:
        return document_media_types(instance.sop_class_uid)
    if kind is Kind.WAVEFORM:
        return waveform_media_types(instance.sop_class_uid)
    if kind is Kind.VIDEO:
        syntax = lookup(instance.transfer_syntax_uid)
        return ((syntax and syntax.media_type) or "video/mp4", *still_media_types())
    still = still_media_types()
    if kind is Kind.FRAMES:
        moving = moving_media_types()
        return (*moving, *(one for one in still if one not in moving))
    return still if kind is not None else ()


def is_moving(instance: Instance, options: RenderingOptions) -> bool:
    """Whether all frames of an instance are shown, one after the other, and not one of them."""
    return options.media_type in MOVING_MEDIA_TYPES and not options.is_still and instance.number_of_frames > 1


def still_media_types() -> tuple[str, ...]:
    """The media types that one frame, or one view of a volume, can be rendered to, the default first."""
    return _writable(STILL_MEDIA_TYPES)


def moving_media_types() -> tuple[str, ...]:
    """The media types that several pictures can be rendered to as one, the default first."""
    return _writable(MOVING_MEDIA_TYPES)


@lru_cache(maxsize=8)
def _writable(media_types: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for one in media_types if can_write(one))
