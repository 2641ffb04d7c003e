from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.application import Application
from app.dependencies import AskedDep, Services
from app.errors import install
from dicomcore.errors import ResourceNotFound

done: list[str] = []
router = APIRouter()


@router.get("/studies/{study}")
async def study(asked: AskedDep, study: str = "") -> Response:
    """Find nothing, fail, or do something when it is answered; by name."""
    name = asked.request.path_params["study"]
    if name == "missing":
        raise ResourceNotFound("study")
    if name == "unwanted":
        raise HTTPException(501, "not here", headers={"X-Reason": "none"})
    if name == "broken":
        raise RuntimeError
    return PlainTextResponse(name, background=BackgroundTask(done.append, name))


async def resource() -> AsyncIterator[str]:
    yield "resource"
    done.append("released")


@pytest.fixture
def services(application: FastAPI) -> Services:
    services = application.state.services
    assert isinstance(services, Services)
    return services


@pytest.fixture
def app(services: Services) -> Application:
    app = Application("/service", [router], services, title="Testing")
    install(app)
    return app


async def get(app: ASGIApp, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.get(path)


class Signed:
    """Middleware that puts its name before what the answer has of others."""

    def __init__(self, app: ASGIApp, name: str) -> None:
        self._app = app
        self._name = name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("names", []).append(self._name)
        await self._app(scope, receive, send)


async def test_the_services_are_found_below_their_path(app: Application) -> None:
    assert (await get(app, "/service/studies/1.2")).text == "1.2"
    assert (await get(app, "/studies/1.2")).status_code == 404


async def test_everything_else_is_fastapis(app: Application, services: Services) -> None:
    done.clear()

    @app.get("/other/{number}")
    async def other(number: int, found: Annotated[str, Depends(resource)]) -> list[str | int]:
        return [number, found]

    assert (await get(app, "/other/7")).json() == [7, "resource"]
    assert done == ["released"]
    assert (await get(app, "/other/seven")).status_code == 400
    assert app.state.services is services


async def test_the_services_are_in_the_description(app: Application) -> None:
    assert list((await get(app, "/openapi.json")).json()["paths"]) == ["/service/studies/{study}"]


async def test_errors_of_the_services_have_their_answers(app: Application) -> None:
    missing, unwanted = await get(app, "/service/studies/missing"), await get(app, "/service/studies/unwanted")
    assert (missing.status_code, missing.json()["title"]) == (404, "Resource not found")
    assert (unwanted.status_code, unwanted.headers["x-reason"]) == (501, "none")


async def test_a_handler_of_errors_may_come_later(app: Application) -> None:
    async def answer(_request: object, _error: Exception) -> Response:
        return PlainTextResponse("mended")

    app.add_exception_handler(RuntimeError, answer)
    assert (await get(app, "/service/studies/broken")).text == "mended"


async def test_errors_that_nobody_handles_are_left_to_who_stands_outside(app: Application) -> None:
    with pytest.raises(RuntimeError):
        await get(app, "/service/studies/broken")


async def test_what_is_to_be_done_after_an_answer_is_done(app: Application) -> None:
    done.clear()
    await get(app, "/service/studies/1.2")
    assert done == ["1.2"]


async def test_the_middleware_that_was_added_last_sees_a_request_first(app: Application) -> None:
    seen: list[str] = []

    @app.get("/names")
    async def names() -> None:
        pass

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, send)
        seen.extend(scope["names"])

    app.add_middleware(Signed, name="inner")
    app.add_middleware(Signed, name="outer")
    await get(noting, "/names")
    await get(noting, "/service/studies/1.2")
    assert seen == ["outer", "inner"] * 2


async def test_a_wrong_method_is_told_the_right_ones(app: Application) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        wrong = await client.delete("/service/studies/1.2")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")
