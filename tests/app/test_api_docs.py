import httpx
from fastapi import FastAPI

from app.api_docs import install_api_docs


async def get(*paths: str) -> list[httpx.Response]:
    app = FastAPI(docs_url=None, redoc_url=None)
    install_api_docs(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        return [await http.get(path) for path in paths]


async def test_the_page_and_everything_it_loads_come_from_here() -> None:
    page, style, script, start = await get(
        "/docs", "/docs/assets/swagger-ui.css", "/docs/assets/swagger-ui-bundle.js", "/docs/assets/start.js"
    )
    assert [response.status_code for response in (page, style, script, start)] == [200, 200, 200, 200]
    assert "http" not in page.text
    assert 'url: "openapi.json"' in start.text


async def test_the_page_may_load_nothing_from_elsewhere() -> None:
    (page,) = await get("/docs")
    assert "default-src 'none'; script-src 'self';" in page.headers["Content-Security-Policy"]


async def test_the_licence_of_swagger_ui_lies_beside_it() -> None:
    (licence,) = await get("/docs/assets/LICENSE")
    assert "Apache License" in licence.text
