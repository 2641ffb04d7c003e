from __future__ import annotations

import html
import io
import re
import threading

import httpx
import pydicom
import pytest
from builders import ct_instance
from noted_threads import noted_threads
from pydicom.data import get_testdata_file
from shown_instances import (
    HOSTILE_NAME,
    clinical_document_instance,
    coded_instance,
    enhanced_instance,
    pdf_instance,
    video_instance,
)

from app.web import instance as instance_module

UI = "http://pacs.test/ui/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4"
WEB = "/dicom-web/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4"


async def store(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.post("/studies", content=content, headers={"Content-Type": "application/dicom"})
    assert answer.status_code == 200, answer.text


def placed(name: str) -> bytes:
    """A file that pydicom ships, under the UIDs of these tests."""
    dataset = pydicom.dcmread(str(get_testdata_file(name)), force=True)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID = "1.2.3", "1.2.3.1", "1.2.3.4"
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    target = io.BytesIO()
    dataset.save_as(target)
    return target.getvalue()


@pytest.mark.parametrize(
    ("content", "element", "address"),
    [
        (ct_instance(), "<img ", "/frames/1/rendered?accept=image%2Fpng"),
        (enhanced_instance(3), "<img ", "/frames/1/rendered?accept=image%2Fpng"),
        (pdf_instance(), "<iframe ", "/rendered?accept=application%2Fpdf"),
        (video_instance(), "<video ", "/rendered?accept=video%2Fmp4"),
        (placed("reportsi.dcm"), "<iframe ", "/rendered?accept=text%2Fhtml"),
        (clinical_document_instance("<ClinicalDocument/>"), "shown-xml", "/rendered?accept=text%2Fxml"),
        (placed("waveform_ecg.dcm"), "<img ", "/rendered?accept=image%2Fsvg%2Bxml"),
    ],
    ids=["image", "frames", "pdf", "video", "report", "cda", "ecg"],
)
async def test_an_instance_is_shown_as_what_it_is(
    client: httpx.AsyncClient, content: bytes, element: str, address: str
) -> None:
    await store(client, content)
    page = await client.get(UI)
    assert page.status_code == 200
    assert re.search(f'(src|data-address)="{re.escape(WEB + address)}"', page.text)
    assert element in page.text
    shown = await client.get(f"http://pacs.test{WEB}{address}")
    assert shown.status_code == 200
    assert shown.content


async def test_a_report_is_shown_in_a_frame_that_runs_nothing(client: httpx.AsyncClient) -> None:
    await store(client, placed("reportsi.dcm"))
    page = await client.get(UI)
    assert " sandbox></iframe>" in page.text


async def test_what_is_nothing_to_look_at_says_so(client: httpx.AsyncClient) -> None:
    await store(client, placed("rtstruct.dcm"))
    page = await client.get(UI)
    assert "Objects of this kind have no picture: RT Structure Set" in page.text


async def test_the_metadata_are_on_the_page_with_their_names(client: httpx.AsyncClient) -> None:
    await store(client, coded_instance())
    page = html.unescape((await client.get(UI)).text)
    for text in ("(0009,1001)", "Full fidelity", "GEMS_IDEN_01", "Chest (T-D3000, SRT)", "5,000 bytes", "1970-01-02"):
        assert text in page
    assert f'href="{WEB}/bulkdata/00E11002"' in page
    assert (await client.get(f"http://pacs.test{WEB}/bulkdata/00E11002")).status_code == 200


async def test_facts_and_downloads_are_offered(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    page = html.unescape((await client.get(UI)).text)
    assert "Explicit VR Little Endian" in page
    links = [
        ("?accept=application%2Fdicom%3Btransfer-syntax%3D*", "application/dicom"),
        ("/metadata?accept=application%2Fdicom%2Bjson", "application/dicom+json"),
        ("/metadata?accept=application%2Fdicom%2Bxml", "application/dicom+xml"),
    ]
    for address, media_type in links:
        assert f'href="{WEB}{address}"' in page
        answer = await client.get(f"http://pacs.test{WEB}{address}", headers={"Accept": "text/html,*/*;q=0.8"})
        assert answer.headers["content-type"].startswith(media_type)


async def test_a_large_picture_is_reduced(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance(Rows=2000, Columns=10, PixelData=bytes(40_000)))
    page = html.unescape((await client.get(UI)).text)
    assert "rendered?accept=image%2Fjpeg&viewport=1600,1600" in page


async def test_what_is_in_the_data_is_text(client: httpx.AsyncClient) -> None:
    await store(client, coded_instance(PatientName=HOSTILE_NAME, PatientID=HOSTILE_NAME[:60]))
    page = await client.get(UI)
    assert "<img src=x" not in page.text
    assert "<script>alert" not in page.text
    assert html.escape("<img src=x onerror=alert(1)>") in page.text


async def test_an_instance_that_is_not_here_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get(UI)).status_code == 404


async def test_the_page_is_not_made_where_all_requests_are_answered(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(client, ct_instance())
    threads = noted_threads(monkeypatch, instance_module, "render")
    assert (await client.get(UI)).status_code == 200
    assert len(threads) == 1
    assert threading.main_thread() not in threads
