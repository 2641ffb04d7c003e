from typing import Any

import pytest
from index_fixtures import fragments

from dicomcore.index.attributes import ABSENT_NUMBER
from dicomcore.index.columns import column, columns, many, name_word_rows, request_rows, split_many
from dicomcore.resources import Level


@pytest.mark.parametrize(
    ("level", "values", "name", "written"),
    [
        (Level.STUDY, {"StudyDate": "20200131"}, "study_date", "20200131"),
        (Level.STUDY, {"StudyDate": "2020.01.31"}, "study_date", "20200131"),
        (Level.STUDY, {"StudyDate": "last week"}, "study_date", "last week"),
        (Level.STUDY, {"StudyTime": "1030"}, "study_time", "103000.000000"),
        (Level.STUDY, {"StudyTime": None}, "study_time", ""),
        (Level.STUDY, {}, "study_time", ""),
        (Level.STUDY, {"AccessionNumber": " A1 "}, "accession_number", "A1"),
        (Level.STUDY, {"AccessionNumber": ["A1", "A2"]}, "accession_number", "A1\\A2"),
        (Level.STUDY, {"PatientID": "a\0b"}, "patient_id", "ab"),
        (Level.STUDY, {"PatientName": "Møller^Änne"}, "patient_name", "Møller^Änne"),
        (Level.STUDY, {"PatientName": "Møller^Änne"}, "patient_name_key", "moller^anne"),
        (Level.SERIES, {"OperatorsName": ["A^B", "C"]}, "operators_name", "\\A^B\\C\\"),
        (Level.SERIES, {"OperatorsName": ["A^B", "C"]}, "operators_name_key", "\\a^b\\c\\"),
        (Level.SERIES, {"OperatorsName": None}, "operators_name_key", ""),
        (Level.INSTANCE, {"InstanceNumber": 7}, "instance_number", 7),
        (Level.INSTANCE, {"InstanceNumber": "007"}, "instance_number", 7),
        (Level.INSTANCE, {"InstanceNumber": 7.0}, "instance_number", 7),
        (Level.INSTANCE, {"InstanceNumber": "seven"}, "instance_number", ABSENT_NUMBER),
        (Level.INSTANCE, {"InstanceNumber": 99_999_999_999}, "instance_number", ABSENT_NUMBER),
        (Level.INSTANCE, {"InstanceNumber": "1e999.0"}, "instance_number", ABSENT_NUMBER),
        (Level.INSTANCE, {}, "rows", ABSENT_NUMBER),
    ],
)
def test_value_is_written_in_its_normal_form(
    level: Level, values: dict[str, Any], name: str, written: str | int
) -> None:
    assert columns(level, fragments(**values))[name] == written


def test_all_groups_of_a_name_are_kept() -> None:
    name = b'"00100010":{"vr":"PN","Value":[{"Alphabetic":"Yamada","Phonetic":"yamada"}]}'
    assert column(Level.PATIENT, 0x00100010, {0x00100010: name}) == "Yamada==yamada"


def test_null_values_are_no_values() -> None:
    assert column(Level.STUDY, 0x00081030, {0x00081030: b'"00081030":{"vr":"LO","Value":[null]}'}) == ""


def test_values_that_are_not_there_in_text_are_none() -> None:
    assert column(Level.STUDY, 0x00081030, {0x00081030: b'"00081030":{"vr":"UN","InlineBinary":"AAA="}'}) == ""


def test_many_values_are_read_as_they_were_written() -> None:
    assert many(["CT", "SR"]) == "\\CT\\SR\\"
    assert split_many("\\CT\\SR\\") == ["CT", "SR"]
    assert split_many(many([])) == []


def test_words_of_names_come_with_their_sound() -> None:
    words = list(name_word_rows(Level.PATIENT, fragments(PatientName="Maier^Anna")))
    assert [(tag, word) for tag, word, _ in words] == [(0x00100010, "anna"), (0x00100010, "maier")]
    assert words[1][2] == next(name_word_rows(Level.PATIENT, fragments(PatientName="Meier")))[2]


def test_request_attributes_are_read_item_by_item() -> None:
    items = [{"00400009": {"vr": "SH", "Value": ["S1"]}}, {"00401001": {"vr": "SH", "Value": ["R2"]}}]
    assert list(request_rows(fragments(RequestAttributesSequence=items))) == [("S1", ""), ("", "R2")]
    assert list(request_rows({})) == []
