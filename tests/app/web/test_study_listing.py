from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest
from builders import ct_instance
from fastapi import FastAPI
from running_provider import serving
from starlette.datastructures import QueryParams

from app.commands.migrate import bring_to_head
from app.dependencies import Services
from app.main import open_archive
from app.settings import load_settings
from app.web.list_form import read_form
from app.web.study_listing import Listing, list_studies
from dicomcore.errors import IndexUnavailable
from dicomcore.nodes import Node
from dicomcore.scp.acceptance import Admission
from dicomcore.source import Source

TODAY = date(2026, 11, 23)
NOBODY = Node("NOBODY", "127.0.0.1", 1, connect_timeout=2)


@pytest.fixture
def services(application: FastAPI) -> Services:
    found: Services = application.state.services
    return found


@asynccontextmanager
async def pacs(folder: Path, services: Services, *studies: int) -> AsyncIterator[None]:
    """Another archive with some studies, as the node PACS."""
    settings = load_settings(data=folder / "pacs", log_level="warning")
    bring_to_head(settings)
    archive = open_archive(settings)
    for number in studies:
        await store(archive, number)
    async with serving(archive, admission=Admission(accepts_any_called_ae_title=True)) as served:
        await services.nodes.put(Node("PACS", "127.0.0.1", served.port))
        yield
        await (await services.remote("PACS")).close()  # type: ignore[attr-defined]
    archive.close()


async def store(source: Source, number: int, **attributes: object) -> None:
    uids = {"StudyInstanceUID": f"1.2.{number}", "SeriesInstanceUID": f"1.2.{number}.1"}
    spool = source.spool()
    spool.write(ct_instance(SOPInstanceUID=f"1.2.{number}.1.1", **uids, **attributes))
    assert (await source.store(spool)).is_stored


async def listed(services: Services, query: str = "") -> Listing:
    return await list_studies(services, "", read_form(QueryParams(query)), TODAY)


def uids(listing: Listing) -> list[str]:
    return [row.uid for row in listing.rows]


async def test_an_archive_without_studies_is_empty_only_as_long_as_nothing_is_looked_for(services: Services) -> None:
    assert (await listed(services)).is_empty_archive
    assert not (await listed(services, "name=doe")).is_empty_archive
    await store(services.source, 1)
    assert not (await listed(services)).is_empty_archive


async def test_pages_are_told_by_their_first_and_last_study(services: Services) -> None:
    for number in range(30):
        await store(services.source, number, StudyDate=f"202601{number + 1:02d}")
    first, last = await listed(services, "size=25"), await listed(services, "size=25&page=2")
    assert first.summary == "1 to 25 of 30 studies"
    assert (first.page, first.pages, first.rows[0].uid) == (1, 2, "1.2.29")
    assert last.summary == "26 to 30 of 30 studies"
    assert (last.page, len(last.rows), last.rows[-1].uid) == (2, 5, "1.2.0")
    assert (await listed(services, "size=100")).summary == "30 studies"


async def test_behind_the_last_page_is_the_last_page(services: Services) -> None:
    for number in range(30):
        await store(services.source, number)
    listing = await listed(services, "size=25&page=999999999")
    assert (listing.page, listing.pages, len(listing.rows)) == (2, 2, 5)
    assert (await listed(services, "name=nobody&page=7")).page == 1


async def test_mistakes_are_told_at_their_fields_and_nothing_is_searched(services: Services) -> None:
    await store(services.source, 1)
    listing = await listed(services, "date=range&from=2026-13-01&size=7")
    assert {*listing.errors} == {"from", "size"}
    assert (listing.is_asked, listing.rows, listing.summary) == (False, (), "")


async def test_a_node_is_not_asked_for_nothing_in_particular_but_on_demand(services: Services, tmp_path: Path) -> None:
    async with pacs(tmp_path, services, 1):
        assert not (await listed(services, "source=PACS")).is_asked
        assert uids(await listed(services, "source=PACS&all=1")) == ["1.2.1"]


async def test_studies_of_a_node_say_whether_they_are_here_too(services: Services, tmp_path: Path) -> None:
    await store(services.source, 1)
    async with pacs(tmp_path, services, 1, 2):
        listing = await listed(services, "source=PACS&name=doe")
        assert {row.uid: row.is_here for row in listing.rows} == {"1.2.1": True, "1.2.2": False}
        assert {row.page for row in listing.rows} == {f"/ui/studies/1.2.{n}?source=PACS" for n in (1, 2)}


async def test_of_all_nodes_each_study_is_listed_once_with_who_has_it(services: Services, tmp_path: Path) -> None:
    await store(services.source, 1)
    async with pacs(tmp_path, services, 1, 2):
        listing = await listed(services, "source=*&name=doe")
        assert {row.uid: (row.is_here, row.holders, row.source) for row in listing.rows} == {
            "1.2.1": (True, ("PACS",), ""),
            "1.2.2": (False, ("PACS",), "PACS"),
        }
        assert listing.summary == "2 studies"


async def test_all_that_several_have_is_listed_newest_first(services: Services, tmp_path: Path) -> None:
    await store(services.source, 3, StudyDate="20230101")
    async with pacs(tmp_path, services, 2):
        assert uids(await listed(services, "source=*&name=doe")) == ["1.2.2", "1.2.3"]


async def test_a_node_that_has_more_than_a_page_says_so_without_counting(services: Services, tmp_path: Path) -> None:
    async with pacs(tmp_path, services, *range(27)):
        listing = await listed(services, "source=PACS&name=doe&size=25")
        assert listing.summary == "1 to 25 of more than 25 studies"
        assert (listing.is_exact, listing.pages) == (False, 2)
        last = await listed(services, "source=PACS&name=doe&size=25&page=2")
        assert (last.summary, last.is_exact) == ("26 to 27 of 27 studies", True)


async def test_a_node_that_does_not_answer_is_a_problem_or_with_others_a_warning(services: Services) -> None:
    await store(services.source, 1)
    await services.nodes.put(NOBODY)
    alone = await listed(services, "source=NOBODY&name=doe")
    assert alone.problem
    assert alone.summary == ""
    together = await listed(services, "source=*&name=doe")
    assert uids(together) == ["1.2.1"]
    assert together.warnings == ("NOBODY could not be searched. What only it has is missing.",)


async def test_a_node_that_there_is_not_is_told_at_its_field(services: Services) -> None:
    assert (await listed(services, "source=GONE&name=doe")).errors == {"source": "There is no such node."}


async def test_an_index_that_does_not_answer_is_an_error_of_the_page(services: Services) -> None:
    path = services.settings.data / "index.sqlite"
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    with pytest.raises(IndexUnavailable):
        await listed(services)
