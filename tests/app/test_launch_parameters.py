from zoneinfo import ZoneInfo

import pytest

from app.launch_parameters import LaunchRequest, PatientIdentifier, parse_launch
from dicomcore.errors import InvalidParameter
from dicomcore.query import CombinedRange, Literal, UidList


def launch(query: str) -> LaunchRequest:
    return parse_launch(query.encode())


@pytest.mark.parametrize(
    "query", ["study=1.2,1.3", "studyUID=1.2,1.3", "requestType=STUDY&studyUID=1.2,1.3", "study=1.2,%201.3,1.2"]
)
def test_studies_are_named_in_several_ways(query: str) -> None:
    assert launch(query).study_uids == ("1.2", "1.3")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P1", PatientIdentifier("P1")),
        ("P1%5E%5E%5EHOSP", PatientIdentifier("P1", frozenset(["HOSP"]))),
        ("P1%5E%5E%5E%261.2.40%26ISO", PatientIdentifier("P1", frozenset(["1.2.40"]))),
        ("P1^^^HOSP%261.2.40%26ISO^MR", PatientIdentifier("P1", frozenset(["HOSP", "1.2.40"]))),
    ],
)
def test_a_patient_is_named_with_or_without_an_issuer(text: str, expected: PatientIdentifier) -> None:
    assert launch(f"requestType=PATIENT&patientID={text}").patients == (expected,)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("", "study"),
        ("viewer=ohif", "study"),
        ("requestType=STUDY", "studyUID"),
        ("requestType=STUDY&patientID=P1", "studyUID"),
        ("requestType=PATIENT", "patientID"),
        ("requestType=PATIENT&studyUID=1.2", "patientID"),
        ("requestType=SERIES&studyUID=1.2", "requestType"),
        ("study=x", "studyUID"),
        ("study=1.2&studyUID=1.3", "studyUID"),
        ("study=,", "studyUID"),
        ("patient=%5E%5E%5EHOSP", "patientID"),
        ("patient=P1&mostRecentResults=0", "mostRecentResults"),
        ("patient=P1&mostRecentResults=few", "mostRecentResults"),
        ("patient=P1&lowerDateTime=yesterday", "lowerDateTime"),
        ("patient=P1&lowerDateTime=2024-01-02&upperDateTime=2024-01-01", "lowerDateTime"),
        ("patient=P1&modalitiesInStudy=C*", "modalitiesInStudy"),
        ("patient=P1&patientBirthDate=old", "patientBirthDate"),
        ("patient=P1&diagnosticQuality=maybe", "diagnosticQuality"),
        ("patient=%FF", "query"),
        ("patient=a%00b", "patient"),
        ("study=" + ",".join(f"1.{number}" for number in range(101)), "studyUID"),
    ],
)
def test_what_is_missing_or_cannot_be_is_named(query: str, parameter: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        launch(query)
    assert caught.value.name == parameter


def test_all_that_is_given_must_match() -> None:
    query = launch("study=1.2&accession=A1,*&patient=P1&modalitiesInStudy=CT,MR&lowerDateTime=2024-01-01").query
    assert {f"{key.path[0]:08X}": key.match for key in query.keys} == {
        "0020000D": UidList(("1.2",)),
        "00080050": Literal(("A1", "*")),
        "00100020": Literal(("P1",)),
        "00080061": Literal(("CT", "MR")),
    }
    assert query.combined == (CombinedRange(0x00080020, 0x00080030, "20240101000000.000000", None),)


def test_bounds_with_an_offset_are_moments() -> None:
    asked = launch("patient=P1&lowerDateTime=2024-01-01T12:00:00Z&upperDateTime=2024-01-01T14:00:00%2B01:00")
    assert asked.timezone == "+0000"
    assert asked.started is not None
    assert (asked.started.low, asked.started.high) == ("20240101120000.000000", "20240101130000.999999")
    zoned = parse_launch(b"patient=P1&lowerDateTime=2024-01-01T12:00:00Z", ZoneInfo("Europe/Berlin"))
    assert zoned.started is not None
    assert (zoned.timezone, zoned.started.low) == ("+0100", "20240101130000.000000")


def test_the_rest_is_kept() -> None:
    asked = launch("patient=P1&viewer=x&viewerType=IHE_BIR&source=PACS&mostRecentResults=3&patientBirthDate=1970-01-31")
    assert (asked.viewer, asked.viewer_type, asked.source, asked.most_recent, asked.birth_date) == (
        "x", "IHE_BIR", "PACS", 3, "19700131",
    )  # fmt: skip
