from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from builders import ct_instance
from fastapi import FastAPI

from app.main import create_app
from app.settings import InvalidSettings, Settings, load_settings

DICOM = {"content-type": "application/dicom"}
FILES = (
    ct_instance(SOPInstanceUID="1.2.3.4"),
    ct_instance(SOPInstanceUID="1.2.3.5", InstanceNumber="8"),
    ct_instance(SOPInstanceUID="1.2.3.6", SeriesInstanceUID="1.2.3.2", SeriesNumber="3", Modality="SR"),
    ct_instance(
        SOPInstanceUID="1.9.1.1", SeriesInstanceUID="1.9.1", StudyInstanceUID="1.9", StudyDate="20230101",
        PatientID="PID2", PatientName="<script>alert(1)</script>", AccessionNumber="A2",
    ),
)  # fmt: skip


@pytest.fixture
async def pacs(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as opened:
        for content in FILES:
            stored = await opened.post("/dicom-web/studies", content=content, headers=DICOM)
            assert stored.status_code == 200
        yield opened


def ids(bundle: dict[str, Any], mode: str = "match") -> list[str]:
    return [entry["resource"]["id"] for entry in bundle.get("entry", ()) if entry["search"]["mode"] == mode]


async def test_a_search_by_patient_and_accession_leads_to_the_instances(pacs: httpx.AsyncClient) -> None:
    query = "/fhir/ImagingStudy?patient=PID1&identifier=A1&_include=ImagingStudy:endpoint"
    bundle = (await pacs.get(query)).json()
    assert (ids(bundle), bundle["total"]) == (["1.2.3"], 1)
    endpoints = {one["resource"]["id"]: one["resource"] for one in bundle["entry"] if "address" in one["resource"]}
    references = [one["reference"].partition("/")[2] for one in bundle["entry"][0]["resource"]["endpoint"]]
    assert references == list(endpoints)
    address = endpoints["dicom-wado-rs"]["address"]
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    got = await pacs.get(f"{address}/studies/1.2.3", headers={"accept": accept})
    assert (got.status_code, got.content.count(b"DICM")) == (200, 3)


async def test_every_endpoint_answers(pacs: httpx.AsyncClient) -> None:
    bundle = (await pacs.get("/fhir/Endpoint")).json()
    found = {one["resource"]["id"]: one["resource"]["address"] for one in bundle["entry"]}
    assert bundle["total"] == 3
    web = await pacs.get(f"{found['dicom-wado-rs']}/studies/1.2.3/metadata")
    uri = await pacs.get(
        f"{found['dicom-wado-uri']}?requestType=WADO&studyUID=1.2.3&seriesUID=1.2.3.1&objectUID=1.2.3.4"
        "&contentType=application/dicom"
    )
    shown = await pacs.get(f"{found['ihe-iid']}?requestType=STUDY&studyUID=1.2.3&viewer=builtin")
    assert [one.status_code for one in (web, uri, shown)] == [200, 200, 302]
    one = await pacs.get("/fhir/R5/Endpoint/dicom-wado-rs")
    assert one.json()["connectionType"][0]["coding"][0]["code"] == "dicom-wado-rs"
    assert (await pacs.get("/fhir/Endpoint/other")).status_code == 404
    posted = await pacs.post("/fhir/Endpoint/_search", data={"connection-type": "ihe-iid"})
    assert ids(posted.json()) == ["ihe-iid"]


async def test_a_study_is_read_with_its_instances_and_not_twice(pacs: httpx.AsyncClient) -> None:
    answer = await pacs.get("/fhir/ImagingStudy/1.2.3")
    assert answer.headers["content-type"] == "application/fhir+json; fhirVersion=4.0; charset=utf-8"
    study = answer.json()
    assert [[one["uid"] for one in series["instance"]] for series in study["series"]] == [
        ["1.2.3.4", "1.2.3.5"],
        ["1.2.3.6"],
    ]
    assert answer.headers["etag"] == f'W/"{study["meta"]["versionId"]}"'
    again = await pacs.get("/fhir/ImagingStudy/1.2.3", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    await pacs.post("/dicom-web/studies", content=ct_instance(SOPInstanceUID="1.2.3.7"), headers=DICOM)
    assert (await pacs.get("/fhir/ImagingStudy/1.2.3")).headers["etag"] != answer.headers["etag"]


@pytest.mark.parametrize(
    ("path", "accept", "version"),
    [
        ("/fhir", "*/*", "4.0"),
        ("/fhir", "application/fhir+json; fhirVersion=5.0", "5.0"),
        ("/fhir/R4", "application/json", "4.0"),
        ("/fhir/R5", "application/fhir+json", "5.0"),
    ],
)
async def test_the_version_is_negotiated(pacs: httpx.AsyncClient, path: str, accept: str, version: str) -> None:
    answer = await pacs.get(f"{path}/ImagingStudy", headers={"accept": accept})
    assert f"fhirVersion={version}" in answer.headers["content-type"]
    modality = answer.json()["entry"][0]["resource"]["modality"][0]
    assert ("coding" in modality) == (version == "5.0")
    assert answer.json()["link"][0]["url"] == f"http://pacs.test{path}/ImagingStudy"


async def test_pages_are_followed_by_their_links(pacs: httpx.AsyncClient) -> None:
    first = (await pacs.get("/fhir/ImagingStudy?_count=1&modality=CT")).json()
    links = {link["relation"]: link["url"] for link in first["link"]}
    second = (await pacs.get(links["next"])).json()
    assert (ids(first), ids(second), first["total"]) == (["1.2.3"], ["1.9"], 2)
    back = {link["relation"]: link["url"] for link in second["link"]}
    assert ids((await pacs.get(back["previous"])).json()) == ["1.2.3"]
    assert "next" not in back


async def test_a_search_is_sent_as_a_form_too(pacs: httpx.AsyncClient) -> None:
    posted = await pacs.post("/fhir/ImagingStudy/_search?_count=5", data={"patient": "PID2"})
    assert ids(posted.json()) == ["1.9"]
    assert posted.json()["link"][0]["url"] == "http://pacs.test/fhir/ImagingStudy?_count=5&patient=PID2"
    refused = await pacs.post("/fhir/ImagingStudy/_search", json={"patient": "PID2"})
    assert (refused.status_code, refused.json()["resourceType"]) == (415, "OperationOutcome")
    large = await pacs.post("/fhir/ImagingStudy/_search", data={"patient": "x" * 70_000})
    assert large.status_code == 413


async def test_summaries_and_elements(pacs: httpx.AsyncClient) -> None:
    counted = (await pacs.get("/fhir/ImagingStudy?_summary=count")).json()
    assert (counted["total"], "entry" in counted) == (2, False)
    few = (await pacs.get("/fhir/ImagingStudy?_elements=started")).json()["entry"][0]["resource"]
    assert few.keys() == {"resourceType", "id", "meta", "status", "subject", "started"}
    assert "instance" not in (await pacs.get("/fhir/ImagingStudy/1.2.3?_summary=true")).json()["series"][0]


async def test_a_page_of_nothing_is_a_count(pacs: httpx.AsyncClient) -> None:
    for asked in ("_count=0", "_summary=count", "_lastUpdated=ge2020&_count=0&_include=ImagingStudy:endpoint"):
        counted = (await pacs.get(f"/fhir/ImagingStudy?{asked}")).json()
        assert (counted["total"], "entry" in counted, len(counted["link"])) == (2, False, 1)


async def test_studies_are_followed_by_their_last_change(pacs: httpx.AsyncClient) -> None:
    before = datetime.now(UTC).isoformat()
    assert ids((await pacs.get("/fhir/ImagingStudy", params={"_lastUpdated": f"gt{before}"})).json()) == []
    await pacs.delete("/dicom-web/studies/1.2.3/series/1.2.3.2")
    found = (await pacs.get("/fhir/ImagingStudy", params={"_lastUpdated": f"gt{before}"})).json()
    assert ids(found) == ["1.2.3"]
    assert ids((await pacs.get(found["link"][0]["url"])).json()) == ["1.2.3"]
    last = (await pacs.get("/fhir/ImagingStudy/1.2.3")).json()["meta"]["lastUpdated"]
    assert last > before
    for asked, expected in ((last, ["1.2.3"]), (f"gt{last}", []), (f"lt{last}", ["1.9"])):
        assert ids((await pacs.get("/fhir/ImagingStudy", params={"_lastUpdated": asked})).json()) == expected


async def test_the_earliest_study_comes_first_if_that_is_the_order(pacs: httpx.AsyncClient) -> None:
    first = (await pacs.get("/fhir/ImagingStudy?_sort=started&_count=1")).json()
    second = (await pacs.get({link["relation"]: link["url"] for link in first["link"]}["next"])).json()
    assert (ids(first), ids(second)) == (["1.9"], ["1.2.3"])


@pytest.mark.parametrize(
    "asked", ["_include=ImagingStudy:subject", "_sort=modality", "_revinclude=Observation:subject"]
)
async def test_what_shapes_an_answer_and_is_not_known_is_told_or_refused(pacs: httpx.AsyncClient, asked: str) -> None:
    lenient = (await pacs.get(f"/fhir/ImagingStudy?{asked}")).json()
    assert (ids(lenient), asked in lenient["link"][0]["url"]) == (["1.2.3", "1.9"], False)
    assert asked.partition("=")[0] in lenient["entry"][-1]["resource"]["issue"][0]["diagnostics"]
    strict = await pacs.get(f"/fhir/ImagingStudy?{asked}", headers={"prefer": "handling=strict"})
    assert (strict.status_code, strict.json()["resourceType"]) == (400, "OperationOutcome")


async def test_what_is_not_known_is_told_or_refused(pacs: httpx.AsyncClient) -> None:
    lenient = await pacs.get("/fhir/ImagingStudy?patient=PID1&colour=blue")
    outcome = lenient.json()["entry"][-1]
    assert (lenient.status_code, ids(lenient.json())) == (200, ["1.2.3"])
    assert (outcome["search"]["mode"], "colour" in outcome["resource"]["issue"][0]["diagnostics"]) == ("outcome", True)
    strict = await pacs.get("/fhir/ImagingStudy?colour=blue", headers={"prefer": "handling=strict"})
    assert (strict.status_code, strict.json()["issue"][0]["expression"]) == (400, ["http.colour"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/fhir/ImagingStudy/9.9", 404),
        ("GET", "/fhir/ImagingStudy/not-a-uid", 404),
        ("GET", "/fhir/ImagingStudy/a_b", 400),
        ("GET", "/fhir/ImagingStudy?started=yesterday", 400),
        ("GET", "/fhir/ImagingStudy?modality:not=CT", 400),
        ("GET", "/fhir/ImagingStudy?patient=%ff", 400),
        ("GET", "/fhir/ImagingStudy?_format=xml", 406),
        ("GET", "/fhir/Patient", 404),
        ("GET", "/fhir/R4/Patient/1", 404),
        ("GET", "/fhir/R5/ImagingStudy/1.2.3/_history", 404),
        ("POST", "/fhir/ImagingStudy", 405),
        ("PUT", "/fhir/ImagingStudy/1.2.3", 405),
        ("DELETE", "/fhir/ImagingStudy/1.2.3", 405),
    ],
)
async def test_an_error_is_an_operation_outcome(pacs: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    answer = await pacs.request(method, path)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (status, "application/fhir+json")
    assert (answer.json()["resourceType"], answer.json()["issue"][0]["severity"]) == ("OperationOutcome", "error")


async def test_what_cannot_be_done_says_what_can(pacs: httpx.AsyncClient) -> None:
    assert (await pacs.put("/fhir/ImagingStudy/1.2.3")).headers["allow"] == "GET, HEAD"


async def test_what_was_deleted_is_gone(pacs: httpx.AsyncClient) -> None:
    await pacs.delete("/dicom-web/studies/1.9")
    answer = await pacs.get("/fhir/ImagingStudy/1.9")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (410, "deleted")


async def test_the_capabilities_name_the_version_and_where_they_are(pacs: httpx.AsyncClient) -> None:
    for path, version in (("/fhir", "4.0.1"), ("/fhir/R4", "4.0.1"), ("/fhir/R5", "5.0.0")):
        statement = (await pacs.get(f"{path}/metadata")).json()
        assert (statement["fhirVersion"], statement["implementation"]["url"]) == (version, f"http://pacs.test{path}")


async def test_head_is_answered(pacs: httpx.AsyncClient) -> None:
    assert (await pacs.head("/fhir/ImagingStudy/1.2.3")).status_code == 200
    assert (await pacs.head("/fhir/ImagingStudy/9.9")).status_code == 404


async def test_addresses_are_right_behind_a_proxy(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"root_path": "/pacs", "relative_urls": True}))
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1), root_path="/pacs")
    headers = {"x-forwarded-proto": "https", "x-forwarded-host": "ehr.example"}
    async with httpx.AsyncClient(transport=transport, base_url="http://10.0.0.1", headers=headers) as opened:
        await opened.post("/pacs/dicom-web/studies", content=FILES[0], headers=DICOM)
        bundle = (await opened.get("/pacs/fhir/ImagingStudy?_include=ImagingStudy:endpoint")).json()
    app.state.services.source.close()
    urls = [bundle["link"][0]["url"], *(entry["fullUrl"] for entry in bundle["entry"])]
    assert all(url.startswith("https://ehr.example/pacs/fhir/") for url in urls)
    assert bundle["entry"][1]["resource"]["address"] == "https://ehr.example/pacs/dicom-web"


async def test_names_are_text_and_answers_may_be_read_by_eye(pacs: httpx.AsyncClient) -> None:
    answer = await pacs.get("/fhir/ImagingStudy/1.9?_pretty=true")
    assert answer.json()["subject"]["display"] == "<script>alert(1)</script>"
    assert (answer.text.count("\n") > 10, answer.headers["x-content-type-options"]) == (True, "nosniff")


async def test_the_time_zone_of_the_settings_completes_times(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"time_zone": "Europe/Berlin"}))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://pacs.test") as opened:
        await opened.post("/dicom-web/studies", content=FILES[0], headers=DICOM)
        study = (await opened.get("/fhir/ImagingStudy/1.2.3")).json()
        found = (await opened.get("/fhir/ImagingStudy?started=2024-01-31T09:11:12Z")).json()
        missed = (await opened.get("/fhir/ImagingStudy?started=2024-01-31T10:11:12Z")).json()
    app.state.services.source.close()
    assert study["started"] == "2024-01-31T10:11:12.5+01:00"
    assert (found["total"], missed["total"]) == (1, 0)


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../etc/passwd"])
def test_a_time_zone_that_is_not_there_stops_the_start(name: str) -> None:
    with pytest.raises(InvalidSettings, match="time_zone"):
        load_settings(time_zone=name)
