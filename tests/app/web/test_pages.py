from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.web.pages import PageRoute, render, root_of
from dicomcore.errors import InvalidParameter, PeerUnreachable, ResourceGone, StorageFull
from dicomcore.resources import Resource

router = APIRouter(route_class=PageRoute)


@router.get("/try/wrong")
async def wrong() -> Response:
    raise InvalidParameter("date", "<b>is no date</b>")


@router.get("/try/missing")
async def missing() -> Response:
    raise HTTPException(404, "There is no such thing.")


@router.get("/try/gone")
async def gone() -> Response:
    raise ResourceGone(Resource("1.2", "1.2.3"))


@router.get("/try/away")
async def away() -> Response:
    raise PeerUnreachable("pacs.example:104", "connection refused")


@router.get("/try/full")
async def full() -> Response:
    raise StorageFull("no space left at /var/lib/isocenter")


@router.get("/try/root")
async def root(request: Request) -> Response:
    return Response(root_of(request))


@router.get("/try/data")
async def data(request: Request) -> Response:
    return render(request, "error.html", title="<script>alert(1)</script>", detail="A & B", status=418)


@pytest.fixture
async def browser(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    application.include_router(router)
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as client:
        yield client


async def test_an_error_is_a_page_with_its_sentence_escaped(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/try/wrong")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "&lt;b&gt;is no date&lt;/b&gt;" in answer.text
    assert '<a class="brand"' in answer.text


async def test_an_error_of_a_part_of_a_page_is_a_part_too(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/try/missing", headers={"HX-Request": "true"})
    assert answer.status_code == 404
    assert answer.text.startswith('<p class="notice notice-error" role="alert">')
    assert "There is no such thing." in answer.text


async def test_a_study_that_is_not_here_is_told_without_its_path(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/ui/studies/1.2.3")
    assert answer.status_code == 404
    assert "This study is not in the archive." in answer.text
    assert "This series was deleted." in (await browser.get("/try/gone")).text


async def test_a_node_that_is_away_is_a_page_of_ours(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/try/away")
    assert answer.status_code == 502
    assert "connection refused" in answer.text
    assert '<a class="brand"' in answer.text


async def test_what_only_the_operator_can_mend_is_told_in_general_words(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/try/full")
    assert answer.status_code == 507
    assert "/var/lib" not in answer.text


async def test_what_comes_from_data_is_escaped(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/try/data")
    assert answer.status_code == 418
    assert "<script>alert" not in answer.text
    assert "A &amp; B" in answer.text


async def test_a_page_may_load_nothing_but_what_is_ours(browser: httpx.AsyncClient) -> None:
    policy = (await browser.get("/ui/nodes")).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy


async def test_no_page_has_a_script_or_a_style_in_it(browser: httpx.AsyncClient) -> None:
    for path in ("/ui/nodes", "/ui/transfers", "/ui/status"):
        text = (await browser.get(path)).text
        assert "<script>" not in text
        assert "<style" not in text
        assert " style=" not in text
        assert " onclick=" not in text


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({}, ""), ({"X-Forwarded-Prefix": "/pacs"}, "/pacs"), ({"X-Forwarded-Prefix": '/"><script>'}, "")],
)
async def test_links_begin_with_the_prefix_that_a_trusted_proxy_names(
    browser: httpx.AsyncClient, headers: dict[str, str], expected: str
) -> None:
    assert (await browser.get("/try/root", headers=headers)).text == expected
    page = await browser.get("/ui/nodes", headers=headers)
    assert f'<body data-root="{expected}"' in page.text
    assert f'href="{expected}/ui/upload"' in page.text
