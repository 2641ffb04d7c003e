from typing import Any
from zoneinfo import ZoneInfo

from app.fhir.imaging_study import Dialect, imaging_study
from app.fhir.version import Version

R4, R5 = Dialect(Version.R4), Dialect(Version.R5)


def element(vr: str, *values: object) -> dict[str, object]:
    return {"vr": vr, "Value": list(values)}


ISSUER = {"00400031": element("UT", "RIS"), "00400032": element("UT", "1.9"), "00400033": element("CS", "ISO")}
PROCEDURE = {"00080100": element("SH", "1"), "00080102": element("SH", "SCT"), "00080104": element("LO", "CT")}
STUDY: dict[str, Any] = {
    "00080020": element("DA", "20240131"),
    "00080030": element("TM", "101112"),
    "00080050": element("SH", "A1"),
    "00080051": element("SQ", ISSUER),
    "00080061": element("CS", "CT", "SR"),
    "00080090": element("PN", {"Alphabetic": "Referrer^Rita"}),
    "00080201": element("SH", "+0100"),
    "00081030": element("LO", "Thorax"),
    "00081032": element("SQ", PROCEDURE),
    "00081060": element("PN", {"Alphabetic": "Reader^Rob"}),
    "00100010": element("PN", {"Alphabetic": "Doe^Jane"}),
    "00100020": element("LO", "PID1"),
    "00100021": element("LO", "HOSPITAL"),
    "0020000D": element("UI", "1.2.3"),
    "00201206": element("IS", 1),
    "00201208": element("IS", 2),
}
SERIES: dict[str, Any] = {
    "00080060": element("CS", "CT"),
    "0008103E": element("LO", "Axial"),
    "00081070": element("PN", {"Alphabetic": "Operator^Olga"}),
    "00180015": element("CS", "CHEST"),
    "0020000E": element("UI", "1.2.3.1"),
    "00200011": element("IS", 4),
    "00200060": element("CS", "L"),
    "00201209": element("IS", 2),
}
INSTANCE: dict[str, Any] = {
    "00080016": element("UI", "1.2.840.10008.5.1.4.1.1.88.11"),
    "00080018": element("UI", "1.2.3.4"),
    "00200013": element("IS", 1),
    "0040A043": element("SQ", {"00080104": element("LO", "Radiology Report")}),
}


def test_identifiers_are_the_uid_and_the_accession_number_with_its_issuer() -> None:
    uid, accession = imaging_study(STUDY, [], R4)["identifier"]
    assert (uid["system"], uid["value"]) == ("urn:dicom:uid", "urn:oid:1.2.3")
    assert (accession["system"], accession["value"], accession["assigner"]) == ("urn:oid:1.9", "A1", {"display": "RIS"})
    assert accession["type"]["coding"][0]["code"] == "ACSN"


def test_the_subject_is_told_by_identifier_and_name() -> None:
    subject = imaging_study(STUDY, [], R4)["subject"]
    assert (subject["display"], subject["identifier"]["value"]) == ("Jane Doe", "PID1")
    assert subject["identifier"]["assigner"] == {"display": "HOSPITAL"}
    assert "reference" not in subject


def test_an_issuer_that_is_an_oid_is_the_system_of_the_patient_id() -> None:
    issued = STUDY | {"00100021": element("LO", "1.2.40")}
    assert imaging_study(issued, [], R5)["subject"]["identifier"]["system"] == "urn:oid:1.2.40"


def test_a_study_of_nobody_has_a_subject_all_the_same() -> None:
    assert imaging_study({"0020000D": element("UI", "1.2.3")}, [], R5)["subject"]["display"] == "Unknown"


def test_the_start_has_the_offset_of_the_study_or_of_the_settings() -> None:
    assert imaging_study(STUDY, [], R4)["started"] == "2024-01-31T10:11:12+01:00"
    without = {tag: value for tag, value in STUDY.items() if tag != "00080201"}
    assert imaging_study(without, [], R4)["started"] == "2024-01-31"
    zoned = Dialect(Version.R4, ZoneInfo("America/New_York"))
    assert imaging_study(without, [], zoned)["started"] == "2024-01-31T10:11:12-05:00"


def test_what_versions_call_otherwise_is_told_as_each_has_it() -> None:
    r4, r5 = (imaging_study(STUDY, [SERIES], dialect) for dialect in (R4, R5))
    assert [one["code"] for one in r4["modality"]] == ["CT", "SR"]
    assert [one["coding"][0]["code"] for one in r5["modality"]] == ["CT", "SR"]
    assert r4["procedureCode"][0]["text"] == r5["procedure"][0]["concept"]["text"] == "CT"
    assert r4["interpreter"] == [{"type": "Practitioner", "display": "Rob Reader"}]
    assert "interpreter" not in r5
    assert (r4["series"][0]["bodySite"], r5["series"][0]["bodySite"]) == (
        {"display": "CHEST"},
        {"concept": {"text": "CHEST"}},
    )
    assert r4["series"][0]["laterality"] == r5["series"][0]["laterality"]["coding"][0]


def test_series_have_instances_where_they_are_asked_for() -> None:
    assert "instance" not in imaging_study(STUDY, [SERIES], R4)["series"][0]
    (series,) = imaging_study(STUDY, [SERIES], R4, {"1.2.3.1": [INSTANCE]})["series"]
    (instance,) = series["instance"]
    assert (instance["uid"], instance["number"], instance["title"]) == ("1.2.3.4", 1, "Radiology Report")
    assert instance["sopClass"]["code"] == "urn:oid:1.2.840.10008.5.1.4.1.1.88.11"


def test_numbers_that_fhir_cannot_have_are_left_out() -> None:
    (series,) = imaging_study(STUDY, [SERIES | {"00200011": element("IS", -1)}], R4)["series"]
    assert "number" not in series


def test_the_revision_is_the_version_id() -> None:
    assert imaging_study(STUDY, [], R4, meta={"versionId": "7"})["meta"] == {"versionId": "7"}
    assert "meta" not in imaging_study(STUDY, [], R4)
