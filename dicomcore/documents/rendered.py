"""What can be made of a document, and the making (PS3.18 §8.7.4, Text category)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dicomcore.data import uid_keyword
from dicomcore.documents.content_xml import content_xml
from dicomcore.documents.encapsulated import ENCAPSULATED_MEDIA_TYPES, encapsulated_document
from dicomcore.documents.html_page import html_page
from dicomcore.documents.phrases import Links
from dicomcore.documents.plain_text import plain_text
from dicomcore.documents.report import Report, outline_of, read_report
from dicomcore.errors import NotAcceptable

if TYPE_CHECKING:
    from dicomcore.data import Dataset

_SR_CLASSES = "1.2.840.10008.5.1.4.1.1.88."
_WRITERS: dict[str, Callable[[Report, Links | None], bytes]] = {
    "text/html": lambda report, links: html_page(outline_of(report, links)),
    "text/plain": lambda report, links: plain_text(outline_of(report, links)),
    "text/xml": content_xml,
}


def document_media_types(sop_class_uid: str) -> tuple[str, ...]:
    """Return the media types that an instance of this class can be rendered to, the default first; () for no document.

    A class that is not registered but lies among the SR classes counts as one; the retired trial classes do not: their
    content is of another kind.
    """
    if sop_class_uid in ENCAPSULATED_MEDIA_TYPES:
        return (ENCAPSULATED_MEDIA_TYPES[sop_class_uid],)
    is_report = sop_class_uid.startswith(_SR_CLASSES) and not uid_keyword(sop_class_uid).endswith("Trial")
    return tuple(_WRITERS) if is_report else ()


def is_written_here(sop_class_uid: str) -> bool:
    """Say whether the text of a document is ours, in UTF-8; an encapsulated one says itself how it is encoded."""
    return sop_class_uid not in ENCAPSULATED_MEDIA_TYPES


def rendered_document(dataset: Dataset, media_type: str, links: Links | None = None) -> bytes:
    """Render an instance to one of its media types; text is in UTF-8.

    ``links`` gives the URL of an instance that the document refers to, None where there is none. Raises
    `NotAcceptable` for a media type that is none of the instance's.
    """
    sop_class_uid = dataset.text(0x00080016)
    available = document_media_types(sop_class_uid)
    if media_type not in available:
        raise NotAcceptable(f"there is no {media_type} of SOP Class {sop_class_uid}", available)
    if sop_class_uid in ENCAPSULATED_MEDIA_TYPES:
        return bytes(encapsulated_document(dataset))
    return _WRITERS[media_type](read_report(dataset), links)
