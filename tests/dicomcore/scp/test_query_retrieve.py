import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from builders import ct_instance
from pynetdicom import AE
from running_provider import AE_TITLE, Served, answer, ask, associated, dataset, put, run, send, serving

from dicomcore.archive import Archive
from dicomcore.data import Dataset
from dicomcore.net.dimse.commands import CCancelRQ, CFindRQ
from dicomcore.net.ul.items import ExtendedNegotiation
from dicomcore.query import Query
from dicomcore.source import Answer

PATIENT_ROOT = "1.2.840.10008.5.1.4.1.2.1.1"
STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.2.1"


@pytest.fixture
async def served(archive: Archive) -> AsyncIterator[Served]:
    await put(
        archive,
        ct_instance(),
        ct_instance(SOPInstanceUID="1.2.3.5", InstanceNumber="8"),
        ct_instance(
            StudyInstanceUID="1.2.4",
            SeriesInstanceUID="1.2.4.1",
            SOPInstanceUID="1.2.4.4",
            PatientID="PID2",
            PatientName="Roe^Richard",
            StudyDate="20240301",
        ),
    )
    async with serving(archive) as opened:
        yield opened


async def find(served: Served, model: str, *, agreed: bytes = b"", **keys: Any) -> list[Dataset]:
    """Find; the identifiers of the responses."""
    extended = (ExtendedNegotiation(model, agreed),) if agreed else ()
    async with associated(served, model, extended=extended) as connection:
        *pending, (last, _) = await ask(
            connection, CFindRQ(message_id=1, affected_sop_class_uid=model), dataset(**keys)
        )
        assert last.status == 0x0000, last
        return [found for _, found in pending if found is not None]


async def failure(served: Served, model: str, **keys: Any) -> tuple[int, tuple[int, ...]]:
    async with associated(served, model) as connection:
        ((last, _),) = await ask(connection, CFindRQ(message_id=1, affected_sop_class_uid=model), dataset(**keys))
        return last.status, last.offending_element


async def test_a_study_is_found_with_what_was_asked_for(served: Served) -> None:
    (found,) = await find(
        served, STUDY_ROOT, QueryRetrieveLevel="STUDY", PatientID="PID1", StudyInstanceUID="", PatientName=""
    )
    assert {element.tag for element in found} - {0x00080005} == {
        0x00080052,
        0x00080054,
        0x00080056,
        0x00100010,
        0x00100020,
        0x0020000D,
    }
    assert [found.text(tag) for tag in (0x00080052, 0x00080054, 0x00080056, 0x00100010, 0x0020000D)] == [
        "STUDY",
        AE_TITLE,
        "ONLINE",
        "Doe^Jane",
        "1.2.3",
    ]


@pytest.mark.parametrize(
    ("keys", "uids"),
    [
        ({"QueryRetrieveLevel": "PATIENT", "PatientID": ""}, ["PID1", "PID2"]),
        ({"QueryRetrieveLevel": "STUDY", "PatientID": "PID2", "StudyInstanceUID": ""}, ["1.2.4"]),
        (
            {"QueryRetrieveLevel": "SERIES", "PatientID": "PID1", "StudyInstanceUID": "1.2.3", "SeriesInstanceUID": ""},
            ["1.2.3.1"],
        ),
        (
            {
                "QueryRetrieveLevel": "IMAGE",
                "PatientID": "PID1",
                "StudyInstanceUID": "1.2.3",
                "SeriesInstanceUID": "1.2.3.1",
                "SOPInstanceUID": "",
            },
            ["1.2.3.4", "1.2.3.5"],
        ),
    ],
)
async def test_every_level_of_the_patient_root_is_searched(
    served: Served, keys: dict[str, Any], uids: list[str]
) -> None:
    tag = {"PATIENT": 0x00100020, "STUDY": 0x0020000D, "SERIES": 0x0020000E, "IMAGE": 0x00080018}
    found = await find(served, PATIENT_ROOT, **keys)
    assert [one.text(tag[keys["QueryRetrieveLevel"]]) for one in found] == uids


async def test_the_unique_keys_above_the_level_are_required(served: Served) -> None:
    status = await failure(served, STUDY_ROOT, QueryRetrieveLevel="SERIES", SeriesInstanceUID="")
    assert status == (0xA900, (0x0020000D,))
    status = await failure(served, STUDY_ROOT, QueryRetrieveLevel="PATIENT", PatientID="")
    assert status == (0xA900, (0x00080052,))


async def test_relational_queries_need_to_be_agreed_on(served: Served) -> None:
    keys = {"QueryRetrieveLevel": "IMAGE", "SOPInstanceUID": "", "StudyDate": "20240301"}
    (found,) = await find(served, STUDY_ROOT, agreed=b"\1", **keys)
    assert found.text(0x00080018) == "1.2.4.4"


async def test_nothing_that_matches_is_a_success(served: Served) -> None:
    assert await find(served, STUDY_ROOT, QueryRetrieveLevel="STUDY", PatientID="NOBODY") == []


async def test_an_optional_key_that_is_not_supported_is_told(served: Served) -> None:
    async with associated(served, STUDY_ROOT) as connection:
        keys = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2.3", SliceThickness="")
        (pending, _), (last, _) = await ask(connection, CFindRQ(message_id=1, affected_sop_class_uid=STUDY_ROOT), keys)
        assert (pending.status, last.status) == (0xFF01, 0x0000)


class ManyStudies:
    """A source of many studies, which remembers in what pages it was asked for them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.pages: list[tuple[int | None, int]] = []

    async def search(self, query: Query) -> Answer:
        self.pages.append((query.limit, query.offset))
        numbers = range(query.offset, min(self.count, query.offset + (query.limit or self.count)))
        objects = [orjson.dumps({"0020000D": {"vr": "UI", "Value": [f"1.2.{number}"]}}) for number in numbers]
        return Answer(objects, self.count)


@pytest.mark.parametrize(("count", "pages"), [(499, 1), (500, 2), (1234, 3)])
async def test_matches_are_read_in_pages(count: int, pages: int) -> None:
    source = ManyStudies(count)
    async with serving(source) as served:  # type: ignore[arg-type]
        found = await find(served, STUDY_ROOT, QueryRetrieveLevel="STUDY", StudyInstanceUID="")
    assert [one.text(0x0020000D) for one in found] == [f"1.2.{number}" for number in range(count)]
    assert source.pages == [(500, 500 * page) for page in range(pages)]


async def test_a_query_that_is_cancelled_ends_early() -> None:
    source = ManyStudies(1_000_000)
    async with serving(source) as served, associated(served, STUDY_ROOT) as connection:  # type: ignore[arg-type]
        keys = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="")
        await send(connection, CFindRQ(message_id=5, affected_sop_class_uid=STUDY_ROOT), keys)
        for _ in range(3):
            assert (await answer(connection))[0].status == 0xFF00
        await send(connection, CCancelRQ(message_id_being_responded_to=5))
        statuses = [0xFF00]
        while statuses[-1] == 0xFF00:
            statuses.append((await answer(connection))[0].status)
        assert statuses[-1] == 0xFE00
        assert len(statuses) < 100_000
        await send(connection, CFindRQ(message_id=5, affected_sop_class_uid=STUDY_ROOT), keys)
        assert (await answer(connection))[0].status == 0xFF00
        connection.abort()


async def test_a_query_ends_with_its_association() -> None:
    source = ManyStudies(1_000_000)
    async with serving(source) as served:  # type: ignore[arg-type]
        async with associated(served, STUDY_ROOT) as connection:
            keys = dataset(QueryRetrieveLevel="STUDY", StudyInstanceUID="")
            await send(connection, CFindRQ(message_id=5, affected_sop_class_uid=STUDY_ROOT), keys)
            await answer(connection)
            connection.abort()
        while served.listener.associations:
            await asyncio.sleep(0.01)
    assert len(source.pages) < 100


@pytest.mark.parametrize(("model", "option"), [(PATIENT_ROOT, "-P"), (STUDY_ROOT, "-S")])
async def test_findscu_finds(served: Served, model: str, option: str) -> None:
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID", "-k", "PatientID=PID1"]
    said = await run("findscu", "-v", option, *keys, *served.peer)
    assert re.findall(r"0020,000d\) UI \[([0-9.]+)\0?\]", said) == ["1.2.3"]


async def test_findscu_cancels(archive: Archive) -> None:
    async with serving(ManyStudies(100_000)) as served:  # type: ignore[arg-type]
        keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID"]
        said = await run("findscu", "-v", "-S", "--cancel", "3", *keys, *served.peer)
    assert "Cancel" in said


async def test_pynetdicom_finds(served: Served) -> None:
    assert await asyncio.to_thread(pynetdicom_find, served.port) == [(0xFF00, "1.2.4"), (0xFF00, "1.2.3"), (0, None)]


def pynetdicom_find(port: int) -> list[tuple[int, str | None]]:
    from pydicom import Dataset as PydicomDataset

    ae = AE("PYNETDICOM")
    ae.add_requested_context(STUDY_ROOT)
    association = ae.associate("127.0.0.1", port, ae_title=AE_TITLE)
    keys = PydicomDataset()
    keys.QueryRetrieveLevel = "STUDY"
    keys.StudyInstanceUID = ""
    try:
        return [
            (int(status.Status), None if found is None else str(found.StudyInstanceUID))
            for status, found in association.send_c_find(keys, STUDY_ROOT)
        ]
    finally:
        association.release()
