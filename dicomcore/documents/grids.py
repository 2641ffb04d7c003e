"""Measurements as tables: which content items stand side by side, and in which columns.

Two rules, which know no template, make tables of what most templates say:

- Numbers that follow each other under one heading make a table with a row each; what qualifies them (method, site,
  derivation) gives the columns. So do echo and dose reports (PS3.16 TID 5200, 10001 ff.).
- Containers of one name that follow each other, have numbers in them and no further headings, make a table with a row
  each; the concept names of what they contain give the columns. So do the measurement groups of TID 1500 and the
  findings of TID 4000.

What has no room as a column, and what is no word (coordinates, references, UIDs), goes to a last column of details. A
table that would have more numbers than columns is none: its rows are laid out one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from dicomcore.documents.codes import unit_symbol
from dicomcore.documents.outline import Cell, Entry, Grid, GridRow, Run, Tone
from dicomcore.documents.values import Axis, Concept, Container, ContentItem, Moment, Number, PersonName, Table, Text

MAX_COLUMNS = 10
"""How many columns a table has at most: more do not fit a page."""

_MODIFIER = "HAS CONCEPT MOD"
_WORDS = (Concept, Moment, PersonName, Text)

MakeEntry: TypeAlias = Callable[[ContentItem, bool], Entry]
"""Lays out an item, with its label or (False) without."""


def is_measurement_row(item: ContentItem) -> bool:
    """Say whether an item can be a row of a table of measurements: a number with nothing of size below it."""
    return isinstance(item.value, Number) and item.name is not None and not _has_headings(item.children)


def is_group_row(item: ContentItem) -> bool:
    """Say whether a container can be a row of a table of groups: numbers below it and no headings."""
    is_container = isinstance(item.value, Container) and item.name is not None
    return is_container and _has_number(item.children) and not _has_headings(item.children)


def _has_number(items: Iterable[ContentItem]) -> bool:
    return any(isinstance(item.value, Number) for item in items)


def _has_headings(items: Sequence[ContentItem]) -> bool:
    """Look all the way down; the depth of a content tree is limited."""
    return any(isinstance(item.value, (Container, Table)) or _has_headings(item.children) for item in items)


def measurement_grid(items: Sequence[ContentItem], entry: MakeEntry) -> Grid | None:
    """Lay out numbers as rows: the name, the value, a column for each modifier, and the rest."""
    modifiers = _names(child for item in items for child in item.children if _is_modifier(child))
    has_rest = any(not _is_modifier(child) for item in items for child in item.children)
    if len(modifiers) + 3 > MAX_COLUMNS:
        return None
    columns = [_heading("Measurement"), _heading("Value"), *modifiers, *([_heading("Details")] if has_rest else [])]
    rows = [_measurement_row(item, modifiers, has_rest, entry) for item in items]
    return Grid(items[0].anchor + ".table", tuple(columns), tuple(rows))


def _measurement_row(item: ContentItem, modifiers: Sequence[Run], has_rest: bool, entry: MakeEntry) -> GridRow:
    bare = _without_children(item)
    name = entry(bare, True).label
    cells = [Cell((Entry("", None, () if name is None else (name,)),)), Cell((entry(bare, False),))]
    cells += [_cell([one for one in item.children if _is_modifier(one)], column, entry) for column in modifiers]
    if has_rest:
        cells.append(Cell(tuple(entry(one, True) for one in item.children if not _is_modifier(one))))
    return GridRow(item.anchor, tuple(cells))


def group_grid(items: Sequence[ContentItem], entry: MakeEntry) -> Grid | None:
    """Lay out containers of one name as rows: a number, a column for each concept name, and the rest as details."""
    columns = _group_columns([child for item in items for child in item.children])
    if columns is None:
        return None
    keys = {(column.text, column.hint) for column in columns}
    rests = [[child for child in item.children if _key(child) not in keys] for item in items]
    rows = tuple(
        GridRow(item.anchor, (_ordinal(at), *(_cell(item.children, column, entry) for column in columns), *rest))
        for at, (item, rest) in enumerate(zip(items, _details(rests, entry), strict=True), 1)
    )
    caption = items[0].name.label if items[0].name else ""
    last = [_heading("Details")] if any(rests) else []
    return Grid(items[0].anchor + ".table", (_heading("No."), *columns, *last), rows, caption)


def _group_columns(children: Sequence[ContentItem]) -> list[Run] | None:
    """Choose the columns: numbers must all be there, then words as room is left; None if there is no room."""
    numbers = {(name.text, name.hint) for name in _names(one for one in children if isinstance(one.value, Number))}
    if len(numbers) > MAX_COLUMNS - 2:
        return None
    words = [name for name in _names(one for one in children if isinstance(one.value, _WORDS))]
    room = MAX_COLUMNS - 2 - len(numbers)
    chosen = numbers | {(name.text, name.hint) for name in words[:room]}
    return [name for name in _names(children) if (name.text, name.hint) in chosen]


def _details(rests: Sequence[Sequence[ContentItem]], entry: MakeEntry) -> list[tuple[Cell, ...]]:
    if not any(rests):
        return [() for _ in rests]
    return [(Cell(tuple(entry(item, True) for item in rest)),) for rest in rests]


def value_grid(item: ContentItem, table: Table) -> Grid:
    """Lay out the value type TABLE; a row or a column that is defined is named."""
    texts = {(row, column): text for row, column, text in table.cells}
    columns = tuple(map(_axis_heading, table.columns))
    has_names = any(axis.name for axis in table.rows)
    rows = []
    for at, axis in enumerate(table.rows):
        name = _axis_heading(axis)
        lines = [(Run(texts.get((at, column), ""), Tone.VALUE),) for column in range(len(table.columns))]
        cells = [Cell((Entry("", None, line),)) for line in ([(name,)] if has_names else []) + lines]
        rows.append(GridRow("", tuple(cells)))
    return Grid(item.anchor + ".table", (*([_heading("")] if has_names else []), *columns), tuple(rows))


def _axis_heading(axis: Axis) -> Run:
    name, symbol = axis.name.label if axis.name else "", unit_symbol(axis.unit)
    return _heading(f"{name} ({symbol})" if symbol else name)


def _is_modifier(item: ContentItem) -> bool:
    return item.relationship == _MODIFIER and item.name is not None and not item.children


def _names(items: Iterable[ContentItem]) -> list[Run]:
    """The concept names of items, each once, in the order of their first appearance."""
    found = dict.fromkeys(_key(item) for item in items if item.name)
    return [Run(label, Tone.LABEL, hint=triplet) for label, triplet in found]


def _cell(items: Iterable[ContentItem], column: Run, entry: MakeEntry) -> Cell:
    return Cell(tuple(entry(item, False) for item in items if _key(item) == (column.text, column.hint)))


def _key(item: ContentItem) -> tuple[str, str]:
    """What tells the column of an item: its concept name, or nothing."""
    return ("", "") if item.name is None else (item.name.label, item.name.triplet)


def _ordinal(number: int) -> Cell:
    return Cell((Entry("", None, (Run(str(number), Tone.LABEL),)),))


def _heading(text: str) -> Run:
    return Run(text, Tone.LABEL)


def _without_children(item: ContentItem) -> ContentItem:
    return ContentItem(item.place, item.relationship, item.value_type, item.name, item.value)
