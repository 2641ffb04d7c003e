"""Nodes as JSON objects, as `/nodes` takes and gives them: the fields of `dicomcore.nodes.Node` by name.

Secrets are taken and never given; ``has_password`` and ``has_token`` say whether there are any. A client may send back
what it got: members that say so are no news, and a secret that is not mentioned stays what it was.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields

import orjson
from pydantic import TypeAdapter, ValidationError

from dicomcore.errors import InvalidParameter
from dicomcore.nodes import SECRETS, Node, check_node

_NODE = TypeAdapter(Node)
_NAMES = tuple(field.name for field in fields(Node))
_SHOWN = tuple(name for name in _NAMES if name not in SECRETS)
_SAID = {f"has_{name}": name for name in SECRETS}


def document_of(node: Node) -> dict[str, object]:
    """Give a node as it is shown."""
    members = asdict(node)
    return {name: members[name] for name in _SHOWN} | {said: bool(members[name]) for said, name in _SAID.items()}


def node_of(body: bytes, ae_title: str | None = None, known: Node | None = None) -> Node:
    """Read a node; ``ae_title`` is the one that the path names, ``known`` the node that is to be replaced.

    Raises `InvalidParameter` with the member that is at fault.
    """
    members = _members(body)
    for name in members.keys() - {*_NAMES, *_SAID}:
        raise InvalidParameter(name, f"is not one of {', '.join(_NAMES)}")
    if ae_title is not None and members.setdefault("ae_title", ae_title) != ae_title:
        raise InvalidParameter("ae_title", "differs from that of the path")
    if known is not None:
        members = {name: getattr(known, name) for name in SECRETS} | members
    return _checked({name: value for name, value in members.items() if name in _NAMES})


def _members(body: bytes) -> dict[str, object]:
    try:
        members = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise InvalidParameter("body", f"is no JSON: {exc}") from exc
    if not isinstance(members, dict):
        raise InvalidParameter("body", "must be a JSON object")
    return members


def _checked(members: Mapping[str, object]) -> Node:
    try:
        return check_node(_NODE.validate_python(members))
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        raise InvalidParameter(str(first["loc"][0]), first["msg"]) from exc
