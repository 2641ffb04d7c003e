"""The outline of a document: what its pages are made of, in words, before any form is chosen.

`layout` makes it of a content tree, `html_page` and `plain_text` write it down. Every value is text that has not been
escaped. A `Run` is a piece of a line; a line is a tuple of runs.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TypeAlias


class Tone(enum.Enum):
    """How a run is said."""

    PLAIN = "plain"
    LABEL = "label"
    VALUE = "value"
    NOTE = "note"
    UID = "uid"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text. ``hint`` explains it (a code), ``link`` leads out of the document, ``target`` to an anchor."""

    text: str
    tone: Tone = Tone.PLAIN
    hint: str = ""
    link: str = ""
    target: str = ""


Line: TypeAlias = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A line with its label, and what belongs to it below; ``relation`` says how to what is above (inferred from)."""

    anchor: str
    label: Run | None
    line: Line
    blocks: tuple[Block, ...] = ()
    relation: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text, made of the items of a container whose content is continuous."""

    anchor: str
    line: Line
    anchors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a grid: entries below each other, and its plain text lines."""

    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row: its anchor and as many cells as there are columns; the first cell names the row."""

    anchor: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with headings."""

    anchor: str
    columns: tuple[Run, ...]
    rows: tuple[GridRow, ...]
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading (None for a container without a name), qualifiers below it, and content."""

    anchor: str
    title: Run | None
    blocks: tuple[Block, ...] = ()


Block: TypeAlias = Entry | Paragraph | Grid | Section


@dataclass(frozen=True, slots=True)
class Facts:
    """A group of the head of the document: a title and lines by label."""

    title: str
    lines: tuple[tuple[str, Line], ...]


@dataclass(frozen=True, slots=True)
class Outline:
    """A whole document. ``state`` is what a reader must see first: complete or not, verified or not."""

    title: str
    kind: str
    state: tuple[tuple[str, bool], ...]
    facts: tuple[Facts, ...]
    body: tuple[Block, ...]
    appendix: tuple[Block, ...] = ()
