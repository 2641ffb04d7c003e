import html
from collections.abc import AsyncIterator

import httpx
import pytest
from builders import ct_instance
from fastapi import FastAPI

from dicomcore.nodes import Node

ROOT = "http://pacs.test"
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
async def pages(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the pages, and of the web services."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=ROOT) as opened:
        yield opened


async def store(pages: httpx.AsyncClient, number: int = 1, **attributes: object) -> None:
    uids = {"StudyInstanceUID": f"1.2.{number}", "SeriesInstanceUID": f"1.2.{number}.1"}
    content = ct_instance(SOPInstanceUID=f"1.2.{number}.1.1", **uids, **attributes)
    headers = {"content-type": "application/dicom"}
    assert (await pages.post("/dicom-web/studies", content=content, headers=headers)).status_code == 200


async def test_an_empty_archive_says_how_to_fill_it_with_commands_that_work(pages: httpx.AsyncClient) -> None:
    text = html.unescape((await pages.get("/")).text)
    assert "Nothing here yet" in text
    assert f"curl {ROOT}/dicom-web/studies -H 'Content-Type: application/dicom' --data-binary @image.dcm" in text
    assert 'href="/ui/upload"' in text


async def test_studies_are_listed_newest_first_with_links_to_their_pages(pages: httpx.AsyncClient) -> None:
    await store(pages, 1, PatientName="Old^Study", StudyDate="20200101")
    await store(pages, 2, PatientName="New^Study", StudyDate="20260101")
    text = (await pages.get("/")).text
    assert text.index(">New, Study</a>") < text.index(">Old, Study</a>")
    assert 'href="/ui/studies/1.2.2"' in text
    assert 'href="/ui/view/1.2.2"' in text
    assert "2 studies" in text


async def test_what_is_in_the_address_is_searched_and_stays_in_the_form(pages: httpx.AsyncClient) -> None:
    await store(pages, 1, PatientName="Doe^Jane")
    await store(pages, 2, PatientName="Roe^Rita", Modality="MR")
    text = (await pages.get("/?name=ane&modality=CT&modality=XX&date=range&from=2024-01-31")).text
    assert ">Doe, Jane</a>" in text
    assert "Roe, Rita" not in text
    assert 'name="name" value="ane"' in text
    assert 'value="CT" checked' in text
    assert 'value="XX" checked' in text
    assert 'value="2024-01-31"' in text
    assert '<option value="range" selected>' in text


async def test_what_comes_from_data_is_text(pages: httpx.AsyncClient) -> None:
    everywhere = ("PatientID", "AccessionNumber", "StudyDescription", "ReferringPhysicianName", "PatientSex")
    await store(pages, PatientName=HOSTILE, **dict.fromkeys((*everywhere, "StudyDate", "Modality"), HOSTILE))
    for path in ("/", f"/?name={HOSTILE}&source={HOSTILE}", "/ui/parts/studies"):
        assert "<img" not in (await pages.get(path)).text


async def test_a_search_without_matches_offers_to_clear_it(pages: httpx.AsyncClient) -> None:
    await store(pages)
    text = (await pages.get("/?name=nobody")).text
    assert "No study matches" in text
    assert "data-clear" in text


async def test_mistakes_are_told_at_their_fields(pages: httpx.AsyncClient) -> None:
    response = await pages.get("/?from=2026-02-01&to=2026-01-01&page=x")
    assert response.status_code == 400
    assert '<span class="field-error" id="error-to">The last day is before the first.</span>' in response.text
    assert "A page is a number from 1 on." in response.text


async def test_the_part_is_a_success_that_brings_the_mistakes_to_their_fields(pages: httpx.AsyncClient) -> None:
    response = await pages.get("/ui/parts/studies?to=x&name=ok")
    assert response.status_code == 200
    assert '<span class="field-error" id="error-to" hx-swap-oob="true">A date is written' in response.text
    assert '<span class="field-error" id="error-name" hx-swap-oob="true"></span>' in response.text
    assert "<html" not in response.text


async def test_typing_replaces_the_page_in_the_history_and_leafing_adds_one(pages: httpx.AsyncClient) -> None:
    path = "/ui/parts/studies?name=doe&id=&date=any&size=25&page=1&all=1"
    typed = await pages.get(path, headers={"hx-source": "form#search"})
    assert typed.headers["hx-replace-url"] == "/?name=doe&size=25"
    leafed = await pages.get(path, headers={"hx-source": "a#bottom-next"})
    assert leafed.headers["hx-push-url"] == "/?name=doe&size=25"


async def test_links_are_below_the_prefix_of_a_proxy(pages: httpx.AsyncClient) -> None:
    await store(pages)
    headers = {"x-forwarded-prefix": "/pacs", "x-forwarded-for": "192.0.2.1"}
    text = (await pages.get("/?name=doe", headers=headers)).text
    assert 'href="/pacs/ui/studies/1.2.1"' in text
    assert 'hx-get="/pacs/ui/parts/studies"' in text
    assert 'href="/ui/' not in text


async def test_pages_lead_to_the_first_the_next_and_the_last(pages: httpx.AsyncClient) -> None:
    for number in range(60):
        await store(pages, number)
    first, middle, last = [(await pages.get(f"/?size=25&page={page}")).text for page in (1, 2, 3)]
    assert "1 to 25 of 60 studies" in first
    assert 'id="bottom-first" role="link" aria-disabled="true"' in first
    assert 'id="bottom-next" href="/?size=25&amp;page=2"' in first
    assert 'id="bottom-previous" href="/?size=25"' in middle
    assert 'id="bottom-last" href="/?size=25&amp;page=3"' in middle
    assert "51 to 60 of 60 studies" in last
    assert 'id="bottom-next" role="link" aria-disabled="true"' in last


async def test_nodes_are_offered_when_there_are_some(application: FastAPI, pages: httpx.AsyncClient) -> None:
    assert '<option value="*">' not in (await pages.get("/")).text
    await application.state.services.nodes.put(Node("PACS", "127.0.0.1", 1))
    text = (await pages.get("/?source=PACS")).text
    assert '<option value="*">Everywhere</option>' in text
    assert '<option value="PACS" selected>PACS</option>' in text
    assert "What are you looking for at PACS?" in text


async def test_a_node_that_does_not_answer_is_named(application: FastAPI, pages: httpx.AsyncClient) -> None:
    await application.state.services.nodes.put(Node("PACS", "127.0.0.1", 1, connect_timeout=2))
    response = await pages.get("/ui/parts/studies?source=PACS&name=doe")
    assert response.status_code == 200
    assert "PACS could not be searched." in response.text
    assert "NOBODY" not in response.text
