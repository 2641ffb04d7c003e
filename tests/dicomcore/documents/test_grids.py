from __future__ import annotations

from report_documents import concept, container, document, image, number, text

from dicomcore.data import Dataset
from dicomcore.documents.content_tree import read_content
from dicomcore.documents.grids import MAX_COLUMNS, group_grid, is_group_row, is_measurement_row, measurement_grid
from dicomcore.documents.outline import Block, Cell, Entry, Grid
from dicomcore.documents.phrases import Phrases, label_of
from dicomcore.documents.values import ContentItem


def entry(item: ContentItem, has_label: bool) -> Entry:
    below: tuple[Block, ...] = tuple(entry(child, True) for child in item.children)
    return Entry(item.anchor, label_of(item.name) if has_label else None, Phrases().of(item.value), below)


def items(*datasets: Dataset) -> tuple[ContentItem, ...]:
    return read_content(document(*datasets)).children


def words(cell: Cell) -> str:
    return "; ".join(" ".join(run.text for run in one.line) for one in cell.entries)


def heads(grid: Grid | None) -> list[str]:
    return [] if grid is None else [column.text for column in grid.columns]


def test_numbers_and_groups_of_numbers_make_rows() -> None:
    single, group, heading, words_only = items(
        number("Length", "1", "mm"),
        container("Group", number("Length", "1", "mm")),
        container("Section", container("Group", number("Length", "1", "mm"))),
        container("Notes", text("Note", "none")),
    )
    assert [is_measurement_row(one) for one in (single, group)] == [True, False]
    assert [is_group_row(one) for one in (single, group, heading, words_only)] == [False, True, False, False]


def test_modifiers_of_numbers_are_columns_and_the_rest_details() -> None:
    grid = measurement_grid(
        items(
            number("Length", "1", "mm", concept("Method", "Ruler", "HAS CONCEPT MOD")),
            number("Width", "2", "mm", image("Source", "9", "INFERRED FROM")),
        ),
        entry,
    )
    assert heads(grid) == ["Measurement", "Value", "Method", "Details"]
    assert grid is not None
    assert [words(cell) for cell in grid.rows[0].cells] == ["Length", "1\u00a0mm", "Ruler", ""]
    assert words(grid.rows[1].cells[3]).startswith("CT Image")


def test_groups_have_a_column_for_each_concept_and_two_values_stand_in_one_cell() -> None:
    grid = group_grid(
        items(
            container("Lesion", text("Name", "one"), number("Length", "1", "mm"), number("Length", "2", "mm")),
            container("Lesion", number("Length", "3", "mm"), concept("Site", "Liver")),
        ),
        entry,
    )
    assert heads(grid) == ["No.", "Name", "Length", "Site"]
    assert grid is not None
    assert [[words(cell) for cell in row.cells] for row in grid.rows] == [
        ["1", "one", "1\u00a0mm; 2\u00a0mm", ""],
        ["2", "", "3\u00a0mm", "Liver"],
    ]


def test_words_that_find_no_column_are_details() -> None:
    many = [text(f"Text {at}", str(at)) for at in range(MAX_COLUMNS)]
    grid = group_grid(items(container("Lesion", number("Length", "1", "mm"), *many)), entry)
    assert len(heads(grid)) == MAX_COLUMNS
    assert heads(grid)[-1] == "Details"
    assert grid is not None
    assert words(grid.rows[0].cells[-1]) == "7; 8; 9"


def test_more_numbers_than_columns_make_no_table() -> None:
    many = [number(f"Number {at}", "1", "mm") for at in range(MAX_COLUMNS)]
    assert group_grid(items(container("Lesion", *many)), entry) is None


def test_more_modifiers_than_columns_make_no_table() -> None:
    many = [concept(f"Modifier {at}", "x", "HAS CONCEPT MOD") for at in range(MAX_COLUMNS)]
    assert measurement_grid(items(number("Length", "1", "mm", *many)), entry) is None
