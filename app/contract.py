"""The contract: what FastAPI finds out about the routes, completed by what only the standard knows.

Handlers answer with bytes in media types that depend on the request, so their signatures don't tell parameters of the
query string, media types, headers and errors. Here a table does, by kind of transaction (PS3.18 §10.4 to §10.6);
``openapi/openapi.json`` is the result, and a test holds the application to it.
"""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from dicomcore.data import TRANSFER_SYNTAXES

Json = dict[str, Any]

_PROBLEM = "application/problem+json"
_DICOM = "application/dicom"
_DICOM_JSON = "application/dicom+json"
_DICOM_XML = "application/dicom+xml"
_OCTETS = "application/octet-stream"
_PROBLEM_SCHEMA: Json = {
    "type": "object",
    "description": "What went wrong (RFC 9457), with the parameter, tag or offset at fault where there is one.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:isocenter:problem:invalid-parameter"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence that a person can act on."},
        "available": {"type": "array", "items": {"type": "string"}, "description": "What would be acceptable."},
    },
    "additionalProperties": True,
}
_HEADERS: dict[str, str] = {
    "Content-Location": "The URL of what is in the body.",
    "ETag": "A strong validator; If-None-Match answers 304.",
    "Location": "The URL of what was stored.",
    "Retry-After": "Seconds after which to try again.",
    "Warning": "Code 299 and a sentence, in the words of the standard where it has some.",
    "X-Total-Count": "The number of all matches.",
}


def _related(media_types: Iterable[str]) -> tuple[str, ...]:
    return tuple(f'multipart/related; type="{media_type}"' for media_type in media_types)


def _bulkdata_types() -> tuple[str, ...]:
    compressed = {syntax.media_type for syntax in TRANSFER_SYNTAXES.values() if syntax.media_type}
    return (_OCTETS, *sorted(compressed - {_OCTETS}))


def _query(name: str, description: str, kind: str = "string", *, repeated: bool = False) -> Json:
    schema: Json = {"type": "array", "items": {"type": kind}} if repeated else {"type": kind}
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


_SEARCH_PARAMETERS = (
    {
        "name": "match",
        "in": "query",
        "required": False,
        "style": "form",
        "explode": True,
        "description": "Matching keys: each is a parameter of its own, named by keyword, tag or path of an attribute "
        "(PS3.18 §8.3.4.1). Dates and times take ranges, text wild cards (* and ?), UIDs lists.",
        "schema": {"type": "object", "additionalProperties": {"type": "string"}},
        "example": {"PatientID": "123", "StudyDate": "20260101-"},
    },
    _query("includefield", "Attributes to return besides the required ones, or all.", repeated=True),
    _query("fuzzymatching", "Match person names by the beginning and the sound of their words.", "boolean"),
    _query("emptyvaluematching", "Let an empty value match attributes that are absent or empty.", "boolean"),
    _query("multiplevaluematching", "Let commas separate values, any of which may match.", "boolean"),
    _query("limit", "The largest number of results.", "integer"),
    _query("offset", "The number of results to leave out.", "integer"),
)
_INCLUDE_PARAMETER = (_query("includefield", "Attributes to return; without it all (an extension).", repeated=True),)


@dataclass(frozen=True)
class Transaction:
    """What all operations of one kind have in common."""

    answers: dict[int, tuple[str, ...]]
    """Media types of the body, by status code; none for an answer without body."""
    errors: tuple[int, ...]
    headers: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    """Media types of the request body."""
    parameters: tuple[Json, ...] = field(default=())


_DOCUMENTS = (_DICOM_JSON, *_related([_DICOM_XML]))
_UNAVAILABLE = (503,)
_STORE_ANSWERS = (_DICOM_JSON, _DICOM_XML)
_BULKDATA = (*_bulkdata_types(), *_related(_bulkdata_types()))

STORE = Transaction(
    answers={200: _STORE_ANSWERS, 202: _STORE_ANSWERS, 409: _STORE_ANSWERS},
    errors=(400, 406, 413, 415, *_UNAVAILABLE, 507),
    headers=("Content-Location", "Location", "Warning"),
    takes=(_DICOM, *_related([_DICOM, _DICOM_JSON, _DICOM_XML])),
)
SEARCH = Transaction(
    answers={200: _DOCUMENTS, 204: ()},
    errors=(400, 406, *_UNAVAILABLE),
    headers=("Warning", "X-Total-Count"),
    parameters=_SEARCH_PARAMETERS,
)
METADATA = Transaction(
    answers={200: _DOCUMENTS, 304: ()},
    errors=(400, 404, 406, 410, *_UNAVAILABLE),
    headers=("Content-Location", "ETag"),
    parameters=_INCLUDE_PARAMETER,
)
RETRIEVE = Transaction(
    answers={200: (*_related([_DICOM]), "application/zip"), 206: _related([_DICOM]), 304: ()},
    errors=(400, 404, 406, 410, 416, 500, *_UNAVAILABLE),
    headers=("ETag", "Warning"),
)
RETRIEVE_INSTANCE = Transaction(
    answers={200: (*_related([_DICOM]), _DICOM, "application/zip"), 206: (_DICOM,), 304: ()},
    errors=(400, 404, 406, 410, 416, 500, *_UNAVAILABLE),
    headers=("Content-Location", "ETag"),
)
BULKDATA = Transaction(
    answers={200: _BULKDATA, 206: _BULKDATA, 304: ()},
    errors=(400, 404, 406, 410, 416, 422, 500, *_UNAVAILABLE),
    headers=("Content-Location", "ETag"),
)
DELETE = Transaction(answers={204: ()}, errors=(400, 404, 410, *_UNAVAILABLE))

_SEARCHED = ("studies", "series", "instances", "patients")
_BULK = ("bulkdata", "pixeldata", "frames/{frames}", "bulkdata/{path}")
_DESCRIPTIONS = {
    202: "Some instances were stored, others refused; the body names each.",
    204: "There is nothing to return.",
    206: "A part of it.",
    304: "It has not changed.",
    409: "No instance was stored; the body names each and says why.",
}


def transaction_of(method: str, path: str) -> Transaction | None:
    """Say which transaction an operation of the DICOMweb service belongs to; None for others."""
    if not path.startswith("/dicom-web/"):
        return None
    if method in ("post", "delete"):
        return STORE if method == "post" else DELETE
    rules: tuple[tuple[Callable[[str], bool], Transaction], ...] = (
        (lambda path: path.endswith("/metadata"), METADATA),
        (lambda path: path.endswith(_BULK), BULKDATA),
        (lambda path: path.endswith(_SEARCHED), SEARCH),
        (lambda path: path.endswith("/{instance}"), RETRIEVE_INSTANCE),
    )
    return next((transaction for applies, transaction in rules if applies(path)), RETRIEVE)


def install_contract(app: FastAPI) -> None:
    """Make ``app.openapi()``, and so ``/openapi.json``, give the whole contract."""

    def contract() -> Json:
        if app.openapi_schema is None:
            with warnings.catch_warnings():
                # Of GET and HEAD on one route, whose ids are made different below.
                warnings.filterwarnings("ignore", message="Duplicate Operation ID")
                document = get_openapi(
                    title=app.title, version=app.version, summary=app.summary, routes=app.routes, tags=app.openapi_tags
                )
            app.openapi_schema = complete(document)
        return app.openapi_schema

    app.openapi = contract  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def complete(document: Json) -> Json:
    """Add to a document what the table knows, and give every operation an id that says its method and path."""
    for path, item in document["paths"].items():
        for method in sorted(item):
            item[method] = _completed(method, path, item[method])
        document["paths"][path] = dict(sorted(item.items()))
    components = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):  # errors are problems here
        components.pop(unused, None)
    components["Problem"] = _PROBLEM_SCHEMA
    return document


def _completed(method: str, path: str, operation: Json) -> Json:
    words = [part.strip("{}").partition(":")[0].replace("-", "_") for part in path.split("/") if part != "dicom-web"]
    operation = {**operation, "operationId": "_".join([method, *filter(None, words)])}
    transaction = transaction_of(method, path)
    if transaction is None:
        return operation
    operation["parameters"] = [*operation.get("parameters", []), *transaction.parameters]
    operation["responses"] = _responses(transaction, has_body=method != "head")
    if transaction.takes:
        binary = {"schema": {"type": "string", "format": "binary"}}
        content = {media_type: binary for media_type in transaction.takes}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _responses(transaction: Transaction, *, has_body: bool) -> Json:
    found: Json = {}
    headers = {name: _header(name) for name in transaction.headers}
    for status, media_types in transaction.answers.items():
        found[str(status)] = {"description": _DESCRIPTIONS.get(status, "It is here."), "headers": headers}
        if media_types and has_body:
            found[str(status)]["content"] = {media_type: _schema(media_type) for media_type in media_types}
    for status in transaction.errors:
        found[str(status)] = {"description": HTTPStatus(status).phrase}
        if has_body:
            found[str(status)]["content"] = {_PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        if status == 503:
            found[str(status)]["headers"] = {"Retry-After": _header("Retry-After")}
    return dict(sorted(found.items()))


def _header(name: str) -> Json:
    return {"description": _HEADERS[name], "schema": {"type": "string"}}


def _schema(media_type: str) -> Json:
    if media_type == _DICOM_JSON:
        return {"schema": {"description": "DICOM JSON Model (PS3.18 Annex F).", "type": ["array", "object"]}}
    return {"schema": {"type": "string", "format": "binary"}}
