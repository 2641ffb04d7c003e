import httpx
import pytest
from fastapi import FastAPI
from starlette.types import Message

PAGES = ("/", "/ui/upload", "/ui/nodes", "/ui/transfers", "/ui/status")


async def test_every_page_answers_and_says_which_it_is(application: FastAPI) -> None:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as client:
        pages = {path: await client.get(path) for path in PAGES}
    for path, page in pages.items():
        assert page.status_code == 200, path
        assert page.headers["cache-control"] == "no-store"
        assert f'href="{path}" aria-current="page"' in page.text


async def test_pages_are_no_part_of_the_contract(application: FastAPI) -> None:
    paths = application.openapi()["paths"]
    assert "/status" in paths
    assert not [path for path in paths if path == "/" or path.startswith("/ui/")]


async def test_what_is_no_page_is_told_as_a_page(application: FastAPI) -> None:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as client:
        answer = await client.get("/ui/nowhere/<b>")
    assert answer.status_code == 404
    assert "There is no page at /ui/nowhere/&lt;b&gt;." in answer.text
    assert '<a class="brand"' in answer.text


BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/studdies", "/studies/1.2.3", "/dicom-web/studdies", "/viewers/", "/ui"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_browser_gets_a_page_where_there_is_nothing(application: FastAPI, method: str, path: str) -> None:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as client:
        answer = await client.request(method, path, headers=BROWSER | {"X-Forwarded-Prefix": "/pacs"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert f"There is no page at /pacs{path}." in answer.text
    assert '<a class="button" href="/pacs/">To the study list</a>' in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/dicom+json", "application/problem+json"])
async def test_a_program_gets_a_problem_where_there_is_nothing(application: FastAPI, accept: str) -> None:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as client:
        answer = await client.get("/studdies", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert answer.json()["title"] == "Not Found"


async def test_what_a_browser_asks_in_the_wrong_way_is_there_all_the_same(application: FastAPI) -> None:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as client:
        answer = await client.put("/transfers", headers=BROWSER)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")


async def _sent(application: FastAPI, method: str, path: str) -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers and body as the application hands them to the server, which would drop the body of a HEAD."""
    messages: list[Message] = []
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": [(b"host", b"pacs.test")]}

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await application(scope, receive, send)
    headers = {name: value for name, value in messages[0]["headers"] if name != b"x-request-id"}
    return messages[0]["status"], headers, b"".join(message.get("body", b"") for message in messages[1:])


@pytest.mark.parametrize("path", [*PAGES, "/ui/parts/studies", "/ui/parts/nodes", "/ui/studies/1.2.3", "/ui/no"])
async def test_head_has_what_get_has_but_the_body(application: FastAPI, path: str) -> None:
    status, headers, body = await _sent(application, "GET", path)
    assert headers[b"content-length"] == b"%d" % len(body)
    assert await _sent(application, "HEAD", path) == (status, headers, b"")
