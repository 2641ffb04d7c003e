from __future__ import annotations

from itertools import pairwise

from report_documents import container, document, item, number, text

from dicomcore.data import Dataset
from dicomcore.documents.plain_text import WIDTH, plain_text
from dicomcore.documents.report import outline_of, read_report


def written(dataset: Dataset) -> list[str]:
    return plain_text(outline_of(read_report(dataset))).decode().splitlines()


def test_title_state_and_patient_come_first() -> None:
    lines = written(document(title="CT report", PatientName="Doe^John", CompletionFlag="COMPLETE"))
    assert lines[:6] == [
        "CT report",
        "=========",
        "Comprehensive SR | Complete",
        "",
        "Patient",
        "  Name: Doe, John",
    ]


def test_sections_are_underlined_and_indented() -> None:
    lines = written(document(container("Findings", text("Lung", "clear"))))
    at = lines.index("Findings")
    assert lines[at : at + 3] == ["Findings", "--------", "  Lung: clear"]


def test_long_text_is_wrapped_and_hangs() -> None:
    lines = written(document(text("Finding", "word " * 60)))
    assert max(map(len, lines)) <= WIDTH
    assert any(line.startswith("  word") for line in lines)


def test_a_word_longer_than_the_line_is_not_broken() -> None:
    assert "x" * 150 in "\n".join(written(document(text("Finding", "x" * 150))))


def test_measurements_stand_in_columns() -> None:
    lines = written(document(number("Length", "12.5", "mm"), number("Area", "3", "mm2")))
    at = lines.index("Measurement  Value")
    assert lines[at : at + 4] == [
        "Measurement  Value",
        "-----------  -------",
        "Length       12.5 mm",
        "Area         3 mm²",
    ]


def test_columns_count_wide_letters_as_two() -> None:
    lines = written(document(number("長さ", "1", "mm"), number("A", "2", "mm")))
    assert "長さ         1 mm" in lines


def test_a_table_that_is_too_wide_is_written_row_by_row() -> None:
    lines = written(document(*[container("Lesion", number("L", "1", "mm"), text("Note", "n" * 90)) for _ in range(2)]))
    at = lines.index("No. 1")
    assert lines[at + 1] == "  L: 1 mm"


def test_control_characters_do_not_reach_a_terminal() -> None:
    lines = written(document(text("Finding", "red\x1b[31m\x07"), item("PNAME", "P", PersonName="\u202eevil")))
    assert not {"\x1b", "\x07", "\u202e"} & set("".join(lines))


def test_no_two_empty_lines_follow_each_other() -> None:
    lines = written(document(container("A"), container("B"), container("C", number("L", "1", "mm"))))
    assert not any(one == two == "" for one, two in pairwise(lines))


def test_tables_in_tables_are_each_written_once() -> None:
    deep = number("End", "1", "mm")
    for _ in range(40):
        deep = number("N", "1", "mm", deep, number("M", "2", "mm"), relationship="HAS PROPERTIES")
    assert len(written(document(deep, number("Q", "1", "mm")))) < 1000


def test_a_measurement_in_a_wide_table_is_named_without_its_column() -> None:
    lines = written(document(number("Length", "1", "mm", text("Note", "n" * 99)), number("Width", "2", "mm")))
    at = lines.index("Length")
    assert lines[at + 1] == "  Value: 1 mm"
