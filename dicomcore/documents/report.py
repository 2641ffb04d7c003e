"""A structured report or key object selection as a whole: its head, its content, and the outline of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomcore.documents.content_tree import read_content
from dicomcore.documents.cover import (
    document_facts,
    document_kind,
    document_state,
    document_title,
    evidence_section,
)
from dicomcore.documents.header import DocumentHeader, read_header
from dicomcore.documents.layout import Layout
from dicomcore.documents.outline import Outline
from dicomcore.documents.phrases import Links, Phrases
from dicomcore.documents.values import ContentItem

if TYPE_CHECKING:
    from dicomcore.data import Dataset


@dataclass(frozen=True, slots=True)
class Report:
    """A document that was read; ``content`` is the root of its content tree."""

    header: DocumentHeader
    content: ContentItem


def read_report(dataset: Dataset) -> Report:
    """Read an SR document or a key object selection (PS3.3 §A.35)."""
    return Report(read_header(dataset), read_content(dataset))


def outline_of(report: Report, links: Links | None = None) -> Outline:
    """Lay a document out; ``links`` gives the URLs of what it refers to."""
    phrases = Phrases(links, report.header.offset, report.content)
    return Outline(
        title=document_title(report.content, report.header),
        kind=document_kind(report.header),
        state=document_state(report.header),
        facts=document_facts(report.header, phrases),
        body=Layout(phrases).body(report.content),
        appendix=evidence_section(report.header, phrases),
    )
