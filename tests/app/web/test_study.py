from __future__ import annotations

import html
import re

import httpx
from builders import ct_instance
from fastapi import FastAPI
from shown_instances import HOSTILE_NAME

from app.web.study import card_of, counts_of, label_of
from dicomcore.resources import Resource

UI = "http://pacs.test/ui"


async def store(client: httpx.AsyncClient, *instances: bytes) -> None:
    for content in instances:
        answer = await client.post("/studies", content=content, headers={"Content-Type": "application/dicom"})
        assert answer.status_code == 200, answer.text


async def test_a_study_is_shown_with_its_patient_facts_and_series(client: httpx.AsyncClient) -> None:
    second = ct_instance(SeriesInstanceUID="1.2.3.2", SOPInstanceUID="1.2.3.5", SeriesNumber="10", SeriesDescription="")
    await store(client, second, ct_instance())
    page = await client.get(f"{UI}/studies/1.2.3")
    assert page.status_code == 200
    for text in (
        "Doe, Jane",
        "PID1",
        "1970-01-02",
        "female",
        "2024-01-31 10:11",
        "Thorax",
        "A1",
        "2 series, 2 instances",
    ):
        assert text in page.text
    assert page.text.index("Axial 5 mm") < page.text.index("Series 10")
    assert (
        '/dicom-web/studies/1.2.3/series/1.2.3.1/thumbnail?viewport=256,256" alt="Thumbnail of series 2, CT'
        in page.text
    )
    assert 'loading="lazy"' in page.text


async def test_what_is_in_the_data_is_text(client: httpx.AsyncClient) -> None:
    hostile = {
        name: HOSTILE_NAME[:60] for name in ("StudyDescription", "SeriesDescription", "PatientID", "AccessionNumber")
    }
    await store(client, ct_instance(PatientName=HOSTILE_NAME, **hostile))
    page = await client.get(f"{UI}/studies/1.2.3")
    assert "<img src=x" not in page.text
    assert "<script>alert" not in page.text
    assert html.escape("<img src") in page.text


async def test_a_study_without_anything_to_be_called_by_has_a_page(client: httpx.AsyncClient) -> None:
    nameless = dict.fromkeys(("PatientName", "PatientID", "StudyDate", "StudyTime", "SeriesNumber", "Modality"))
    await store(client, ct_instance(**nameless, SeriesDescription=None, StudyDescription=None))
    page = await client.get(f"{UI}/studies/1.2.3")
    assert page.status_code == 200
    assert "No name" in page.text
    assert "Series without a name" in page.text
    assert "priors" not in page.text


async def test_the_series_alone_can_be_asked_for(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    part = await client.get(f"{UI}/parts/studies/1.2.3/series")
    assert part.status_code == 200
    assert "<html" not in part.text
    assert "Axial 5 mm" in part.text


async def test_other_studies_of_the_patient_are_found_by_id(client: httpx.AsyncClient) -> None:
    for number, (patient, date) in enumerate((("PID*", "20240131"), ("PID*", "20200101"), ("PID9", "20190101"))):
        uid = f"1.2.9.{number}"
        one = ct_instance(
            StudyInstanceUID=uid,
            SeriesInstanceUID=f"{uid}.1",
            SOPInstanceUID=f"{uid}.1.1",
            PatientID=patient,
            StudyDate=date,
        )
        await store(client, one)
    part = await client.get(f"{UI}/parts/studies/1.2.9.0/priors")
    assert "2020-01-01" in part.text
    assert "2019-01-01" not in part.text  # an asterisk in an ID is an asterisk
    assert "2024-01-31" not in part.text
    assert "No other studies" in (await client.get(f"{UI}/parts/studies/1.2.9.2/priors")).text


async def test_a_study_that_was_deleted_is_gone(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    assert (await client.delete("/studies/1.2.3")).status_code == 204
    page = await client.get(f"{UI}/studies/1.2.3")
    assert page.status_code == 410
    assert "text/html" in page.headers["content-type"]
    assert (await client.get(f"{UI}/studies/1.2.4")).status_code == 404


async def test_everything_together_offers_to_retrieve_and_not_to_delete(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance())
    page = await client.get(f"{UI}/studies/1.2.3?source=*")
    assert page.status_code == 200
    assert 'data-action="retrieve"' in page.text
    assert 'data-action="delete"' not in page.text
    assert "/dicom-web/aets/*/studies/1.2.3?accept=application%2Fzip" in page.text
    assert 'data-src="/dicom-web/aets/*/studies' in page.text


async def test_links_are_below_the_prefix_of_a_proxy(client: httpx.AsyncClient, application: FastAPI) -> None:
    await store(client, ct_instance())
    transport = httpx.ASGITransport(application, root_path="/pacs")
    async with httpx.AsyncClient(transport=transport) as below:
        page = (await below.get("http://pacs.test/pacs/ui/studies/1.2.3")).text
    assert 'href="/pacs/ui/studies/1.2.3/series/1.2.3.1"' in page
    assert 'src="/pacs/dicom-web/studies/1.2.3/series/1.2.3.1/thumbnail' in page
    assert 'hx-get="/pacs/ui/parts/studies/1.2.3/priors"' in page
    assert re.findall(r'(?:href|src|hx-get)="/(?!pacs/)', page) == []


async def test_a_node_that_does_not_answer_leaves_other_studies_out(client: httpx.AsyncClient) -> None:
    node = {"ae_title": "AWAY", "kind": "dimse", "host": "127.0.0.1", "port": 1}
    assert (await client.post("http://pacs.test/nodes", json=node)).status_code == 201
    part = await client.get(f"{UI}/parts/studies/1.2.3/priors?source=AWAY", headers={"HX-Request": "true"})
    assert part.status_code == 200
    assert "Other studies cannot be found" in part.text


def test_a_label_and_counts_say_what_a_study_is() -> None:
    study = {
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]},
        "00080020": {"vr": "DA", "Value": ["20240131"]},
        "00201206": {"vr": "IS", "Value": [1]},
        "00201208": {"vr": "IS", "Value": [2000]},
    }
    assert label_of(study) == "Doe, Jane, 2024-01-31"
    assert counts_of(study) == "1 series, 2,000 instances"
    assert (label_of({}), counts_of({"00201208": {"vr": "IS", "Value": ["many"]}})) == ("no name", "")


def test_a_card_says_nothing_twice() -> None:
    series = {tag: {"vr": "LO", "Value": ["CHEST"]} for tag in ("00180015", "00181030", "0008103E")}
    card = card_of({**series, "0020000E": {"vr": "UI", "Value": ["1.2.3.1"]}}, Resource("1.2.3"))
    assert (card.title, card.about, card.count) == ("CHEST", "", "")
