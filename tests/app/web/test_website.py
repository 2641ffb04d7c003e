import httpx
from fastapi import FastAPI


async def test_every_page_answers_and_says_which_it_is(application: FastAPI) -> None:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as client:
        pages = {
            path: await client.get(path) for path in ("/", "/ui/upload", "/ui/nodes", "/ui/transfers", "/ui/status")
        }
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
