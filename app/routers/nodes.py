"""``/nodes``: the application entities and DICOMweb servers that we talk to; listed, added, changed, deleted, tried.

It is for operators and has nothing to do with PS3.18. Bodies are JSON objects (`app.node_documents`). What a page of
another origin can send without being asked (a form) is refused by its media type, so that nobody's browser adds nodes.
"""

from typing import Protocol, cast
from urllib.parse import quote

import orjson
from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.node_documents import document_of, node_of
from app.request_body import read_body
from app.urls import UrlPolicy, root_path
from dicomcore.errors import UnknownNode, UnsupportedMediaType
from dicomcore.nodes import Echo, Node, NodeStore, check_ae_title

PATH = "/nodes"
MAX_BODY = 64 << 10  # bytes
_JSON = "application/json"

router = APIRouter(tags=["Operation"])


class ApplicationEntity(Protocol):
    """What we are to other application entities, as far as it is needed here."""

    async def echo(self, node: Node) -> Echo:
        """Ask a node whether it is there; raises a `NetworkError` if it is not."""


class NodeServices(Protocol):
    """What of the application's services is needed here."""

    @property
    def nodes(self) -> NodeStore:
        """Who is configured."""

    @property
    def urls(self) -> UrlPolicy:
        """How our own address is made."""

    @property
    def ae(self) -> ApplicationEntity:
        """What we are to them."""


@router.get(PATH, summary="List the nodes")
async def list_nodes(request: Request) -> Response:
    """Give all nodes, by AE title."""
    return _json([document_of(node) for node in await _services(request).nodes.all()])


@router.post(PATH, status_code=201, summary="Add a node")
async def add_node(request: Request) -> Response:
    """Add a node, unless there is one of this title."""
    node = node_of(await _body(request))
    if not await _services(request).nodes.add(node):
        raise HTTPException(409, f"there is a node called {node.ae_title} already; PUT replaces it")
    return _created(request, node)


@router.post(PATH + "/{ae_title:path}/echo", summary="Try a node")
async def echo_node(request: Request) -> Response:
    """Say how long a node took to answer; that it did not is an error like those of a request that goes there."""
    echo = await _services(request).ae.echo(await _known(request))
    return _json({"milliseconds": round(echo.milliseconds, 3), "status": echo.status})


@router.get(PATH + "/{ae_title:path}", summary="Show a node")
async def show_node(request: Request) -> Response:
    """Give one node."""
    return _json(document_of(await _known(request)))


@router.put(PATH + "/{ae_title:path}", summary="Change or add a node")
async def put_node(request: Request) -> Response:
    """Replace a node, or add it; what is not mentioned has its default, and a secret stays what it was."""
    nodes = _services(request).nodes
    title = check_ae_title(request.path_params["ae_title"])
    node = node_of(await _body(request), title, await nodes.get(title))
    return _created(request, node) if await nodes.put(node) else _json(document_of(node))


@router.delete(PATH + "/{ae_title:path}", status_code=204, summary="Delete a node")
async def delete_node(request: Request) -> Response:
    """Forget a node."""
    title = request.path_params["ae_title"]
    if not await _services(request).nodes.remove(title):
        raise UnknownNode(title)
    return Response(status_code=204)


def _services(request: Request) -> NodeServices:
    return cast(NodeServices, request.app.state.services)


async def _known(request: Request) -> Node:
    title = request.path_params["ae_title"]
    node = await _services(request).nodes.get(title)
    if node is None:
        raise UnknownNode(title)
    return node


async def _body(request: Request) -> bytes:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _JSON:
        raise UnsupportedMediaType("a node is sent as JSON", (_JSON,))
    return b"".join([piece async for piece in read_body(request, MAX_BODY)])


def _created(request: Request, node: Node) -> Response:
    root = root_path(request.scope, _services(request).urls)
    location = f"{root}{PATH}/{quote(node.ae_title, safe='')}"
    return _json(document_of(node), 201, {"location": location})


def _json(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    fields = {"cache-control": "no-store", **(headers or {})}
    return Response(orjson.dumps(content), status, fields, media_type=_JSON)
