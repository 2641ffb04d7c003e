import asyncio
from collections.abc import AsyncIterator, Sequence

import orjson
import pytest
from builders import ct_instance

from dicomcore.archive import Archive
from dicomcore.bridge.federated import Federated
from dicomcore.errors import InvalidParameter, NetworkError, PeerUnreachable, RequestError, ResourceNotFound
from dicomcore.instance import Instance
from dicomcore.query import Query
from dicomcore.resources import Level, Resource
from dicomcore.source import Answer, Metadata, Source, StoreOutcome
from dicomcore.storage import Spool

STUDIES = Query(Level.STUDY)
INSTANCE = Resource("1.2.3", "1.2.3.1", "1.2.3.4")


def study(uid: str, *, instances: int = 0, name: str = "", modalities: Sequence[str] = ()) -> bytes:
    found: dict[str, object] = {"0020000D": {"vr": "UI", "Value": [uid]}}
    found["00080061"] = {"vr": "CS", "Value": list(modalities)} if modalities else {"vr": "CS"}
    found["00100010"] = {"vr": "PN", "Value": [{"Alphabetic": name}]} if name else {"vr": "PN"}
    found["00201208"] = {"vr": "IS", "Value": [instances]} if instances else {"vr": "IS"}
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS)


class Pacs:
    """A source that gives prepared answers, after a while or never; its instances are those of an archive."""

    def __init__(
        self,
        *answers: bytes,
        seconds: float = 0,
        failure: Exception | None = None,
        archive: Archive | None = None,
        warnings: tuple[str, ...] = (),
    ) -> None:
        self.answers = list(answers)
        self.seconds = seconds
        self.failure = failure
        self.archive = archive
        self.warnings = warnings
        self.searches: list[Query] = []
        self.retrieved: list[Resource] = []

    async def search(self, query: Query) -> Answer:
        self.searches.append(query)
        await asyncio.sleep(self.seconds)
        if self.failure is not None:
            raise self.failure
        page = self.answers[query.offset : None if query.limit is None else query.offset + query.limit]
        return Answer(page, len(self.answers), self.warnings)

    async def instance(self, resource: Resource) -> Instance:
        if self.archive is None:
            raise ResourceNotFound(resource)
        return await self.archive.instance(resource)

    async def retrieve(self, resource: Resource) -> AsyncIterator[Instance]:
        self.retrieved.append(resource)
        if self.archive is None:
            raise ResourceNotFound(resource)
        async for instance in self.archive.retrieve(resource):
            yield instance

    async def metadata(self, resource: Resource) -> Metadata:
        return Metadata([b"{}"], "", [b"[{}]"])

    async def revision(self, resource: Resource) -> str:
        return "7"

    def spool(self) -> Spool:
        raise RequestError("not here")

    async def store(self, spool: Spool, *, study_instance_uid: str | None = None) -> StoreOutcome:
        raise RequestError("not here")

    async def delete(self, resource: Resource) -> int:
        raise RequestError("not here")


def federated(*sources: Source, seconds: float = 5) -> Federated:
    async def all_of_them() -> list[tuple[str, Source]]:
        return [(f"PACS{number}", source) for number, source in enumerate(sources)]

    return Federated(all_of_them, seconds=seconds)


def parsed(answer: Answer) -> list[dict[str, dict[str, list[object]]]]:
    return [orjson.loads(one) for one in answer.objects]


def uids(answer: Answer) -> list[object]:
    return [one["0020000D"]["Value"][0] for one in parsed(answer)]


class TestSearch:
    async def test_everything_is_found(self) -> None:
        answer = await federated(Pacs(study("1")), Pacs(study("2"), study("3"))).search(STUDIES)
        assert uids(answer) == ["1", "2", "3"]
        assert answer.total == 3

    async def test_the_same_study_is_one_answer_that_names_all_holders(self) -> None:
        answer = await federated(Pacs(study("1")), Pacs(study("1")), Pacs(study("2"))).search(STUDIES)
        assert [one["00080054"]["Value"] for one in parsed(answer)] == [["PACS0", "PACS1"], ["PACS2"]]
        assert answer.total == 2

    async def test_the_first_source_with_a_value_wins(self) -> None:
        answer = await federated(Pacs(study("1")), Pacs(study("1", name="Doe")), Pacs(study("1", name="Other"))).search(
            STUDIES
        )
        assert parsed(answer)[0]["00100010"]["Value"] == [{"Alphabetic": "Doe"}]

    async def test_the_largest_number_wins(self) -> None:
        sources = (Pacs(study("1", instances=10)), Pacs(study("1", instances=300)), Pacs(study("1")))
        answer = await federated(*sources).search(STUDIES)
        assert parsed(answer)[0]["00201208"]["Value"] == [300]

    async def test_modalities_are_joined(self) -> None:
        sources = (Pacs(study("1", modalities=["CT"])), Pacs(study("1", modalities=["CT", "SR"])))
        answer = await federated(*sources).search(STUDIES)
        assert parsed(answer)[0]["00080061"]["Value"] == ["CT", "SR"]

    async def test_pages_follow_each_other(self) -> None:
        first, second = [study(f"1.{n}") for n in range(5)], [study(f"1.{n}") for n in range(3, 9)]
        source = federated(Pacs(*first), Pacs(*second))
        pages = [await source.search(Query(Level.STUDY, limit=4, offset=offset)) for offset in (0, 4, 8, 12)]
        assert [uid for page in pages for uid in uids(page)] == [f"1.{n}" for n in range(9)]
        assert all(page.total > page_end for page, page_end in zip(pages[:2], (4, 8), strict=True))

    async def test_who_is_late_is_named(self) -> None:
        answer = await federated(Pacs(study("1")), Pacs(study("2"), seconds=60), seconds=0.1).search(STUDIES)
        assert uids(answer) == ["1"]
        assert answer.warnings == ("PACS1 did not answer within 0.1 seconds. What only it has is missing.",)

    async def test_who_fails_is_named(self) -> None:
        failing = Pacs(failure=PeerUnreachable("10.0.0.1:104", "refused"))
        answer = await federated(Pacs(study("1")), failing).search(STUDIES)
        assert answer.warnings == ("PACS1 could not be searched. What only it has is missing.",)

    async def test_warnings_of_sources_are_passed_on(self) -> None:
        answer = await federated(Pacs(warnings=("careful",)), Pacs(warnings=("careful",))).search(STUDIES)
        assert answer.warnings == ("careful",)

    async def test_a_wrong_question_is_not_the_fault_of_a_source(self) -> None:
        failing = Pacs(failure=InvalidParameter("limit", "is wrong"))
        with pytest.raises(InvalidParameter):
            await federated(Pacs(study("1")), failing).search(STUDIES)

    async def test_if_nobody_answers_that_is_an_error(self) -> None:
        with pytest.raises(PeerUnreachable):
            await federated(Pacs(failure=PeerUnreachable("1", "refused")), Pacs(seconds=60), seconds=0.1).search(
                STUDIES
            )

    async def test_if_everybody_is_late_that_is_an_error(self) -> None:
        with pytest.raises(NetworkError):
            await federated(Pacs(seconds=60), seconds=0.05).search(STUDIES)

    async def test_patients_are_the_same_by_id_and_issuer(self) -> None:
        def patient(issuer: str) -> bytes:
            return orjson.dumps({"00100020": {"vr": "LO", "Value": ["7"]}, "00100021": {"vr": "LO", "Value": [issuer]}})

        sources = (Pacs(patient("A"), patient("B")), Pacs(patient("A")))
        assert len((await federated(*sources).search(Query(Level.PATIENT))).objects) == 2

    async def test_who_gives_up_takes_all_searches_along(self) -> None:
        slow = Pacs(seconds=60)
        task = asyncio.create_task(federated(slow, seconds=60).search(STUDIES))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


class TestRetrieve:
    @pytest.fixture
    async def held(self, archive: Archive) -> Archive:
        spool = archive.spool()
        spool.write(ct_instance())
        assert (await archive.store(spool)).is_stored
        return archive

    async def test_it_comes_from_whoever_has_it(self, held: Archive) -> None:
        source = federated(Pacs(), Pacs(study("1.2.3", instances=1), archive=held))
        assert [one.resource async for one in source.retrieve(Resource("1.2.3"))] == [INSTANCE]

    async def test_it_comes_from_the_archive_if_that_has_all(self, held: Archive) -> None:
        first, second = (Pacs(study("1.2.3", instances=1), archive=held) for _ in range(2))
        _ = [one async for one in federated(first, second).retrieve(Resource("1.2.3"))]
        assert (len(first.retrieved), len(second.retrieved)) == (1, 0)

    async def test_it_comes_from_who_has_most(self, held: Archive) -> None:
        first, second = (Pacs(study("1.2.3", instances=n), archive=held) for n in (1, 2))
        _ = [one async for one in federated(first, second).retrieve(Resource("1.2.3"))]
        assert (len(first.retrieved), len(second.retrieved)) == (0, 1)

    async def test_holders_are_remembered(self, held: Archive) -> None:
        pacs = Pacs(study("1.2.3", instances=1), archive=held)
        source = federated(pacs)
        assert await source.revision(Resource("1.2.3")) == "7"
        assert (await source.metadata(Resource("1.2.3"))).objects == [b"{}"]
        assert len(pacs.searches) == 1

    async def test_holders_are_not_remembered_without_end(self, held: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("dicomcore.bridge.federated._MANY", 1)
        pacs = Pacs(study("1.2.3", instances=1), archive=held)
        source = federated(pacs)
        for uid in ("1", "2", "1"):
            await source.revision(Resource(uid))
        assert len(pacs.searches) == 3

    async def test_an_instance_is_looked_for_in_the_archive_first(self, held: Archive) -> None:
        other = Pacs(seconds=60)
        assert (await federated(held, other).instance(INSTANCE)).resource == INSTANCE
        assert other.searches == []

    async def test_an_instance_is_found_elsewhere(self, held: Archive) -> None:
        source = federated(Pacs(), held)
        assert (await source.instance(INSTANCE)).resource == INSTANCE

    async def test_what_nobody_has_is_not_found(self) -> None:
        with pytest.raises(ResourceNotFound):
            await federated(Pacs(), Pacs()).metadata(Resource("9"))

    async def test_what_may_be_where_nobody_answers_is_not_said_to_be_missing(self) -> None:
        with pytest.raises(NetworkError):
            await federated(Pacs(), Pacs(failure=PeerUnreachable("1", "refused"))).metadata(Resource("9"))


async def test_nothing_is_stored_or_deleted_everywhere(archive: Archive) -> None:
    source = federated(archive)
    spool = archive.spool()
    with pytest.raises(RequestError):
        await source.store(spool)
    with pytest.raises(RequestError):
        await source.delete(Resource("1"))
    with pytest.raises(RequestError):
        source.spool()
