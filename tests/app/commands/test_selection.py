from typing import Any, cast

import pytest

from app.commands import selection as module
from app.commands.selection import Selection
from dicomcore.errors import InvalidParameter
from dicomcore.query import Literal, Query
from dicomcore.resources import Level, Resource
from dicomcore.source import Answer, Source


class Studies:
    """A source that finds studies 1.0, 1.1, ... and knows nothing else."""

    def __init__(self, count: int) -> None:
        self.uids = [f"1.{number}" for number in range(count)]

    async def search(self, query: Query) -> Answer:
        page = self.uids[query.offset : query.offset + (query.limit or 0)]
        objects = [b'{"0020000D":{"vr":"UI","Value":["%b"]}}' % uid.encode() for uid in page]
        return Answer(objects, len(self.uids))


async def resources(selection: Selection, count: int = 0) -> list[Resource]:
    return [resource async for resource in selection.resources(cast(Source, Studies(count)))]


@pytest.mark.parametrize("uids", [("1",), ("1", "2"), ("1", "2", "3")])
async def test_a_resource_is_selected_by_its_uids(uids: tuple[str, ...]) -> None:
    assert await resources(Selection.of(Resource(*uids), None, everything=False)) == [Resource(*uids)]


async def test_a_search_selects_studies_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAGE", 2)
    selection = Selection.of(Resource(), "PatientID=7", everything=False)
    assert await resources(selection, 5) == [Resource(f"1.{number}") for number in range(5)]


def test_a_query_is_read_as_qido_reads_it() -> None:
    query = Selection.of(Resource(), "PatientID=7", everything=False).query
    assert query is not None
    assert (query.level, query.keys[0].match) == (Level.STUDY, Literal(("7",)))


async def test_everything_is_all_studies() -> None:
    assert len(await resources(Selection.of(Resource(), None, everything=True), 3)) == 3


@pytest.mark.parametrize(
    "options",
    [
        {"resource": Resource(), "query": None, "everything": False},
        {"resource": Resource("1"), "query": None, "everything": True},
        {"resource": Resource("1"), "query": "PatientID=7", "everything": False},
        {"resource": Resource(None, "2"), "query": None, "everything": False},
        {"resource": Resource("1", None, "3"), "query": None, "everything": False},
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="--study"):
        Selection.of(**options)


def test_a_wrong_query_is_refused() -> None:
    with pytest.raises(InvalidParameter):
        Selection.of(Resource(), "StudyDate=yesterday", everything=False)
