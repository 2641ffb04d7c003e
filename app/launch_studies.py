"""Which of the studies that a search found are those that `/launch` was asked for. Pure.

Nodes match as they like (by wild cards, without the issuer), and opening a study of somebody else is worse than opening
none: so everything that was asked for by name is compared again here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.launch_parameters import (
    ACCESSION_NUMBER,
    ISSUER_OF_PATIENT_ID,
    ISSUER_QUALIFIERS,
    PATIENT_BIRTH_DATE,
    PATIENT_ID,
    STUDY_INSTANCE_UID,
    LaunchRequest,
    PatientIdentifier,
)
from dicomcore.matching import comparable
from dicomcore.times import normalize_date

_STUDY_DATE, _STUDY_TIME = 0x00080020, 0x00080030
_LOCAL_NAMESPACE_ENTITY_ID, _UNIVERSAL_ENTITY_ID = 0x00400031, 0x00400032


@dataclass(frozen=True, slots=True)
class LaunchedStudy:
    """What is to be known of a study to open it."""

    uid: str
    accession: str
    patient_id: str
    moment: tuple[str, str]


def chosen_studies(request: LaunchRequest, datasets: Iterable[Mapping[str, Any]]) -> list[LaunchedStudy]:
    """Give the studies that were asked for, each once, the latest first."""
    found = {one.uid: one for one in map(_study, filter(lambda dataset: _is_asked(request, dataset), datasets))}
    studies = sorted(found.values(), key=lambda one: one.moment, reverse=True)
    return studies[: request.most_recent]


def _study(dataset: Mapping[str, Any]) -> LaunchedStudy:
    moment = _text(dataset, _STUDY_DATE), _text(dataset, _STUDY_TIME)
    return LaunchedStudy(
        _text(dataset, STUDY_INSTANCE_UID), _text(dataset, ACCESSION_NUMBER), _text(dataset, PATIENT_ID), moment
    )


def _is_asked(request: LaunchRequest, dataset: Mapping[str, Any]) -> bool:
    if request.study_uids and _text(dataset, STUDY_INSTANCE_UID) not in request.study_uids:
        return False
    if request.accessions and _text(dataset, ACCESSION_NUMBER) not in request.accessions:
        return False
    if request.patients and not any(_is_of(one, dataset) for one in request.patients):
        return False
    born = _text(dataset, PATIENT_BIRTH_DATE)
    return request.birth_date is None or not born or normalize_date(born) == request.birth_date


def _is_of(patient: PatientIdentifier, dataset: Mapping[str, Any]) -> bool:
    if _text(dataset, PATIENT_ID) != patient.value:
        return False
    issuers = {_text(dataset, ISSUER_OF_PATIENT_ID)}
    for item in _values(dataset, ISSUER_QUALIFIERS):
        if isinstance(item, Mapping):
            issuers |= {_text(item, _LOCAL_NAMESPACE_ENTITY_ID), _text(item, _UNIVERSAL_ENTITY_ID)}
    known = {one.removeprefix("urn:oid:") for one in issuers if one}
    return not patient.issuers or not known or bool(known & patient.issuers)


def _values(dataset: Mapping[str, Any], tag: int) -> list[Any]:
    return list(dataset.get(f"{tag:08X}", {}).get("Value", ()))


def _text(dataset: Mapping[str, Any], tag: int) -> str:
    value = next((one for one in _values(dataset, tag) if isinstance(one, str)), "")
    return comparable("LO", value)
