from __future__ import annotations

import httpx
import pytest
from builders import ct_instance
from fastapi import FastAPI

from app.web.view import NO_IMAGES
from dicomcore.source import Source

HOSTILE = "<script>alert(1)</script>"


async def store(application: FastAPI, **attributes: object) -> None:
    source: Source = application.state.services.source
    spool = source.spool()
    spool.write(ct_instance(**attributes))
    assert (await source.store(spool)).is_stored


async def answer_of(application: FastAPI, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as client:
        return await client.get(path)


async def test_the_page_names_the_patient_and_has_the_series_in_the_strip(application: FastAPI) -> None:
    await store(application)
    page = (await answer_of(application, "/ui/view/1.2.3")).text
    assert "Doe, Jane" in page
    assert "born 1970-01-02, female" in page
    assert 'data-series-uid="1.2.3.1"' in page
    assert "2: Axial 5 mm" in page
    assert "CT, 1 image" in page
    assert "/dicom-web/studies/1.2.3/series/1.2.3.1/thumbnail?viewport=128,128" in page


async def test_series_are_ordered_by_number_and_those_without_images_come_last(application: FastAPI) -> None:
    for number, modality in ((10, "CT"), (2, "MR"), (1, "SR")):
        uids = {"SeriesInstanceUID": f"1.2.3.{number}", "SOPInstanceUID": f"1.2.3.{number}.1"}
        await store(application, SeriesNumber=str(number), Modality=modality, **uids)
    page = (await answer_of(application, "/ui/view/1.2.3")).text
    places = [page.index(f'data-series-uid="1.2.3.{number}"') for number in (2, 10, 1)]
    assert places == sorted(places)


async def test_a_series_without_images_leads_to_its_only_instance(application: FastAPI) -> None:
    await store(application, Modality="SR")
    page = (await answer_of(application, "/ui/view/1.2.3")).text
    assert 'href="/ui/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4"' in page
    assert 'data-images="false"' in page


async def test_a_series_of_several_objects_leads_to_its_page(application: FastAPI) -> None:
    for number in (1, 2):
        await store(application, Modality="SEG", SOPInstanceUID=f"1.2.3.4.{number}")
    page = (await answer_of(application, "/ui/view/1.2.3")).text
    assert 'href="/ui/studies/1.2.3/series/1.2.3.1"' in page
    assert 'data-laid-over="true"' in page


async def test_what_is_to_be_seen_first_is_handed_to_the_script(application: FastAPI) -> None:
    await store(application)
    page = (await answer_of(application, "/ui/view/1.2.3?instance=1.2.3.4&frame=3")).text
    assert 'data-series="1.2.3.1" data-instance="1.2.3.4" data-frame="3"' in page


async def test_what_comes_from_data_is_text(application: FastAPI) -> None:
    await store(application, PatientName=HOSTILE, SeriesDescription=HOSTILE, StudyDescription=HOSTILE)
    page = (await answer_of(application, "/ui/view/1.2.3")).text
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("path", ["/ui/view/9.9.9", "/ui/view/1.2.3?instance=9.9.9", "/ui/view/1.2.3?source=NOBODY"])
async def test_what_is_not_here_is_404_as_a_page(application: FastAPI, path: str) -> None:
    await store(application)
    answer = await answer_of(application, path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "path", ["/ui/view/1.2.3?frame=0", "/ui/view/1.2.3?frame=x", "/ui/view/1.2.3?series=..", "/ui/view/a.b"]
)
async def test_what_cannot_be_is_400(application: FastAPI, path: str) -> None:
    await store(application)
    assert (await answer_of(application, path)).status_code == 400


def test_modalities_that_hold_images_are_not_left_out() -> None:
    assert NO_IMAGES.isdisjoint(("CT", "MR", "US", "CR", "DX", "NM", "PT", "OT", "SC", "RTIMAGE", "RTDOSE", "XA"))
