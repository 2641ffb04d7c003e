from __future__ import annotations

import pytest
from report_documents import code, dataset_of, put

from dicomcore.data import new_dataset
from dicomcore.documents.codes import Code, code_of, read_code, read_codes, unit_symbol


@pytest.mark.parametrize(
    ("ucum", "written"),
    [
        ("mm", "mm"),
        ("mm2", "mm²"),
        ("cm3", "cm³"),
        ("Cel", "°C"),
        ("um", "µm"),
        ("[hnsf'U]", "HU"),
        ("mm[Hg]", "mmHg"),
        ("10*-6.mm2/s", "10⁻⁶·mm²/s"),
        ("mL/min/{1.73_m2}", "mL/min/1.73 m2"),
        ("{H.B.}/min", "bpm"),
        ("1/min", "1/min"),
        ("s-1", "s⁻¹"),
        ("dGy.cm2", "dGy·cm²"),
        ("g/ml{SUVbw}", "g/ml SUVbw"),
        ("{pixels}", "pixels"),
        ("{ratio}", ""),
        ("{0:1}", ""),
        ("1", ""),
        ("%", "%"),
        ("cm[H2O]", "cmH₂O"),
    ],
)
def test_a_ucum_unit_is_written_as_people_write_it(ucum: str, written: str) -> None:
    assert unit_symbol(Code(ucum, "UCUM", "whatever")) == written


def test_a_unit_of_another_scheme_is_left_as_it_is() -> None:
    assert unit_symbol(Code("mm2", "99MINE", "square")) == "mm2"
    assert unit_symbol(Code("", "99MINE", "square")) == "square"
    assert unit_symbol(None) == ""


@pytest.mark.parametrize("keyword", ["CodeValue", "LongCodeValue", "URNCodeValue"])
def test_a_code_is_read_from_each_form_of_its_value(keyword: str) -> None:
    item = dataset_of(CodingSchemeDesignator="SCT", CodingSchemeVersion="2024", CodeMeaning="Mass")
    put(item, keyword, "4147007")
    assert code_of(item) == Code("4147007", "SCT", "Mass", "2024")


def test_a_code_without_value_and_meaning_is_none() -> None:
    assert code_of(new_dataset()) is None
    assert read_code(dataset_of(ConceptNameCodeSequence=()), 0x0040A043) is None


def test_all_codes_of_a_sequence_are_read() -> None:
    dataset = dataset_of(PerformedProcedureCodeSequence=[code("A"), new_dataset(), code("B")])
    assert [one.meaning for one in read_codes(dataset, 0x0040A372)] == ["A", "B"]


def test_a_code_is_shown_by_its_meaning_and_else_by_its_value() -> None:
    assert Code("1", "SCT", "Mass").label == "Mass"
    assert Code("1", "SCT", "").label == "1"
    assert Code("1", "SCT", "Mass").triplet == '(1, SCT, "Mass")'
