"""Errors at the HTTP edge: class to status code by table, and the one installer of exception handlers.

Every error is a problem document (RFC 9457), the Status Report of PS3.18 §8.6.3: ``type``, ``title``, ``status``,
``detail``, and the facts that the error carries (parameter, tag, offset, limit, available...). A browser gets the same
as a page. What only the operator can mend is told in general words and logged in full. Exceptions that nobody raised on
purpose are answered by `app.request_record.RequestRecord`, which knows the request id.
"""

import html
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, cast

import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from app.headers import header_value
from app.media_types import MediaRange, Offer, parse_accept, weigh
from dicomcore import errors

STATUS: dict[type[errors.DicomError], int] = {
    errors.DicomError: 500,
    errors.DataError: 400,
    errors.NotDicom: 400,
    errors.MalformedDataset: 400,
    errors.InvalidUid: 400,
    errors.MissingAttribute: 400,
    errors.AttributeMismatch: 400,
    errors.LimitExceeded: 413,
    errors.RequestError: 400,
    errors.InvalidParameter: 400,
    errors.NotAcceptable: 406,
    errors.UnsupportedMediaType: 415,
    errors.ResourceNotFound: 404,
    errors.ResourceGone: 410,
    errors.UnsupportedTransferSyntax: 406,
    errors.UnsupportedSopClass: 501,
    errors.InstanceConflict: 409,
    errors.RangeNotSatisfiable: 416,
    errors.CodecError: 500,
    errors.CodecUnavailable: 406,
    # Not in PS3.18 Table 8.5-1, but the one code that says it: the request is right, the stored frame is not.
    errors.CorruptFrame: 422,
    errors.WorkerFailed: 422,  # no sound frame kills the process that decodes it
    errors.StorageUnavailable: 503,
    errors.StorageFull: 507,
    errors.IndexUnavailable: 503,
    errors.DamagedInstance: 500,
    errors.WorkersUnavailable: 503,
    # Of the gateway: what is wrong is not here, and not with the request (RFC 9110 §15.6.3, §15.6.5).
    errors.NetworkError: 502,
    errors.MalformedPdu: 502,
    errors.MalformedCommand: 502,
    errors.UnexpectedCall: 502,
    errors.PeerUnreachable: 502,
    errors.AssociationRejected: 503,
    errors.AssociationAborted: 502,
    errors.AssociationTimeout: 504,
    errors.NoPresentationContext: 502,
    errors.DimseFailure: 502,
    errors.UnknownNode: 404,
}

# What clients read about errors whose own words are for the operator.
_FOR_CLIENTS: dict[type[errors.DicomError], str] = {
    errors.StorageUnavailable: "Storage does not answer at the moment; try again later.",
    errors.StorageFull: "Storage is full; nothing can be stored until the operator has made room.",
    errors.IndexUnavailable: "The index does not answer at the moment; try again later.",
    errors.WorkersUnavailable: "The server cannot process pixels at the moment; try again later.",
    errors.DamagedInstance: "The stored bytes of an instance are damaged; the operator has to restore it.",
}

RETRY_AFTER_SECONDS = 10

_HTML = Offer("text/html")
_JSON = tuple(map(Offer, ("application/problem+json", "application/json", "application/dicom+json")))
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{status} {title}</title></head>
<body><h1>{status} {title}</h1><p>{detail}</p><dl>{facts}</dl></body></html>
"""


# attribute of an error -> member of the problem document, and how it is written
_FACTS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "name": ("parameter", str),
    "tag": ("tag", lambda tag: f"{tag:08X}"),
    "offset": ("offset", int),
    "limit": ("limit", str),
    "allowed": ("allowed", int),
    "available": ("available", list),
    "uid": ("uid", str),
    "resource": ("resource", str),
    "size": ("size", int),
    "frame_number": ("frame_number", int),
}


def status_of(error: errors.DicomError) -> int:
    """Return the status code of the nearest class in the table."""
    return next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS)


def problem_of(error: errors.DicomError) -> dict[str, object]:
    """Return the problem document of an error."""
    words = _WORD.sub(" ", type(error).__name__)
    problem: dict[str, object] = {
        "type": f"urn:isocenter:problem:{words.lower().replace(' ', '-')}",
        "title": words.capitalize(),
        "status": status_of(error),
        "detail": next((_FOR_CLIENTS[cls] for cls in type(error).__mro__ if cls in _FOR_CLIENTS), str(error)),
    }
    facts = ((member, write, getattr(error, attribute, None)) for attribute, (member, write) in _FACTS.items())
    return problem | {member: write(value) for member, write, value in facts if value is not None}


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem document."""
    app.add_exception_handler(errors.DicomError, _on_dicom_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)


def problem_response(request: Request, problem: Mapping[str, object], headers: Mapping[str, str]) -> Response:
    """Write a problem document in the form that the client prefers: JSON unless it ranks HTML above it."""
    ranges = parse_accept(request.headers.get("accept", ""))
    as_page = _weight(_HTML, ranges) > max(_weight(offer, ranges) for offer in _JSON)
    sound = {name: _sound(value) for name, value in problem.items()}
    body = _page(sound) if as_page else orjson.dumps(sound)
    fields = {
        "content-type": "text/html; charset=utf-8" if as_page else "application/problem+json",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        **{name: header_value(value) for name, value in headers.items()},
    }
    return Response(body, status_code=int(str(problem["status"])), headers=fields)


def _sound(value: object) -> object:
    """Replace what UTF-8 cannot write: lone surrogates, which a percent-encoded query can contain."""
    return value.encode("utf-8", "replace").decode("utf-8") if isinstance(value, str) else value


def _weight(offer: Offer, ranges: tuple[MediaRange, ...]) -> int:
    weight, _ = weigh(offer, ranges)
    return weight


def _page(problem: Mapping[str, object]) -> bytes:
    shown = {name: html.escape(str(value)) for name, value in problem.items() if name != "type"}
    facts = "".join(
        f"<dt>{name}</dt><dd>{value}</dd>" for name, value in shown.items() if name not in ("title", "status", "detail")
    )
    page = _PAGE.format(status=shown["status"], title=shown["title"], detail=shown["detail"], facts=facts)
    return page.encode("utf-8")


# Starlette wants handlers that take any exception; each gets the class it was installed for.


async def _on_dicom_error(request: Request, exc: Exception) -> Response:
    error = cast(errors.DicomError, exc)
    problem, status = problem_of(error), status_of(error)
    headers: dict[str, str] = {}
    if status >= 500:
        structlog.get_logger().error("request failed", error=type(error).__name__, problem=str(error))
    if status == 503:
        headers["retry-after"] = str(RETRY_AFTER_SECONDS)
    if isinstance(error, errors.RangeNotSatisfiable):
        headers["content-range"] = f"bytes */{error.size}"
    return problem_response(request, problem, headers)


async def _on_http_exception(request: Request, exc: Exception) -> Response:
    error = cast(HTTPException, exc)
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status_code == 405:
        headers["allow"] = ", ".join(_allowed_methods(request)) or "GET, HEAD"  # below a mount nothing says so
    if error.status_code == 401:
        headers.setdefault("www-authenticate", "Bearer")
    if error.status_code in (204, 304):
        return Response(status_code=error.status_code, headers=headers)
    return problem_response(request, _general_problem(error.status_code, error.detail), headers)


async def _on_validation_error(request: Request, exc: Exception) -> Response:
    first = cast(RequestValidationError, exc).errors()[0]
    location = [str(step) for step in first["loc"]]
    detail = f"{'.'.join(location[1:]) or location[0]}: {first['msg']}"
    problem = {**_general_problem(400, detail), "parameter": location[-1]}
    return problem_response(request, problem, {})


async def _on_disconnect(_request: Request, _exc: Exception) -> Response:
    """The client left while it was sending: nobody reads this answer."""
    return Response(status_code=400)


def _general_problem(status: int, detail: str) -> dict[str, object]:
    return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}


def _allowed_methods(request: Request) -> list[str]:
    """All methods that some route has for this path; Starlette names those of the first route only."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    methods: set[str] = set()
    for context in iter_route_contexts(request.app.routes):
        pattern = getattr(context, "path_regex", None)
        if pattern is not None and pattern.match(path):
            methods |= context.methods or set()
    return sorted(methods)
