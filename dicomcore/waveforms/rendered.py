"""What can be made of a waveform instance, and the making."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from dicomcore.data import uid_keyword
from dicomcore.errors import NotAcceptable
from dicomcore.rendering.options import RenderingOptions, Viewport
from dicomcore.waveforms.drawing import Page
from dicomcore.waveforms.ecg import ecg_pages, is_electrocardiogram
from dicomcore.waveforms.pdf import pdf_of
from dicomcore.waveforms.raster import encoded_picture, picture_of, resolution_for
from dicomcore.waveforms.reading import read_waveform
from dicomcore.waveforms.strips import strip_pages
from dicomcore.waveforms.svg import svg_of
from dicomcore.waveforms.waveform import Waveform

if TYPE_CHECKING:
    from dicomcore.data import Dataset

WAVEFORM_MEDIA_TYPES = ("image/png", "image/jpeg", "image/svg+xml", "application/pdf")
"""What a waveform can be rendered to, the default first."""
MAX_PAGES = 20
"""How many pages a PDF has at most; pictures show the first page."""

_CLASSES = "1.2.840.10008.5.1.4.1.1.9."
_ECG_CLASSES = "1.2.840.10008.5.1.4.1.1.9.1."


def waveform_media_types(sop_class_uid: str) -> tuple[str, ...]:
    """Return the media types that an instance of this class can be rendered to; () if it is no waveform."""
    is_waveform = sop_class_uid.startswith(_CLASSES) and uid_keyword(sop_class_uid).endswith("WaveformStorage")
    return WAVEFORM_MEDIA_TYPES if is_waveform else ()


def rendered_waveform(dataset: Dataset, media_type: str, options: RenderingOptions) -> bytes:
    """Draw an instance as one of its media types.

    The viewport says how many pixels a picture has; its part that names a region of the source is not looked at, nor
    are windows and profiles: there are no pixels to choose from.
    """
    if media_type not in WAVEFORM_MEDIA_TYPES:
        raise NotAcceptable(f"there is no {media_type} of a waveform", WAVEFORM_MEDIA_TYPES)
    pages = waveform_pages(read_waveform(dataset), is_anonymous=options.is_anonymous)
    if media_type == "application/pdf":
        return pdf_of(list(islice(pages, MAX_PAGES)))
    page = next(pages)
    if media_type == "image/svg+xml":
        return svg_of(page)
    viewport = options.viewport or Viewport()
    resolution = resolution_for(page, viewport.width, viewport.height)
    return encoded_picture(picture_of(page, resolution), media_type, resolution, options.quality)


def waveform_pages(waveform: Waveform, *, is_anonymous: bool = False) -> Iterator[Page]:
    """Lay all groups of a waveform out: electrocardiograms on millimetre paper, everything else in strips."""
    for group in waveform.groups:
        is_ecg = waveform.sop_class_uid.startswith(_ECG_CLASSES) and is_electrocardiogram(group)
        make = ecg_pages if is_ecg else strip_pages
        yield from make(waveform, group, is_anonymous=is_anonymous)
