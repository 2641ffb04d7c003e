"""The archive as FHIR (`app.fhir`), at ``/fhir``, ``/fhir/R4`` and ``/fhir/R5``: ImagingStudy, Endpoint, metadata.

A read gives a study with all its instances; a search leaves them out, since a page of studies can have many thousands.
Errors are OperationOutcomes. Nothing is kept for FHIR: every answer is made of searches of the index.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import orjson
import structlog
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.dependencies import Services
from app.errors import RETRY_AFTER_SECONDS, problem_of, status_of
from app.fhir.bundle import page_links, searchset
from app.fhir.capability_statement import capability_statement
from app.fhir.dicom_values import Json
from app.fhir.endpoint import endpoints
from app.fhir.endpoint_search import matching_endpoints, parse_endpoint_search
from app.fhir.imaging_study import Dialect
from app.fhir.moments import instant
from app.fhir.operation_outcome import failure, warnings
from app.fhir.search_parameters import MAX_PARAMETERS, Page, parse_study_search
from app.fhir.studies import find_studies, read_study
from app.fhir.subset import subset
from app.fhir.version import DEFAULT, Version, choose_version
from app.ranges import matches_etag
from app.request_body import read_body
from app.urls import base_uri
from dicomcore.errors import DicomError, InvalidParameter, InvalidUid, ResourceNotFound, UnsupportedMediaType
from dicomcore.resources import Resource
from dicomcore.uids import check_uid

PATH = "/fhir"
MAX_BODY = 64 << 10  # bytes
_MOUNTS: tuple[tuple[str, Version | None], ...] = (("", None), ("/R4", Version.R4), ("/R5", Version.R5))
_FORM = "application/x-www-form-urlencoded"
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_STRICT = re.compile(r"(?:^|[,;\s])handling\s*=\s*\"?strict\b")
_Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class FhirRoute(APIRoute):
    """A route whose errors are OperationOutcomes."""

    def get_route_handler(self) -> _Handler:
        """Wrap the handler."""
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await answer(request)
            except HTTPException as error:
                return _failure(request, error.status_code, error.detail)
            except DicomError as error:
                if status_of(error) >= 500:
                    structlog.get_logger().error("request failed", error=type(error).__name__, problem=str(error))
                detail, parameter = str(problem_of(error)["detail"]), str(getattr(error, "name", ""))
                return _failure(request, status_of(error), detail, parameter)

        return handle


router = APIRouter(tags=["FHIR"], route_class=FhirRoute)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, the version it is to be answered in, and where resources are as the client sees them."""

    request: Request
    version: Version
    mount: str

    @property
    def services(self) -> Services:
        """What the application is made of."""
        services: Services = self.request.app.state.services
        return services

    @property
    def root(self) -> str:
        """Where this server is; addresses in resources have scheme and host, whatever ``relative_urls`` says."""
        policy = replace(self.services.urls, service_path="", relative=False)
        return base_uri(self.request.scope, policy)

    @property
    def base(self) -> str:
        """Where resources are."""
        return self.root + self.mount

    @property
    def dialect(self) -> Dialect:
        """How resources are written."""
        name = self.services.settings.time_zone
        return Dialect(self.version, ZoneInfo(name) if name else None)

    @property
    def is_strict(self) -> bool:
        """Whether unknown parameters are to be refused."""
        return any(map(_STRICT.search, self.request.headers.getlist("prefer")))

    def answer(self, resource: Json, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        """Write a resource."""
        indent = orjson.OPT_INDENT_2 if self.request.query_params.get("_pretty") == "true" else 0
        fields = {"cache-control": "no-cache", "vary": "Accept", "x-content-type-options": "nosniff", **(headers or {})}
        return Response(orjson.dumps(resource, option=indent), status, fields, media_type=self.version.content_type)


def _asked(request: Request, mount: str, named: Version | None) -> _Asked:
    accept = ", ".join(request.headers.getlist("accept"))
    version = choose_version(named, accept, request.query_params.get("_format"))
    return _Asked(request, version, PATH + mount)


def _failure(request: Request, status: int, detail: str, parameter: str = "") -> Response:
    """Answer with an OperationOutcome, which both versions write alike, in whatever form is accepted."""
    headers = {503: {"retry-after": str(RETRY_AFTER_SECONDS)}, 405: {"allow": "GET, HEAD"}}.get(status, {})
    asked = _Asked(request, DEFAULT, PATH)
    media_type = "application/fhir+json; charset=utf-8"
    response = asked.answer(failure(status, detail, parameter), status, headers)
    response.headers["content-type"] = media_type
    response.headers["cache-control"] = "no-store"
    return response


async def show_capabilities(request: Request, mount: str, named: Version | None) -> Response:
    """Give the CapabilityStatement."""
    asked = _asked(request, mount, named)
    return asked.answer(capability_statement(asked.base, asked.version, request.app.version))


async def show_study(request: Request, mount: str, named: Version | None) -> Response:
    """Give one study with its series and instances."""
    asked = _asked(request, mount, named)
    uid = _study_id(request.path_params["fhir_id"])
    source = asked.services.source
    revision = await source.revision(Resource(uid))
    etag = f'W/"{revision}"'
    headers = {"etag": etag, "cache-control": "no-cache", "vary": "Accept"}
    if matches_etag(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    page = parse_study_search(_pairs(request), strict=False, now=_now()).page
    resource = await read_study(source, uid, await _meta(asked, revision), asked.dialect)
    return asked.answer(subset(resource, page.summary, page.elements), headers=headers)


async def _meta(asked: _Asked, revision: str) -> Json:
    """Tell the version of a study, which is the number of its last change, and when that was made."""
    (last,) = await asked.services.feed.since(int(revision) - 1, 1)
    return {"versionId": revision, "lastUpdated": instant(last.time)}


def _study_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise InvalidParameter("id", "must be 1 to 64 letters, digits, dots and hyphens")
    try:
        return check_uid(text)
    except InvalidUid as error:
        raise ResourceNotFound(f"ImagingStudy/{text}") from error


async def search_studies(request: Request, mount: str, named: Version | None) -> Response:
    """Give a page of studies with their series."""
    asked = _asked(request, mount, named)
    pairs = _pairs(request) + await _body_pairs(request)
    dialect = asked.dialect
    search = parse_study_search(pairs, strict=asked.is_strict, now=_now(), zone=dialect.zone)
    found = await find_studies(asked.services.source, search, dialect)
    return _bundle(asked, "ImagingStudy", found.resources, found.total, search.page, found.warnings)


async def show_endpoint(request: Request, mount: str, named: Version | None) -> Response:
    """Give one of the Endpoints."""
    asked = _asked(request, mount, named)
    wanted = request.path_params["fhir_id"]
    found = next((one for one in endpoints(asked.root, asked.version) if one["id"] == wanted), None)
    if found is None:
        raise ResourceNotFound(f"Endpoint/{wanted}")
    return asked.answer(found)


async def search_endpoints(request: Request, mount: str, named: Version | None) -> Response:
    """Give the Endpoints."""
    asked = _asked(request, mount, named)
    pairs = _pairs(request) + await _body_pairs(request)
    page, criteria = parse_endpoint_search(pairs, strict=asked.is_strict)
    found = matching_endpoints(endpoints(asked.root, asked.version), criteria)
    shown = found[page.offset : page.offset + page.size]
    return _bundle(asked, "Endpoint", shown, len(found), page)


def _bundle(
    asked: _Asked, kind: str, resources: Iterable[Json], total: int, page: Page, told: tuple[str, ...] = ()
) -> Response:
    matches = [subset(one, page.summary, page.elements) for one in resources]
    includes = endpoints(asked.root, asked.version) if page.includes_endpoints and matches else []
    sentences = (*page.ignored, *told)
    links = page_links(f"{asked.base}/{kind}", page.pairs, page.offset, page.size, total)
    outcome = warnings(sentences) if sentences else None
    return asked.answer(searchset(asked.base, total, links, matches, includes, outcome))


def _pairs(request: Request) -> list[tuple[str, str]]:
    return _read_pairs(request.scope["query_string"])


async def _body_pairs(request: Request) -> list[tuple[str, str]]:
    """Read the parameters of ``_search``, which are sent as a form."""
    if request.method != "POST":
        return []
    media_type = request.headers.get("content-type", _FORM).partition(";")[0].strip().lower()
    if media_type != _FORM:
        raise UnsupportedMediaType("a search is sent as a form", (_FORM,))
    return _read_pairs(b"".join([piece async for piece in read_body(request, MAX_BODY)]))


def _read_pairs(text: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError as error:
        raise InvalidParameter("query", "is no form, not UTF-8, or has too many parameters") from error


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


async def refuse(request: Request, mount: str, named: Version | None) -> Response:
    """Say that there is no such resource or interaction."""
    _asked(request, mount, named)
    kind = str(request.path_params["path"]).partition("/")[0]
    if request.method not in ("GET", "HEAD") and kind in ("ImagingStudy", "Endpoint"):
        raise HTTPException(405, f"{request.method} is not supported: resources are made of what is in the archive")
    raise HTTPException(404, f"there is no resource or interaction {kind!r}; /metadata says what there is")


_INTERACTIONS = (
    ("/metadata", show_capabilities, "GET", "Show what FHIR is supported"),
    ("/ImagingStudy", search_studies, "GET", "Search for studies"),
    ("/ImagingStudy/_search", search_studies, "POST", "Search for studies by a form"),
    ("/ImagingStudy/{fhir_id}", show_study, "GET", "Show a study"),
    ("/Endpoint", search_endpoints, "GET", "Search for endpoints"),
    ("/Endpoint/_search", search_endpoints, "POST", "Search for endpoints by a form"),
    ("/Endpoint/{fhir_id}", show_endpoint, "GET", "Show an endpoint"),
)
_ANY = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def _bound(handler: Callable[..., Any], mount: str, named: Version | None) -> Callable[..., Any]:
    async def answer(request: Request) -> Response:
        response: Response = await handler(request, mount, named)
        return response

    return answer


for _mount, _named in (*_MOUNTS[1:], _MOUNTS[0]):
    for _path, _handler, _method, _summary in _INTERACTIONS:
        _answer = _bound(_handler, _mount, _named)
        router.add_api_route(PATH + _mount + _path, _answer, methods=[_method], summary=_summary)
        if _method == "GET":
            router.add_api_route(PATH + _mount + _path, _answer, methods=["HEAD"], include_in_schema=False)
    router.add_api_route(
        f"{PATH}{_mount}/{{path:path}}", _bound(refuse, _mount, _named), methods=_ANY, include_in_schema=False
    )
