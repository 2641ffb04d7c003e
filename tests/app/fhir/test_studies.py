from datetime import UTC, datetime

import pytest
from builders import ct_instance, element, header, sequence

from app.fhir.dicom_values import Json
from app.fhir.imaging_study import Dialect
from app.fhir.search_parameters import parse_study_search
from app.fhir.studies import find_studies, read_study
from app.fhir.version import Version
from dicomcore.archive import Archive
from dicomcore.errors import ResourceNotFound

R4 = Dialect(Version.R4)
ISSUER = element(0x00100021, "LO", "1.2.40")
QUALIFIERS = sequence(0x00100024, element(0x00400032, "UT", "1.2.40") + element(0x00400033, "CS", "ISO"))
OF_ACCESSION = sequence(0x00080051, element(0x00400032, "UT", "1.9") + element(0x00400033, "CS", "ISO"))


def instance(number: int, **attributes: object) -> bytes:
    uid = f"1.2.{number}"
    uids = {"StudyInstanceUID": uid, "SeriesInstanceUID": f"{uid}.1", "SOPInstanceUID": f"{uid}.1.1"}
    return ct_instance(**(uids | attributes))  # type: ignore[arg-type]


def with_before(content: bytes, added: bytes, tag: int, vr: str) -> bytes:
    """Put elements before another one, so that tags stay in order."""
    at = content.index(header(tag, vr, 0)[:6])
    return content[:at] + added + content[at:]


OF_THREE: dict[str, object] = {
    "StudyDate": "20220131",
    "StudyTime": "",
    "AccessionNumber": "1.2.1",
    "PatientID": "PID3",
}
FILES = (
    instance(1, StudyDate="20240131", AccessionNumber="A1"),
    instance(2, StudyDate="20230131", AccessionNumber="A2", Modality="MR", PatientID="PID2"),
    instance(3, **OF_THREE),
    instance(3, SeriesInstanceUID="1.2.3.2", SOPInstanceUID="1.2.3.2.1", Modality="SR", **OF_THREE),
    with_before(instance(4, StudyDate="20210131", AccessionNumber="A4", PatientID="PID4"), ISSUER, 0x00100030, "DA"),
)


async def store(archive: Archive, *files: bytes) -> None:
    for content in files:
        spool = archive.spool()
        spool.write(content)
        assert (await archive.store(spool)).is_stored


async def found(archive: Archive, *pairs: tuple[str, str]) -> tuple[list[str], int]:
    search = parse_study_search(pairs, strict=False, now=datetime(2024, 2, 10))
    answer = await find_studies(archive, search, R4)
    return [one["id"] for one in answer.resources], answer.total


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], ["1.2.1", "1.2.2", "1.2.3", "1.2.4"]),
        ([("identifier", "A1")], ["1.2.1"]),
        ([("identifier", "urn:dicom:uid|urn:oid:1.2.2")], ["1.2.2"]),
        ([("identifier", "1.2.1")], ["1.2.1", "1.2.3"]),
        ([("identifier", "A1,A2")], ["1.2.1", "1.2.2"]),
        ([("patient", "Patient/PID2")], ["1.2.2"]),
        ([("patient", "PID1"), ("identifier", "A2")], []),
        ([("patient.identifier", "urn:oid:1.2.40|PID4")], ["1.2.4"]),
        ([("patient.identifier", "urn:oid:1.2.41|PID4")], []),
        ([("patient.identifier", "|PID3")], ["1.2.3"]),
        ([("modality", "SR")], ["1.2.3"]),
        ([("modality", "CT"), ("modality", "SR")], ["1.2.3"]),
        ([("dicom-class", "urn:oid:1.2.840.10008.5.1.4.1.1.2")], ["1.2.1", "1.2.2", "1.2.3", "1.2.4"]),
        ([("_id", "1.2.4,1.2.9")], ["1.2.4"]),
        ([("started", "2023")], ["1.2.2"]),
        ([("started", "ne2023-01-31")], ["1.2.1", "1.2.3", "1.2.4"]),
        ([("started", "2024-01-31,2022-01-31")], ["1.2.1", "1.2.3"]),
        ([("started", "ge2022"), ("started", "lt2024")], ["1.2.2", "1.2.3"]),
        ([("started", "2024-01-31T10:11:12Z")], ["1.2.1"]),
        ([("started", "gt2024-01-31T10:11:13Z")], []),
        ([("started", "sa2024")], []),
        ([("status", "cancelled")], []),
        ([("identifier", "1.2.1"), ("started", "ne2024-01-31")], ["1.2.3"]),
    ],
)
async def test_studies_are_found(archive: Archive, pairs: list[tuple[str, str]], expected: list[str]) -> None:
    await store(archive, *FILES)
    assert await found(archive, *pairs) == (expected, len(expected))


async def test_a_study_whose_issuer_is_told_twice_is_found_once(archive: Archive) -> None:
    await store(archive, with_before(instance(7, PatientID="PID7"), ISSUER + QUALIFIERS, 0x00100030, "DA"))
    assert await found(archive, ("patient.identifier", "urn:oid:1.2.40|PID7")) == (["1.2.7"], 1)


async def test_pages_follow_each_other_across_ranges(archive: Archive) -> None:
    await store(archive, *FILES)
    pages = [
        await found(archive, ("started", "ne2023-01-31"), ("_count", "2"), ("_offset", offset)) for offset in "024"
    ]
    assert pages == [(["1.2.1", "1.2.3"], 3), (["1.2.4"], 3), ([], 3)]
    assert await found(archive, ("_summary", "count")) == ([], 4)


async def test_the_earliest_come_first_if_it_is_asked_for(archive: Archive) -> None:
    await store(archive, *FILES)
    pages = [
        await found(archive, ("started", "ne2023-01-31"), ("_sort", "started"), ("_count", "2"), ("_offset", offset))
        for offset in "0249"
    ]
    assert pages == [(["1.2.4", "1.2.3"], 3), (["1.2.1"], 3), ([], 3), ([], 3)]
    assert await found(archive, ("_sort", "started")) == (["1.2.4", "1.2.3", "1.2.2", "1.2.1"], 4)


async def test_studies_are_found_by_their_last_change(archive: Archive) -> None:
    await store(archive, *FILES[:2])
    (first, second) = (datetime.fromtimestamp(one.time / 1e6, UTC).isoformat() for one in archive.index.changes())
    await store(archive, instance(1, StudyDate="20240131", AccessionNumber="A1", SOPInstanceUID="1.2.1.1.2"))
    assert await found(archive, ("_lastUpdated", f"gt{second}")) == (["1.2.1"], 1)
    assert await found(archive, ("_lastUpdated", f"le{second}")) == (["1.2.2"], 1)
    assert await found(archive, ("_lastUpdated", f"gt{first}"), ("modality", "MR")) == (["1.2.2"], 1)
    assert await found(archive, ("_lastUpdated", f"ne{second}")) == (["1.2.1"], 1)
    assert await found(archive, ("_lastUpdated", f"eq{second},lt2000")) == (["1.2.2"], 1)
    assert await found(archive, ("_lastUpdated", "gt2020"), ("_lastUpdated", "lt2020")) == ([], 0)
    assert await found(archive, ("_lastUpdated", "ge2020"), ("_count", "0")) == ([], 2)
    assert await found(archive, ("_lastUpdated", "ge2020"), ("identifier", "1.2.1")) == (["1.2.1"], 1)


async def test_series_of_a_page_are_with_their_studies(archive: Archive) -> None:
    await store(archive, *FILES)
    answer = await find_studies(archive, parse_study_search([], strict=False, now=datetime(2024, 1, 1)), R4)
    series: list[list[Json]] = [one["series"] for one in answer.resources]
    assert [[one["uid"] for one in each] for each in series] == [
        ["1.2.1.1"], ["1.2.2.1"], ["1.2.3.1", "1.2.3.2"], ["1.2.4.1"],
    ]  # fmt: skip
    assert "instance" not in series[0][0]


async def test_a_read_gives_the_instances(archive: Archive) -> None:
    await store(archive, *FILES)
    study = await read_study(archive, "1.2.3", {"versionId": "9"}, R4)
    assert [[one["uid"] for one in series["instance"]] for series in study["series"]] == [["1.2.3.1.1"], ["1.2.3.2.1"]]
    assert study["meta"] == {"versionId": "9"}


async def test_what_is_not_there_cannot_be_read(archive: Archive) -> None:
    with pytest.raises(ResourceNotFound):
        await read_study(archive, "1.2.3", {}, R4)


async def test_times_with_an_offset_are_compared_as_moments(archive: Archive) -> None:
    zone = element(0x00080201, "SH", "+0100")
    content = instance(5, StudyDate="20240131", StudyTime="003000")
    await store(archive, with_before(content, zone, 0x00081030, "LO"))
    assert await found(archive, ("started", "ge2024-01-30T23:00:00Z"), ("started", "lt2024-01-31T00:00:00Z")) == (
        ["1.2.5"],
        1,
    )
    assert await found(archive, ("started", "2024-01-31")) == (["1.2.5"], 1)


async def test_an_accession_number_is_found_by_its_issuer(archive: Archive) -> None:
    content = instance(6, AccessionNumber="A6")
    await store(archive, with_before(content, OF_ACCESSION, 0x00080060, "CS"))
    assert await found(archive, ("identifier", "urn:oid:1.9|A6")) == (["1.2.6"], 1)
    assert await found(archive, ("identifier", "urn:oid:1.8|A6")) == ([], 0)
    assert await found(archive, ("identifier", "|A6")) == ([], 0)
