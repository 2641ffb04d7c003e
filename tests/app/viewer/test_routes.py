"""``/viewer`` over HTTP: the page, its files, its configuration, links into it."""

from __future__ import annotations

import gzip

import httpx
import pytest
import zstandard
from viewer_package import FILES, SCRIPT, staged

from app.settings import Settings
from app.viewer import is_installed, viewer_url
from app.viewer.staged import Viewer

_SERVER = "http://pacs.test"


@pytest.fixture
def viewer(settings: Settings) -> Viewer:
    """A small viewer, installed where the server looks for it."""
    return staged(settings.viewer_folder)


async def _add_node(client: httpx.AsyncClient, title: str) -> None:
    answer = await client.post(f"{_SERVER}/nodes", json={"ae_title": title, "host": "127.0.0.1", "port": 104})
    assert answer.status_code == 201


async def test_the_page_loads_only_files_of_ours_and_has_no_script_in_it(
    client: httpx.AsyncClient, viewer: Viewer
) -> None:
    answer = await client.get(f"{_SERVER}/viewer")
    assert answer.status_code == 200
    files = f"/viewer/files/{viewer.segment}"
    assert f'<script src="{files}/{SCRIPT}" defer></script>' in answer.text
    assert '<script src="/viewer/app-config.js"></script>' in answer.text
    assert f'href="{files}/app.bundle.css"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self' 'unsafe-eval';" in policy
    assert "frame-ancestors 'self'" in policy
    assert "http" not in policy


async def test_pages_of_the_viewer_itself_are_the_same_page(client: httpx.AsyncClient, viewer: Viewer) -> None:
    first = await client.get(f"{_SERVER}/viewer")
    for path in ("/viewer/", "/viewer/viewer?StudyInstanceUIDs=1.2", "/viewer/segmentation/node-PACS"):
        assert (await client.get(_SERVER + path)).text == first.text


async def test_a_prefix_is_in_every_link(client: httpx.AsyncClient, viewer: Viewer) -> None:
    told = {"X-Forwarded-Prefix": "/pacs"}
    page = await client.get(f"{_SERVER}/viewer", headers=told)
    configuration = await client.get(f"{_SERVER}/viewer/app-config.js", headers=told)
    assert f'src="/pacs/viewer/files/{viewer.segment}/{SCRIPT}"' in page.text
    assert 'src="/pacs/viewer/app-config.js"' in page.text
    assert '"qidoRoot": "/pacs/dicom-web"' in configuration.text


async def test_a_link_to_studies_is_sent_on_to_where_they_are_shown(client: httpx.AsyncClient, viewer: Viewer) -> None:
    await _add_node(client, "OLD PACS")
    for link, place in {
        "?StudyInstanceUIDs=1.2,1.3": "/viewer/viewer?StudyInstanceUIDs=1.2,1.3",
        "?studyinstanceuids=1.2&SeriesInstanceUIDs=1.4": "/viewer/viewer?studyinstanceuids=1.2&SeriesInstanceUIDs=1.4",
        "?StudyInstanceUIDs=1.2&datasources=OLD+PACS": "/viewer/viewer/node-OLD~20PACS?StudyInstanceUIDs=1.2",
        "?StudyInstanceUIDs=1.2&datasources=*": "/viewer/viewer/nodes?StudyInstanceUIDs=1.2",
        "?StudyInstanceUIDs=1.2&datasources=archive": "/viewer/viewer/archive?StudyInstanceUIDs=1.2",
        "?datasources=OLD+PACS": "/viewer?datasources=node-OLD~20PACS",
    }.items():
        answer = await client.get(f"{_SERVER}/viewer{link}", headers={"X-Forwarded-Prefix": "/pacs"})
        assert (answer.status_code, answer.headers["location"]) == (302, f"/pacs{place}")


async def test_a_link_never_leads_elsewhere(client: httpx.AsyncClient, viewer: Viewer) -> None:
    for source in ("//evil.test", "http://evil.test/", "\r\nx: y", "../../docs"):
        params = {"StudyInstanceUIDs": "1.2", "datasources": source}
        answer = await client.get(f"{_SERVER}/viewer", params=params)
        assert answer.status_code == 404
        assert "location" not in answer.headers


async def test_a_node_that_nobody_knows_is_told_as_text(client: httpx.AsyncClient, viewer: Viewer) -> None:
    params = {"StudyInstanceUIDs": "1.2", "datasources": "<img src=x onerror=alert(1)>"}
    answer = await client.get(f"{_SERVER}/viewer", params=params)
    assert answer.status_code == 404
    assert "<img" not in answer.text


async def test_the_list_of_a_source_that_has_its_name_already_is_shown(
    client: httpx.AsyncClient, viewer: Viewer
) -> None:
    await _add_node(client, "PACS")
    for query in ("", "?datasources=node-PACS", "?datasources=archive", "?datasources=", "?patientname=doe"):
        assert (await client.get(f"{_SERVER}/viewer{query}")).status_code == 200


async def test_the_configuration_follows_the_nodes(client: httpx.AsyncClient, viewer: Viewer) -> None:
    before = await client.get(f"{_SERVER}/viewer/app-config.js")
    await _add_node(client, "PACS")
    after = await client.get(f"{_SERVER}/viewer/app-config.js")
    assert ("node-PACS" in before.text, "node-PACS" in after.text) == (False, True)
    assert after.headers["content-type"].startswith("text/javascript")
    assert after.headers["cache-control"] == "no-store"
    assert after.headers["cross-origin-resource-policy"] == "same-origin"


@pytest.mark.parametrize(
    ("accepted", "coding"), [("gzip, zstd", "zstd"), ("gzip", "gzip"), ("identity", ""), ("br", "")]
)
async def test_files_come_in_the_best_coding_and_are_kept_for_good(
    client: httpx.AsyncClient, viewer: Viewer, accepted: str, coding: str
) -> None:
    url = f"{_SERVER}/viewer/files/{viewer.segment}/{SCRIPT}"
    async with client.stream("GET", url, headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join([chunk async for chunk in answer.aiter_raw()])
    decode = {"zstd": zstandard.decompress, "gzip": gzip.decompress, "": bytes}[coding]
    assert decode(raw) == FILES[f"dist/{SCRIPT}"]
    assert answer.headers.get("content-encoding", "") == coding
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "'unsafe-eval'" in answer.headers["content-security-policy"]


async def test_a_file_that_is_known_is_not_sent_again(client: httpx.AsyncClient, viewer: Viewer) -> None:
    url = f"{_SERVER}/viewer/files/{viewer.segment}/{SCRIPT}"
    first = await client.get(url, headers={"Accept-Encoding": "gzip"})
    tag = {"If-None-Match": first.headers["etag"]}
    again = await client.get(url, headers={**tag, "Accept-Encoding": "gzip"})
    other = await client.get(url, headers={**tag, "Accept-Encoding": "identity"})
    assert (again.status_code, other.status_code) == (304, 200)


async def test_media_types_are_those_that_browsers_insist_on(client: httpx.AsyncClient, viewer: Viewer) -> None:
    types = {
        "0123.wasm": "application/wasm",
        "app.bundle.css": "text/css; charset=utf-8",
        "ohif-logo.svg": "image/svg+xml",
    }
    for name, media_type in types.items():
        answer = await client.get(f"{_SERVER}/viewer/files/{viewer.segment}/{name}")
        assert answer.headers["content-type"] == media_type


@pytest.mark.parametrize(
    "path",
    ["nothing.js", "../viewer.json", "..%2fviewer.json", "%2e%2e/%2e%2e/index.sqlite", f"{SCRIPT}.gz", "", "a/b"],
)
async def test_only_files_of_the_viewer_are_given(client: httpx.AsyncClient, viewer: Viewer, path: str) -> None:
    answer = await client.get(f"{_SERVER}/viewer/files/{viewer.segment}/{path}")
    assert answer.status_code in (200, 404)
    assert answer.status_code == 404 or "app-config.js" in answer.text  # the client itself took the dots out


async def test_another_version_has_no_files_here(client: httpx.AsyncClient, viewer: Viewer) -> None:
    assert (await client.get(f"{_SERVER}/viewer/files/0-0/{SCRIPT}")).status_code == 404


async def test_without_a_viewer_a_page_says_how_to_add_one(client: httpx.AsyncClient, settings: Settings) -> None:
    assert not is_installed(settings)
    for path in ("/viewer", "/viewer/viewer?StudyInstanceUIDs=1.2"):
        answer = await client.get(_SERVER + path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert "isocenter viewer install" in answer.text
    assert (await client.get(f"{_SERVER}/viewer/app-config.js")).status_code == 404
    assert (await client.get(f"{_SERVER}/viewer/files/1/{SCRIPT}")).status_code == 404


async def test_a_viewer_that_is_installed_later_is_there_at_once(client: httpx.AsyncClient, settings: Settings) -> None:
    assert (await client.get(f"{_SERVER}/viewer")).status_code == 404
    staged(settings.viewer_folder)
    assert is_installed(settings)
    assert (await client.get(f"{_SERVER}/viewer")).status_code == 200


def test_links_name_the_studies_and_the_node() -> None:
    assert viewer_url("", ["1.2"]) == "/viewer?StudyInstanceUIDs=1.2"
    assert viewer_url("/pacs", ["1.2", "1.3"], "A B&C") == "/pacs/viewer?StudyInstanceUIDs=1.2,1.3&datasources=A+B%26C"
    assert viewer_url("", ["1.2"], "*") == "/viewer?StudyInstanceUIDs=1.2&datasources=*"
