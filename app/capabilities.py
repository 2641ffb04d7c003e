"""The Capabilities Description (PS3.18 §8.9, Annex H): a WADL document made from the table of operations.

It is one tree, written as XML or, by the rules of Annex G, as JSON: attributes are members whose names begin with
``@``, elements that can be repeated are arrays, others objects. Operations that only say that they are not implemented
are left out, and so is this one.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import quoteattr

import orjson

from app.api_description import OPERATIONS, Operation, parameter_of

NAMESPACE = "http://wadl.dev.java.net/2009/02"

Element = dict[str, Any]


@lru_cache(maxsize=8)
def capabilities_json(base: str) -> bytes:
    """Write the description of the service at the Base URI ``base`` as JSON."""
    return orjson.dumps({"application": _application(base)})


@lru_cache(maxsize=8)
def capabilities_xml(base: str) -> bytes:
    """Write the description of the service at the Base URI ``base`` as XML."""
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + "".join(_xml("application", _application(base))).encode()


def _application(base: str) -> Element:
    tree: dict[str, Any] = {}
    for operation in OPERATIONS:
        if operation.method != "options":
            node = tree
            for segment in operation.path.strip("/").split("/"):
                node = node.setdefault(segment, {})
            node.setdefault("", []).append(operation)
    return {"@xmlns": NAMESPACE, "resources": {"@base": f"{base}/", "resource": _resources(tree)}}


def _resources(tree: Mapping[str, Any]) -> list[Element]:
    return [_resource(segment, node) for segment, node in tree.items() if segment]


def _resource(segment: str, node: Mapping[str, Any]) -> Element:
    resource: Element = {"@path": segment}
    if segment.startswith("{"):
        resource["param"] = [{"@name": segment.strip("{}"), "@style": "template", "@required": "true"}]
    methods = [method for operation in node.get("", ()) for method in _methods(operation)]
    below = _resources(node)
    return resource | ({"method": methods} if methods else {}) | ({"resource": below} if below else {})


def _methods(operation: Operation) -> Iterator[Element]:
    yield _method(operation.method.upper(), operation.name, operation)
    if operation.method == "get":
        yield _method("HEAD", f"{operation.name}Head", operation)


def _method(name: str, identifier: str, operation: Operation) -> Element:
    parameters = (parameter_of(one) for one in operation.parameters)
    named = [_parameter(one) for one in parameters if one["schema"]["type"] != "object"]  # any attribute has no name
    request: Element = {"param": [*_accept(operation), *named]}
    if operation.body:
        request["representation"] = _representations(operation.body["content"])
    responses = [_response(status, answer, name) for status, answer in operation.responses.items()]
    return {
        "@name": name,
        "@id": identifier,
        "doc": [{"@xml:lang": "en", "@title": operation.summary}],
        "request": {key: value for key, value in request.items() if value},
        "response": [*responses, {"@status": " ".join(operation.errors)}],
    }


def _accept(operation: Operation) -> list[Element]:
    """The media types that can be asked for, the default one first."""
    names = list(dict.fromkeys(name for answer in operation.responses.values() for name in answer.get("content", ())))
    options = [{"@value": name} for name in names]
    return [{"@name": "Accept", "@style": "header", "@default": names[0], "option": options}] if names else []


def _parameter(described: Mapping[str, Any]) -> Element:
    schema = described["schema"]
    parameter: Element = {"@name": described["name"], "@style": described["in"]}
    if schema["type"] == "array":
        parameter["@repeating"] = "true"
    values = _VALUES.get(described["name"], schema.get("enum", ()))
    return parameter | ({"option": [{"@value": value} for value in values]} if values else {})


_VALUES = {"charset": ("utf-8",), "Accept-Encoding": ("gzip", "zstd"), "Content-Encoding": ("gzip", "deflate", "zstd")}


def _response(status: str, answer: Mapping[str, Any], method: str) -> Element:
    response: Element = {"@status": status}
    headers = [{"@name": name, "@style": "header"} for name in answer.get("headers", ())]
    content = () if method == "HEAD" else answer.get("content", ())
    return (
        response
        | ({"param": headers} if headers else {})
        | ({"representation": _representations(content)} if content else {})
    )


def _representations(names: Iterable[str]) -> list[Element]:
    return [{"@mediaType": name} for name in names]


def _xml(name: str, element: Mapping[str, Any]) -> Iterator[str]:
    attributes = "".join(f" {key[1:]}={quoteattr(value)}" for key, value in element.items() if key.startswith("@"))
    children = [(key, value) for key, value in element.items() if not key.startswith("@")]
    if not children:
        yield f"<{name}{attributes}/>"
        return
    yield f"<{name}{attributes}>"
    for key, value in children:
        for child in value if isinstance(value, list) else [value]:
            yield from _xml(key, child)
    yield f"</{name}>"
