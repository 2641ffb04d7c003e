from __future__ import annotations

from report_documents import code, concept, container, dataset_of, document, item, link, number, text

from dicomcore.data import Dataset
from dicomcore.documents.content_tree import read_content
from dicomcore.documents.layout import Layout, anchors_in
from dicomcore.documents.outline import Block, Entry, Grid, Line, Paragraph, Section
from dicomcore.documents.phrases import Phrases


def blocks(*datasets: Dataset) -> tuple[Block, ...]:
    return Layout(Phrases()).body(read_content(document(*datasets)))


def said(line: Line) -> str:
    return " ".join(run.text for run in line)


def test_containers_are_sections_and_values_entries() -> None:
    section, entry = blocks(container("Findings", text("Finding", "a mass")), text("Conclusion", "benign"))
    assert isinstance(section, Section)
    assert section.title is not None
    assert section.title.text == "Findings"
    assert isinstance(entry, Entry)
    assert said(entry.line) == "benign"


def test_context_comes_before_the_findings() -> None:
    first, second = blocks(text("Finding", "a mass"), text("Observer", "Jane", relationship="HAS OBS CONTEXT"))
    assert isinstance(first, Entry)
    assert isinstance(second, Entry)
    assert (said(first.line), said(second.line)) == ("Jane", "a mass")


def test_numbers_in_a_row_make_a_table_and_a_single_one_does_not() -> None:
    before, grid, after = blocks(
        text("Finding", "a mass"), number("Length", "1", "mm"), number("Width", "2", "mm"), text("Note", "x")
    )
    assert (type(before), type(grid), type(after)) == (Entry, Grid, Entry)
    (single,) = blocks(number("Length", "1", "mm"))
    assert isinstance(single, Entry)


def test_groups_of_one_name_make_a_table() -> None:
    (grid,) = blocks(*[container("Group", number("Length", str(at), "mm")) for at in range(3)])
    assert isinstance(grid, Grid)
    assert (grid.caption, len(grid.rows)) == ("Group", 3)


def test_continuous_text_reads_as_a_paragraph() -> None:
    (section,) = blocks(
        container(
            "Findings",
            text("T", "A mass of"),
            number("Diameter", "3", "cm", concept("Method", "ruler", "HAS CONCEPT MOD")),
            text("T", "was seen."),
            continuity="CONTINUOUS",
        )
    )
    assert isinstance(section, Section)
    (paragraph,) = section.blocks
    assert isinstance(paragraph, Paragraph)
    assert said(paragraph.line) == "A mass of 3\u00a0cm (Method: ruler) was seen."


def test_measurements_that_call_themselves_continuous_are_still_a_table() -> None:
    (section,) = blocks(
        container("M", number("Length", "1", "mm"), number("Width", "2", "mm"), continuity="CONTINUOUS")
    )
    assert isinstance(section, Section)
    assert isinstance(section.blocks[0], Grid)


def test_other_relationships_are_said_in_words() -> None:
    (entry,) = blocks(text("Finding", "a mass", text("Reason", "a shadow", relationship="INFERRED FROM")))
    assert isinstance(entry, Entry)
    (below,) = entry.blocks
    assert isinstance(below, Entry)
    assert below.relation == "inferred from"


def test_a_value_table_is_a_grid_in_a_section() -> None:
    cell = dataset_of(TableRowNumber=1, TableColumnNumber=1, SelectorUCValue="words")
    column = dataset_of(
        TableColumnNumber=1,
        ConceptNameCodeSequence=code("Angle"),
        MeasurementUnitsCodeSequence=code("degree", "deg", "UCUM"),
    )
    table = dataset_of(
        NumberOfTableRows=2, NumberOfTableColumns=1, CellValuesSequence=cell, TableColumnDefinitionSequence=column
    )
    (section,) = blocks(item("TABLE", "Exposures", TabulatedValuesSequence=table))
    assert isinstance(section, Section)
    (grid,) = section.blocks
    assert isinstance(grid, Grid)
    assert grid.columns[0].text == "Angle (°)"
    assert [said(row.cells[0].entries[0].line) for row in grid.rows] == ["words", ""]


def test_every_item_has_an_anchor_wherever_it_stands() -> None:
    laid_out = blocks(
        text("Finding", "a mass", link(1, 2, 1)),
        container("Group", number("Length", "1", "mm"), number("Width", "2", "mm", text("Note", "x"))),
        container("Words", text("T", "a", text("U", "b")), continuity="CONTINUOUS"),
    )
    assert {"1.1", "1.1.1", "1.2", "1.2.1", "1.2.2", "1.2.2.1", "1.3", "1.3.1", "1.3.1.1"} <= anchors_in(laid_out)
