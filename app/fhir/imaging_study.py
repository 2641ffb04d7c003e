"""ImagingStudy of what the index knows of a study (FHIR R4 and R5, imagingstudy-mappings "DICOM Tag Mapping"). Pure.

What the versions have by different names or types is told apart here and nowhere else. There is no Patient here:
the subject is told by identifier and name. A code of FHIR that DICOM has no value for is left out, but for the modality
of a series, which must be there and is then unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from app.fhir import terms
from app.fhir.dicom_values import DicomJson, Json, count, items, names, text, texts, without_empty
from app.fhir.endpoint import ENDPOINT_IDS
from app.fhir.moments import date_time
from app.fhir.version import Version

STUDY_INSTANCE_UID, SERIES_INSTANCE_UID, SOP_INSTANCE_UID = 0x0020000D, 0x0020000E, 0x00080018
TIMEZONE_OFFSET_FROM_UTC = 0x00080201
STATUS = "available"

# What is needed besides what every answer of a search has.
STUDY_ATTRIBUTES = (
    0x00080051,  # IssuerOfAccessionNumberSequence
    0x00081030,  # StudyDescription
    0x00081032,  # ProcedureCodeSequence
    0x00081060,  # NameOfPhysiciansReadingStudy
    0x00100021,  # IssuerOfPatientID
    0x00100024,  # IssuerOfPatientIDQualifiersSequence
    0x00401012,  # ReasonForPerformedProcedureCodeSequence
)
SERIES_ATTRIBUTES = (
    0x00080021,  # SeriesDate
    0x00080031,  # SeriesTime
    0x00081050,  # PerformingPhysicianName
    0x00081070,  # OperatorsName
    0x00180015,  # BodyPartExamined
    0x00200060,  # Laterality
)
INSTANCE_ATTRIBUTES = (
    0x0040A043,  # ConceptNameCodeSequence
    0x00420010,  # DocumentTitle
    0x00700080,  # ContentLabel
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How resources are written: in which version, and in which time zone what has no offset is meant."""

    version: Version
    zone: tzinfo | None = None


def imaging_study(
    study: DicomJson,
    series: Sequence[DicomJson],
    dialect: Dialect,
    instances: Mapping[str, Sequence[DicomJson]] | None = None,
    meta: Json | None = None,
) -> Json:
    """Map a study with its series, and the instances by the UIDs of their series where they are asked for."""
    uid = text(study, STUDY_INSTANCE_UID)
    shown = instances or {}
    accession = accession_number(study)
    members: Json = {
        "resourceType": "ImagingStudy",
        "id": uid,
        "meta": meta,
        "identifier": [{"use": "official", **study_uid(uid)}, *([accession] if accession else [])],
        "status": STATUS,
        "modality": [terms.concept(dialect.version, terms.modality(code)) for code in texts(study, 0x00080061)],
        "subject": subject(study),
        "started": _started(study, 0x00080020, 0x00080030, dialect),
        "basedOn": [{"type": "ServiceRequest", "identifier": accession}] if accession else None,
        "referrer": next(iter(_persons(study, 0x00080090)), None),
        "endpoint": [{"reference": f"Endpoint/{name}", "type": "Endpoint"} for name in ENDPOINT_IDS],
        "numberOfSeries": count(study, 0x00201206),
        "numberOfInstances": count(study, 0x00201208),
        "description": text(study, 0x00081030),
        **_VERSIONS[dialect.version](study),
        "series": [_series(one, dialect, shown.get(text(one, SERIES_INSTANCE_UID), ())) for one in series],
    }
    return without_empty(members)


def study_uid(uid: str) -> Json:
    """Write a Study Instance UID as an Identifier (FHIR imagingstudy.html, "Implementation Notes")."""
    return {"system": terms.DICOM_UID, "value": f"urn:oid:{uid}"}


def accession_number(study: DicomJson) -> Json | None:
    """Write the Accession Number as an Identifier, with who issued it (PS3.3 §C.7.2.1)."""
    value = text(study, 0x00080050)
    if not value:
        return None
    issuer = next(iter(items(study, 0x00080051)), {})
    local = text(issuer, 0x00400031)
    return without_empty(
        {
            "type": {"coding": [terms.coding(terms.IDENTIFIER_TYPES, "ACSN", "Accession ID")]},
            "system": terms.system_of_issuer(issuer),
            "value": value,
            "assigner": {"display": local} if local else None,
        }
    )


def subject(study: DicomJson) -> Json:
    """Write the patient as a Reference by Patient ID and name."""
    name = next(iter(names(study, 0x00100010)), "")
    value = text(study, 0x00100020)
    issuer = text(study, 0x00100021)
    qualifiers = next(iter(items(study, 0x00100024)), {})
    system = terms.system_of_name(issuer) or terms.system_of_issuer(qualifiers)
    identifier = {
        "type": {"coding": [terms.coding(terms.IDENTIFIER_TYPES, "MR", "Medical record number")]},
        "system": system,
        "value": value,
        "assigner": {"display": issuer} if issuer and not terms.system_of_name(issuer) else None,
    }
    return without_empty(
        {
            "type": "Patient",
            "identifier": without_empty(identifier) if value else None,
            "display": name or ("" if value else "Unknown"),
        }
    )


def _r4(study: DicomJson) -> Json:
    return {
        "interpreter": _persons(study, 0x00081060),
        "procedureCode": terms.coded_concepts(study, 0x00081032),
        "reasonCode": terms.coded_concepts(study, 0x00401012),
    }


def _r5(study: DicomJson) -> Json:
    return {
        "procedure": [{"concept": one} for one in terms.coded_concepts(study, 0x00081032)],
        "reason": [{"concept": one} for one in terms.coded_concepts(study, 0x00401012)],
    }


_VERSIONS: Mapping[Version, Callable[[DicomJson], Json]] = {Version.R4: _r4, Version.R5: _r5}


def _series(series: DicomJson, dialect: Dialect, instances: Sequence[DicomJson]) -> Json:
    side = terms.laterality(text(series, 0x00200060))
    members: Json = {
        "uid": text(series, SERIES_INSTANCE_UID),
        "number": count(series, 0x00200011),
        "modality": terms.concept(dialect.version, terms.modality(text(series, 0x00080060))),
        "description": text(series, 0x0008103E),
        "numberOfInstances": count(series, 0x00201209),
        "bodySite": _body_site(text(series, 0x00180015), dialect),
        "laterality": terms.concept(dialect.version, side) if side else None,
        "started": _started(series, 0x00080021, 0x00080031, dialect)
        or _started(series, 0x00400244, 0x00400245, dialect),
        "performer": [{"actor": one} for tag in (0x00081050, 0x00081070) for one in _persons(series, tag)],
        "instance": [_instance(one) for one in instances],
    }
    return without_empty(members)


def _body_site(name: str, dialect: Dialect) -> Json | None:
    """Body Part Examined is a term without a code (PS3.16 Annex L)."""
    if not name:
        return None
    return {"display": name} if dialect.version is Version.R4 else {"concept": {"text": name}}


def _instance(instance: DicomJson) -> Json:
    members: Json = {
        "uid": text(instance, SOP_INSTANCE_UID),
        "sopClass": terms.sop_class(text(instance, 0x00080016)),
        "number": count(instance, 0x00200013),
        "title": _title(instance),
    }
    return without_empty(members)


def _title(instance: DicomJson) -> str:
    """What a document is called, or the code that says what it is."""
    named = text(instance, 0x00420010) or text(instance, 0x00700080)
    return named or next((text(item, 0x00080104) for item in items(instance, 0x0040A043)), "")


def _started(dataset: DicomJson, date: int, time: int, dialect: Dialect) -> str:
    offset = text(dataset, TIMEZONE_OFFSET_FROM_UTC)
    return date_time(text(dataset, date), text(dataset, time), offset, dialect.zone)


def _persons(dataset: DicomJson, tag: int) -> list[Json]:
    return [{"type": "Practitioner", "display": name} for name in names(dataset, tag)]
