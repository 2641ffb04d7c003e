"""Errors as clients see them (RFC 9457; rows COM-026, COM-046 to COM-050, COM-052)."""

from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, HTTPException
from starlette.requests import ClientDisconnect

from app.errors import install, problem_of, status_of
from dicomcore import errors

RAISED: dict[str, Exception] = {
    "parameter": errors.InvalidParameter("limit", "not a number: '<b>'"),
    "malformed": errors.MalformedDataset("value ends early", offset=132, tag=0x7FE00010),
    "accept": errors.NotAcceptable("nothing fits", ("application/dicom+json", "application/zip")),
    "range": errors.RangeNotSatisfiable(100),
    "storage": errors.StorageUnavailable("cannot write /srv/data/x"),
    "full": errors.StorageFull("no room in /srv/data"),
    "unauthorized": HTTPException(401, "who are you?"),
    "realm": HTTPException(401, headers={"WWW-Authenticate": "Basic"}),
    "modified": HTTPException(304),
    "gone": ClientDisconnect(),
    "surrogate": errors.InvalidParameter("limit", "\udc80"),
}


def application() -> FastAPI:
    app, router = FastAPI(), APIRouter()

    @router.get("/raise/{name}")
    async def fail(name: str) -> None:
        raise RAISED[name]

    @router.get("/things")
    async def search(limit: int = 0) -> None: ...

    @router.post("/things")
    async def store() -> None: ...

    app.include_router(router, prefix="/dicom-web")
    install(app)
    return app


async def request(path: str, method: str = "GET", **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(application())
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.request(method, f"/dicom-web{path}", headers=headers)


async def problem(path: str, method: str = "GET") -> dict[str, Any]:
    response = await request(path, method)
    assert response.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert found["status"] == response.status_code
    return found


async def test_problem_says_what_and_where() -> None:
    assert await problem("/raise/parameter") == {
        "type": "urn:isocenter:problem:invalid-parameter",
        "title": "Invalid parameter",
        "status": 400,
        "detail": "limit: not a number: '<b>'",
        "parameter": "limit",
    }


async def test_tag_and_offset_are_facts() -> None:
    found = await problem("/raise/malformed")
    assert (found["tag"], found["offset"]) == ("7FE00010", 132)


async def test_not_acceptable_lists_what_there_is() -> None:
    found = await problem("/raise/accept")
    assert (found["status"], found["available"]) == (406, ["application/dicom+json", "application/zip"])


async def test_unsatisfiable_range_tells_the_size() -> None:
    response = await request("/raise/range")
    assert (response.status_code, response.headers["content-range"]) == (416, "bytes */100")


async def test_unavailable_storage_says_when_to_try_again_and_nothing_of_the_inside() -> None:
    response = await request("/raise/storage")
    assert (response.status_code, response.headers["retry-after"]) == (503, "10")
    assert "/srv" not in response.text


async def test_full_storage_is_507() -> None:
    response = await request("/raise/full")
    assert (response.status_code, "/srv" in response.text) == (507, False)


async def test_browsers_get_a_page_in_which_nothing_is_markup() -> None:
    response = await request("/raise/parameter", accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "&lt;b&gt;" in response.text and "<b>" not in response.text
    assert "<dt>parameter</dt><dd>limit</dd>" in response.text


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/dicom+json, text/html", "image/png", ""])
async def test_others_get_json(accept: str) -> None:
    response = await request("/raise/parameter", accept=accept)
    assert response.headers["content-type"] == "application/problem+json"


async def test_errors_are_not_cached() -> None:
    assert (await request("/raise/parameter")).headers["cache-control"] == "no-store"


async def test_text_that_utf_8_cannot_write_is_replaced() -> None:
    assert (await problem("/raise/surrogate"))["detail"] == "limit: ?"


async def test_unknown_route_is_a_problem() -> None:
    assert await problem("/nothing") == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "Not Found",
    }


async def test_method_that_is_not_allowed_tells_all_that_are() -> None:
    response = await request("/things", "DELETE")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


async def test_unauthorized_carries_a_challenge() -> None:
    response = await request("/raise/unauthorized")
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert (await request("/raise/realm")).headers["www-authenticate"] == "Basic"


async def test_statuses_without_a_body_have_none() -> None:
    response = await request("/raise/modified")
    assert (response.status_code, response.content) == (304, b"")


async def test_invalid_parameter_that_fastapi_finds_is_400_with_its_name() -> None:
    found = await problem("/things?limit=many")
    assert (found["status"], found["parameter"]) == (400, "limit")
    assert found["detail"].startswith("limit: ")


async def test_client_that_left_is_no_error_of_the_server() -> None:
    assert (await request("/raise/gone")).status_code == 400


def test_class_that_is_not_in_the_table_has_the_status_of_its_parent() -> None:
    class Stranger(errors.ResourceNotFound):
        pass

    assert status_of(Stranger("/studies/1")) == 404
    assert problem_of(Stranger("/studies/1"))["resource"] == "/studies/1"
