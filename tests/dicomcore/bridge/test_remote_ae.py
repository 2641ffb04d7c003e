import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from builders import (
    CT_IMAGE_STORAGE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    JPEG_BASELINE,
    ct_elements,
    ct_instance,
    element,
    encapsulated,
    part10,
)
from peers import dcmqrscp, pynetdicom_ae, storescp
from pydicom import Dataset as PydicomDataset
from pydicom import dcmread
from pydicom.filebase import DicomBytesIO
from pynetdicom import evt
from running_provider import serving

from app.parameters import parse_search
from dicomcore.archive import Archive
from dicomcore.bridge.remote_ae import RemoteAE, failure_of
from dicomcore.data import PLACEHOLDER, read_file
from dicomcore.errors import (
    AssociationRejected,
    DimseFailure,
    MissingAttribute,
    NetworkError,
    PeerUnreachable,
    ResourceNotFound,
)
from dicomcore.nodes import Node, Retrieve
from dicomcore.query import ARCHIVE
from dicomcore.resources import Level, Resource
from dicomcore.scu.inbox import Inbox
from dicomcore.scu.pool import Pool
from dicomcore.source import Answer, FailureReason, StoreOutcome, WarningReason
from dicomcore.threads import Threads

STUDY = Resource("1.2.3")
FIND, GET, MOVE = (f"1.2.840.10008.5.1.4.1.2.2.{last}" for last in (1, 3, 2))
VERIFICATION = "1.2.840.10008.1.1"
LITTLE = (EXPLICIT_LE, IMPLICIT_LE)


def slices(number: int) -> list[bytes]:
    return [ct_instance(SOPInstanceUID=f"1.2.3.4.{n}", InstanceNumber=str(n)) for n in range(number)]


@asynccontextmanager
async def remote(node: Node, inbox: Inbox | None = None) -> AsyncIterator[RemoteAE]:
    pool, threads = Pool("ISOCENTER"), Threads()
    try:
        yield RemoteAE(node, pool, inbox or Inbox("ISOCENTER"), threads)
    finally:
        await pool.close()
        threads.close()


async def search(ae: RemoteAE, text: str = "", level: Level = Level.STUDY, resource: Resource = ARCHIVE) -> Answer:
    return await ae.search(parse_search(text, level, resource).query)


async def fetched(ae: RemoteAE, archive: Archive, resource: Resource = STUDY) -> list[bytes]:
    found = []
    async for spool in ae.fetch(resource, archive.spool):
        found.append(bytes(spool.view()))
        spool.close()
    return found


async def stored(ae: RemoteAE, archive: Archive, content: bytes) -> StoreOutcome:
    spool = archive.spool()
    spool.write(content)
    try:
        return await ae.store(spool)
    finally:
        spool.close()


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[Node]:
    with dcmqrscp(tmp_path / "qr", slices(5)) as program:
        yield program.node


class TestSearch:
    async def test_dcmtk_finds_studies_with_what_qido_requires(self, pacs: Node) -> None:
        async with remote(pacs) as ae:
            (found,) = (await search(ae, "PatientName=Doe*")).objects
        parsed = orjson.loads(found.replace(PLACEHOLDER, b""))
        assert parsed["00201206"]["Value"] == [1]
        assert parsed["00201208"]["Value"] == [5]
        assert parsed["00080061"]["Value"] == ["CT"]
        assert parsed["00080054"]["Value"] == ["QRSCP"]

    async def test_dcmtk_finds_nothing(self, pacs: Node) -> None:
        async with remote(pacs) as ae:
            assert (await search(ae, "PatientID=9")).objects == []

    async def test_dcmtk_finds_all_instances(self, pacs: Node) -> None:
        async with remote(pacs) as ae:
            assert len((await search(ae, "", Level.INSTANCE)).objects) == 5

    async def test_dcmtk_finds_patients(self, pacs: Node) -> None:
        async with remote(pacs) as ae:
            (found,) = (await search(ae, "", Level.PATIENT)).objects
        assert orjson.loads(found)["00100020"]["Value"] == ["PID1"]

    async def test_pages_use_one_association(self, pacs: Node) -> None:
        async with remote(pacs) as ae:
            pages = [
                await search(ae, f"limit=2&offset={offset}", Level.INSTANCE, Resource("1.2.3", "1.2.3.1"))
                for offset in (0, 2, 4)
            ]
            assert [len(page.objects) for page in pages] == [2, 2, 1]
            assert ae._pool.open_associations == 1

    async def test_a_failure_is_told(self) -> None:
        def refuse(event: Any) -> Iterator[tuple[int, None]]:
            yield 0xA700, None

        with pynetdicom_ae([(evt.EVT_C_FIND, refuse)], [FIND]) as node:
            async with remote(node) as ae:
                with pytest.raises(DimseFailure, match="A700"):
                    await search(ae)

    async def test_nobody_there_is_told(self) -> None:
        async with remote(Node("GONE", "127.0.0.1", 1)) as ae:
            with pytest.raises(PeerUnreachable):
                await search(ae)


class TestNegotiation:
    @asynccontextmanager
    async def asked(self, answer: bytes | None) -> AsyncIterator[tuple[RemoteAE, list[Any]]]:
        """An archive that answers extended negotiation so, and what it is asked."""
        seen: list[Any] = []

        def extended(event: Any) -> dict[str, bytes]:
            seen.append(event.app_info[FIND])
            return {} if answer is None else {FIND: answer}

        def found(event: Any) -> Iterator[tuple[int, Any]]:
            seen.append(event.identifier)
            dataset = PydicomDataset()
            dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", "1.2.3.1"
            dataset.StudyDate, dataset.StudyTime, dataset.NumberOfSeriesRelatedInstances = "20240102", "0900", 1
            dataset.NumberOfStudyRelatedInstances = dataset.NumberOfStudyRelatedSeries = 1
            dataset.ModalitiesInStudy = "CT"
            yield 0xFF00, dataset

        handlers = [(evt.EVT_SOP_EXTENDED, extended), (evt.EVT_C_FIND, found)]
        with pynetdicom_ae(handlers, [FIND]) as node:
            async with remote(node) as ae:
                yield ae, seen

    async def test_relational_queries_are_asked_at_once_if_agreed(self) -> None:
        async with self.asked(b"\1") as (ae, seen):
            assert len((await search(ae, "", Level.SERIES)).objects) == 1
        assert [one.QueryRetrieveLevel for one in seen[1:]] == ["SERIES"]

    async def test_without_an_answer_levels_are_walked(self) -> None:
        async with self.asked(None) as (ae, seen):
            await search(ae, "", Level.SERIES)
        assert [one.QueryRetrieveLevel for one in seen[1:]] == ["STUDY", "SERIES"]

    async def test_moments_are_sent_as_agreed(self) -> None:
        text = "StudyDate=20240101-20240103&StudyTime=1000-1100"
        async with self.asked(b"\0\1") as (ae, seen):
            assert len((await search(ae, text)).objects) == 1
        assert seen[0] == b"\1\1\0\0\0\0\0"
        assert seen[1].StudyTime == "100000-110059.999999"

    async def test_moments_are_matched_here_if_not_agreed(self) -> None:
        text = "StudyDate=20240102-20240103&StudyTime=1000-1100"
        async with self.asked(None) as (ae, seen):
            assert (await search(ae, text)).objects == []
        assert (seen[1].StudyDate, seen[1].StudyTime) == ("20240102-20240103", "")

    async def test_a_time_zone_is_sent_only_if_agreed(self) -> None:
        for answer, sent in ((b"\0\0\0\1", "+0200"), (None, "")):
            async with self.asked(answer) as (ae, seen):
                await search(ae, "StudyDate=20240102&TimezoneOffsetFromUTC=%2B0200")
            assert seen[1].TimezoneOffsetFromUTC == sent

    async def test_text_is_in_the_character_set_of_the_node(self) -> None:
        async with self.asked(None) as (ae, seen):
            ae.node = replace(ae.node, character_set="ISO_IR 100")
            await search(ae, "PatientName=J%C3%B6rg")
        assert seen[1].SpecificCharacterSet == "ISO_IR 100"
        assert seen[1].PatientName == "Jörg"


class TestGet:
    async def test_dcmtk_sends_every_instance(self, pacs: Node, archive: Archive) -> None:
        async with remote(pacs) as ae:
            found = await fetched(ae, archive)
        uids = {read_file(one).dataset.text(0x00080018) for one in found}
        assert uids == {f"1.2.3.4.{n}" for n in range(5)}

    async def test_one_instance_comes_alone(self, pacs: Node, archive: Archive) -> None:
        async with remote(pacs) as ae:
            (found,) = await fetched(ae, archive, Resource("1.2.3", "1.2.3.1", "1.2.3.4.2"))
        assert read_file(found).dataset.text(0x00080018) == "1.2.3.4.2"

    async def test_the_data_set_is_that_of_the_archive(self, pacs: Node, archive: Archive) -> None:
        async with remote(pacs) as ae:
            (found,) = await fetched(ae, archive, Resource("1.2.3", "1.2.3.1", "1.2.3.4.2"))
        assert read_file(found).dataset.raw(0x7FE00010) == bytes(range(32))

    async def test_compressed_instances_come_as_they_are(self, archive: Archive) -> None:
        start = b"".join(
            element(tag, vr, value)  # type: ignore[arg-type]
            for tag, (vr, value) in ct_elements().items()
            if tag != 0x7FE00010
        )
        jpeg = part10(start + encapsulated([b"\xff\xd8\xff\xd9"]), JPEG_BASELINE)

        def get(event: Any) -> Iterator[tuple[int, Any]]:
            yield 1
            yield 0xFF00, dcmread(DicomBytesIO(jpeg))

        def find(event: Any) -> Iterator[tuple[int, Any]]:
            dataset = PydicomDataset()
            dataset.StudyInstanceUID, dataset.SOPClassesInStudy = "1.2.3", [CT_IMAGE_STORAGE]
            yield 0xFF00, dataset

        handlers = [(evt.EVT_C_FIND, find), (evt.EVT_C_GET, get)]
        contexts = [FIND, GET, (CT_IMAGE_STORAGE, [*LITTLE, JPEG_BASELINE])]
        with pynetdicom_ae(handlers, contexts, storage_roles=True) as node:
            async with remote(node) as ae:
                (found,) = await fetched(ae, archive)
        assert read_file(found).transfer_syntax.uid == JPEG_BASELINE

    async def test_what_is_not_there_is_not_found(self, pacs: Node, archive: Archive) -> None:
        async with remote(pacs) as ae:
            with pytest.raises(ResourceNotFound):
                await fetched(ae, archive, Resource("9.9"))

    @pytest.mark.parametrize(("studies", "error"), [(["1.2.3"], DimseFailure), ([], ResourceNotFound)])
    async def test_a_failure_to_get_what_is_not_there_is_that_it_is_not_found(
        self, studies: list[str], error: type[Exception], archive: Archive
    ) -> None:
        """Orthanc answers C000 to a C-GET of a study that it has not."""

        def find(event: Any) -> Iterator[tuple[int, Any]]:
            for uid in studies:
                dataset = PydicomDataset()
                dataset.StudyInstanceUID, dataset.SOPClassesInStudy = uid, [CT_IMAGE_STORAGE]
                yield 0xFF00, dataset

        def fail(event: Any) -> Iterator[tuple[int, None]]:
            yield 1
            yield 0xC000, None

        contexts = [FIND, GET, (CT_IMAGE_STORAGE, LITTLE)]
        with pynetdicom_ae([(evt.EVT_C_FIND, find), (evt.EVT_C_GET, fail)], contexts, storage_roles=True) as node:
            async with remote(node) as ae:
                with pytest.raises(error):
                    await fetched(ae, archive)

    async def test_who_goes_away_leaves_nothing_behind(self, pacs: Node, archive: Archive) -> None:
        async with remote(pacs) as ae:
            async with aclosing(ae.fetch(STUDY, archive.spool)) as spools:
                (await anext(spools)).close()
            assert not [task for task in asyncio.all_tasks() if "_follow" in repr(task)]

    async def test_failed_instances_are_told_behind_the_others(self, archive: Archive) -> None:
        def some(event: Any) -> Iterator[tuple[int, Any]]:
            yield 2
            yield 0xFF00, dcmread(DicomBytesIO(slices(1)[0]))
            other = dcmread(DicomBytesIO(slices(1)[0]))
            other.SOPClassUID = "1.2.3.4.5.6"
            yield 0xFF00, other

        with self.archive_of(some) as node:
            async with remote(node) as ae:
                found = []
                with pytest.raises(DimseFailure, match="1 instances could not be had"):
                    async for spool in ae.fetch(STUDY, archive.spool):
                        found.append(spool.size)
                        spool.close()
        assert len(found) == 1

    async def test_a_refusal_is_told(self, archive: Archive) -> None:
        def refuse(event: Any) -> Iterator[tuple[int, None]]:
            yield 1
            yield 0xA701, None

        with self.archive_of(refuse) as node:
            async with remote(node) as ae:
                with pytest.raises(DimseFailure, match="A701"):
                    await fetched(ae, archive)

    async def test_nobody_there_is_told(self, archive: Archive) -> None:
        async with remote(Node("GONE", "127.0.0.1", 1)) as ae:
            with pytest.raises(PeerUnreachable):
                await fetched(ae, archive)

    async def test_the_first_instance_comes_while_others_are_on_their_way(self, archive: Archive) -> None:
        sent = []

        def slowly(event: Any) -> Iterator[tuple[int, Any]]:
            yield 50
            for content in slices(50):
                if event.is_cancelled:
                    yield 0xFE00, None
                    return
                sent.append(content)
                yield 0xFF00, dcmread(DicomBytesIO(content))

        with self.archive_of(slowly) as node:
            async with remote(node) as ae, aclosing(ae.fetch(STUDY, archive.spool)) as spools:
                (await anext(spools)).close()
                await asyncio.sleep(0.3)
                assert len(sent) <= 2, "what nobody asks for is not answered, and so not followed by more"

    @staticmethod
    def archive_of(handler: Any) -> Any:
        """An archive without C-FIND, which lets the SOP Classes be the usual ones."""
        contexts = [GET, (CT_IMAGE_STORAGE, LITTLE)]
        return pynetdicom_ae([(evt.EVT_C_GET, handler)], contexts, storage_roles=True)


class TestSopClasses:
    @pytest.mark.parametrize("number", [1, 31])
    async def test_they_are_asked_for_before_a_study_is_got(self, number: int, archive: Archive) -> None:
        """Of few series each, of many none: then the usual ones are proposed."""
        asked: list[str] = []
        proposed: list[int] = []

        def find(event: Any) -> Iterator[tuple[int, Any]]:
            level = event.identifier.QueryRetrieveLevel
            asked.append(level)
            for n in range(number if level == "SERIES" else 1):
                dataset = PydicomDataset()
                dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", f"1.2.3.{n}"
                if level == "IMAGE":
                    dataset.SOPClassUID, dataset.SOPInstanceUID = CT_IMAGE_STORAGE, "1.2.3.4"
                yield 0xFF00, dataset

        def get(event: Any) -> Iterator[tuple[int, Any]]:
            proposed.append(len({context.abstract_syntax for context in event.assoc.requestor.requested_contexts}))
            yield 1
            yield 0xFF00, dcmread(DicomBytesIO(slices(1)[0]))

        handlers = [(evt.EVT_C_FIND, find), (evt.EVT_C_GET, get)]
        contexts = [FIND, GET, (CT_IMAGE_STORAGE, LITTLE)]
        with pynetdicom_ae(handlers, contexts, storage_roles=True) as node:
            async with remote(node) as ae:
                assert len(await fetched(ae, archive)) == 1
        assert asked == (["STUDY", "SERIES", "IMAGE"] if number == 1 else ["STUDY", "SERIES"])
        assert (proposed[0] == 2) is (number == 1)

    async def test_a_study_may_tell_them(self, archive: Archive) -> None:
        asked: list[str] = []

        def find(event: Any) -> Iterator[tuple[int, Any]]:
            asked.append(event.identifier.QueryRetrieveLevel)
            dataset = PydicomDataset()
            dataset.StudyInstanceUID, dataset.SOPClassesInStudy = "1.2.3", [CT_IMAGE_STORAGE]
            yield 0xFF00, dataset

        def get(event: Any) -> Iterator[tuple[int, Any]]:
            yield 1
            yield 0xFF00, dcmread(DicomBytesIO(slices(1)[0]))

        handlers = [(evt.EVT_C_FIND, find), (evt.EVT_C_GET, get)]
        contexts = [FIND, GET, (CT_IMAGE_STORAGE, LITTLE)]
        with pynetdicom_ae(handlers, contexts, storage_roles=True) as node:
            async with remote(node) as ae:
                assert len(await fetched(ae, archive)) == 1
        assert asked == ["STUDY"]


class TestMove:
    async def test_instances_arrive_at_our_listener(self, tmp_path: Path, archive: Archive) -> None:
        inbox = Inbox("ISOCENTER")
        async with serving(archive, inbox=inbox) as served:
            with dcmqrscp(tmp_path / "qr", slices(5), destinations=[served.node]) as program:
                node = replace(program.node, retrieve=Retrieve.MOVE)
                async with remote(node, inbox) as ae:
                    assert ae.arrives_elsewhere
                    found = await fetched(ae, archive)
        assert {read_file(one).dataset.text(0x00080018) for one in found} == {f"1.2.3.4.{n}" for n in range(5)}

    async def test_a_destination_that_the_archive_does_not_know_is_no_missing_study(
        self, pacs: Node, archive: Archive
    ) -> None:
        async with remote(replace(pacs, retrieve=Retrieve.MOVE)) as ae:
            with pytest.raises(DimseFailure, match="A801"):
                await fetched(ae, archive)

    async def test_what_is_not_there_is_not_found(self, tmp_path: Path, archive: Archive) -> None:
        inbox = Inbox("ISOCENTER")
        async with serving(archive, inbox=inbox) as served:
            with dcmqrscp(tmp_path / "qr", slices(1), destinations=[served.node]) as program:
                async with remote(replace(program.node, retrieve=Retrieve.MOVE), inbox) as ae:
                    with pytest.raises(ResourceNotFound):
                        await fetched(ae, archive, Resource("9.9"))


class TestStore:
    async def test_dcmtk_takes_an_instance(self, tmp_path: Path, archive: Archive) -> None:
        with storescp(tmp_path / "store") as program:
            async with remote(program.node) as ae:
                outcome = await stored(ae, archive, ct_instance())
            assert len(program.files) == 1
        assert outcome.is_stored
        assert outcome.warning is None
        assert outcome.resource == Resource("1.2.3", "1.2.3.1", "1.2.3.4")

    async def test_it_goes_in_a_transfer_syntax_that_is_taken(self, archive: Archive) -> None:
        seen: list[str] = []

        def take(event: Any) -> int:
            seen.append(event.context.transfer_syntax)
            return 0

        with pynetdicom_ae([(evt.EVT_C_STORE, take)], [(CT_IMAGE_STORAGE, [IMPLICIT_LE])]) as node:
            async with remote(node) as ae:
                assert (await stored(ae, archive, ct_instance(EXPLICIT_LE))).is_stored
        assert seen == [IMPLICIT_LE]

    @pytest.mark.parametrize(
        ("status", "failure", "warning"),
        [
            (0xB000, None, WarningReason.COERCED),
            (0xB006, None, WarningReason.ELEMENTS_DISCARDED),
            (0xB007, None, WarningReason.DATA_SET_DOES_NOT_MATCH_SOP_CLASS),
            (0x0107, None, WarningReason.COERCED),
            (0xA700, FailureReason.OUT_OF_RESOURCES, None),
            (0xA900, FailureReason.DATA_SET_DOES_NOT_MATCH_SOP_CLASS, None),
            (0xC000, FailureReason.CANNOT_UNDERSTAND, None),
            (0x0122, FailureReason.SOP_CLASS_NOT_SUPPORTED, None),
            (0x0110, FailureReason.PROCESSING_FAILURE, None),
        ],
    )
    async def test_what_it_answers_is_the_outcome(
        self, archive: Archive, status: int, failure: FailureReason | None, warning: WarningReason | None
    ) -> None:
        with pynetdicom_ae([(evt.EVT_C_STORE, lambda event: status)], [(CT_IMAGE_STORAGE, LITTLE)]) as node:
            async with remote(node) as ae:
                outcome = await stored(ae, archive, ct_instance())
        assert (outcome.failure, outcome.warning) == (failure, warning)
        assert f"{status:04X}" in outcome.detail

    @pytest.mark.parametrize(
        ("status", "failure"),
        [
            (0xA7FF, FailureReason.OUT_OF_RESOURCES),
            (0xA901, FailureReason.DATA_SET_DOES_NOT_MATCH_SOP_CLASS),
            (0xC321, FailureReason.CANNOT_UNDERSTAND),
            (0x0124, FailureReason.PROCESSING_FAILURE),
        ],
    )
    def test_a_status_of_a_range_has_the_reason_of_the_range(self, status: int, failure: FailureReason) -> None:
        found = failure_of(status)
        assert found in (status, failure)

    async def test_a_sop_class_that_is_not_taken_is_told(self, archive: Archive) -> None:
        with pynetdicom_ae([], [VERIFICATION]) as node:
            async with remote(node) as ae:
                outcome = await stored(ae, archive, ct_instance())
        assert outcome.failure is FailureReason.SOP_CLASS_NOT_SUPPORTED

    async def test_an_association_that_breaks_is_the_failure_of_one_instance(self, archive: Archive) -> None:
        with pynetdicom_ae(
            [(evt.EVT_C_STORE, lambda event: event.assoc.abort())], [(CT_IMAGE_STORAGE, LITTLE)]
        ) as node:
            async with remote(node) as ae:
                outcome = await stored(ae, archive, ct_instance())
        assert outcome.failure is FailureReason.PROCESSING_FAILURE

    async def test_an_association_that_is_rejected_is_not_the_fault_of_the_instance(self, archive: Archive) -> None:
        with pynetdicom_ae([], [(CT_IMAGE_STORAGE, LITTLE)], require_called_aet=True) as node:
            async with remote(replace(node, ae_title="OTHER")) as ae:
                with pytest.raises(AssociationRejected):
                    await stored(ae, archive, ct_instance())

    async def test_what_is_no_instance_is_not_sent(self, archive: Archive) -> None:
        async with remote(Node("GONE", "127.0.0.1", 1)) as ae:
            with pytest.raises(MissingAttribute):
                await stored(ae, archive, ct_instance(SOPInstanceUID=None))


class TestEcho:
    async def test_it_takes_some_time(self, pacs: Node) -> None:
        async with remote(pacs) as ae:
            started = time.perf_counter()
            assert 0 < await ae.echo() <= time.perf_counter() - started

    async def test_a_refusal_is_told(self) -> None:
        with pynetdicom_ae([(evt.EVT_C_ECHO, lambda event: 0x0122)], [VERIFICATION]) as node:
            async with remote(node) as ae:
                with pytest.raises(DimseFailure, match="0122"):
                    await ae.echo()

    async def test_another_service_is_no_verification(self) -> None:
        with pynetdicom_ae([], [FIND]) as node:
            async with remote(node) as ae:
                with pytest.raises(NetworkError):
                    await ae.echo()
