"""ICC profiles: the colour space that a picture leaves in (PS3.3 §C.11.15, PS3.18 §8.3.5.1.5).

What ``iccprofile`` asks for:

====================  ============================================  ======================================
value                 colours                                       embedded profile
====================  ============================================  ======================================
absent                converted to sRGB                             none
``no``                as they are                                   none
``yes``               as they are                                   the one of the image, else sRGB
``srgb`` and others   converted to that space                       the one of that space
====================  ============================================  ======================================

The profile of the image is the ICC Profile attribute of the frame, else one that is embedded in the stored JPEG, else
sRGB. Grey pictures have no colour space and are left alone. A profile that cannot be read is as good as none.
"""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from dicomcore.data import Buffer
from dicomcore.rendering.icc_profiles import COLOUR_SPACES, icc_profile_of
from dicomcore.rendering.options import IccProfile

_KEPT = 16
_APP2 = 0xE2
_START_OF_SCAN = 0xDA
_ICC_MARK = b"ICC_PROFILE\0"


def in_colour_space(
    picture: NDArray[np.uint8], profile: bytes | None, wanted: IccProfile | None
) -> tuple[NDArray[np.uint8], bytes | None]:
    """Convert a picture to the colour space that is wanted; return it with the profile to embed, if any.

    ``profile`` is that of the image. A grey picture is returned as it is, without a profile.
    """
    if picture.ndim == 2 or wanted is IccProfile.NO:
        return picture, None
    if wanted is IccProfile.YES:
        return picture, _own_profile(profile)
    target = wanted or IccProfile.SRGB
    converted = _converted(picture, profile, target)
    return converted, None if wanted is None else icc_profile_of(target)


def _own_profile(profile: bytes | None) -> bytes:
    return profile if profile is not None and _is_rgb(profile) else icc_profile_of(IccProfile.SRGB)


@lru_cache(_KEPT)
def _is_rgb(profile: bytes) -> bool:
    """Say whether these bytes are a profile that describes RGB."""
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space.strip() == "RGB"
    except (OSError, ValueError, ImageCms.PyCMSError):
        return False


def _converted(picture: NDArray[np.uint8], profile: bytes | None, target: IccProfile) -> NDArray[np.uint8]:
    source = profile if profile is not None and _is_rgb(profile) else None
    if source is None and target is IccProfile.SRGB:
        return picture
    transform = _transform(source or icc_profile_of(IccProfile.SRGB), target)
    if transform is None:
        return picture
    image = ImageCms.applyTransform(Image.fromarray(np.ascontiguousarray(picture)), transform)
    return picture if image is None else np.asarray(image)


@lru_cache(_KEPT)
def _transform(source: bytes, target: IccProfile) -> ImageCms.ImageCmsTransform | None:
    """Make a transformation of 8-bit RGB by relative colorimetric intent with black point compensation."""
    try:
        return ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(source)),
            ImageCms.ImageCmsProfile(io.BytesIO(icc_profile_of(target))),
            "RGB",
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (OSError, ValueError, ImageCms.PyCMSError):
        return None


def has_icc_profile(space: IccProfile | None) -> bool:
    """Say whether a picture in this colour space has its profile embedded."""
    return space in COLOUR_SPACES or space is IccProfile.YES


def embedded_profile(frame: Buffer) -> bytes | None:
    """Return the ICC profile in the APP2 segments of a JPEG stream, if there is one (ICC.1:2001-04 §B.4)."""
    view = memoryview(frame)
    if bytes(view[:2]) != b"\xff\xd8":
        return None
    chunks: dict[int, bytes] = {}
    place = 2
    while place + 4 <= len(view) and view[place] == 0xFF and view[place + 1] != _START_OF_SCAN:
        marker = view[place + 1]
        length = int.from_bytes(view[place + 2 : place + 4], "big")
        segment = view[place + 4 : place + 2 + length]
        if marker == _APP2 and bytes(segment[:12]) == _ICC_MARK and len(segment) > 14:
            chunks[segment[12]] = bytes(segment[14:])
        place += 2 + max(length, 2)
    return b"".join(chunks[number] for number in sorted(chunks)) or None
