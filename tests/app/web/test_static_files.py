import httpx
from fastapi import FastAPI

from app.web.static_files import static_path, version


async def get(application: FastAPI, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as client:
        return await client.get(path)


async def test_files_below_their_version_are_kept_for_good(application: FastAPI) -> None:
    answer = await get(application, f"{static_path()}/site.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(("text/javascript", "application/javascript"))
    assert "immutable" in answer.headers["cache-control"]


async def test_files_below_another_version_are_given_but_not_kept(application: FastAPI) -> None:
    answer = await get(application, "/ui/static/0123456789abcdef/site.css")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_nothing_outside_of_the_folder_is_given(application: FastAPI) -> None:
    for path in (f"/ui/static/{version()}/..%2fpages.py", f"/ui/static/{version()}/nothing.js", "/ui/static/x"):
        assert (await get(application, path)).status_code == 404


async def test_the_licence_of_htmx_lies_beside_it(application: FastAPI) -> None:
    assert "Zero-Clause BSD" in (await get(application, f"{static_path()}/vendor/htmx-LICENSE")).text
