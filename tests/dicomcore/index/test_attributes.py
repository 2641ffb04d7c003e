import pytest

from dicomcore.data import dictionary
from dicomcore.index.attributes import ATTRIBUTES, OPTIONAL, REQUIRED, RESPONSE, Attribute, column_of, levels_of
from dicomcore.resources import Level

ALL = [attribute for level in Level for attribute in ATTRIBUTES[level].values()]


@pytest.mark.parametrize("attribute", ALL, ids=lambda attribute: f"{attribute.level.name} {attribute.keyword}")
def test_attribute_is_as_in_the_dictionary(attribute: Attribute) -> None:
    assert dictionary.keyword_of(attribute.tag) == attribute.keyword
    assert attribute.vr in dictionary.vrs_of(attribute.tag)


# PS3.18 Tables 10.6.3-3 to 10.6.3-5
@pytest.mark.parametrize(
    ("level", "required"),
    [
        (
            Level.STUDY,
            "00080020 00080030 00080050 00080056 00080061 00080090 00081190 00100010 00100020 00100030 00100040 "
            "0020000D 00200010 00201206 00201208",
        ),
        (Level.SERIES, "00080060 00081190 0020000E 00200011 00201209"),
        (Level.INSTANCE, "00080016 00080018 00080056 00081190 00083002 00200013"),
    ],
)
def test_required_attributes_are_those_of_the_standard(level: Level, required: str) -> None:
    assert " ".join(f"{attribute.tag:08X}" for attribute in REQUIRED[level]) == required


def test_conditional_attributes_are_in_the_response_but_not_required() -> None:
    conditional = {a.keyword for a in RESPONSE[Level.SERIES]} - {a.keyword for a in REQUIRED[Level.SERIES]}
    assert conditional == {
        "TimezoneOffsetFromUTC",
        "SeriesDescription",
        "PerformedProcedureStepStartDate",
        "PerformedProcedureStepStartTime",
        "RequestAttributesSequence",
    }


def test_a_study_has_the_attributes_of_its_patient() -> None:
    assert {"PatientName", "PatientComments"} <= {a.keyword for a in ATTRIBUTES[Level.STUDY].values()}


def test_optional_attributes_are_all_others() -> None:
    assert len(OPTIONAL[Level.SERIES]) + len(REQUIRED[Level.SERIES]) == len(ATTRIBUTES[Level.SERIES])


@pytest.mark.parametrize(
    ("tag", "level", "column"),
    [
        (0x0020000D, Level.STUDY, "study_instance_uid"),
        (0x00100020, Level.PATIENT, "patient_id"),
        (0x00080062, Level.STUDY, "sop_classes_in_study"),
        (0x00080016, Level.INSTANCE, "sop_class_uid"),
        (0x00104000, Level.PATIENT, ""),
        (0x00080060, Level.STUDY, ""),
    ],
)
def test_columns_are_named_by_keyword(tag: int, level: Level, column: str) -> None:
    assert column_of(tag, level) == column


def test_an_attribute_of_no_level_belongs_to_the_instance() -> None:
    assert levels_of(0x00189999) == (Level.INSTANCE,)
    assert levels_of(0x00080201) == (Level.STUDY, Level.SERIES, Level.INSTANCE)
