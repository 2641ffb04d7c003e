"""The document itself: paths from the operations, components from their tables; installed as that of the application.

FastAPI's own generator is not used: handlers say little about themselves, because media types are negotiated, search
parameters read from the raw query string and bodies streamed. Tests hold the document to the routes instead.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from fastapi import FastAPI

from app.api_description.components import ERRORS, HEADERS, PARAMETERS, SCHEMAS, Json, matching_key, reference
from app.api_description.events import EVENT_PARAMETERS, EVENT_SCHEMAS
from app.api_description.fhir import FHIR_PARAMETERS, FHIR_SCHEMAS
from app.api_description.launch import LAUNCH_PARAMETERS
from app.api_description.nodes import NODE_SCHEMAS
from app.api_description.operation import Operation
from app.api_description.operations import OPERATIONS, SERVER_OPERATIONS, TAGS
from app.api_description.rendering_components import RENDERING_PARAMETERS, URI_PARAMETERS, VOLUME_PARAMETERS
from app.api_description.searches import REQUEST_ATTRIBUTES, key_name, matching_keys
from app.api_description.transfers import TRANSFER_PARAMETERS, TRANSFER_SCHEMAS
from app.api_description.uploads import UPLOAD_SCHEMAS
from app.routers.events import EVENTS
from dicomcore.data.dictionary import tag_of
from dicomcore.resources import Level

_INTRODUCTION = """DICOMweb (PS3.18) over an archive of DICOM instances.

Errors are problem documents (RFC 9457), or pages for browsers. Unless `strict_accept` is set, a request without Accept
accepts everything. Media types may have a `transfer-syntax` parameter: one UID, or `*` for what is stored; without it
`application/dicom` is Explicit VR Little Endian. Every answer has an `X-Request-ID`, and `X-Content-Type-Options`. A
method that a resource does not have is answered with 405 and `Allow`, and with 403 what a page of an origin that may
not call us would change; a connection is refused with 408, 414, 421, 431 or 503 when the client is too slow, or names
another host, or its request line, its headers or its connections are too many.
"""
PARAMETER_TABLES = (
    PARAMETERS,
    RENDERING_PARAMETERS,
    URI_PARAMETERS,
    VOLUME_PARAMETERS,
    EVENT_PARAMETERS,
    TRANSFER_PARAMETERS,
    FHIR_PARAMETERS,
    LAUNCH_PARAMETERS,
)
SCHEMA_TABLES = (SCHEMAS, NODE_SCHEMAS, EVENT_SCHEMAS, TRANSFER_SCHEMAS, UPLOAD_SCHEMAS, FHIR_SCHEMAS)
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def api_description(version: str, service_path: str) -> Json:
    """Make the document; ``service_path`` is where the DICOMweb service is mounted."""
    paths: dict[str, Json] = {}
    for operation in OPERATIONS:
        item = paths.setdefault(service_path + operation.path, _path_item(operation.path))
        item[operation.method] = _operation(operation)
        if operation.method == "get":
            item["head"] = _head(operation)
    for operation in SERVER_OPERATIONS:
        item = paths.setdefault(operation.path, _path_item(operation.path))
        item[operation.method] = _operation(operation)
        if operation.method == "get" and operation.path != EVENTS:
            item["head"] = _head(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Isocenter",
            "summary": "DICOMweb server",
            "description": _INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
            "version": version,
        },
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": paths,
        "components": _components(),
    }


def install_api_description(app: FastAPI, service_path: str) -> None:
    """Let ``app`` describe itself with this document at ``/openapi.json``."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = api_description(app.version, service_path)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # how FastAPI wants it replaced


def _path_item(path: str) -> Json:
    names = _PLACEHOLDER.findall(path)
    return {"parameters": _references("parameters", names)} if names else {}


def _operation(operation: Operation) -> Json:
    errors = {status: reference("responses", f"Problem{status}") for status in operation.errors}
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "responses": dict(sorted((errors | dict(operation.responses)).items())),
    }
    if operation.description:
        described["description"] = operation.description
    if operation.parameters:
        described["parameters"] = _references("parameters", operation.parameters)
    if operation.body:
        described["requestBody"] = operation.body
    return described


def _head(operation: Operation) -> Json:
    """Describe the HEAD of what GET answers: everything but the content, and so no ranges."""
    described = _operation(operation)
    responses = {
        status: {name: value for name, value in response.items() if name != "content"}
        for status, response in described["responses"].items()
    }
    return described | {
        "operationId": f"{operation.name}Head",
        "summary": f"{operation.summary}: the headers of GET",
        "responses": responses,
    }


def _references(kind: str, names: Iterable[str]) -> list[Json]:
    return [reference(kind, name) for name in names]


def parameter_of(name: str) -> Json:
    """Return the component of a parameter that an operation names."""
    return _parameters()[name]


@cache
def _parameters() -> dict[str, Json]:
    tags = {keyword: tag_of(keyword) for level in Level for keyword in matching_keys(level)} | REQUEST_ATTRIBUTES
    keys = {key_name(keyword): matching_key(keyword, tag) for keyword, tag in sorted(tags.items()) if tag is not None}
    return {name: parameter for table in PARAMETER_TABLES for name, parameter in table.items()} | keys


def _components() -> Json:
    return {
        "schemas": {name: schema for table in SCHEMA_TABLES for name, schema in table.items()},
        "headers": dict(HEADERS),
        "parameters": _parameters(),
        "responses": {f"Problem{status}": response for status, response in ERRORS.items()},
    }
