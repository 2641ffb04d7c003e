from __future__ import annotations

import pytest
from report_documents import code, dataset_of

from dicomcore.data import Dataset
from dicomcore.documents.tables import MAX_CELLS, read_table
from dicomcore.documents.values import Table, Unreadable
from dicomcore.errors import LimitExceeded


def table(rows: int, columns: int, *cells: Dataset, **attributes: object) -> Dataset:
    tabulated = dataset_of(NumberOfTableRows=rows, NumberOfTableColumns=columns, CellValuesSequence=cells, **attributes)
    return dataset_of(ValueType="TABLE", TabulatedValuesSequence=tabulated)


def test_a_cell_with_row_and_column_is_one_cell() -> None:
    found = read_table(table(2, 2, dataset_of(TableRowNumber=2, TableColumnNumber=1, SelectorUCValue="words")))
    assert isinstance(found, Table)
    assert found.cells == ((1, 0, "words"),)


def test_a_row_or_a_column_can_be_given_at_once() -> None:
    row = dataset_of(TableRowNumber=1, SelectorDSValue=("1.5", "2"))
    column = dataset_of(TableColumnNumber=3, SelectorISValue=(7, 8))
    found = read_table(table(2, 3, row, column))
    assert isinstance(found, Table)
    assert found.cells == ((0, 0, "1.5"), (0, 1, "2"), (0, 2, "7"), (1, 2, "8"))


def test_codes_references_and_reasons_are_values() -> None:
    cells = [
        dataset_of(TableRowNumber=1, TableColumnNumber=1, ConceptCodeSequence=code("Mass")),
        dataset_of(TableRowNumber=1, TableColumnNumber=2, ReferencedContentItemIdentifier=(1, 2)),
        dataset_of(TableRowNumber=1, TableColumnNumber=3, NumericValueQualifierCodeSequence=code("Not measured")),
    ]
    found = read_table(table(1, 3, *cells))
    assert isinstance(found, Table)
    assert [text for _, _, text in found.cells] == ["Mass", "see item 1.2", "Not measured"]


def test_definitions_name_rows_and_columns() -> None:
    column = dataset_of(
        TableColumnNumber=2,
        ConceptNameCodeSequence=code("Angle"),
        MeasurementUnitsCodeSequence=code("deg", "deg", "UCUM"),
    )
    found = read_table(table(1, 2, TableColumnDefinitionSequence=column))
    assert isinstance(found, Table)
    assert found.columns[0].name is None
    assert found.columns[1].name is not None
    assert found.columns[1].name.meaning == "Angle"


def test_cells_outside_are_left_out() -> None:
    found = read_table(table(1, 1, dataset_of(TableRowNumber=5, TableColumnNumber=1, SelectorUCValue="lost")))
    assert isinstance(found, Table)
    assert found.cells == ()


def test_a_size_beyond_the_limit_is_refused_before_anything_is_made() -> None:
    with pytest.raises(LimitExceeded, match=str(MAX_CELLS)):
        read_table(table(0xFFFFFFFF, 0xFFFFFFFF))
    with pytest.raises(LimitExceeded):
        read_table(table(0xFFFFFFFF, 0))


def test_a_table_without_values_is_unreadable() -> None:
    assert read_table(dataset_of(ValueType="TABLE")) == Unreadable()
