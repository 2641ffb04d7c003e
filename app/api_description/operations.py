"""All operations: the stores here, searches and retrieves from their modules, what else there is here."""

from collections.abc import Iterator
from dataclasses import replace

from app.api_description.components import HEALTH, STORE_INSTANCES_RESPONSE, Json, reference
from app.api_description.events import EVENT_OPERATIONS
from app.api_description.fhir import FHIR_OPERATIONS
from app.api_description.launch import LAUNCH_OPERATIONS
from app.api_description.nodes import NODE_OPERATIONS
from app.api_description.operation import (
    BINARY,
    LEVELS,
    NEGOTIATION,
    STUDY,
    XML,
    Operation,
    multipart,
    response,
)
from app.api_description.renderings import renderings, uri_service
from app.api_description.retrieves import retrieves
from app.api_description.searches import searches
from app.api_description.transfers import TRANSFER_OPERATIONS
from app.api_description.uploads import UPLOAD_OPERATIONS
from app.metrics import CONTENT_TYPE as METRICS_TYPE
from app.negotiation import DICOM, DICOM_JSON, DICOM_XML, JSON, WADL

TAGS = {
    "STOW-RS": "Store transaction of the Studies Service (PS3.18 §10.5)",
    "QIDO-RS": "Search transaction of the Studies Service (PS3.18 §10.6)",
    "WADO-RS": "Retrieve transaction of the Studies Service (PS3.18 §10.4)",
    "Rendered": "Rendered resources, thumbnails and volumes of the Studies Service (PS3.18 §10.4)",
    "WADO-URI": "The URI Service (PS3.18 §9)",
    "Capabilities": "Retrieve Capabilities (PS3.18 §8.9)",
    "Extensions": "What PS3.18 does not have",
    "Launch": "Studies opened in a viewer by a link from elsewhere (IHE Invoke Image Display)",
    "FHIR": "ImagingStudy and Endpoint of FHIR R4 and R5, straight from the index",
    "Operation": "For operators, orchestrators and monitors",
}


def _stores() -> Iterator[Operation]:
    stored = reference("schemas", STORE_INSTANCES_RESPONSE)
    content = {DICOM_JSON: stored, JSON: stored, DICOM_XML: XML}
    headers = ("Location", "Content-Location", "Warning", "Vary", "Content-Encoding")
    operation = Operation(
        path="/studies",
        name="storeInstances",
        summary="Store instances",
        tag="STOW-RS",
        method="post",
        description="Each instance is stored or refused by itself, and the response tells which (PS3.18 §10.5). What "
        "is acknowledged is durable, searchable and retrievable.",
        parameters=(*NEGOTIATION, "Content-Encoding", "Accept-Encoding"),
        body=_store_body(),
        responses={
            "200": response("All instances are stored.", content, headers),
            "202": response("Some are stored, or all with warnings.", content, headers),
            "409": response("None is stored; the reasons are in the Failed SOP Sequence.", content, headers),
        },
        errors=("400", "406", "413", "415", "500", "503", "507"),
    )
    yield operation
    yield replace(
        operation,
        path=STUDY,
        name="storeStudyInstances",
        summary="Store instances of one study",
        description="As for any study; an instance of another study is refused with A900H (PS3.18 §10.5.1.1.1).",
    )


def _store_body() -> Json:
    """Describe the payloads of a store (PS3.18 §10.5.1.4)."""
    parts: Json = {"type": "object", "properties": {"part": {"type": "array", "items": BINARY}}}
    described = {
        multipart(DICOM): "one instance a part",
        multipart(DICOM_JSON): "a part of metadata, and the bulk data it refers to by Content-Location",
        multipart(DICOM_XML): "a part of metadata for each instance, and the bulk data",
    }
    content = {name: {"schema": {**parts, "description": text}} for name, text in described.items()}
    return {"required": True, "content": {DICOM: {"schema": BINARY}, **content}}


def _others() -> Iterator[Operation]:
    for word, path in LEVELS.items():
        yield Operation(
            path=path,
            name=f"delete{word}",
            summary=f"Delete {'an' if word == 'Instance' else 'a'} {word.lower()}",
            tag="Extensions",
            method="delete",
            description="What has been deleted is answered with 410 from then on, until it is stored again.",
            responses={"204": response("Deleted.")},
            errors=("400", "404", "410", "500", "503"),
        )


def _capabilities() -> Iterator[Operation]:
    headers = ("ETag", "Vary", "Content-Encoding")
    yield Operation(
        path="/",
        name="retrieveCapabilities",
        summary="Retrieve the capabilities",
        tag="Capabilities",
        method="options",
        description="What this service offers, as WADL (PS3.18 §8.9, Annexes G and H).",
        parameters=(*NEGOTIATION, "If-None-Match", "Accept-Encoding"),
        responses={
            "200": response("The capabilities.", {WADL: {"type": "string"}, JSON: {"type": "object"}}, headers),
            "304": response("The client has them.", None, ("ETag",)),
        },
        errors=("400", "406"),
    )


OPERATIONS: tuple[Operation, ...] = (*_stores(), *searches(), *retrieves(), *renderings(), *_others(), *_capabilities())
"""The operations below the Base URI; each GET there is a HEAD as well."""

_HEALTH = {"application/json": reference("schemas", HEALTH)}

_STATUS_MEMBERS: Json = {
    "time": {"type": "string", "format": "date-time"},
    "archive": {"type": "object", "additionalProperties": {"type": "integer"}},
    "storage": {"type": "object"},
    "database": {"type": "object"},
    "application_entity": {"type": "object"},
    "workers": {"type": "array", "items": {"type": "object"}, "description": "the processes on this machine"},
    "problems": {"type": "array", "items": {"type": "object"}, "description": "warnings and errors, the latest first"},
    "versions": {"type": "object", "additionalProperties": {"type": "string"}},
}
_STATUS = {
    "application/json": {"type": "object", "required": list(_STATUS_MEMBERS), "properties": _STATUS_MEMBERS},
}

SERVER_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/health/live",
        name="live",
        summary="Say that the process answers",
        tag="Operation",
        responses={"200": response("It does.", _HEALTH)},
    ),
    Operation(
        path="/health/ready",
        name="ready",
        summary="Say whether storage and index can serve requests",
        tag="Operation",
        responses={
            "200": response("All checks pass.", _HEALTH),
            "503": response("A check fails.", _HEALTH),
        },
    ),
    Operation(
        path="/metrics",
        name="metrics",
        summary="Give the metrics in Prometheus' text format",
        tag="Operation",
        responses={"200": response("The metrics.", {METRICS_TYPE: {"type": "string"}})},
    ),
    Operation(
        path="/status",
        name="status",
        summary="Tell how the server is",
        tag="Operation",
        responses={"200": response("Counts, storage, database, workers, problems, versions.", _STATUS)},
        errors=("503",),
        description="For operators; the page at `/ui/status` shows the same.",
    ),
    *NODE_OPERATIONS,
    *TRANSFER_OPERATIONS,
    *EVENT_OPERATIONS,
    *UPLOAD_OPERATIONS,
    *LAUNCH_OPERATIONS,
    *FHIR_OPERATIONS,
    uri_service(),
)
"""The operations beside the Base URI, which have no HEAD."""
