"""An outline as plain text: indented by two spaces a level, wrapped at 100 columns, lines ended by line feeds.

Tables are written as tables where they fit, else row by row with the headings as labels. Control characters other than
line breaks become U+FFFD, so that no terminal obeys what a stored object says.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator

from dicomcore.documents.outline import (
    Block,
    Cell,
    Entry,
    Facts,
    Grid,
    GridRow,
    Line,
    Outline,
    Paragraph,
    Section,
    Tone,
)
from dicomcore.documents.wording import lines_of

WIDTH = 100
"""How many columns a line has at most; a word that is longer is not broken."""

_INDENT = "  "
_MAX_INDENT = 40
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def plain_text(outline: Outline) -> bytes:
    """Write an outline as text in UTF-8."""
    lines = [*_head(outline), "", *_blocks(outline.body, 0)]
    for section in outline.appendix:
        lines += ["", *_block(section, 0)]
    text = "\n".join(_collapsed(lines)) + "\n"
    return text.encode("utf-8", "replace")


def _head(outline: Outline) -> Iterator[str]:
    title = _clean(outline.title)
    yield title
    yield "=" * min(_columns(title), WIDTH)
    yield " | ".join(_clean(words) for words in (outline.kind, *(words for words, _ in outline.state)))
    for facts in outline.facts:
        yield ""
        yield from _facts(facts)


def _facts(facts: Facts) -> Iterator[str]:
    yield facts.title
    width = max(_columns(label) for label, _ in facts.lines) + 2
    for label, line in facts.lines:
        yield from _wrapped(_words(line), 1, first=f"{_clean(label)}:".ljust(width), hang=" " * width)


def _blocks(blocks: Iterable[Block], level: int) -> Iterator[str]:
    for block in blocks:
        yield from _block(block, level)


def _block(block: Block, level: int) -> Iterator[str]:
    if isinstance(block, Section):
        yield from _section(block, level)
    elif isinstance(block, Grid):
        yield from _grid(block, level)
    elif isinstance(block, Paragraph):
        yield from ("", *_wrapped(_words(block.line), level), "")
    else:
        yield from _entry(block, level)


def _section(section: Section, level: int) -> Iterator[str]:
    if section.title is None:
        yield from _blocks(section.blocks, level)
        return
    title = _clean(section.title.text)
    yield from ("", _margin(level) + title, _margin(level) + "-" * min(_columns(title), WIDTH))
    yield from _blocks(section.blocks, level + 1)


def _entry(entry: Entry, level: int) -> Iterator[str]:
    label = "" if entry.label is None else f"{entry.label.text}:"
    first = " ".join(_clean(word) for word in (entry.relation, label) if word)
    yield from _wrapped(_words(entry.line), level, first=f"{first} " if first else "", hang=_INDENT)
    yield from _blocks(entry.blocks, level + 1)


def _grid(grid: Grid, level: int) -> Iterator[str]:
    """Write a table: in columns if all cells are single lines that fit, else a paragraph for each row.

    Cells with something below their lines are not tried: tables may stand in tables, and each is written once.
    """
    yield ""
    if grid.caption:
        yield _margin(level) + _clean(grid.caption)
    heads = [_clean(column.text) for column in grid.columns]
    table = list(_columned(heads, grid, WIDTH - len(_margin(level))))
    if table:
        yield from (_margin(level) + line for line in table)
    else:
        for row in grid.rows:
            yield from _row(heads, row, level)
    yield ""


def _columned(heads: list[str], grid: Grid, room: int) -> Iterator[str]:
    """Yield the lines of a table in columns; none if it does not fit."""
    if any(entry.blocks for row in grid.rows for cell in row.cells for entry in cell.entries):
        return
    rows = [[_cell_text(cell) for cell in row.cells] for row in grid.rows]
    widths = [max(map(_columns, column)) for column in zip(heads, *rows, strict=True)]
    if sum(widths) + len(_INDENT) * len(widths) > room or any("\n" in cell for row in rows for cell in row):
        return
    for line in (heads, ["-" * width for width in widths], *rows):
        yield _INDENT.join(map(_padded, line, widths)).rstrip()


def _row(heads: list[str], row: GridRow, level: int) -> Iterator[str]:
    """Write a row that is too wide: its first cell as a heading, the others by their column."""
    name = _cell_text(row.cells[0]).replace("\n", " ")
    yield _margin(level) + (f"{heads[0]} {name}" if name.isdecimal() else name)
    for head, cell in zip(heads[1:], row.cells[1:], strict=True):
        for entry in cell.entries:
            has_label = entry.label is not None
            yield from _entry(entry, level + 1) if has_label else _labelled(head, entry, level + 1)


def _labelled(head: str, entry: Entry, level: int) -> Iterator[str]:
    yield from _wrapped(_words(entry.line), level, first=f"{head}: " if head else "", hang=_INDENT)
    yield from _blocks(entry.blocks, level + 1)


def _cell_text(cell: Cell) -> str:
    return "\n".join(line for entry in cell.entries for line in _entry(entry, 0))


def _words(line: Line) -> str:
    """Join the runs of a line; what is missing is said in brackets, a link is written out."""
    return " ".join(_clean(f"[{run.text}]" if run.tone is Tone.MISSING else run.text) for run in line)


def _wrapped(text: str, level: int, first: str = "", hang: str = "") -> Iterator[str]:
    """Wrap text to the width; its own line breaks stay."""
    margin = _margin(level)
    for number, line in enumerate(lines_of(text) or [""]):
        start, after = (margin + first if number == 0 else margin + hang), margin + hang
        wrapper = textwrap.TextWrapper(
            WIDTH, initial_indent=start, subsequent_indent=after, break_long_words=False, break_on_hyphens=False
        )
        yield from wrapper.wrap(line) or [start.rstrip()]


def _margin(level: int) -> str:
    return (_INDENT * level)[:_MAX_INDENT]


def _clean(text: str) -> str:
    return _CONTROL.sub("\ufffd", "\n".join(lines_of(text))).replace("\u00a0", " ")


def _columns(text: str) -> int:
    """Count the columns that a terminal gives to text: two for a wide character."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _columns(text))


def _collapsed(lines: Iterable[str]) -> Iterator[str]:
    """Leave one empty line where there are several."""
    before = ""
    for line in lines:
        if line or before:
            yield line
        before = line
