import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from builders import CT_IMAGE_STORAGE, ct_dataset, ct_instance, encapsulated, part10
from peers import pynetdicom_ae, storescp
from pynetdicom import AE, build_role, evt
from running_provider import AE_TITLE, Served, answer, ask, associated, dataset, put, received, run, send, serving

from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.data import Dataset, read_file
from dicomcore.net.connection import Connection
from dicomcore.net.dimse.commands import CCancelRQ, CGetRQ, CMoveRQ, CStoreRQ, CStoreRSP
from dicomcore.net.ul.items import ExtendedNegotiation, RoleSelection
from dicomcore.nodes import Kind, Node

CT = CT_IMAGE_STORAGE
PATIENT_GET, PATIENT_MOVE = "1.2.840.10008.5.1.4.1.2.1.3", "1.2.840.10008.5.1.4.1.2.1.2"
STUDY_GET, STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.3", "1.2.840.10008.5.1.4.1.2.2.2"
INSTANCE_GET, INSTANCE_MOVE = "1.2.840.10008.5.1.4.1.2.4.3", "1.2.840.10008.5.1.4.1.2.4.2"
METADATA_GET = "1.2.840.10008.5.1.4.1.2.5.3"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
JPEG, RLE = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5"
STUDY = {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "1.2.3"}
RECEIVER = RoleSelection(CT, scu=True, scp=True)
UIDS = ["1.2.3.1", "1.2.3.2", "1.2.3.3"]


@pytest.fixture
async def filled(archive: Archive) -> Archive:
    for number, uid in enumerate(UIDS):
        await put(archive, ct_instance(SOPInstanceUID=uid, InstanceNumber=str(number)))
    return archive


@pytest.fixture
async def served(filled: Archive) -> AsyncIterator[Served]:
    async with serving(filled) as opened:
        yield opened


def response_to(request: CStoreRQ, status: int = 0x0000) -> CStoreRSP:
    return CStoreRSP(
        message_id_being_responded_to=request.message_id,
        status=status,
        affected_sop_class_uid=request.affected_sop_class_uid,
        affected_sop_instance_uid=request.affected_sop_instance_uid,
    )


def counts(response: Any) -> tuple[int | None, ...]:
    """Remaining, completed, failed, warning."""
    return (
        response.number_of_remaining_suboperations,
        response.number_of_completed_suboperations,
        response.number_of_failed_suboperations,
        response.number_of_warning_suboperations,
    )


class Retrieved:
    """What came of a C-GET: the instances, and the responses."""

    def __init__(self, statuses: Sequence[int] = ()) -> None:
        self.statuses = list(statuses)
        self.requests: list[CStoreRQ] = []
        self.datasets: list[Dataset] = []
        self.responses: list[Any] = []
        self.identifier: Dataset | None = None

    async def take_all(self, connection: Connection) -> "Retrieved":
        while not self.responses or self.responses[-1].status == 0xFF00:
            message = await connection.receive()
            assert message is not None
            content = await received(message)
            if isinstance(message.command, CStoreRQ):
                assert content is not None
                self.requests.append(message.command)
                self.datasets.append(content)
                status = self.statuses.pop(0) if self.statuses else 0x0000
                await connection.send(message.context.context_id, response_to(message.command, status))
            else:
                self.responses.append(message.command)
                self.identifier = content
        return self

    @property
    def uids(self) -> list[str]:
        return [one.affected_sop_instance_uid for one in self.requests]


async def get(
    served: Served,
    model: str = STUDY_GET,
    *,
    storage: Sequence[tuple[str, Sequence[str]]] = ((CT, (EXPLICIT,)),),
    statuses: Sequence[int] = (),
    roles: tuple[RoleSelection, ...] = (RECEIVER,),
    agreed: bytes = b"",
    **keys: Any,
) -> Retrieved:
    extended = (ExtendedNegotiation(model, agreed),) if agreed else ()
    async with associated(served, model, *storage, roles=roles, extended=extended) as connection:
        request = CGetRQ(message_id=3, affected_sop_class_uid=model, priority=1)
        await send(connection, request, dataset(**(keys or STUDY)))
        return await Retrieved(statuses).take_all(connection)


async def test_a_study_comes_on_the_association_of_the_request(served: Served) -> None:
    got = await get(served)
    assert got.uids == UIDS
    assert [one.priority for one in got.requests] == [1, 1, 1]
    assert [bytes(one.raw(0x7FE00010)) for one in got.datasets] == [bytes(range(32))] * 3
    assert [one.status for one in got.responses] == [0xFF00, 0xFF00, 0xFF00, 0x0000]
    assert [counts(one) for one in got.responses] == [(2, 1, 0, 0), (1, 2, 0, 0), (0, 3, 0, 0), (None, 3, 0, 0)]
    assert got.identifier is None


@pytest.mark.parametrize(
    ("model", "keys", "expected"),
    [
        (PATIENT_GET, {"QueryRetrieveLevel": "PATIENT", "PatientID": "PID1"}, UIDS),
        (
            STUDY_GET,
            {"QueryRetrieveLevel": "SERIES", "StudyInstanceUID": "1.2.3", "SeriesInstanceUID": ["1.2.3.1", "1.2.9"]},
            UIDS,
        ),
        (
            STUDY_GET,
            {
                "QueryRetrieveLevel": "IMAGE",
                "StudyInstanceUID": "1.2.3",
                "SeriesInstanceUID": "1.2.3.1",
                "SOPInstanceUID": ["1.2.3.3", "1.2.3.1"],
            },
            ["1.2.3.3", "1.2.3.1"],
        ),
        (STUDY_GET, {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "1.2.9"}, []),
        (INSTANCE_GET, {"QueryRetrieveLevel": "IMAGE", "SOPInstanceUID": "1.2.3.2"}, ["1.2.3.2"]),
        (INSTANCE_GET, {"QueryRetrieveLevel": "IMAGE", "SOPInstanceUID": "1.9"}, []),
    ],
)
async def test_every_level_can_be_retrieved(
    served: Served, model: str, keys: dict[str, Any], expected: list[str]
) -> None:
    got = await get(served, model, **keys)
    assert got.uids == expected
    assert got.responses[-1].status == 0x0000
    assert counts(got.responses[-1]) == (None, len(expected), 0, 0)


async def test_relational_retrieval_names_nothing_above(served: Served) -> None:
    got = await get(served, agreed=b"\1", QueryRetrieveLevel="IMAGE", SOPInstanceUID="1.2.3.2")
    assert got.uids == ["1.2.3.2"]


@pytest.mark.parametrize(
    ("model", "keys", "tag"),
    [
        (STUDY_GET, {"QueryRetrieveLevel": "SERIES", "SeriesInstanceUID": "1.2.3.1"}, (0x0020000D,)),
        (STUDY_GET, {"StudyInstanceUID": "1.2.3"}, (0x00080052,)),
        (INSTANCE_GET, {"QueryRetrieveLevel": "IMAGE"}, (0x00080018,)),
        (INSTANCE_GET, {"QueryRetrieveLevel": "IMAGE", "SOPInstanceUID": "no uid"}, ()),
        (
            INSTANCE_GET,
            {"QueryRetrieveLevel": "FRAME", "SOPInstanceUID": "1.2.3.2", "SimpleFrameList": [1, 2]},
            (),
        ),
    ],
)
async def test_identifiers_that_do_not_fit_are_refused(
    served: Served, model: str, keys: dict[str, Any], tag: tuple[int, ...]
) -> None:
    got = await get(served, model, **keys)
    assert [(one.status, one.offending_element) for one in got.responses] == [(0xA900, tag)]


async def test_failures_are_counted_and_listed(served: Served) -> None:
    got = await get(served, statuses=[0x0000, 0xA700, 0xB000])
    assert [counts(one) for one in got.responses] == [(2, 1, 0, 0), (1, 1, 1, 0), (0, 1, 1, 1), (None, 1, 1, 1)]
    assert got.responses[-1].status == 0xB000
    assert got.identifier is not None
    assert got.identifier.texts(0x00080058) == ["1.2.3.2"]


async def test_without_role_selection_all_sub_operations_fail(served: Served) -> None:
    got = await get(served, roles=())
    assert (got.requests, got.responses[-1].status) == ([], 0xA702)
    assert got.identifier is not None
    assert got.identifier.texts(0x00080058) == UIDS


async def test_an_instance_that_is_damaged_fails_alone(filled: Archive, settings: Settings) -> None:
    instances = [path for path in (settings.data / "objects").rglob("*") if path.is_file()]
    content = instances[0].read_bytes()
    instances[0].write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    async with serving(filled) as served:
        got = await get(served)
    assert len(got.uids) == 2
    assert counts(got.responses[-1]) == (None, 2, 1, 0)


async def test_several_sub_operations_are_under_way_if_the_window_allows(served: Served) -> None:
    async with associated(served, STUDY_GET, (CT, (EXPLICIT,)), roles=(RECEIVER,), asynchronous=(1, 3)) as connection:
        await send(connection, CGetRQ(message_id=3, affected_sop_class_uid=STUDY_GET), dataset(**STUDY))
        requests = [(await answer(connection))[0] for _ in range(3)]
        assert {type(one) for one in requests} == {CStoreRQ}
        for one in reversed(requests):
            await connection.send(3, response_to(one))
        got = await Retrieved().take_all(connection)
        assert [counts(one) for one in got.responses] == [(2, 1, 0, 0), (1, 2, 0, 0), (0, 3, 0, 0), (None, 3, 0, 0)]


async def test_a_retrieve_that_is_cancelled_says_what_remains(served: Served) -> None:
    async with associated(served, STUDY_GET, (CT, (EXPLICIT,)), roles=(RECEIVER,)) as connection:
        await send(connection, CGetRQ(message_id=3, affected_sop_class_uid=STUDY_GET), dataset(**STUDY))
        request, _ = await answer(connection)
        await send(connection, CCancelRQ(message_id_being_responded_to=3))
        await connection.send(3, response_to(request))
        got = await Retrieved().take_all(connection)
        assert got.requests == []
        assert got.responses[-1].status == 0xFE00
        assert counts(got.responses[-1]) == (2, 1, 0, 0)


@pytest.mark.parametrize("window", [(1, 1), (1, 2)])
async def test_a_retrieve_ends_with_its_association(served: Served, window: tuple[int, int]) -> None:
    async with associated(served, STUDY_GET, (CT, (EXPLICIT,)), roles=(RECEIVER,), asynchronous=window) as connection:
        await send(connection, CGetRQ(message_id=3, affected_sop_class_uid=STUDY_GET), dataset(**STUDY))
        await answer(connection)
        connection.abort()
    async with asyncio.timeout(20):
        while served.listener.associations:
            await asyncio.sleep(0.01)
    assert served.listener.associations == 0


# One segment, at byte 64, of one run of 16 literal bytes.
FRAME = b"\1\0\0\0\x40\0\0\0" + bytes(56) + b"\x0f" + bytes(range(16)) + b"\0"
COMPRESSED = part10(
    ct_dataset(PixelData=None, BitsAllocated=8, BitsStored=8, HighBit=7) + encapsulated([FRAME]),
    RLE,
)


@pytest.mark.parametrize("offered", [(RLE,), (EXPLICIT,), (IMPLICIT,)])
async def test_an_instance_comes_in_a_transfer_syntax_that_the_peer_takes(
    archive: Archive, offered: tuple[str, ...]
) -> None:
    await put(archive, COMPRESSED)
    async with serving(archive) as served:
        got = await get(served, storage=[(CT, offered)])
    assert [one.status for one in got.responses] == [0xFF00, 0x0000]
    (content,) = got.datasets
    assert bytes(range(16)) in bytes(content.raw(0x7FE00010))
    assert content.explicit == (offered != (IMPLICIT,))


async def test_what_cannot_be_decompressed_fails(archive: Archive) -> None:
    lossy = part10(ct_dataset(PixelData=None) + encapsulated([b"\xff\xd8\xff\xd9"]), JPEG)
    await put(archive, lossy)
    async with serving(archive) as served:
        assert (await get(served)).responses[-1].status == 0xA702
        assert (await get(served, storage=[(CT, (JPEG,))])).responses[-1].status == 0x0000


async def test_instances_come_without_bulk_data(archive: Archive) -> None:
    await put(archive, COMPRESSED)
    async with serving(archive) as served:
        got = await get(served, METADATA_GET, QueryRetrieveLevel="IMAGE", SOPInstanceUID="1.2.3.4")
    (content,) = got.datasets
    assert 0x7FE00010 not in content
    assert content.text(0x00100010) == "Doe^Jane"
    assert got.responses[-1].status == 0x0000


async def test_getscu_gets(served: Served, tmp_path: Path) -> None:
    folder = tmp_path / "received"
    folder.mkdir()
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3")
    await run("getscu", "-S", *keys, "-od", str(folder), *served.peer)
    found = [read_file(path.read_bytes()).dataset.text(0x00080018) for path in folder.iterdir()]
    assert sorted(found) == UIDS


async def test_pynetdicom_gets(served: Served) -> None:
    assert await asyncio.to_thread(pynetdicom_get, served.port) == (UIDS, [0xFF00] * 3 + [0x0000])


def pynetdicom_get(port: int) -> tuple[list[str], list[int]]:
    from pydicom import Dataset as PydicomDataset

    uids: list[str] = []

    def take(event: evt.Event) -> int:
        uids.append(str(event.dataset.SOPInstanceUID))
        return 0x0000

    ae = AE("PYNETDICOM")
    ae.add_requested_context(PATIENT_GET)
    ae.add_requested_context(CT)
    association = ae.associate(
        "127.0.0.1",
        port,
        ae_title=AE_TITLE,
        ext_neg=[build_role(CT, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, take)],
    )
    keys = PydicomDataset()
    keys.QueryRetrieveLevel, keys.PatientID, keys.StudyInstanceUID = "STUDY", "PID1", "1.2.3"
    try:
        return uids, [int(status.Status) for status, _ in association.send_c_get(keys, PATIENT_GET)]
    finally:
        association.release()


async def move(
    served: Served, destination: str, model: str = STUDY_MOVE, **keys: Any
) -> list[tuple[Any, Dataset | None]]:
    async with associated(served, model, calling="MOVER") as connection:
        request = CMoveRQ(message_id=5, affected_sop_class_uid=model, move_destination=destination, priority=2)
        return await ask(connection, request, dataset(**(keys or STUDY)))


async def test_instances_go_to_the_destination_with_their_originator(filled: Archive) -> None:
    requests: list[Any] = []

    def take(event: evt.Event) -> int:
        requests.append(event.request)
        return 0x0000

    with pynetdicom_ae([(evt.EVT_C_STORE, take)], [CT]) as node:
        async with serving(filled, node) as served:
            answers = await move(served, "PEER")
    assert [one.status for one, _ in answers] == [0xFF00, 0xFF00, 0xFF00, 0x0000]
    assert [counts(one) for one, _ in answers] == [(2, 1, 0, 0), (1, 2, 0, 0), (0, 3, 0, 0), (None, 3, 0, 0)]
    assert [str(one.AffectedSOPInstanceUID) for one in requests] == UIDS
    assert {
        (one.MoveOriginatorApplicationEntityTitle, one.MoveOriginatorMessageID, one.Priority) for one in requests
    } == {("MOVER", 5, 2)}


@pytest.mark.parametrize("node", [None, Node("PEER", kind=Kind.DICOMWEB, base_url="http://peer.test")])
async def test_an_unknown_destination_is_refused(filled: Archive, node: Node | None) -> None:
    async with serving(filled, *([node] if node else [])) as served:
        ((response, _),) = await move(served, "PEER")
    assert response.status == 0xA801
    assert "PEER" in response.error_comment


async def test_a_destination_that_cannot_be_reached_fails_everything(filled: Archive) -> None:
    async with serving(filled, Node("PEER", "127.0.0.1", 9, connect_timeout=2)) as served:
        *_, (response, identifier) = await move(served, "PEER")
    assert (response.status, counts(response)) == (0xA702, (None, 0, 3, 0))
    assert identifier is not None
    assert identifier.texts(0x00080058) == UIDS
    assert "reached" in response.error_comment


async def test_failures_at_the_destination_are_counted_and_listed(filled: Archive) -> None:
    statuses = {"1.2.3.1": 0x0000, "1.2.3.2": 0xA700, "1.2.3.3": 0xB000}

    def take(event: evt.Event) -> int:
        return statuses[str(event.dataset.SOPInstanceUID)]

    with pynetdicom_ae([(evt.EVT_C_STORE, take)], [CT]) as node:
        async with serving(filled, node) as served:
            *_, (response, identifier) = await move(served, "PEER")
    assert (response.status, counts(response)) == (0xB000, (None, 1, 1, 1))
    assert identifier is not None
    assert identifier.texts(0x00080058) == ["1.2.3.2"]


async def test_a_move_that_is_cancelled_says_what_remains(filled: Archive) -> None:
    for number in range(4, 40):
        await put(filled, ct_instance(SOPInstanceUID=f"1.2.3.{number}", InstanceNumber=str(number)))
    with pynetdicom_ae([(evt.EVT_C_STORE, lambda _: 0x0000)], [CT]) as node:
        async with serving(filled, node) as served, associated(served, STUDY_MOVE) as connection:
            request = CMoveRQ(message_id=5, affected_sop_class_uid=STUDY_MOVE, move_destination="PEER")
            await send(connection, request, dataset(**STUDY))
            await answer(connection)
            await send(connection, CCancelRQ(message_id_being_responded_to=5))
            got = await Retrieved().take_all(connection)
    remaining, completed, failed, warning = counts(got.responses[-1])
    assert got.responses[-1].status == 0xFE00
    assert remaining is not None
    assert completed is not None
    assert remaining > 0
    assert (remaining + completed, failed, warning) == (39, 0, 0)


async def test_a_move_of_nothing_is_a_success(served: Served, filled: Archive) -> None:
    async with serving(filled, Node("PEER", "127.0.0.1", 9)) as other:
        answers = await move(other, "PEER", QueryRetrieveLevel="STUDY", StudyInstanceUID="1.2.9")
    assert [(one.status, counts(one)) for one, _ in answers] == [(0x0000, (None, 0, 0, 0))]


@pytest.mark.parametrize("option", ["--prefer-uncompr", "--accept-all", "--prefer-lossless", "--implicit"])
async def test_movescu_moves_to_storescp(filled: Archive, tmp_path: Path, option: str) -> None:
    with storescp(tmp_path / "received", option) as program:
        async with serving(filled, program.node) as served:
            keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "StudyInstanceUID=1.2.3")
            said = await run("movescu", "-v", "-S", "-aem", "STORESCP", *keys, *served.peer)
        assert "Success" in said
        found = [read_file(path.read_bytes()).dataset.text(0x00080018) for path in program.files]
    assert sorted(found) == UIDS


async def test_single_instances_move_by_their_uids(filled: Archive, tmp_path: Path) -> None:
    with storescp(tmp_path / "received") as program:
        async with serving(filled, program.node) as served:
            keys = {"QueryRetrieveLevel": "IMAGE", "SOPInstanceUID": ["1.2.3.1", "1.2.3.3"]}
            *_, (response, _) = await move(served, "STORESCP", INSTANCE_MOVE, **keys)
        assert counts(response) == (None, 2, 0, 0)
        assert len(program.files) == 2
