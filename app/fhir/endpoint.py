"""Endpoint: where the studies of an ImagingStudy are to be had (FHIR R4 and R5, endpoint.html). Pure.

Addresses are those that the client sees. What is put behind them: ``/studies/{uid}`` behind that of WADO-RS (PS3.18
§10.4), ``?requestType=WADO&studyUID=...`` behind that of WADO-URI (§9), ``?requestType=STUDY&studyUID=...`` behind that
of Invoke Image Display (IHE RAD TF-2 §4.106).
"""

from __future__ import annotations

from dataclasses import dataclass

from app.fhir.dicom_values import Json
from app.fhir.version import Version

CONNECTION_TYPES = "http://terminology.hl7.org/CodeSystem/endpoint-connection-type"
PAYLOAD_TYPES = "http://terminology.hl7.org/CodeSystem/endpoint-payload-type"
STATUS = "active"


@dataclass(frozen=True, slots=True)
class _Service:
    """A service: ``id`` is that of its Endpoint and the code of its connection type."""

    id: str
    display: str
    name: str
    path: str
    mime_types: tuple[str, ...]


_SERVICES = (
    _Service("dicom-wado-rs", "DICOM WADO-RS", "Retrieve by DICOMweb", "/dicom-web", ("application/dicom",)),
    _Service("dicom-wado-uri", "DICOM WADO-URI", "Retrieve by URI", "/wado", ("application/dicom", "image/jpeg")),
    _Service("ihe-iid", "IHE IID", "Show in a viewer", "/launch", ("text/html",)),
)
ENDPOINT_IDS = tuple(service.id for service in _SERVICES)


def endpoints(root: str, version: Version) -> list[Json]:
    """Give all of them; ``root`` is where this server is, without a slash at the end."""
    return [_endpoint(service, root, version) for service in _SERVICES]


def _endpoint(service: _Service, root: str, version: Version) -> Json:
    connection = {"system": CONNECTION_TYPES, "code": service.id, "display": service.display}
    payload = {"coding": [{"system": PAYLOAD_TYPES, "code": "any", "display": "Any"}]}
    members: Json = {
        "resourceType": "Endpoint",
        "id": service.id,
        "status": STATUS,
        "name": service.name,
        "address": root + service.path,
    }
    if version is Version.R4:
        return members | {
            "connectionType": connection,
            "payloadType": [payload],
            "payloadMimeType": list(service.mime_types),
        }
    return members | {
        "connectionType": [{"coding": [connection]}],
        "payload": [{"type": [payload], "mimeType": list(service.mime_types)}],
    }
