"""Pages of other origins that would have a browser change something here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from builders import ct_instance

from app.main import create_app
from app.settings import Settings

OWN = "http://pacs.test"
EVIL = "https://evil.test"


@asynccontextmanager
async def running(settings: Settings, *, peer: str = "127.0.0.1", **changes: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application with some settings changed."""
    app = create_app(settings.model_copy(update=changes))
    transport = httpx.ASGITransport(app, client=(peer, 5000))
    async with httpx.AsyncClient(transport=transport, base_url=OWN) as client:
        yield client
    app.state.services.source.close()


async def change(client: httpx.AsyncClient, **headers: str) -> int:
    """The status of a request without a body, which needs no preflight: 404 says that it was let in."""
    written = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await client.post("/transfers/x/cancel", headers=written)).status_code


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site", "origin": EVIL},
        {"sec_fetch_site": "same-site", "origin": "http://other.pacs.test"},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "cross-site", "origin": OWN},
        {"sec_fetch_site": "?"},
        {"origin": EVIL},
        {"origin": "null"},
        {"origin": "https://pacs.test"},
        {"origin": "http://pacs.test:8080"},
        {"origin": "http://pacs.test.evil.test"},
    ],
)
async def test_pages_of_other_origins_change_nothing(settings: Settings, headers: dict[str, str]) -> None:
    async with running(settings) as client:
        assert await change(client, **headers) == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "same-origin", "origin": "https://pacs.example"},
        {"sec_fetch_site": "none"},
        {"origin": OWN},
        {"origin": "HTTP://PACS.test"},
    ],
)
async def test_our_own_pages_and_programs_do(settings: Settings, headers: dict[str, str]) -> None:
    async with running(settings) as client:
        assert await change(client, **headers) == 404


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_no_request_that_a_page_may_send_without_asking_stores_anything(
    settings: Settings, content_type: str
) -> None:
    headers = {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"} | (
        {"Content-Type": content_type} if content_type else {}
    )
    async with running(settings) as client:
        answer = await client.post("/dicom-web/studies", content=ct_instance(), headers=headers)
        assert answer.status_code == 403
        assert (await client.get("/dicom-web/studies")).status_code == 204


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "X-OTHER"])
async def test_all_methods_that_change_something_are_refused(settings: Settings, method: str) -> None:
    async with running(settings) as client:
        answer = await client.request(method, "/nodes/PACS", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_what_changes_nothing_is_answered(settings: Settings, method: str) -> None:
    headers = {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}
    async with running(settings) as client:
        assert (await client.request(method, "/dicom-web/", headers=headers)).status_code != 403


async def test_origins_that_may_call_us_may_change_something(settings: Settings) -> None:
    viewer = {"origin": "https://viewer.test"}
    async with running(settings, cors_origins=("https://viewer.test",)) as client:
        for site in ({}, {"sec_fetch_site": "cross-site"}, {"sec_fetch_site": "same-site"}):
            assert await change(client, **viewer, **site) == 404
        assert await change(client, origin=EVIL) == 403
        assert await change(client, sec_fetch_site="cross-site") == 403
    async with running(settings, cors_origins=("*",)) as client:
        assert await change(client, origin=EVIL, sec_fetch_site="cross-site") == 404


async def test_behind_a_proxy_our_origin_is_the_one_that_it_tells(settings: Settings) -> None:
    told = {"x_forwarded_proto": "https", "x_forwarded_host": "pacs.example", "x_forwarded_prefix": "/pacs"}
    async with running(settings, relative_urls=True) as client:
        assert await change(client, origin="https://pacs.example", **told) == 404
        assert await change(client, origin="https://pacs.example", forwarded="proto=https;host=pacs.example") == 404
        assert await change(client, origin=OWN, **told) == 403


async def test_who_is_no_trusted_proxy_cannot_tell_our_origin(settings: Settings) -> None:
    told = {"x_forwarded_proto": "https", "x_forwarded_host": "evil.test"}
    async with running(settings, peer="192.0.2.7") as client:
        assert await change(client, origin=EVIL, **told) == 403
        assert await change(client, origin=OWN, **told) == 404


async def test_the_refusal_says_whose_page_was_refused_and_what_allows_it(settings: Settings) -> None:
    async with running(settings) as client:
        answer = await client.post("/nodes/PACS/echo", headers={"Origin": f"{EVIL}/<b>"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]
    assert answer.json() == {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "detail": "Pages of https://evil.test/<b> may change nothing here; the setting cors-origins can allow it. "
        "Pages of ours are at http://pacs.test.",
    }
