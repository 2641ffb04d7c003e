import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from builders import ct_instance

from app.main import create_app, open_archive
from app.settings import Settings, load_settings
from dicomcore.errors import IndexUnavailable, StorageUnavailable

DICOM = {"Content-Type": "application/dicom"}
INSTANCE = "/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4"
ORIGIN = {"Origin": "https://viewer.test"}


@asynccontextmanager
async def running(
    settings: Settings, *, root_path: str = "", peer: str = "127.0.0.1", **changes: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application with some settings changed, and one instance in it."""
    app = create_app(settings.model_copy(update=changes))
    transport = httpx.ASGITransport(app, root_path=root_path, client=(peer, 5000))
    base = f"http://pacs.test{root_path}/dicom-web"
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url=base) as client:
        answer = await client.post("/studies", content=ct_instance(), headers=DICOM)
        assert answer.status_code == 200
        yield client


async def urls(client: httpx.AsyncClient, **headers: str) -> set[str]:
    """Every URL in every kind of answer, up to the path below the Base URI."""
    stored = await client.post("/studies", content=ct_instance(), headers={**DICOM, **headers})
    (found,) = (await client.get("/instances", headers=headers)).json()
    (metadata,) = (await client.get(f"{INSTANCE}/metadata", headers=headers)).json()
    single = await client.get(INSTANCE, headers={"Accept": "application/dicom", **headers})
    parts = await client.get(INSTANCE, headers=headers)
    frames = await client.get(f"{INSTANCE}/frames/1", headers=headers)
    found_urls = [
        stored.json()["00081190"]["Value"][0],
        stored.headers["location"],
        found["00081190"]["Value"][0],
        metadata["7FE00010"]["BulkDataURI"],
        single.headers["content-location"],
        *(
            line.removeprefix(b"Content-Location: ").decode()
            for answer in (parts, frames)
            for line in answer.content.split(b"\r\n")
            if line.startswith(b"Content-Location: ")
        ),
    ]
    assert len(found_urls) == 7
    return {url.partition("/studies/")[0] for url in found_urls}


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ({}, "http://pacs.test/dicom-web"),
        ({"X-Forwarded-Proto": "https", "X-Forwarded-Host": "pacs.example"}, "https://pacs.example/dicom-web"),
        (
            {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "h", "X-Forwarded-Port": "8443"},
            "https://h:8443/dicom-web",
        ),
        ({"X-Forwarded-Prefix": "/a/b", "X-Forwarded-Host": "h"}, "http://h/a/b/dicom-web"),
        ({"Forwarded": 'for=192.0.2.1;proto=https;host="pacs.example:444"'}, "https://pacs.example:444/dicom-web"),
    ],
)
async def test_urls_are_those_that_the_client_sees(settings: Settings, headers: dict[str, str], base: str) -> None:
    async with running(settings) as client:
        assert await urls(client, **headers) == {base}


async def test_a_stranger_is_not_believed_what_it_forwards(settings: Settings) -> None:
    async with running(settings, peer="192.0.2.7") as client:
        assert await urls(client, **{"X-Forwarded-Host": "evil.test"}) == {"http://pacs.test/dicom-web"}
    async with running(settings, peer="192.0.2.7", trusted_proxies=("192.0.2.0/24",)) as client:
        assert await urls(client, **{"X-Forwarded-Host": "h"}) == {"http://h/dicom-web"}


async def test_urls_can_be_relative(settings: Settings) -> None:
    async with running(settings, relative_urls=True) as client:
        assert await urls(client) == {"/dicom-web"}
        assert await urls(client, **{"X-Forwarded-Prefix": "/pacs"}) == {"/pacs/dicom-web"}


async def test_a_path_that_a_proxy_takes_off_is_in_the_urls(settings: Settings) -> None:
    async with running(settings, root_path="/pacs") as client:
        assert await urls(client) == {"http://pacs.test/pacs/dicom-web"}


async def test_warnings_name_the_service_as_the_client_sees_it(settings: Settings) -> None:
    async with running(settings) as client:
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "pacs.example"}
        answer = await client.get("/instances?limit=0", headers=headers)
    assert answer.headers["warning"].startswith("299 https://pacs.example/dicom-web: There are 1 additional")


async def test_metadata_for_different_base_uris_have_different_etags(settings: Settings) -> None:
    async with running(settings) as client:
        here = await client.get(f"{INSTANCE}/metadata")
        there = await client.get(f"{INSTANCE}/metadata", headers={"X-Forwarded-Host": "h"})
    assert here.headers["etag"] != there.headers["etag"]


# Pages of other origins


async def test_other_origins_may_not_call_unless_they_are_named(settings: Settings) -> None:
    async with running(settings) as client:
        assert "access-control-allow-origin" not in (await client.get("/studies", headers=ORIGIN)).headers
        preflight = {**ORIGIN, "Access-Control-Request-Method": "GET"}
        answer = await client.options("/studies", headers=preflight)
        assert "access-control-allow-origin" not in answer.headers


async def test_origins_that_are_named_may_call(settings: Settings) -> None:
    async with running(settings, cors_origins=("https://viewer.test",)) as client:
        answer = await client.get("/studies", headers=ORIGIN)
        assert answer.headers["access-control-allow-origin"] == "https://viewer.test"
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"Warning", "X-Total-Count", "ETag", "Link", "Location", "Content-Location"} <= set(exposed)
        assert "Content-Range" in exposed
        other = await client.get("/studies", headers={"Origin": "https://evil.test"})
        assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
async def test_a_browser_is_told_beforehand_what_it_may_do(settings: Settings, method: str) -> None:
    preflight = {
        **ORIGIN,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "accept, range, if-none-match, content-type",
    }
    async with running(settings, cors_origins=("*",)) as client:
        answer = await client.options(INSTANCE, headers=preflight)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert method in answer.headers["access-control-allow-methods"]
    assert "range" in answer.headers["access-control-allow-headers"]


async def test_errors_can_be_read_by_a_page_that_may_call(settings: Settings) -> None:
    async with running(settings, cors_origins=("*",)) as client:
        answer = await client.get("/studies/9", headers=ORIGIN)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (404, "*")


# The whole


async def test_what_is_stored_is_there_after_a_restart(settings: Settings) -> None:
    async with running(settings):
        pass
    async with running(settings) as client:
        answer = await client.get(INSTANCE, headers={"Accept": "application/dicom"})
    assert answer.content == ct_instance()


async def test_the_routes_besides_dicomweb_are_there(settings: Settings) -> None:
    async with running(settings) as client:
        for path in ("/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json"):
            assert (await client.get(f"http://pacs.test{path}")).status_code == 200


async def test_metrics_say_what_the_archive_holds(settings: Settings) -> None:
    async with running(settings) as client:
        text = (await client.get("http://pacs.test/metrics")).text
    assert "isocenter_archive_instances 1.0" in text


async def test_an_unknown_path_and_a_wrong_method_are_problems(settings: Settings) -> None:
    async with running(settings) as client:
        unknown = await client.get("/nothing/here")
        wrong = await client.put("/studies", content=b"")
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/problem+json")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, POST")


async def test_every_answer_has_a_request_id(settings: Settings) -> None:
    async with running(settings) as client:
        answers = [await client.get(path) for path in ("/studies", INSTANCE, "/studies/9", "/nothing")]
    assert len({answer.headers["x-request-id"] for answer in answers}) == 4


async def test_when_storage_cannot_be_written_stores_are_told_to_come_again(settings: Settings) -> None:
    async with running(settings) as client:
        (settings.data / "objects").rename(settings.data / "elsewhere")
        (settings.data / "objects").touch()
        answer = await client.post("/studies", content=ct_instance(SOPInstanceUID="1.2.3.5"), headers=DICOM)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert str(settings.data) not in answer.text
        assert (await client.get("/instances")).headers["x-total-count"] == "1"


def test_an_index_that_was_not_prepared_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(IndexUnavailable, match="isocenter migrate"):
        open_archive(load_settings(data=tmp_path / "data"))


def test_a_folder_that_cannot_be_one_stops_the_start(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageUnavailable):
        open_archive(settings.model_copy(update={"data": tmp_path / "file" / "data"}))


async def test_a_start_that_fails_leaves_nothing_open(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        app = create_app(settings.model_copy(update={"dimse_port": taken.getsockname()[1]}))
        with pytest.raises(StorageUnavailable, match="no associations can be accepted"):
            async with app.router.lifespan_context(app):
                pytest.fail("it started")
    assert [link for link in Path("/dev/fd").iterdir() if _leads_below(link, settings.data)] == []
    async with running(settings) as client:
        assert (await client.get(INSTANCE, headers={"Accept": "application/dicom"})).status_code == 200


def _leads_below(link: Path, folder: Path) -> bool:
    try:
        return link.resolve().is_relative_to(folder.resolve())
    except OSError:
        return False


@pytest.mark.parametrize(
    "path",
    ["/health/live", "/health/ready", "/metrics", "/status", "/nodes", "/transfers", "/changes", "/fhir/R4/metadata"],
)
async def test_head_is_answered_like_get_but_without_a_body(client: httpx.AsyncClient, path: str) -> None:
    url = f"http://pacs.test{path}"
    asked, head = await client.get(url), await client.head(url)
    assert (head.status_code, head.headers["content-type"]) == (200, asked.headers["content-type"])


async def test_a_stream_is_not_begun_for_its_headers(client: httpx.AsyncClient) -> None:
    assert (await client.head("http://pacs.test/events")).status_code == 405
