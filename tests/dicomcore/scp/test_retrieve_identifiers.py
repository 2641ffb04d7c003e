"""Identifiers of C-MOVE and C-GET as resources (PS3.4 §C.4.2.1.4)."""

import pytest
from builders import EXPLICIT_LE, ct_instance, element

from dicomcore.archive import Archive
from dicomcore.data import Dataset, read_dataset, transfer_syntax
from dicomcore.errors import AttributeMismatch, DicomError, MissingAttribute
from dicomcore.net.dimse.status import Service, status_of
from dicomcore.query import Literal, MatchingKey, Query, UidList
from dicomcore.resources import Level, Resource
from dicomcore.scp.acceptance import PATIENT_ROOT_MOVE, STUDY_ROOT_GET, STUDY_ROOT_MOVE
from dicomcore.scp.retrieve_identifiers import RetrieveRequest, read_retrieve_identifier, resources_of

RELATIONAL = b"\1"
PATIENT_ID, STUDY_UID, SERIES_UID, INSTANCE_UID = 0x00100020, 0x0020000D, 0x0020000E, 0x00080018


def identifier(level: str, **keys: str) -> Dataset:
    """``identifier("SERIES", study="1.2", series="1.2.3")``."""
    tags = {"instance": INSTANCE_UID, "patient": PATIENT_ID, "study": STUDY_UID, "series": SERIES_UID}
    vrs = {PATIENT_ID: "LO"}
    pieces = [element(tag, vrs.get(tag, "UI"), keys[name]) for name, tag in tags.items() if name in keys]
    return read_dataset(
        b"".join(sorted([element(0x00080052, "CS", level), *pieces], key=lambda one: (one[:2][::-1], one[2:4][::-1]))),
        transfer_syntax(EXPLICIT_LE),
    )


async def store(archive: Archive, *uids: tuple[str, str, str], patient: str = "PID1") -> None:
    for study, series, instance in uids:
        spool = archive.spool()
        spool.write(
            ct_instance(StudyInstanceUID=study, SeriesInstanceUID=series, SOPInstanceUID=instance, PatientID=patient)
        )
        assert (await archive.store(spool)).is_stored


@pytest.mark.parametrize(
    ("level", "keys", "resources"),
    [
        ("STUDY", {"study": "1.2"}, [Resource("1.2")]),
        ("STUDY", {"study": "1.2\\1.3\\1.2"}, [Resource("1.2"), Resource("1.3")]),
        ("SERIES", {"study": "1.2", "series": "1.2.1"}, [Resource("1.2", "1.2.1")]),
        (
            "IMAGE",
            {"study": "1.2", "series": "1.2.1", "instance": "1.2.1.1\\1.2.1.2"},
            [Resource("1.2", "1.2.1", "1.2.1.1"), Resource("1.2", "1.2.1", "1.2.1.2")],
        ),
        ("STUDY", {"study": "1.2", "series": "1.2.1", "patient": "PID1"}, [Resource("1.2")]),
    ],
)
def test_unique_keys_name_resources(level: str, keys: dict[str, str], resources: list[Resource]) -> None:
    request = read_retrieve_identifier(identifier(level, **keys), STUDY_ROOT_MOVE)
    assert request == RetrieveRequest(request.level, tuple(resources))


def test_a_list_of_instances_may_be_long() -> None:
    uids = [f"1.2.1.{number}" for number in range(3_000)]
    asked = identifier("IMAGE", study="1.2", series="1.2.1", instance="\\".join(uids))
    assert len(read_retrieve_identifier(asked, STUDY_ROOT_GET).resources) == 3_000


def test_a_patient_is_searched_for_by_studies() -> None:
    request = read_retrieve_identifier(identifier("PATIENT", patient="PID1"), PATIENT_ROOT_MOVE)
    key = MatchingKey((PATIENT_ID,), "LO", Literal(("PID1",)))
    assert request == RetrieveRequest(Level.PATIENT, queries=(Query(Level.STUDY, keys=(key,)),))


def test_many_uids_are_searched_for_a_few_at_a_time() -> None:
    asked = identifier("STUDY", patient="PID1", study="\\".join(f"1.2.{number}" for number in range(1_200)))
    queries = read_retrieve_identifier(asked, PATIENT_ROOT_MOVE).queries
    lists = [key.match.uids for query in queries for key in query.keys if isinstance(key.match, UidList)]
    assert [len(uids) for uids in lists] == [500, 500, 200]


@pytest.mark.parametrize(
    ("model", "level", "keys", "tag"),
    [
        (STUDY_ROOT_MOVE, "", {}, 0x00080052),
        (STUDY_ROOT_MOVE, "PATIENT", {"patient": "PID1"}, 0x00080052),
        (STUDY_ROOT_MOVE, "FRAME", {"instance": "1.2"}, 0x00080052),
        (STUDY_ROOT_MOVE, "STUDY", {}, STUDY_UID),
        (STUDY_ROOT_MOVE, "STUDY", {"study": ""}, STUDY_UID),
        (STUDY_ROOT_MOVE, "STUDY", {"study": "1.2.*"}, STUDY_UID),
        (STUDY_ROOT_MOVE, "SERIES", {"series": "1.2.1"}, STUDY_UID),
        (STUDY_ROOT_MOVE, "SERIES", {"study": "1.2\\1.3", "series": "1.2.1"}, STUDY_UID),
        (STUDY_ROOT_MOVE, "IMAGE", {"study": "1.2", "series": "1.2.1"}, INSTANCE_UID),
        (PATIENT_ROOT_MOVE, "PATIENT", {}, PATIENT_ID),
        (PATIENT_ROOT_MOVE, "PATIENT", {"patient": "PID*"}, PATIENT_ID),
        (PATIENT_ROOT_MOVE, "PATIENT", {"patient": "PID1\\PID2"}, PATIENT_ID),
        (PATIENT_ROOT_MOVE, "STUDY", {"study": "1.2"}, PATIENT_ID),
    ],
)
def test_an_identifier_that_does_not_fit_is_a900_and_names_the_attribute(
    model: str, level: str, keys: dict[str, str], tag: int
) -> None:
    with pytest.raises(DicomError) as caught:
        read_retrieve_identifier(identifier(level, **keys), model)
    assert isinstance(caught.value, MissingAttribute | AttributeMismatch)
    assert caught.value.tag == tag
    assert status_of(caught.value, Service.MOVE) == 0xA900


async def test_what_is_named_completely_is_not_searched_for(archive: Archive) -> None:
    asked = identifier("STUDY", study="1.2")
    assert await resources_of(asked, STUDY_ROOT_MOVE, b"", archive) == [Resource("1.2")]


async def test_the_studies_of_a_patient_are_found(archive: Archive) -> None:
    await store(archive, ("1.2", "1.2.1", "1.2.1.1"), ("1.3", "1.3.1", "1.3.1.1"))
    await store(archive, ("1.4", "1.4.1", "1.4.1.1"), patient="PID2")
    asked = identifier("PATIENT", patient="PID1")
    assert set(await resources_of(asked, PATIENT_ROOT_MOVE, b"", archive)) == {Resource("1.2"), Resource("1.3")}


async def test_a_study_of_another_patient_is_not_found(archive: Archive) -> None:
    await store(archive, ("1.2", "1.2.1", "1.2.1.1"))
    asked = identifier("STUDY", patient="PID2", study="1.2")
    assert await resources_of(asked, PATIENT_ROOT_MOVE, b"", archive) == []


async def test_a_series_of_a_patient_is_found(archive: Archive) -> None:
    await store(archive, ("1.2", "1.2.1", "1.2.1.1"), ("1.2", "1.2.2", "1.2.2.1"))
    asked = identifier("SERIES", patient="PID1", study="1.2", series="1.2.2")
    assert await resources_of(asked, PATIENT_ROOT_MOVE, b"", archive) == [Resource("1.2", "1.2.2")]


async def test_relational_retrieval_finds_what_is_above(archive: Archive) -> None:
    await store(archive, ("1.2", "1.2.1", "1.2.1.1"), ("1.3", "1.3.1", "1.3.1.1"))
    asked = identifier("IMAGE", instance="1.3.1.1\\1.2.1.1\\1.9")
    found = await resources_of(asked, STUDY_ROOT_GET, RELATIONAL, archive)
    assert set(found) == {Resource("1.2", "1.2.1", "1.2.1.1"), Resource("1.3", "1.3.1", "1.3.1.1")}


async def test_more_than_a_page_is_found(archive: Archive) -> None:
    await store(archive, *((f"1.2.{number}", f"1.2.{number}.1", f"1.2.{number}.1.1") for number in range(501)))
    asked = identifier("PATIENT", patient="PID1")
    assert len(set(await resources_of(asked, PATIENT_ROOT_MOVE, b"", archive))) == 501
