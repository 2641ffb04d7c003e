"""OPTIONS on the Base URI is answered with the capabilities (PS3.18 §8.9), a CORS preflight is not."""

from pathlib import Path

import httpx
import pytest

from app.commands.migrate import bring_to_head
from app.main import create_app
from app.settings import load_settings

WADL = "application/vnd.sun.wadl+xml"


@pytest.mark.parametrize(
    ("accept", "content_type"), [("*/*", WADL), (WADL, WADL), ("application/json", "application/json")]
)
async def test_the_capabilities_come_as_wadl_or_json(client: httpx.AsyncClient, accept: str, content_type: str) -> None:
    answer = await client.options("/", headers={"accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, content_type)


async def test_a_slash_at_the_end_makes_no_difference(client: httpx.AsyncClient) -> None:
    assert (await client.options("http://pacs.test/dicom-web")).content == (await client.options("/")).content


async def test_the_base_is_the_one_that_the_client_asked(client: httpx.AsyncClient) -> None:
    answer = await client.options("/", headers={"accept": "application/json"})
    assert answer.json()["application"]["resources"]["@base"] == "http://pacs.test/dicom-web/"


async def test_other_media_types_are_not_acceptable(client: httpx.AsyncClient) -> None:
    answer = await client.options("/", headers={"accept": "text/plain"})
    assert answer.status_code == 406
    assert answer.json()["available"] == [WADL, "application/json"]


async def test_who_has_the_capabilities_need_not_take_them_again(client: httpx.AsyncClient) -> None:
    first = await client.options("/")
    again = await client.options("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_preflight_is_answered_by_cors(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data", log_level="warning", cors_origins=("http://viewer.test",))
    bring_to_head(settings)
    application = create_app(settings)
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test/dicom-web") as client:
        preflight = {"origin": "http://viewer.test", "access-control-request-method": "GET"}
        assert "access-control-allow-methods" in (await client.options("/", headers=preflight)).headers
        assert (await client.options("/", headers={"origin": "http://viewer.test"})).headers["content-type"] == WADL
    application.state.services.source.close()
