import pytest

from app.fhir import criteria
from app.fhir.criteria import CRITERIA, Keys
from dicomcore.errors import InvalidParameter
from dicomcore.query import Empty, Literal, UidList


def shown(keys: Keys) -> dict[str, object]:
    return {".".join(f"{tag:08X}" for tag in key.path): key.match for key in keys}


def test_a_study_is_named_by_its_uid_in_several_ways() -> None:
    for value in ("urn:dicom:uid|urn:oid:1.2.3", "urn:dicom:uid|1.2.3", "urn:oid:1.2.3"):
        assert list(map(shown, criteria.identifier("identifier", [value]))) == [{"0020000D": UidList(("1.2.3",))}]


def test_an_identifier_without_a_system_may_be_an_accession_number() -> None:
    assert list(map(shown, criteria.identifier("identifier", ["A1"]))) == [{"00080050": Literal(("A1",))}]
    assert len(criteria.identifier("identifier", ["1.2.3"])) == 2


def test_the_system_of_an_accession_number_is_its_issuer() -> None:
    (issued,) = criteria.identifier("identifier", ["urn:oid:1.9|A1"])
    assert shown(issued) == {
        "00080050": Literal(("A1",)),
        "00080051.00400032": Literal(("urn:oid:1.9", "1.9")),
    }
    (none,) = criteria.identifier("identifier", ["|A1"])
    assert shown(none)["00080051.00400032"] == Empty()


def test_wild_cards_are_text() -> None:
    assert list(map(shown, criteria.identifier("identifier", ["*"]))) == [{"00080050": Literal(("*",))}]
    assert criteria.modality("modality", ["*"]) == []


def test_a_patient_is_matched_by_id_and_issuer() -> None:
    assert list(map(shown, criteria.patient("patient", ["Patient/7", "8"]))) == [{"00100020": Literal(("7", "8"))}]
    by_name, by_qualifier = map(shown, criteria.patient_identifier("patient.identifier", ["urn:oid:1.9|7"]))
    assert by_name["00100021"] == Literal(("urn:oid:1.9", "1.9"))
    assert by_qualifier["00100024.00400032"] == Literal(("urn:oid:1.9", "1.9"))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("modality", "http://dicom.nema.org/resources/ontology/DCM|CT", {"00080061": Literal(("CT",))}),
        ("dicom-class", "urn:oid:1.2.840.1", {"00080062": UidList(("1.2.840.1",))}),
        ("_id", "1.2.3", {"0020000D": UidList(("1.2.3",))}),
        ("status", "available", {}),
        ("endpoint", "Endpoint/dicom-wado-rs", {}),
    ],
)
def test_a_criterion_is_made_of_keys(name: str, value: str, expected: dict[str, object]) -> None:
    assert list(map(shown, CRITERIA[name](name, [value]))) == [expected]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("modality", "http://other.example|CT"),
        ("dicom-class", "CT"),
        ("_id", "not-a-uid"),
        ("status", "cancelled"),
        ("endpoint", "Endpoint/other"),
        ("identifier", "urn:dicom:uid|nonsense"),
    ],
)
def test_what_nothing_can_have_matches_nothing(name: str, value: str) -> None:
    assert CRITERIA[name](name, [value]) == []


def test_a_system_needs_a_value() -> None:
    with pytest.raises(InvalidParameter, match="needs a value"):
        criteria.identifier("identifier", ["urn:dicom:uid|"])
