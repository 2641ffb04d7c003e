from __future__ import annotations

import re

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.dependencies import Asked, AskedDep
from app.main import SERVICE_PATH
from app.route_template import route_template
from app.service_routes import ServiceRoutes

VALUES = {"study": "1.2.3", "series": "1.2.3.1", "instance": "1.2.3.4", "frames": "2,1", "path": "00081140/0/00420011"}
INSTANCE = "/dicom-web/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4"

router = APIRouter()


async def tell(asked: AskedDep) -> Response:
    """Answer with what the route says of the request."""
    values = " ".join(f"{name}={value}" for name, value in asked.request.path_params.items())
    return PlainTextResponse(f"{route_template(asked.request.scope)} {values}".strip())


for _path in ("/", "/studies", "/studies/{study}", "/studies/{study}/series", "/studies/{study}/items/{path:path}"):
    router.add_api_route(_path, tell, methods=["GET"])
router.add_api_route("/studies/{study}", tell, methods=["DELETE"])


async def elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what no route was found for."""
    await PlainTextResponse("elsewhere")(scope, receive, send)


@pytest.fixture
def routes(application: FastAPI) -> ServiceRoutes:
    return ServiceRoutes("/service", router.routes, application.state.services, elsewhere)


async def answer(app: ASGIApp, path: str, *, method: str = "GET", root_path: str = "") -> str:
    transport = httpx.ASGITransport(app, root_path=root_path)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return (await client.request(method, path)).text


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/service/", "/service/"),
        ("/service/studies", "/service/studies"),
        ("/service/studies/1.2", "/service/studies/{study} study=1.2"),
        ("/service/studies/studies", "/service/studies/{study} study=studies"),
        ("/service/studies/1.2/series", "/service/studies/{study}/series study=1.2"),
        ("/service/studies/1.2/items/a", "/service/studies/{study}/items/{path} study=1.2 path=a"),
        ("/service/studies/1.2/items/a/0/b", "/service/studies/{study}/items/{path} study=1.2 path=a/0/b"),
        ("/service/studies/1.2/items/a//b/", "/service/studies/{study}/items/{path} study=1.2 path=a//b/"),
        ("/service/studies/1.2/items/", "/service/studies/{study}/items/{path} study=1.2 path="),
        ("/service/studies/a%20b", "/service/studies/{study} study=a b"),
        ("/service/studies/%2E%2E", "/service/studies/{study} study=.."),
        ("/service/studies/1.2%2Fseries", "/service/studies/{study}/series study=1.2"),
    ],
)
async def test_a_path_finds_its_route_and_the_values_in_it(routes: ServiceRoutes, path: str, expected: str) -> None:
    assert (await answer(routes, path)).replace("{path:path}", "{path}") == expected


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/service",
        "/serviceable/studies",
        "/studies",
        "/service//studies",
        "/service/Studies",
        "/service/studies/",
        "/service/studies//series",
        "/service/studies/1.2/",
        "/service/studies/1.2/series/",
        "/service/studies/1.2/items",
        "/service/studies/1.2/other",
        "/service/studies/1.2/series/1.3",
    ],
)
async def test_other_paths_are_left_to_others(routes: ServiceRoutes, path: str) -> None:
    assert await answer(routes, path) == "elsewhere"


async def test_a_method_that_a_path_does_not_have_is_left_to_others(routes: ServiceRoutes) -> None:
    assert await answer(routes, "/service/studies/1.2", method="DELETE") == "/service/studies/{study} study=1.2"
    assert await answer(routes, "/service/studies/1.2", method="PUT") == "elsewhere"
    assert await answer(routes, "/service/studies", method="DELETE") == "elsewhere"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/proxy/service/studies", "/service/studies"),
        ("/service/studies", "/service/studies"),
        ("/proxy/proxy/service/studies", "elsewhere"),
        ("/proxyservice/studies", "elsewhere"),
    ],
)
async def test_a_prefix_that_a_proxy_takes_off_is_no_part_of_the_path(
    routes: ServiceRoutes, path: str, expected: str
) -> None:
    assert await answer(routes, path, root_path="/proxy") == expected


async def test_what_is_no_request_is_left_to_others(application: FastAPI) -> None:
    seen: list[str] = []

    async def note(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    async def receive() -> dict[str, str]:
        return {}

    async def send(_message: object) -> None:
        pass

    routes = ServiceRoutes("/service", router.routes, application.state.services, note)
    await routes({"type": "lifespan"}, receive, send)
    await routes({"type": "websocket", "path": "/service/studies"}, receive, send)
    assert seen == ["lifespan", "websocket"]


async def test_a_handler_gets_the_services_of_the_application(application: FastAPI) -> None:
    own = APIRouter()
    services = application.state.services

    @own.get("/here")
    async def here(asked: AskedDep) -> Response:
        return PlainTextResponse(str(isinstance(asked, Asked) and asked.services is services))

    assert await answer(ServiceRoutes("/service", own.routes, services, elsewhere), "/service/here") == "True"


# The same as FastAPI's own routing

Seen = tuple[int, dict[str, str], bytes, str]


class Compared:
    """The application with its own routing, and the same one with FastAPI's."""

    def __init__(self, application: FastAPI, root_path: str = "") -> None:
        self.root_path = root_path
        self._application = application
        self._layers = FastAPI.build_middleware_stack(application)

    async def ours(self, method: str, path: str) -> Seen:
        return await self._seen(self._application, method, path)

    async def fastapis(self, method: str, path: str) -> Seen:
        async def layers(scope: Scope, receive: Receive, send: Send) -> None:
            scope["app"] = self._application
            await self._layers(scope, receive, send)

        return await self._seen(layers, method, path)

    async def _seen(self, app: ASGIApp, method: str, path: str) -> Seen:
        templates: list[str] = []

        async def noting(scope: Scope, receive: Receive, send: Send) -> None:
            await app(scope, receive, send)
            templates.append(route_template(scope))

        transport = httpx.ASGITransport(noting, root_path=self.root_path)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            found = await client.request(method, self.root_path + path)
        headers = {name: value for name, value in found.headers.items() if name != "x-request-id"}
        return found.status_code, headers, found.content, templates[0]


@pytest.fixture
def compared(application: FastAPI) -> Compared:
    return Compared(application)


def declared(application: FastAPI) -> list[tuple[str, str]]:
    """Method and path of every route of the services."""
    return sorted(
        (method, str(context.path))
        for context in iter_route_contexts(application.routes)
        for method in context.methods or ()
        if str(context.path).startswith(SERVICE_PATH + "/")
    )


def filled(template: str) -> str:
    return re.sub(r"\{(\w+)(:path)?\}", lambda match: VALUES[match[1]], template)


@pytest.mark.parametrize("root_path", ["", "/proxy"])
async def test_every_declared_route_is_found_as_fastapi_finds_it(application: FastAPI, root_path: str) -> None:
    compared = Compared(application, root_path)
    routes = declared(application)
    assert len(routes) > 80
    for method, template in routes:
        path = filled(template)
        ours, fastapis = await compared.ours(method, path), await compared.fastapis(method, path)
        assert ours[:3] == fastapis[:3], path
        assert ours[3] == template
        assert fastapis[3] == (template if template != SERVICE_PATH + "/" else "/")


async def test_every_declared_route_is_found_without_fastapi(application: FastAPI) -> None:
    found_by_fastapi: list[str] = []

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        await application(scope, receive, send)
        if "route" in scope:
            found_by_fastapi.append(scope["path"])

    for method, template in declared(application):
        await answer(noting, filled(template), method=method)
    assert found_by_fastapi == []
    await answer(noting, "/health/live")
    assert found_by_fastapi == ["/health/live"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "SNOOP"])
async def test_every_method_has_the_same_answer_on_every_path(
    application: FastAPI, compared: Compared, method: str
) -> None:
    for template in sorted({template for _method, template in declared(application)}):
        path = filled(template)
        ours, fastapis = await compared.ours(method, path), await compared.fastapis(method, path)
        assert ours[:3] == fastapis[:3], path


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/dicom-web/studies", "GET, HEAD, POST"),
        ("POST", "/dicom-web/series", "GET, HEAD"),
        ("PUT", "/dicom-web/studies/1.2", "DELETE, GET, HEAD, POST"),
        ("POST", INSTANCE, "DELETE, GET, HEAD"),
        ("DELETE", f"{INSTANCE}/frames/1", "GET, HEAD"),
        ("DELETE", f"{INSTANCE}/bulkdata/00420011/1/2", "GET, HEAD"),
        ("GET", "/dicom-web/", "OPTIONS"),
        ("GET", "/dicom-web", "OPTIONS"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(compared: Compared, method: str, path: str, allowed: str) -> None:
    status, headers, _body, _template = await compared.ours(method, path)
    assert (status, headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/nothing",
        "/dicom-web",
        "/dicom-web/",
        "/dicom-web//",
        "/dicom-web//studies",
        "/dicom-web/nothing",
        "/dicom-web/studies/",
        "/dicom-web/studies//",
        "/dicom-web/studies//series",
        "/dicom-web/studies/1.2//series",
        "/dicom-web/studies/1.2/",
        "/dicom-web/studies/1.2/metadata/",
        "/dicom-web/studies/1.2/nothing",
        "/dicom-web/studies/1.2/Series",
        "/dicom-web/studies/1.2/series//instances",
        "/dicom-web/studies/%31.2",
        "/dicom-web/studies/1.2%2Fseries",
        "/dicom-web/studies/%2e%2e",
        "/dicom-web/studies/1.2%00",
        "/dicom-web/studies/%C3%A9/series/%F0%9F%98%80",
        "/dicom-web/studies/%FF",
        "/dicom-web/%73tudies",
        "/dicom-web%2Fstudies",
        "/dicom-web/studies/1.2%0A",
        "/dicom-web/studies/1.2/metadata%0A",
        "/dicom-web/studies/{study}",
        "/dicom-web/studies/" + "1" * 5000,
        "/dicom-web" + "/a" * 2000,
        f"{INSTANCE}/frames",
        f"{INSTANCE}/frames/",
        f"{INSTANCE}/frames/1/",
        f"{INSTANCE}/frames/1/2",
        f"{INSTANCE}/frames/1%2C2",
        f"{INSTANCE}/frames/1,2/rendered",
        f"{INSTANCE}/frames/1/nothing",
        f"{INSTANCE}/bulkdata",
        f"{INSTANCE}/bulkdata/00081140/0/00420011",
        f"{INSTANCE}/bulkdata/00081140/0/00420011/",
        f"{INSTANCE}/bulkdata//00081140",
        f"{INSTANCE}/bulkdata/rendered",
        f"{INSTANCE}/bulkdata/a%2Fb",
        f"{INSTANCE}/rendered3d",
        "/health/live",
        "/health/live/",
        "/openapi.json",
        "/docs/assets/nothing",
    ],
)
@pytest.mark.parametrize("root_path", ["", "/proxy", "/dicom-web"])
async def test_strange_paths_have_the_same_answer(application: FastAPI, path: str, root_path: str) -> None:
    compared = Compared(application, root_path)
    ours, fastapis = await compared.ours("GET", path), await compared.fastapis("GET", path)
    assert ours == fastapis


async def test_a_value_may_be_empty_where_it_can_have_several_segments(compared: Compared) -> None:
    ours, fastapis = [await ask("GET", f"{INSTANCE}/bulkdata/") for ask in (compared.ours, compared.fastapis)]
    assert ours[:3] == fastapis[:3]
    assert ours[3].endswith("/instances/{instance}/bulkdata/{path:path}")
