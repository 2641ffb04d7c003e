"""What the search parameters of ImagingStudy mean for the index: matching keys of PS3.4 §C.2.2.2. Pure.

A criterion is a list of alternatives, each a group of keys that must all match; no alternative matches nothing, one
without keys everything. Text that a client sends is matched as it is: wild cards have no meaning in FHIR.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from app.fhir import terms
from app.fhir.endpoint import ENDPOINT_IDS
from app.fhir.imaging_study import STATUS, STUDY_INSTANCE_UID
from app.fhir.search_values import Token, reference_of, token_of
from dicomcore.errors import InvalidParameter, InvalidUid
from dicomcore.matching import comparable
from dicomcore.query import Empty, Literal, MatchingKey, UidList
from dicomcore.uids import check_uid

Keys = tuple[MatchingKey, ...]
Criterion = list[Keys]

_ACCESSION_NUMBER, _ISSUER_OF_ACCESSION_NUMBER = 0x00080050, 0x00080051
_MODALITIES_IN_STUDY, _SOP_CLASSES_IN_STUDY = 0x00080061, 0x00080062
_PATIENT_ID, _ISSUER_OF_PATIENT_ID, _ISSUER_QUALIFIERS = 0x00100020, 0x00100021, 0x00100024
_UNIVERSAL_ENTITY_ID = 0x00400032
_STATUS_SYSTEM = "http://hl7.org/fhir/imagingstudy-status"
_NOTHING: Criterion = []
_EVERYTHING: Criterion = [()]


def identifier(name: str, values: Sequence[str]) -> Criterion:
    """Match Study Instance UID or Accession Number; without a system, whichever it is."""
    tokens = [_token(name, value) for value in values]
    uids = [terms.uid_of(one.value) for one in tokens if _may_be_uid(one)]
    others = [one for one in tokens if one.system != terms.DICOM_UID and not one.value.startswith("urn:oid:")]
    alternatives = [*_studies(uids)]
    plain = [one.value for one in others if one.system is None]
    if plain:
        alternatives.append((_literal(_ACCESSION_NUMBER, "SH", plain),))
    return alternatives + [_issued_accession(one) for one in others if one.system is not None]


def _may_be_uid(token: Token) -> bool:
    if token.system is None:
        return token.value.startswith("urn:oid:") or "." in token.value
    return token.system == terms.DICOM_UID


def _issued_accession(token: Token) -> Keys:
    number = _literal(_ACCESSION_NUMBER, "SH", [token.value])
    if not token.system:
        return number, MatchingKey((_ISSUER_OF_ACCESSION_NUMBER, _UNIVERSAL_ENTITY_ID), "UT", Empty())
    return number, _universal(_ISSUER_OF_ACCESSION_NUMBER, token.system)


def patient_identifier(name: str, values: Sequence[str]) -> Criterion:
    """Match Patient ID, and who issued it if a system is named."""
    tokens = [_token(name, value) for value in values]
    plain = [one.value for one in tokens if one.system is None]
    alternatives: Criterion = [(_literal(_PATIENT_ID, "LO", plain),)] if plain else []
    for one in (one for one in tokens if one.system is not None):
        patient = _literal(_PATIENT_ID, "LO", [one.value])
        if not one.system:
            alternatives.append((patient, MatchingKey((_ISSUER_OF_PATIENT_ID,), "LO", Empty())))
            continue
        issuers = [one.system, *([terms.uid_of(one.system)] if one.system.startswith("urn:oid:") else [])]
        alternatives.append((patient, _literal(_ISSUER_OF_PATIENT_ID, "LO", issuers)))
        alternatives.append((patient, _universal(_ISSUER_QUALIFIERS, one.system)))
    return alternatives


def patient(_name: str, values: Sequence[str]) -> Criterion:
    """Match Patient ID: that is what stands for the id of the Patient, which is not here."""
    return [(_literal(_PATIENT_ID, "LO", [reference_of(value, "Patient") for value in values]),)]


def study(_name: str, values: Sequence[str]) -> Criterion:
    """Match the id of an ImagingStudy, which is its Study Instance UID."""
    return _studies(values)


def modality(name: str, values: Sequence[str]) -> Criterion:
    """Match any of the modalities."""
    tokens = [_token(name, value) for value in values]
    codes = [one.value for one in tokens if one.system in (None, terms.DICOM_TERMS) and _is_code(one.value)]
    return [(_literal(_MODALITIES_IN_STUDY, "CS", codes),)] if codes else _NOTHING


def sop_class(name: str, values: Sequence[str]) -> Criterion:
    """Match SOP Classes of instances."""
    tokens = [_token(name, value) for value in values]
    uids = _uids([terms.uid_of(one.value) for one in tokens if one.system in (None, terms.URI)])
    return [(MatchingKey((_SOP_CLASSES_IN_STUDY,), "UI", UidList(uids)),)] if uids else _NOTHING


def status(name: str, values: Sequence[str]) -> Criterion:
    """Match the status, which is the same for everything that is here."""
    tokens = [_token(name, value) for value in values]
    is_asked = any(one.value == STATUS and one.system in (None, _STATUS_SYSTEM) for one in tokens)
    return _EVERYTHING if is_asked else _NOTHING


def endpoint(_name: str, values: Sequence[str]) -> Criterion:
    """Match an Endpoint, each of which has every study."""
    return _EVERYTHING if {reference_of(value, "Endpoint") for value in values} & {*ENDPOINT_IDS} else _NOTHING


def _token(name: str, text: str) -> Token:
    token = token_of(text)
    if not token.value:
        raise InvalidParameter(name, "needs a value behind the system")
    return token


def _literal(tag: int, vr: str, values: Sequence[str]) -> MatchingKey:
    return MatchingKey((tag,), vr, Literal(tuple(dict.fromkeys(comparable(vr, value) for value in values))))


def _universal(sequence: int, system: str) -> MatchingKey:
    """Match the Universal Entity ID of an issuer, which is written without the scheme of its URI."""
    ids = dict.fromkeys((system, terms.uid_of(system), system.removeprefix("urn:uuid:")))
    return MatchingKey((sequence, _UNIVERSAL_ENTITY_ID), "UT", Literal(tuple(ids)))


def _studies(uids: Sequence[str]) -> Criterion:
    found = _uids(uids)
    return [(MatchingKey((STUDY_INSTANCE_UID,), "UI", UidList(found)),)] if found else _NOTHING


def _uids(texts: Sequence[str]) -> tuple[str, ...]:
    """Those that can be UIDs; the others are the name of nothing."""
    found = []
    for one in dict.fromkeys(texts):
        try:
            found.append(check_uid(one))
        except InvalidUid:
            continue
    return tuple(found)


def _is_code(text: str) -> bool:
    return len(text) <= 16 and all(mark.isascii() and (mark.isalnum() or mark in " _") for mark in text)


CRITERIA: Mapping[str, Callable[[str, Sequence[str]], Criterion]] = {
    "_id": study,
    "identifier": identifier,
    "patient": patient,
    "patient:Patient": patient,
    "patient:identifier": patient_identifier,
    "patient.identifier": patient_identifier,
    "subject": patient,
    "subject:Patient": patient,
    "subject:identifier": patient_identifier,
    "subject.identifier": patient_identifier,
    "subject:Patient.identifier": patient_identifier,
    "modality": modality,
    "dicom-class": sop_class,
    "status": status,
    "endpoint": endpoint,
}
"""The parameters by name, with the modifiers and chains that are understood; dates are read elsewhere."""
