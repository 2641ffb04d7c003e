import pytest

from app.fhir import terms
from app.fhir.version import Version


def element(vr: str, *values: object) -> dict[str, object]:
    return {"vr": vr, "Value": list(values)}


@pytest.mark.parametrize(
    ("scheme", "system"), [("SCT", "http://snomed.info/sct"), ("LN", "http://loinc.org"), ("99LOCAL", None)]
)
def test_a_code_has_the_system_of_its_scheme(scheme: str, system: str | None) -> None:
    item = {"00080100": element("SH", "1"), "00080102": element("SH", scheme), "00080104": element("LO", "One")}
    concept = terms.coded_concept(item)
    assert concept is not None
    assert (concept["coding"][0].get("system"), concept["coding"][0]["code"], concept["text"]) == (system, "1", "One")


def test_an_item_that_says_nothing_is_left_out() -> None:
    assert terms.coded_concepts({"00081032": {"vr": "SQ", "Value": [{}]}}, 0x00081032) == []


def test_a_modality_that_is_not_told_is_unknown() -> None:
    assert terms.modality("CT")["code"] == "CT"
    assert terms.modality("") == {"system": terms.NULL_FLAVOR, "code": "UNK", "display": "unknown"}


def test_a_sop_class_is_an_oid_with_its_name() -> None:
    assert terms.sop_class("1.2.840.10008.5.1.4.1.1.2")["display"] == "CT Image Storage"
    assert terms.sop_class("1.2.3.99") == {"system": terms.URI, "code": "urn:oid:1.2.3.99"}


@pytest.mark.parametrize(
    ("identifier", "kind", "system"),
    [
        ("1.2.3", "ISO", "urn:oid:1.2.3"),
        ("1.2.3", "", "urn:oid:1.2.3"),
        ("http://hospital.example/ids", "URI", "http://hospital.example/ids"),
        ("hospital.example", "DNS", ""),
        ("not a uri", "URI", ""),
        ("", "ISO", ""),
    ],
)
def test_the_system_of_an_issuer_is_its_universal_id(identifier: str, kind: str, system: str) -> None:
    item = {"00400032": element("UT", identifier), "00400033": element("CS", kind)}
    assert terms.system_of_issuer(item) == system


def test_a_name_of_an_issuer_is_a_system_if_it_is_a_uri_or_an_oid() -> None:
    found = [terms.system_of_name(name) for name in ("1.2.3", "urn:oid:1.2.3", "HOSPITAL", "")]
    assert found == ["urn:oid:1.2.3", "urn:oid:1.2.3", "", ""]


def test_what_is_a_coding_in_r4_is_a_concept_in_r5() -> None:
    assert terms.concept(Version.R4, {"code": "CT"}) == {"code": "CT"}
    assert terms.concept(Version.R5, {"code": "CT"}) == {"coding": [{"code": "CT"}]}


def test_a_laterality_is_a_term_of_snomed() -> None:
    left = terms.laterality("L")
    assert left is not None
    assert left["display"] == "Left"
    assert terms.laterality("U") is None
