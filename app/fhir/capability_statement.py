"""CapabilityStatement: what is offered here (FHIR R4 and R5, capabilitystatement.html). Pure."""

from __future__ import annotations

from app.fhir.dicom_values import Json
from app.fhir.version import MEDIA_TYPE, Version

DATE = "2026-11-23"
"""When the statement, not the server, last changed."""

_DEFINITIONS = "http://hl7.org/fhir/SearchParameter/"
_STUDY_PARAMETERS = (
    ("_id", "token", "Resource-id", "Study Instance UID"),
    ("_lastUpdated", "date", "Resource-lastUpdated", "the last change in the study, with any prefix"),
    ("identifier", "token", "clinical-identifier", "Study Instance UID (urn:dicom:uid|urn:oid:...), Accession Number"),
    ("patient", "reference", "clinical-patient", "Patient ID; .identifier and :identifier take the issuer too"),
    ("subject", "reference", "ImagingStudy-subject", "as patient"),
    ("started", "date", "ImagingStudy-started", "Study Date and Time, with any prefix"),
    ("modality", "token", "ImagingStudy-modality", "Modalities in Study"),
    ("dicom-class", "token", "ImagingStudy-dicom-class", "SOP Classes in Study"),
    ("status", "token", "ImagingStudy-status", "everything here is available"),
    ("endpoint", "reference", "ImagingStudy-endpoint", "everything here has every Endpoint"),
)
_ENDPOINT_PARAMETERS = (
    ("_id", "token", "Resource-id", "the code of its connection type"),
    ("connection-type", "token", "Endpoint-connection-type", "protocol"),
    ("status", "token", "Endpoint-status", "all are active"),
)


def capability_statement(base: str, version: Version, software_version: str) -> Json:
    """Describe this server in one version; ``base`` is where its resources are."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": DATE,
        "kind": "instance",
        "software": {"name": "Isocenter", "version": software_version},
        "implementation": {"description": "DICOM studies of an archive as FHIR, straight from its index", "url": base},
        "fhirVersion": version.release,
        "format": ["json", MEDIA_TYPE],
        "rest": [
            {
                "mode": "server",
                "resource": [
                    _resource("ImagingStudy", _STUDY_PARAMETERS)
                    | {"versioning": "versioned", "conditionalRead": "not-match"}
                    | {"searchInclude": ["ImagingStudy:endpoint"]},
                    _resource("Endpoint", _ENDPOINT_PARAMETERS) | {"versioning": "no-version"},
                ],
            }
        ],
    }


def _resource(kind: str, parameters: tuple[tuple[str, str, str, str], ...]) -> Json:
    return {
        "type": kind,
        "profile": f"http://hl7.org/fhir/StructureDefinition/{kind}",
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "searchParam": [
            {
                "name": name,
                "definition": _DEFINITIONS + definition,
                "type": kind_of_value,
                "documentation": documentation,
            }
            for name, kind_of_value, definition, documentation in parameters
        ],
    }
