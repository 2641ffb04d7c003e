"""Read the parameters of `/launch`: those of Invoke Image Display (IHE RAD TF-2 §4.106.4.1.2) and shorter ones. Pure.

``study``, ``accession`` and ``patient`` are other names of ``studyUID``, ``accessionNumber`` and ``patientID``; without
``requestType`` what is named says what is asked for. All that is given must match. Decided here, where the profile
leaves it open:

- A study that says nothing about the issuer of its Patient ID, or the birth date, does not contradict what is asked.
- ``patientName`` is not matched: names are spelt in too many ways to refuse a study for one.
- ``viewerType`` chooses a viewer that has this name; others (``IHE_BIR``) leave it to the server.
- ``diagnosticQuality`` and ``keyImagesOnly`` are checked; viewers here show what is stored, all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from urllib.parse import parse_qsl

from app.fhir.moments import index_text, read_moment, spans_of, timezone_text, zone_of
from dicomcore.errors import InvalidParameter, InvalidUid
from dicomcore.matching import comparable
from dicomcore.query import CombinedRange, Literal, MatchingKey, Query, ReturnKey, UidList
from dicomcore.resources import Level
from dicomcore.times import normalize_date
from dicomcore.uids import check_uid

MAX_PARAMETERS = 50
MAX_LENGTH = 8_192
MAX_NAMED = 100
MAX_STUDIES = 200
"""How many studies are looked at: a viewer opens a few."""

ACCESSION_NUMBER, MODALITIES_IN_STUDY = 0x00080050, 0x00080061
PATIENT_ID, ISSUER_OF_PATIENT_ID, ISSUER_QUALIFIERS = 0x00100020, 0x00100021, 0x00100024
PATIENT_BIRTH_DATE, STUDY_INSTANCE_UID = 0x00100030, 0x0020000D
_STUDY_DATE, _STUDY_TIME = 0x00080020, 0x00080030
_ALIASES = {"study": "studyUID", "accession": "accessionNumber", "patient": "patientID"}
_REQUEST_TYPES = ("STUDY", "PATIENT")


@dataclass(frozen=True, slots=True)
class PatientIdentifier:
    """A Patient ID, and the names and ids that its issuer may have; none is any issuer."""

    value: str
    issuers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """What is to be opened, in which viewer, from which node; ``most_recent`` is how many studies, if not all."""

    study_uids: tuple[str, ...] = ()
    accessions: tuple[str, ...] = ()
    patients: tuple[PatientIdentifier, ...] = ()
    birth_date: str | None = None
    modalities: tuple[str, ...] = ()
    started: CombinedRange | None = None
    timezone: str | None = None
    most_recent: int | None = None
    viewer: str | None = None
    viewer_type: str | None = None
    source: str | None = None

    @property
    def query(self) -> Query:
        """The search for the studies; what it finds is to be checked again, for nodes match as they like."""
        named: tuple[tuple[int, str, tuple[str, ...]], ...] = (
            (ACCESSION_NUMBER, "SH", self.accessions),
            (PATIENT_ID, "LO", tuple(dict.fromkeys(one.value for one in self.patients))),
            (MODALITIES_IN_STUDY, "CS", self.modalities),
        )
        keys = [MatchingKey((tag,), vr, Literal(values)) for tag, vr, values in named if values]
        if self.study_uids:
            keys.append(MatchingKey((STUDY_INSTANCE_UID,), "UI", UidList(self.study_uids)))
        return Query(
            Level.STUDY,
            keys=tuple(keys),
            combined=() if self.started is None else (self.started,),
            include=(ReturnKey((ISSUER_OF_PATIENT_ID,)), ReturnKey((ISSUER_QUALIFIERS,))),
            limit=MAX_STUDIES,
            timezone=self.timezone,
        )


def parse_launch(query_string: bytes, zone: tzinfo | None = None) -> LaunchRequest:
    """Read the query; raises `InvalidParameter`. ``zone`` is where dates without an offset are meant in."""
    given = _given(query_string)
    _check_request_type(given)
    started, timezone = _started(given, zone)
    for name in ("diagnosticQuality", "keyImagesOnly"):
        if given.get(name, "true").lower() not in ("true", "false"):
            raise InvalidParameter(name, "must be true or false")
    return LaunchRequest(
        study_uids=_uids(given),
        accessions=tuple(comparable("SH", one) for one in _list(given, "accessionNumber")),
        patients=tuple(_patient(one) for one in _list(given, "patientID")),
        birth_date=_birth_date(given.get("patientBirthDate")),
        modalities=_modalities(given),
        started=started,
        timezone=timezone,
        most_recent=_most_recent(given.get("mostRecentResults")),
        viewer=given.get("viewer"),
        viewer_type=given.get("viewerType"),
        source=given.get("source"),
    )


def _given(query_string: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(query_string.decode("ascii"), errors="strict", max_num_fields=MAX_PARAMETERS)
    except ValueError as error:
        raise InvalidParameter("query", "is not UTF-8, or has too many parameters") from error
    found: dict[str, str] = {}
    for name, value in pairs:
        known = _ALIASES.get(name, name)
        if known in found:
            raise InvalidParameter(name[:64], "is given more than once; values have commas between them")
        if len(value) > MAX_LENGTH or not value.isprintable():
            raise InvalidParameter(name[:64], "is too long, or has control characters")
        found[known] = value.strip()
    return {name: value for name, value in found.items() if value}


def _check_request_type(given: Mapping[str, str]) -> None:
    """Check that what a type of request needs is there (RAD TF-2 Tables 4.106.4.1.2-1 and -2)."""
    kind = given.get("requestType")
    if kind is not None and kind not in _REQUEST_TYPES:
        raise InvalidParameter("requestType", f"must be {' or '.join(_REQUEST_TYPES)}")
    if kind == "PATIENT" and "patientID" not in given:
        raise InvalidParameter("patientID", "is missing")
    if kind == "STUDY" and not {"studyUID", "accessionNumber"} & given.keys():
        raise InvalidParameter("studyUID", "is missing, and so is accessionNumber; one of them says which study")
    if not {"studyUID", "accessionNumber", "patientID"} & given.keys():
        raise InvalidParameter("study", "is missing, and so are accession and patient; one of them says what to open")


def _list(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(one.strip() for one in given.get(name, "").split(",") if one.strip()))
    if len(found) > MAX_NAMED:
        raise InvalidParameter(name, f"has more than {MAX_NAMED} values")
    if name in given and not found:
        raise InvalidParameter(name, "has no value")
    return found


def _uids(given: Mapping[str, str]) -> tuple[str, ...]:
    try:
        return tuple(check_uid(one, "studyUID") for one in _list(given, "studyUID"))
    except InvalidUid as error:
        raise InvalidParameter("studyUID", "has a value that is not a UID") from error


def _modalities(given: Mapping[str, str]) -> tuple[str, ...]:
    found = _list(given, "modalitiesInStudy")
    if not all(len(one) <= 16 and one.isascii() and one.replace("_", "").isalnum() for one in found):
        raise InvalidParameter("modalitiesInStudy", "must be modalities with commas between them, such as CT,MR")
    return found


def _patient(text: str) -> PatientIdentifier:
    """Read an identifier in the form of HL7 CX: ``ID^^^NAMESPACE&UNIVERSAL ID&TYPE``, or the ID alone."""
    value, *rest = text.split("^")
    authority = rest[2] if len(rest) > 2 else ""
    names = [one.strip() for one in authority.split("&")[:2]]
    if not value.strip():
        raise InvalidParameter("patientID", "has no ID before ^^^")
    return PatientIdentifier(comparable("LO", value), frozenset(one for one in names if one))


def _birth_date(text: str | None) -> str | None:
    if text is None:
        return None
    found = normalize_date(text.replace("-", ""))
    if found is None:
        raise InvalidParameter("patientBirthDate", "must be a date such as 1970-01-31")
    return found


def _most_recent(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
        raise InvalidParameter("mostRecentResults", "must be a number from 1")
    return int(text)


def _started(given: Mapping[str, str], zone: tzinfo | None) -> tuple[CombinedRange | None, str | None]:
    """Read the bounds of Study Date and Time, which are written as xs:dateTime."""
    bounds = {name: given[name] for name in ("lowerDateTime", "upperDateTime") if name in given}
    if not bounds:
        return None, None
    offset = zone_of([read_moment(name, text) for name, text in bounds.items()], zone)
    low, high = (
        spans_of(name, bounds[name], datetime.min, offset)[0] if name in bounds else None
        for name in ("lowerDateTime", "upperDateTime")
    )
    first, last = index_text(low.low if low else None), index_text(high.high if high else None)
    if first is not None and last is not None and first > last:
        raise InvalidParameter("lowerDateTime", "is after upperDateTime")
    return CombinedRange(_STUDY_DATE, _STUDY_TIME, first, last), timezone_text(offset)
