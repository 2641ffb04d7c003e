"""The routes of the DICOMweb services, found by the segments of the path.

FastAPI's routers declare them (`app.routers`) and stay what answers when nothing is found here: unknown paths, methods
that a resource does not have. But they try one pattern after the other, some forty, and then resolve dependencies with
two exit stacks: several times the work of finding a frame in the index, and most of what a request costs when the
processor's caches are cold. Here a path is looked up segment by segment and its handler is called with `Asked`, the one
dependency that handlers of the services have.

The same resources are below ``aets/{ae_title}``, where another application entity holds them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from app.dependencies import Asked, Services
from app.route_template import set_route_template

Handler = Callable[[Asked], Awaitable[Response]]

_REST = ":path"
_REMOTE = "aets/"


@dataclass(slots=True)
class _Node:
    """Where a path can go on from, and who answers where it ends."""

    literals: dict[str, _Node] = field(default_factory=dict)
    parameter: tuple[str, _Node] | None = None
    rest: tuple[str, _Node] | None = None
    handlers: dict[str, Handler] = field(default_factory=dict)
    template: str = ""


class ServiceRoutes:
    """ASGI application: all of ``routes`` below ``prefix``, and ``otherwise`` for the rest."""

    def __init__(self, prefix: str, routes: Iterable[BaseRoute], services: Services, otherwise: ASGIApp) -> None:
        self._prefix = prefix + "/"
        self._services = services
        self._otherwise = otherwise
        self._root = _Node()
        for route in routes:
            if isinstance(route, APIRoute):
                self._add(route)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is found here."""
        if scope["type"] == "http":
            path: str = scope["path"].removeprefix(scope.get("root_path", ""))
            if path.startswith(self._prefix):
                await self._answer(path[len(self._prefix) :], scope, receive, send)
                return
        await self._otherwise(scope, receive, send)

    async def _answer(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        ae_title = None
        if path.startswith(_REMOTE):
            ae_title, _, path = path[len(_REMOTE) :].partition("/")
            # If nothing is found here, it is to be told what is wrong with the resource itself.
            scope["path"] = f"{scope.get('root_path', '')}{self._prefix}{path}"
        node, parameters = self._find(path)
        handler = None if node is None else node.handlers.get(scope["method"])
        if node is None or handler is None:
            await self._otherwise(scope, receive, send)
            return
        scope["path_params"] = parameters
        template = node.template if ae_title is None else f"{_REMOTE}{{ae_title}}/{node.template}"
        set_route_template(scope, self._prefix + template)
        asked = await self._services.asked(Request(scope, receive, send), ae_title)
        response = await handler(asked)
        await response(scope, receive, send)

    def _add(self, route: APIRoute) -> None:
        node = self._root
        path = route.path.removeprefix("/")
        for segment in path.split("/"):
            node = _grow(node, segment)
        node.template = path
        node.handlers |= dict.fromkeys(route.methods or (), route.endpoint)

    def _find(self, path: str) -> tuple[_Node | None, dict[str, str]]:
        node = self._root
        parameters: dict[str, str] = {}
        segments = path.split("/")
        for number, segment in enumerate(segments):
            found = node.literals.get(segment)
            if found is not None:
                node = found
            elif node.parameter is not None and segment:
                name, node = node.parameter
                parameters[name] = segment
            elif node.rest is not None:
                name, node = node.rest
                parameters[name] = "/".join(segments[number:])
                break
            else:
                return None, parameters
        return node, parameters


def _grow(node: _Node, segment: str) -> _Node:
    """The node after ``segment``, made if it is not there."""
    if not segment.startswith("{"):
        return node.literals.setdefault(segment, _Node())
    name = segment.strip("{}")
    if name.endswith(_REST):
        node.rest = node.rest or (name.removesuffix(_REST), _Node())
        return node.rest[1]
    node.parameter = node.parameter or (name, _Node())
    return node.parameter[1]
