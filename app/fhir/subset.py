"""A part of a resource: ``_summary`` and ``_elements`` (FHIR R4 and R5, search.html §3.1.1.5.8 and .9). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from app.fhir.dicom_values import Json

_TAG = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
# What must be there, whatever was asked for.
_MANDATORY = {
    "ImagingStudy": frozenset(("status", "subject")),
    "Endpoint": frozenset(("status", "connectionType", "payloadType", "address")),
}
_ALWAYS = frozenset(("resourceType", "id", "meta"))


class Summary(StrEnum):
    """How much of a resource is wanted."""

    FALSE = "false"
    TRUE = "true"
    TEXT = "text"
    DATA = "data"
    COUNT = "count"


def subset(resource: Json, summary: Summary, elements: Sequence[str]) -> Json:
    """Leave in a resource what is wanted, and mark what has been left out."""
    kept = resource
    if elements or summary is Summary.TEXT:
        wanted = _ALWAYS | _MANDATORY.get(str(resource["resourceType"]), frozenset()) | {*elements}
        kept = {name: value for name, value in resource.items() if name in wanted}
    if summary is Summary.TRUE and "series" in kept:
        series = [{name: value for name, value in one.items() if name != "instance"} for one in kept["series"]]
        kept = kept | {"series": series}
    return kept if kept == resource else kept | {"meta": {**kept.get("meta", {}), "tag": [_TAG]}}
