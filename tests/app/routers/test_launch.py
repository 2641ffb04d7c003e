from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from builders import ct_instance
from fastapi import FastAPI
from running_provider import serving

from app.commands.migrate import bring_to_head
from app.main import create_app
from app.settings import InvalidSettings, Settings, load_settings
from app.viewer.staged import MANIFEST, Viewer
from dicomcore.archive import Archive
from dicomcore.scp.acceptance import Admission

DICOM = {"content-type": "application/dicom"}
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
LINKS = "slim=https://slim.example/studies/{study_uid},ehr=https://ehr.example/?a={accession}&w={dicomweb_url}"
FILES = (
    ct_instance(),
    ct_instance(SOPInstanceUID="1.9.1.1", SeriesInstanceUID="1.9.1", StudyInstanceUID="1.9", StudyDate="20230101",
                AccessionNumber="A2"),
    ct_instance(SOPInstanceUID="1.8.1.1", SeriesInstanceUID="1.8.1", StudyInstanceUID="1.8", PatientID="P 2&x=1",
                AccessionNumber="A3", StudyDate="20220101"),
)  # fmt: skip


@asynccontextmanager
async def opened(app: FastAPI, root_path: str = "") -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, root_path=root_path)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as client:
        for content in FILES:
            await client.post(f"{root_path}/dicom-web/studies", content=content, headers=DICOM)
        yield client
    app.state.services.source.close()


@pytest.fixture
async def pacs(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    links = load_settings(viewer_links=LINKS).viewer_links
    app = create_app(settings.model_copy(update={"viewer_links": links}))
    async with opened(app) as client:
        yield client


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ("study=1.2.3", "/ui/view/1.2.3"),
        ("accession=A2", "/ui/view/1.9"),
        ("requestType=STUDY&accessionNumber=A2", "/ui/view/1.9"),
        ("requestType=STUDY&studyUID=1.9&viewerType=IHE_BIR", "/ui/view/1.9"),
        ("patient=PID1", "/?id=PID1"),
        ("requestType=PATIENT&patientID=PID1&mostRecentResults=1", "/ui/view/1.2.3"),
        ("requestType=PATIENT&patientID=PID1%5E%5E%5E%261.2%26ISO&upperDateTime=2023-06-01T00:00:00Z", "/ui/view/1.9"),
        ("patient=PID1&patientBirthDate=1970-01-02&accession=A1", "/ui/view/1.2.3"),
        ("study=1.2.3,1.8", "/ui/view/1.2.3"),
        ("study=1.2.3&viewer=slim", "https://slim.example/studies/1.2.3"),
        ("study=1.2.3&viewerType=SLIM", "https://slim.example/studies/1.2.3"),
        ("patient=PID1&viewer=ehr", "https://ehr.example/?a=A1&w=http%3A%2F%2Fpacs.test%2Fdicom-web"),
        ("study=1.8&viewer=builtin&url=https://evil.example", "/ui/view/1.8"),
    ],
)
async def test_a_link_leads_to_a_viewer(pacs: httpx.AsyncClient, query: str, location: str) -> None:
    for path in ("/launch", "/IHEInvokeImageDisplay"):
        answer = await pacs.get(f"{path}?{query}", headers=BROWSER)
        assert (answer.status_code, answer.headers["location"]) == (302, location)
        assert answer.headers["cache-control"] == "no-store"


async def test_where_it_leads_is_a_page(pacs: httpx.AsyncClient) -> None:
    answer = await pacs.get("/launch?study=1.2.3&viewer=builtin", headers=BROWSER, follow_redirects=True)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


async def test_ohif_opens_several_studies_where_it_is_installed(settings: Settings) -> None:
    settings.viewer_folder.mkdir(parents=True)
    staged = Viewer("OHIF", "3.0.0", "abc", "app.js", "app.css", {})
    (settings.viewer_folder / MANIFEST).write_bytes(staged.as_json())
    app = create_app(settings)
    async with opened(app) as client:
        answer = await client.get("/launch?patient=PID1")
        assert answer.headers["location"] == "/viewer?StudyInstanceUIDs=1.2.3,1.9"
        other = await client.get("/launch?patient=PID1&viewer=builtin")
        assert other.headers["location"] == "/?id=PID1"


async def test_nothing_found_is_a_page_for_a_person_and_a_document_for_a_program(pacs: httpx.AsyncClient) -> None:
    page = await pacs.get("/launch?accession=%3Cb%3E", headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no study of accession number &lt;b&gt; in this archive" in page.text
    document = await pacs.get("/launch?accession=X")
    assert (document.status_code, document.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("requestType=STUDY", "studyUID"),
        ("requestType=PATIENT", "patientID"),
        ("viewer=ohif", "study"),
        ("study=1.2.3&viewer=unheard-of", "viewer"),
        ("study=1.2.3&viewer=ohif", "viewer"),
    ],
)
async def test_the_parameter_at_fault_is_named(pacs: httpx.AsyncClient, query: str, parameter: str) -> None:
    answer = await pacs.get(f"/launch?{query}")
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)
    page = await pacs.get(f"/launch?{query}", headers=BROWSER)
    assert (page.status_code, parameter in page.text) == (400, True)


async def test_an_unknown_node_is_told(pacs: httpx.AsyncClient) -> None:
    answer = await pacs.get("/launch?study=1.2.3&source=NOWHERE")
    assert (answer.status_code, "NOWHERE" in answer.json()["detail"]) == (404, True)
    assert (await pacs.get("/launch?study=1.2.3&source=TOO_LONG_TO_BE_A_TITLE")).status_code == 400


async def test_all_nodes_are_searched_and_the_view_reads_from_them(pacs: httpx.AsyncClient) -> None:
    answer = await pacs.get("/launch?study=1.2.3&source=*&viewer=builtin")
    assert answer.headers["location"] == "/ui/view/1.2.3?source=%2A"
    linked = await pacs.get("/launch?study=1.2.3&source=*&viewer=ehr")
    assert linked.headers["location"].endswith("%2Fdicom-web%2Faets%2F%2A")


@pytest.fixture
async def asking(settings: Settings, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another server, which has nothing itself."""
    other = settings.model_copy(update={"data": tmp_path / "other", "ae_title": "OTHER"})
    bring_to_head(other)
    app = create_app(other)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://pacs.test") as client,
    ):
        yield client


async def test_a_study_of_a_node_is_opened_through_the_bridge(archive: Archive, asking: httpx.AsyncClient) -> None:
    for content in FILES:
        spool = archive.spool()
        spool.write(content)
        await archive.store(spool)
    async with serving(archive, admission=Admission(accepts_any_called_ae_title=True)) as served:
        node = {"ae_title": "PACS", "host": "127.0.0.1", "port": served.port}
        assert (await asking.post("/nodes", json=node)).status_code == 201
        one = await asking.get("/launch?accession=A2,A3&patient=PID1&source=PACS&viewer=builtin")
        several = await asking.get("/launch?patient=PID1&upperDateTime=2030-01-01T00:00:00Z&source=PACS")
        none = await asking.get("/launch?accession=*&source=PACS", headers=BROWSER)
    assert one.headers["location"] == "/ui/view/1.9?source=PACS"
    assert several.headers["location"] == "/?id=PID1&source=PACS"
    assert (none.status_code, "at PACS" in none.text) == (404, True)


async def test_links_keep_the_prefix_of_a_proxy(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"root_path": "/pacs"}))
    async with opened(app, "/pacs") as client:
        answer = await client.get("/pacs/launch?study=1.2.3&viewer=builtin")
        spoofed = await client.get("/pacs/launch?study=1.2.3", headers={"host": "evil.example//"})
    assert answer.headers["location"] == spoofed.headers["location"] == "/pacs/ui/view/1.2.3"


async def test_head_is_answered(pacs: httpx.AsyncClient) -> None:
    assert (await pacs.head("/launch?study=1.2.3")).status_code == 302


def test_a_viewer_that_could_lead_anywhere_stops_the_start() -> None:
    with pytest.raises(InvalidSettings, match="viewer_links"):
        load_settings(viewer_links="v=https://{patient_id}/{study_uid}")
    with pytest.raises(InvalidSettings, match="same name"):
        load_settings(viewer_links="v=https://a.example/{study_uid},V=https://b.example/{study_uid}")
