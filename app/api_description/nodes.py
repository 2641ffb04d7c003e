"""The operations on `/nodes`: what a node is made of comes from `dicomcore.nodes.Node`."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from enum import StrEnum
from typing import get_type_hints

from app.api_description.components import Json, reference
from app.api_description.operation import Operation, response
from dicomcore.nodes import SECRETS, Node

NODE = "Node"
ECHO = "Echo"
_JSON = "application/json"
_PATH = "/nodes/{ae_title}"
_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
_DESCRIPTIONS = {
    "ae_title": "1 to 16 characters; `*` stands for all nodes elsewhere, and is no title",
    "host": "host name or IP address of an application entity",
    "port": "from 1 to 65535",
    "kind": "an application entity, or a DICOMweb server",
    "tls": "associations are encrypted",
    "character_set": "Specific Character Set of what it is asked",
    "retrieve": "by C-GET, or by C-MOVE to us",
    "max_associations": "open at the same time",
    "connect_timeout": "seconds until there is a connection",
    "association_timeout": "seconds until it answers to an association, or to its end",
    "dimse_timeout": "seconds until it answers to a message",
    "idle_timeout": "seconds after which an unused association is ended",
    "maximum_length": "bytes of the PDUs that it may send, 0 for no bound",
    "base_url": "of a DICOMweb server, in the place of host and port",
    "username": "who we say we are",
    "password": "what proves it; never given back, kept when it is not mentioned",
    "token": "a bearer token; never given back, kept when it is not mentioned",
}


def node_schema() -> Json:
    """Describe a node."""
    hints = get_type_hints(Node)
    properties: Json = {}
    for field in fields(Node):
        member: Json = _type(hints[field.name]) | {"description": _DESCRIPTIONS[field.name]}
        is_secret = field.name in SECRETS
        has_default = field.name != "ae_title" and not is_secret
        properties[field.name] = (
            member | ({"default": field.default} if has_default else {}) | ({"writeOnly": True} if is_secret else {})
        )
    said = {f"has_{name}": {"type": "boolean", "readOnly": True} for name in SECRETS}
    return {"type": "object", "required": ["ae_title"], "properties": {**properties, **said}}


def _type(hint: object) -> Json:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return {"type": "string", "enum": [str(member) for member in hint]}
    return {"type": _TYPES[hint]}  # type: ignore[index]  # the others are the keys of the table


def node_operations() -> Iterator[Operation]:
    """Describe each of them."""
    shown = {_JSON: reference("schemas", NODE)}
    body: Json = {"required": True, "content": {_JSON: {"schema": reference("schemas", NODE)}}}
    unsuitable = ("400", "413", "415", "503", "507")
    yield _operation(
        "/nodes", "listNodes", "List the nodes", "get", {"200": _list()}, description="Secrets are left out."
    )
    yield _operation(
        "/nodes",
        "addNode",
        "Add a node",
        "post",
        {"201": response("Added.", shown, ("Location",))},
        body=body,
        errors=(*unsuitable, "409"),
    )
    yield _operation(_PATH, "showNode", "Show a node", "get", {"200": response("The node.", shown)}, errors=("404",))
    yield _operation(
        _PATH,
        "putNode",
        "Change or add a node",
        "put",
        {"200": response("Changed.", shown), "201": response("Added.", shown, ("Location",))},
        body=body,
        errors=unsuitable,
        description="What is not mentioned has its default, but for secrets.",
    )
    yield _operation(
        _PATH, "deleteNode", "Delete a node", "delete", {"204": response("Deleted.")}, errors=("404", "503")
    )
    yield _operation(
        f"{_PATH}/echo",
        "echoNode",
        "Try a node",
        "post",
        {"200": response("It answered.", {_JSON: reference("schemas", ECHO)})},
        errors=("404", "502", "503", "504"),
        description="C-ECHO, or a small search of a DICOMweb server.",
    )


def _operation(
    path: str,
    name: str,
    summary: str,
    method: str,
    responses: dict[str, Json],
    *,
    body: Json | None = None,
    errors: tuple[str, ...] = ("503",),
    description: str = "",
) -> Operation:
    return Operation(
        path=path,
        name=name,
        summary=summary,
        tag="Operation",
        method=method,
        responses=responses,
        body=body or {},
        errors=errors,
        description=description,
    )


def _list() -> Json:
    return response("All nodes, by AE title.", {_JSON: {"type": "array", "items": reference("schemas", NODE)}})


NODE_SCHEMAS: Mapping[str, Json] = {
    NODE: node_schema(),
    ECHO: {
        "type": "object",
        "required": ["milliseconds", "status"],
        "properties": {
            "milliseconds": {"type": "number", "description": "from request to answer"},
            "status": {"type": "integer", "description": "0 is success of C-ECHO, 200 of a DICOMweb server"},
        },
    },
}
NODE_OPERATIONS: tuple[Operation, ...] = tuple(node_operations())
