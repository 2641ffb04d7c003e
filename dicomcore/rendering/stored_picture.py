"""Stored JPEG frames that already are the picture: they are answered with as they are.

Most tiles of whole slide images are. To decode and encode them again would cost time and quality, and change nothing
that a request asked for.
"""

from __future__ import annotations

from dicomcore.data import Buffer
from dicomcore.pixels.codecs.jpeg import is_ybr
from dicomcore.pixels.codecs.jpeg_header import JpegHeader, read_jpeg_header
from dicomcore.rendering.description import FrameDescription
from dicomcore.rendering.grey import shows_stored_values
from dicomcore.rendering.icc import embedded_profile
from dicomcore.rendering.options import IccProfile, RenderingOptions

JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
_BASELINE_PROCESS = 0xC0
_PLAIN_COLOURS = frozenset((None, IccProfile.NO))
_COLOURS = frozenset(("RGB", "YBR_FULL", "YBR_FULL_422"))


def stored_picture(
    frame: Buffer, transfer_syntax_uid: str, description: FrameDescription, options: RenderingOptions
) -> bytes | None:
    """Return the stored frame if it is the picture that `render_frame` would make, but for its quality; else None.

    Only the segments before the first scan are looked at. Anonymous pictures are never stored ones: comments in the
    codestream may say anything.
    """
    if transfer_syntax_uid != JPEG_BASELINE or not _is_plain(options) or description.overlays:
        return None
    try:
        header = read_jpeg_header(frame)
        header.check(description.form)
    except ValueError:
        return None
    if header.process != _BASELINE_PROCESS or header.precision != 8:
        return None
    is_shown = _is_plain_grey if len(header.components) == 1 else _is_plain_colour
    return bytes(frame) if is_shown(frame, header, description, options) else None


def _is_plain(options: RenderingOptions) -> bool:
    """Say whether a request leaves everything as it is."""
    return (
        options.media_type == "image/jpeg"
        and options.quality is None
        and options.viewport is None
        and options.region is None
        and options.window is None
        and not options.annotations
        and options.icc_profile in _PLAIN_COLOURS
        and not options.is_anonymous
    )


def _is_plain_grey(frame: Buffer, header: JpegHeader, description: FrameDescription, options: RenderingOptions) -> bool:
    return description.form.photometric_interpretation == "MONOCHROME2" and shows_stored_values(description)


def _is_plain_colour(
    frame: Buffer, header: JpegHeader, description: FrameDescription, options: RenderingOptions
) -> bool:
    """Say whether every reader of JPEG sees the colours that we see, and that they need no conversion to sRGB."""
    if len(header.components) != 3 or description.form.photometric_interpretation not in _COLOURS:
        return False
    if is_ybr(header, description.form) != _looks_like_ybr(header):
        return False
    profile = description.icc_profile or embedded_profile(frame)
    return profile is None if options.icc_profile is None else embedded_profile(frame) is None


def _looks_like_ybr(header: JpegHeader) -> bool:
    """Say whether a reader that has only the codestream takes it for YCbCr, as libjpeg and with it most do."""
    if header.is_jfif:
        return True
    if header.adobe_transform is not None:
        return header.adobe_transform != 0
    return not header.has_rgb_identifiers
