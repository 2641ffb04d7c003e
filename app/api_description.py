"""The description of the HTTP interface, an OpenAPI 3.1 document: every route, parameter, media type and error.

It is written here as tables and not derived from the handlers, because they say little: media types are negotiated,
search parameters read from the raw query string, and bodies streamed. Tests hold it to the routes, to the table of
attributes and to the table of errors. The Accept header is no parameter: OpenAPI has it said by the media types of the
responses. HEAD is described like GET, under an id of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fastapi import FastAPI

from app.api_components import (
    DICOM_JSON_OBJECT,
    ERRORS,
    HEADERS,
    HEALTH,
    PARAMETERS,
    SCHEMAS,
    STORE_INSTANCES_RESPONSE,
    Json,
    matching_key,
    reference,
)
from app.matching_parameters import MATCHING_KEYS
from app.metrics import CONTENT_TYPE as METRICS_TYPE
from app.routers.unimplemented import RESOURCES as UNIMPLEMENTED
from dicomcore.data import OCTET_STREAM
from dicomcore.data.transfer_syntax import DEFAULT_TRANSFER_SYNTAXES
from dicomcore.resources import Level

_STUDY = "/studies/{study}"
_SERIES = _STUDY + "/series/{series}"
_INSTANCE = _SERIES + "/instances/{instance}"
_FRAMES = _INSTANCE + "/frames/{frames}"
_LEVELS = {"Study": _STUDY, "Series": _SERIES, "Instance": _INSTANCE}

_BINARY: Json = {"type": "string", "format": "binary"}
_XML: Json = {"type": "string", "contentMediaType": "application/dicom+xml"}
_OBJECTS: Json = {"type": "array", "items": reference("schemas", DICOM_JSON_OBJECT)}
_STORED = reference("schemas", STORE_INSTANCES_RESPONSE)
_ZIP = "application/zip"
_DICOM = "application/dicom"
_DOCUMENT = "application/pdf"

_TAGS = {
    "STOW-RS": "Store transaction of the Studies Service (PS3.18 §10.5)",
    "QIDO-RS": "Search transaction of the Studies Service (PS3.18 §10.6)",
    "WADO-RS": "Retrieve transaction of the Studies Service (PS3.18 §10.4)",
    "Extensions": "What PS3.18 does not have",
    "Not implemented": "Resources of PS3.18 that answer 501",
    "Operation": "For orchestrators and monitors",
}

_INTRODUCTION = (
    "DICOMweb (PS3.18) over an archive of DICOM instances.\n\n"
    "Errors are problem documents (RFC 9457), or pages for browsers. Unless `strict_accept` is set, a request without "
    "Accept accepts everything. Media types may have a `transfer-syntax` parameter: one UID, or `*` for what is stored; "
    "without it `application/dicom` is Explicit VR Little Endian. Every answer has an `X-Request-ID`. Connections "
    "refuse request lines over 16 kB (414), headers over 64 kB (431), and clients that take too long (408). "
    "Methods that a resource does not have are answered with 405 and `Allow`."
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, without the prefix; parameters and errors are names of components, others are objects."""

    method: str
    path: str
    name: str
    summary: str
    tag: str
    responses: Mapping[str, Json]
    errors: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    description: str = ""
    body: Json = field(default_factory=dict)


def multipart(media_type: str) -> str:
    """Write the media type of a multipart payload."""
    return f'multipart/related; type="{media_type}"'


def _response(description: str, content: Mapping[str, Json] | None = None, headers: Iterable[str] = ()) -> Json:
    response: Json = {
        "description": description,
        "headers": {name: reference("headers", name) for name in (*headers, "X-Request-ID")},
    }
    return response | ({"content": {name: {"schema": schema} for name, schema in content.items()}} if content else {})


# --- what transactions have in common ---

_NEGOTIATED = ("accept", "charset")
_CONDITIONAL = (*_NEGOTIATED, "If-None-Match")
_RANGED = (*_CONDITIONAL, "Range", "If-Range")
_READ_ERRORS = ("400", "404", "406", "410", "500", "503")
_BULK_ERRORS = (*_READ_ERRORS, "413", "416", "422")
_CACHED = ("ETag", "Vary", "Cache-Control")
_REPRESENTATION = (*_CACHED, "Accept-Ranges", "Content-Location")
