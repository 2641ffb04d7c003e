"""Lay out a document: its content tree becomes sections, entries, running text and tables (`outline`).

The template plays no part, so that a report of any template reads well enough (PS3.16). The context in which something
was observed comes before it; relationships other than containing and qualifying are said in words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from dicomcore.documents.codes import Code
from dicomcore.documents.grids import (
    group_grid,
    is_group_row,
    is_measurement_row,
    measurement_grid,
    value_grid,
)
from dicomcore.documents.outline import Block, Entry, Grid, Line, Paragraph, Run, Section, Tone
from dicomcore.documents.phrases import Phrases, label_of
from dicomcore.documents.values import Concept, Container, ContentItem, Link, Moment, Number, PersonName, Table, Text

_RELATIONS = {
    "INFERRED FROM": "inferred from",
    "SELECTED FROM": "selected from",
    "HAS PROPERTIES": "with the property",
}
_SPOKEN = (Concept, Container, Link, Moment, Number, PersonName, Text)
# Who, what and how stand before the findings, whatever their order in the document.
_CONTEXT = ("HAS OBS CONTEXT", "HAS ACQ CONTEXT", "HAS CONCEPT MOD")


class Layout:
    """Lays out the items of one document."""

    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases

    def body(self, root: ContentItem) -> tuple[Block, ...]:
        """Lay out everything below the root, whose concept name is the title of the document."""
        return self._content(root)

    def _content(self, item: ContentItem) -> tuple[Block, ...]:
        context = [child for child in item.children if child.relationship in _CONTEXT]
        others = [child for child in item.children if child.relationship not in _CONTEXT]
        said = (*map(self._block, context),)
        if _is_running_text(item, others):
            return (*said, *self._running_text(others))
        return (*said, *self._blocks(others))

    def _blocks(self, items: Sequence[ContentItem]) -> tuple[Block, ...]:
        """Lay out items one after the other, those that make a table together."""
        blocks: list[Block] = []
        for _, group in groupby(items, _table_key):
            together = list(group)
            grid = self._grid(together)
            blocks += [grid] if grid is not None else map(self._block, together)
        return tuple(blocks)

    def _grid(self, items: Sequence[ContentItem]) -> Grid | None:
        if len(items) < 2:
            return None
        make = measurement_grid if isinstance(items[0].value, Number) else group_grid
        return make(items, self._entry)

    def _block(self, item: ContentItem) -> Block:
        if isinstance(item.value, Container):
            return Section(item.anchor, label_of(item.name), self._content(item))
        if isinstance(item.value, Table):
            grid = value_grid(item, item.value)
            return Section(item.anchor, label_of(item.name), (grid, *self._content(item)))
        return self._entry(item, True)

    def _entry(self, item: ContentItem, has_label: bool) -> Entry:
        label = label_of(item.name) if has_label else None
        line = self._phrases.of(item.value)
        if item.observed_at:
            line = (*line, Run(f"observed {self._phrases.moment(item.observed_at)}", Tone.NOTE))
        return Entry(item.anchor, label, line, self._content(item), _RELATIONS.get(item.relationship, ""))

    def _running_text(self, items: Sequence[ContentItem]) -> Iterable[Block]:
        """Join what has no headings to paragraphs; modifiers follow their word in parentheses."""
        for is_heading, group in groupby(items, lambda item: isinstance(item.value, (Container, Table))):
            together = list(group)
            if is_heading:
                yield from self._blocks(together)
            else:
                anchors = tuple(anchor for item in together for anchor in _anchors(item))
                yield Paragraph(anchors[0], tuple(run for item in together for run in self._spoken(item)), anchors)

    def _spoken(self, item: ContentItem) -> Line:
        name = "" if item.name is None else item.name.label
        words = [replace(run, hint=run.hint or name) for run in self._phrases.of(item.value)]
        asides = [self._aside(child) for child in item.children]
        return (*words, *(run for aside in asides for run in aside))

    def _aside(self, item: ContentItem) -> Line:
        """Put a modifier of spoken text, and all below it, into parentheses."""
        label = () if item.name is None else (Run(f"{item.name.label}:", Tone.NOTE, hint=item.name.triplet),)
        below = [run for child in item.children for run in self._aside(child)]
        return _in_parentheses((*label, *self._phrases.of(item.value), *below))


def _in_parentheses(line: Line) -> Line:
    if not line:
        return ()
    opened = (replace(line[0], text=f"({line[0].text}"), *line[1:])
    return (*opened[:-1], replace(opened[-1], text=f"{opened[-1].text})"))


def _is_running_text(item: ContentItem, contained: Sequence[ContentItem]) -> bool:
    """Say whether a container reads as running text: it says so, holds only words, and more than half of it is text.

    There is software that calls every container continuous, measurements and key images and all.
    """
    texts = sum(isinstance(one.value, Text) for one in contained)
    is_continuous = isinstance(item.value, Container) and item.value.is_continuous
    return is_continuous and len(contained) < 2 * texts and all(isinstance(one.value, _SPOKEN) for one in contained)


def _anchors(item: ContentItem) -> Iterator[str]:
    yield item.anchor
    for child in item.children:
        yield from _anchors(child)


def _table_key(item: ContentItem) -> tuple[str, str, Code | None] | tuple[str, tuple[int, ...]]:
    """Items with the same key stand in one table; what stands in none has a key of its own."""
    if is_measurement_row(item):
        return ("measurement", item.relationship, None)
    if is_group_row(item):
        return ("group", item.relationship, item.name)
    return ("", item.place)


def anchors_in(blocks: Iterable[Block]) -> set[str]:
    """Return every anchor that a document has, to link only to what is there."""
    found: set[str] = set()
    for block in blocks:
        found.add(block.anchor)
        if isinstance(block, Paragraph):
            found.update(block.anchors)
        elif isinstance(block, Grid):
            for row in block.rows:
                found.add(row.anchor)
                found |= anchors_in(entry for cell in row.cells for entry in cell.entries)
        else:
            found |= anchors_in(block.blocks)
    return found
