"""What a request for a rendered image may choose (PS3.18 §8.3.5.1): values, already checked."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class VoiFunction(enum.Enum):
    """VOI LUT Function (PS3.3 §C.11.2.1.2), by the words of the ``window`` parameter."""

    LINEAR = "linear"
    LINEAR_EXACT = "linear-exact"
    SIGMOID = "sigmoid"


@dataclass(frozen=True, slots=True)
class Window:
    """Window Center and Window Width, in the units that the modality transformation gives."""

    center: float
    width: float
    function: VoiFunction = VoiFunction.LINEAR


@dataclass(frozen=True, slots=True)
class Viewport:
    """The box, in pixels, that the picture is scaled to fit in, and the part of the image that is shown.

    ``width`` or ``height`` is None where only the other limits (WADO-URI ``rows`` alone). The part is ``x``, ``y``,
    ``source_width``, ``source_height`` in image pixels; None reaches to the edge; a negative width flips the picture
    horizontally, a negative height vertically.
    """

    width: int | None = None
    height: int | None = None
    x: float = 0.0
    y: float = 0.0
    source_width: float | None = None
    source_height: float | None = None


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the picture as fractions of its width and height (WADO-URI ``region``), cut before the viewport."""

    left: float
    top: float
    right: float
    bottom: float


class Annotation(enum.Enum):
    """What is burned into the picture, last (PS3.18 §8.3.5.1.1)."""

    PATIENT = "patient"
    TECHNIQUE = "technique"


class IccProfile(enum.Enum):
    """Which colour space the picture leaves in, and whether its profile goes with it (PS3.18 §8.3.5.1.5)."""

    NO = "no"
    YES = "yes"
    SRGB = "srgb"
    ADOBE_RGB = "adobergb"
    ROMM_RGB = "rommrgb"
    DISPLAY_P3 = "displayp3"


@dataclass(frozen=True, slots=True)
class RenderingOptions:
    """How a picture is made. ``quality`` (1 to 100) matters to lossy media types only.

    ``icc_profile`` None is the default of the server: colours converted to sRGB where the image has a profile, no
    profile embedded. ``is_anonymous`` keeps everything that names a person out of the picture: annotations, the
    graphics and text of presentation states (thumbnails). ``is_still`` asks for one frame where the media type could
    show all of them.
    """

    media_type: str = "image/jpeg"
    quality: int | None = None
    window: Window | None = None
    viewport: Viewport | None = None
    region: Region | None = None
    annotations: frozenset[Annotation] = frozenset()
    icc_profile: IccProfile | None = None
    is_anonymous: bool = False
    is_still: bool = False
