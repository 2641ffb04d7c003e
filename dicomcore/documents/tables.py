"""The value type TABLE: tabulated values (PS3.3 §C.18.10, Table Content Item Macro).

A cell value with a row and a column is one cell; one with a row alone has the values of the whole row, one with a
column alone those of the whole column. Rows and columns are counted from 1 in the data set and from 0 here. A table
declares its size: it is checked, and a cell outside is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dicomcore.documents.codes import read_code, read_codes
from dicomcore.documents.values import Axis, Table, Unreadable, Value
from dicomcore.errors import LimitExceeded

if TYPE_CHECKING:
    from dicomcore.data import Dataset

MAX_CELLS = 100_000
"""How many cells, empty ones included, a table may have."""

_TABULATED_VALUES = 0x0040A801
_ROW, _COLUMN = 0x0040A804, 0x0040A805
_CONCEPT_NAME, _UNITS, _CONCEPT = 0x0040A043, 0x004008EA, 0x0040A168
_CODE_VALUE = 0x00720080
# The Selector ... Value attributes (PS3.3 Table 10-22) that hold text or numbers.
_SELECTOR_VALUES = (
    *(0x00720000 | element for element in (0x5E, 0x5F, 0x61, 0x62, 0x63, 0x64, 0x66, 0x68, 0x6A, 0x6B, 0x6C, 0x6E)),
    *(
        0x00720000 | element
        for element in (0x6F, 0x70, 0x71, 0x72, 0x74, 0x76, 0x78, 0x7A, 0x7C, 0x7E, 0x7F, 0x82, 0x83)
    ),
    *(0x0040A160, 0x0040A30A, 0x0040A161, 0x0040A120, 0x0040A121, 0x0040A122, 0x0040A123, 0x0040A124),
)


def read_table(dataset: Dataset) -> Value:
    """Read the table of a content item."""
    items = dataset.items(_TABULATED_VALUES)
    if not items:
        return Unreadable()
    table = items[0]
    rows, columns = table.integer(0x0040A802) or 0, table.integer(0x0040A803) or 0
    if rows < 0 or columns < 0 or rows * columns > MAX_CELLS or rows + columns > MAX_CELLS:
        raise LimitExceeded("cells of a table", MAX_CELLS)
    cells = {(row, column): text for row, column, text in _cells(table) if row < rows and column < columns}
    return Table(
        _axes(table, 0x0040A806, _ROW, rows),
        _axes(table, 0x0040A807, _COLUMN, columns),
        tuple((row, column, text) for (row, column), text in sorted(cells.items())),
    )


def _axes(table: Dataset, sequence: int, number: int, length: int) -> tuple[Axis, ...]:
    axes = [Axis()] * length
    for position, item in enumerate(table.items(sequence), 1):
        at = item.integer(number) or position
        if 1 <= at <= length:
            axes[at - 1] = Axis(read_code(item, _CONCEPT_NAME), read_code(item, _UNITS))
    return tuple(axes)


def _cells(table: Dataset) -> Iterator[tuple[int, int, str]]:
    for item in table.items(0x0040A808):
        row, column = item.integer(_ROW), item.integer(_COLUMN)
        texts = _texts(item)
        if row is not None and column is not None:
            yield max(row, 1) - 1, max(column, 1) - 1, ", ".join(texts)
        elif row is not None:
            yield from ((max(row, 1) - 1, at, text) for at, text in enumerate(texts))
        elif column is not None:
            yield from ((at, max(column, 1) - 1, text) for at, text in enumerate(texts))


def _texts(item: Dataset) -> list[str]:
    """Give the values of one item of the Cell Values Sequence as text, whatever their type."""
    codes = read_codes(item, _CONCEPT) or read_codes(item, _CODE_VALUE)
    if codes:
        return [code.label for code in codes]
    texts = next((item.texts(tag) for tag in _SELECTOR_VALUES if tag in item), [])
    target = item.values(0x0040DB73)
    qualifier = read_code(item, 0x0040A301)
    if not texts and target:
        return [f"see item {'.'.join(map(str, target))}"]
    return texts or ([qualifier.label] if qualifier else [])
