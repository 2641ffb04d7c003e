import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from builders import (
    CT_IMAGE_STORAGE,
    DEFLATED_LE,
    EXPLICIT_BE,
    IMPLICIT_LE,
    ct_dataset,
    ct_instance,
    element,
    encapsulated,
    part10,
)
from pynetdicom import AE
from running_provider import AE_TITLE, EXPLICIT, Served, answer, ask, associated, put, run, send, serving, store_request

from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.data import TRANSFER_SYNTAXES, read_file
from dicomcore.errors import StorageFull, StorageUnavailable
from dicomcore.index import DuplicatePolicy, Index
from dicomcore.net.dimse.commands import CStoreRQ, CStoreRSP
from dicomcore.net.ul.items import CommonExtendedNegotiation
from dicomcore.query import Query
from dicomcore.resources import Level, Resource
from dicomcore.scp.acceptance import Admission
from dicomcore.scp.storage import status_of_outcome
from dicomcore.scu.arrivals import Received
from dicomcore.scu.inbox import Inbox
from dicomcore.source import FailureReason, StoreOutcome, WarningReason
from dicomcore.storage import LocalStorage, Spool

CT = CT_IMAGE_STORAGE
INSTANCE = Resource("1.2.3", "1.2.3.1", "1.2.3.4")
PRIVATE = "1.3.6.1.4.1.9999.1"


@pytest.fixture
async def served(archive: Archive) -> AsyncIterator[Served]:
    async with serving(archive) as opened:
        yield opened


async def stored(archive: Archive, resource: Resource = INSTANCE) -> bytes:
    instance = await archive.instance(resource)
    return b"".join([bytes(buffer) async for buffer in await instance.read()])


async def count(archive: Archive) -> int:
    return (await archive.search(Query(Level.INSTANCE))).total


def leftovers(settings: Settings) -> list[Path]:
    return [path for path in (settings.data / "objects").rglob("*") if path.is_file()] + [
        path for path in settings.data.rglob("*") if path.is_file() and "incoming" in path.parts
    ]


async def status(served: Served, content: bytes, uid: str = "1.2.3.4", sop_class: str = CT) -> CStoreRSP:
    """Send a data set as this instance; the response."""
    async with associated(served, sop_class) as connection:
        ((response, _),) = await ask(connection, store_request(sop_class, uid), content)
        assert isinstance(response, CStoreRSP)
        return response


async def test_an_instance_is_kept_byte_for_byte(archive: Archive, served: Served) -> None:
    response = await status(served, ct_dataset())
    assert response == CStoreRSP(
        message_id_being_responded_to=1,
        status=0x0000,
        affected_sop_class_uid=CT,
        affected_sop_instance_uid="1.2.3.4",
    )
    content = await stored(archive)
    assert content.endswith(ct_dataset())
    file_meta = read_file(content).file_meta
    assert [file_meta.text(tag) for tag in (0x00020002, 0x00020003, 0x00020010, 0x00020016)] == [
        CT,
        "1.2.3.4",
        EXPLICIT,
        "TESTER",
    ]


async def test_an_instance_larger_than_memory_allows_is_kept(archive: Archive, served: Served) -> None:
    pixels = bytes(range(256)) * 65_536
    response = await status(served, ct_dataset(Rows=2048, Columns=4096, PixelData=pixels))
    assert response.status == 0x0000
    assert (await stored(archive)).endswith(pixels)


async def test_the_instance_has_to_be_the_one_of_the_command(archive: Archive, served: Served) -> None:
    response = await status(served, ct_dataset(), uid="1.2.3.5")
    assert (response.status, response.offending_element) == (0xA900, (0x00080018,))
    response = await status(served, ct_dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.4"))
    assert (response.status, response.offending_element) == (0xA900, (0x00080016,))
    assert await count(archive) == 0


@pytest.mark.parametrize(
    "content",
    [ct_dataset()[:-5], b"no data set at all, but long enough for one", b"\x08\0\x16\0SQ\0\0\xff\xff\0\0"],
)
async def test_what_cannot_be_read_is_not_understood(archive: Archive, served: Served, content: bytes) -> None:
    assert (await status(served, content)).status & 0xF000 == 0xC000
    assert await count(archive) == 0


@pytest.mark.parametrize("content", [ct_dataset(StudyInstanceUID=None), b""])
async def test_what_lacks_its_uids_does_not_match_its_class(served: Served, content: bytes) -> None:
    assert (await status(served, content)).status == 0xA900


async def test_an_instance_uid_that_is_none_is_refused(served: Served) -> None:
    assert (await status(served, ct_dataset(), uid="not a uid")).status == 0xA900


async def test_a_context_for_storage_is_no_context_for_other_classes(served: Served) -> None:
    async with associated(served, CT) as connection:
        ((response, _),) = await ask(connection, store_request("1.2.840.10008.1.1", "1.2.3.4"), ct_dataset())
        assert response.status == 0x0122


async def test_the_association_goes_on_after_a_refusal(archive: Archive, served: Served) -> None:
    async with associated(served, CT) as connection:
        assert (await ask(connection, store_request(CT, "1.9"), ct_dataset()))[0][0].status == 0xA900
        assert (await ask(connection, store_request("1.2.840.10008.1.1", "1.9"), bytes(3 << 20)))[0][0].status == 0x0122
        assert (await ask(connection, store_request(CT, "1.2.3.4"), ct_dataset()))[0][0].status == 0x0000
    assert await count(archive) == 1


async def test_private_classes_are_stored_when_they_are_declared(archive: Archive, served: Served) -> None:
    declared = (CommonExtendedNegotiation(PRIVATE, "1.2.840.10008.4.2", (CT,)),)
    async with associated(served, PRIVATE, common_extended=declared) as connection:
        content = ct_dataset(SOPClassUID=PRIVATE)
        assert (await ask(connection, store_request(PRIVATE, "1.2.3.4"), content))[0][0].status == 0x0000
    assert (await archive.instance(INSTANCE)).sop_class_uid == PRIVATE


async def test_private_classes_are_stored_by_option(archive: Archive) -> None:
    async with serving(archive, admission=Admission(accepts_unknown_storage=True)) as served:
        response = await status(served, ct_dataset(SOPClassUID=PRIVATE), sop_class=PRIVATE)
        assert response.status == 0x0000


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (StoreOutcome(), 0x0000),
        (StoreOutcome(warning=WarningReason.COERCED), 0xB000),
        (StoreOutcome(warning=WarningReason.ELEMENTS_DISCARDED), 0xB006),
        (StoreOutcome(warning=WarningReason.DATA_SET_DOES_NOT_MATCH_SOP_CLASS), 0xB007),
        (StoreOutcome(failure=FailureReason.OUT_OF_RESOURCES), 0xA700),
        (StoreOutcome(failure=FailureReason.DATA_SET_DOES_NOT_MATCH_SOP_CLASS), 0xA900),
        (StoreOutcome(failure=FailureReason.CANNOT_UNDERSTAND), 0xC000),
        (StoreOutcome(failure=FailureReason.TRANSFER_SYNTAX_NOT_SUPPORTED), 0xC122),
        (StoreOutcome(failure=FailureReason.SOP_CLASS_NOT_SUPPORTED), 0x0122),
        (StoreOutcome(failure=FailureReason.DUPLICATE_SOP_INSTANCE), 0xC111),
        (StoreOutcome(failure=FailureReason.PROCESSING_FAILURE), 0xA700),
    ],
)
def test_outcomes_have_the_statuses_of_the_storage_service(outcome: StoreOutcome, expected: int) -> None:
    assert status_of_outcome(outcome) == expected


async def test_a_version_that_is_not_kept_is_a_warning(settings: Settings) -> None:
    keeping = Archive(LocalStorage(settings.data), Index(settings.database_url), duplicates=DuplicatePolicy.KEEP_FIRST)
    await put(keeping, ct_instance())
    async with serving(keeping) as served:
        response = await status(served, ct_dataset(StudyDescription="Other"))
    keeping.close()
    assert response.status == 0xB006
    assert "another version" in response.error_comment


async def test_a_store_without_data_set_is_refused(archive: Archive, served: Served) -> None:
    request = CStoreRQ(message_id=1, affected_sop_class_uid=CT, affected_sop_instance_uid="1.2.3.4", has_dataset=False)
    async with associated(served, CT) as connection:
        assert (await ask(connection, request))[0][0].status == 0xA900
    assert await count(archive) == 0


class FullSpool:
    """A spool on a volume without room."""

    size = 0
    wants_thread = False

    def __init__(self, spool: Spool, error: Exception) -> None:
        self._spool = spool
        self._error = error

    def write(self, chunk: object) -> None:
        raise self._error

    def close(self) -> None:
        self._spool.close()


class FullArchive:
    """An archive without room."""

    def __init__(self, archive: Archive, error: Exception) -> None:
        self._archive = archive
        self._error = error

    def spool(self) -> FullSpool:
        return FullSpool(self._archive.spool(), self._error)


@pytest.mark.parametrize("error", [StorageFull("no room"), StorageUnavailable("no volume")])
async def test_a_volume_without_room_is_out_of_resources(archive: Archive, error: Exception) -> None:
    async with serving(FullArchive(archive, error)) as served:  # type: ignore[arg-type]
        assert (await status(served, ct_dataset())).status == 0xA700


@pytest.mark.parametrize("size", [1000, 12 << 20])
async def test_an_association_that_drops_leaves_nothing(archive: Archive, settings: Settings, size: int) -> None:
    async with serving(archive) as served:
        async with associated(served, CT) as connection:
            rest = asyncio.Event()

            async def beginning() -> AsyncIterator[bytes]:
                yield ct_dataset(Rows=4096, Columns=4096, PixelData=bytes(size))
                await rest.wait()

            request = store_request(CT, "1.2.3.4")
            sending = asyncio.create_task(connection.send(1, request, beginning()))
            await asyncio.sleep(0.2)
            connection.abort()
            sending.cancel()
            await asyncio.wait([sending])
        while served.listener.associations:
            await asyncio.sleep(0.01)
    assert await count(archive) == 0
    assert leftovers(settings) == []


async def test_several_instances_are_stored_at_once_if_the_window_allows(archive: Archive, served: Served) -> None:
    async with associated(served, CT, asynchronous=(4, 1)) as connection:
        for number in range(1, 13):
            uid = f"1.2.3.{number}"
            await send(connection, store_request(CT, uid, number), ct_dataset(SOPInstanceUID=uid))
        statuses = [(await answer(connection))[0].status for _ in range(12)]
    assert statuses == [0x0000] * 12
    assert await count(archive) == 12


class Kept:
    """Somebody who waits for instances."""

    def __init__(self, status: int = 0x0000) -> None:
        self.instances: list[str] = []
        self._status = status

    async def __call__(self, received: Received) -> int:
        self.instances.append(received.sop_instance_uid)
        received.spool.close()
        return self._status


@pytest.mark.parametrize("originator", ["", AE_TITLE])
async def test_what_a_move_of_ours_asked_for_goes_to_who_waits_for_it(archive: Archive, originator: str) -> None:
    inbox, kept = Inbox(AE_TITLE), Kept(0xB000)
    async with serving(archive, inbox=inbox) as served:
        with inbox.expect("TESTER", Resource("1.2.3"), kept) as expectation:
            request = CStoreRQ(
                message_id=1,
                affected_sop_class_uid=CT,
                affected_sop_instance_uid="1.2.3.4",
                move_originator_application_entity_title=originator,
                move_originator_message_id=expectation.message_id if originator else None,
            )
            async with associated(served, CT) as connection:
                assert (await ask(connection, request, ct_dataset()))[0][0].status == 0xB000
        assert kept.instances == ["1.2.3.4"]
        assert await count(archive) == 0
        assert (await status(served, ct_dataset())).status == 0x0000
        assert await count(archive) == 1


@pytest.mark.parametrize(
    "syntax", [one.uid for one in TRANSFER_SYNTAXES.values() if one.encapsulated and not one.retired]
)
async def test_pynetdicom_stores_compressed_instances(
    archive: Archive, served: Served, syntax: str, tmp_path: Path
) -> None:
    pixels = encapsulated([b"\xff\xd8\xff\xd9"]) if not TRANSFER_SYNTAXES[syntax].video else encapsulated([bytes(4)])
    path = tmp_path / "instance.dcm"
    path.write_bytes(part10(ct_dataset(PixelData=None) + pixels, syntax))
    assert await asyncio.to_thread(pynetdicom_store, served.port, path, syntax) == 0x0000
    assert (await archive.instance(INSTANCE)).transfer_syntax_uid == syntax


def pynetdicom_store(port: int, path: Path, syntax: str) -> int:
    ae = AE("PYNETDICOM")
    ae.add_requested_context(CT, syntax)
    association = ae.associate("127.0.0.1", port, ae_title=AE_TITLE)
    try:
        return int(association.send_c_store(path).Status)
    finally:
        association.release()


@pytest.mark.parametrize("option", ["-x=", "-xe", "-xi", "-xb", "-xd"])
async def test_storescu_stores_whatever_it_proposes(
    archive: Archive, served: Served, option: str, tmp_path: Path
) -> None:
    path = tmp_path / "instance.dcm"
    path.write_bytes(ct_instance())
    await run("storescu", option, *served.peer, str(path))
    found = read_file(await stored(archive)).dataset
    assert bytes(found.raw(0x7FE00010)) == bytes(range(32))


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT_LE, EXPLICIT_BE, DEFLATED_LE])
async def test_an_instance_is_stored_in_every_native_transfer_syntax(
    archive: Archive, served: Served, syntax: str
) -> None:
    content = ct_instance(transfer_syntax=syntax)
    start = len(part10(b"", syntax))
    async with associated(served, (CT, (syntax,))) as connection:
        assert (await ask(connection, store_request(CT, "1.2.3.4"), content[start:]))[0][0].status == 0x0000
    assert (await archive.instance(INSTANCE)).transfer_syntax_uid == syntax


@pytest.mark.parametrize("options", [("-R",), ("+C", "-xs"), ("--max-pdu", "4096"), ("-nh", "-R")])
async def test_storescu_stores_with_its_options(
    archive: Archive, served: Served, options: tuple[str, ...], tmp_path: Path
) -> None:
    for number, sop_class in enumerate((CT, "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.7")):
        content = ct_instance(SOPClassUID=sop_class, SOPInstanceUID=f"1.2.3.{number}")
        (tmp_path / f"{number}.dcm").write_bytes(content)
    await run("storescu", *options, *served.peer, *map(str, sorted(tmp_path.glob("*.dcm"))))
    assert await count(archive) == 3


async def test_dcmsend_stores(archive: Archive, served: Served, tmp_path: Path) -> None:
    for number in range(5):
        content = part10(
            ct_dataset(SOPInstanceUID=f"1.2.3.{number}", extra=element(0x00420010, "ST", "title")),
            sop_instance=f"1.2.3.{number}",
        )
        (tmp_path / f"{number}.dcm").write_bytes(content)
    await run("dcmsend", *served.peer, *map(str, sorted(tmp_path.glob("*.dcm"))))
    assert await count(archive) == 5
