"""The head of a document in words: title, state, and what it says of patient, study, people and evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from dicomcore.data import uid_name
from dicomcore.documents.codes import Code
from dicomcore.documents.header import DocumentHeader, Observer, Request
from dicomcore.documents.outline import Entry, Facts, Line, Run, Section, Tone
from dicomcore.documents.phrases import Phrases
from dicomcore.documents.values import ContentItem, Reference
from dicomcore.documents.wording import readable_date, readable_date_and_time
from dicomcore.written_names import readable_name

_SEXES = {"M": "male", "F": "female", "O": "other"}
_FRACTION = re.compile(r"\.\d+(?=$|[+-])")
_AGE_UNITS = {"D": "days", "W": "weeks", "M": "months", "Y": "years"}
_STATES = {
    "COMPLETE": ("Complete", True),
    "PARTIAL": ("Partial", False),
    "VERIFIED": ("Verified", True),
    "UNVERIFIED": ("Unverified", False),
    "PRELIMINARY": ("Preliminary", False),
    "FINAL": ("Final", True),
}
_Labelled = Sequence[tuple[str, str | Line]]


def document_title(root: ContentItem, header: DocumentHeader) -> str:
    """Return the concept name of the root, else the name of the SOP Class."""
    return root.name.label if root.name is not None else document_kind(header)


def document_kind(header: DocumentHeader) -> str:
    """Return what kind of document this is, by its SOP Class."""
    return uid_name(header.sop_class_uid).removesuffix(" Storage") or "Document"


def document_state(header: DocumentHeader) -> tuple[tuple[str, bool], ...]:
    """Return the words for completion, finality and verification, each with whether it is as a reader hopes."""
    flags = (header.completion, header.preliminary, header.verification)
    return tuple(_STATES.get(flag, (flag, False)) for flag in flags if flag)


def document_facts(header: DocumentHeader, phrases: Phrases) -> tuple[Facts, ...]:
    """Return the groups of the head that say something."""
    groups: tuple[tuple[str, _Labelled], ...] = (
        ("Patient", _patient(header)),
        ("Study", _study(header)),
        ("Document", _document(header, phrases)),
        ("Requests", [("Request", _request(one)) for one in header.requests]),
    )
    facts = (Facts(title, tuple(_lines(labelled))) for title, labelled in groups)
    return tuple(one for one in facts if one.lines)


def evidence_section(header: DocumentHeader, phrases: Phrases) -> tuple[Section, ...]:
    """Return the instances that the document rests on, as sections that close it."""
    lists = (
        ("predecessors", "Predecessor documents", header.predecessors),
        ("evidence", "Evidence", header.evidence),
        ("other-evidence", "Other evidence", header.other_evidence),
    )
    return tuple(_references(anchor, title, some, phrases) for anchor, title, some in lists if some)


def _references(anchor: str, title: str, some: Iterable[Reference], phrases: Phrases) -> Section:
    entries = tuple(Entry(f"{anchor}.{at}", None, phrases.of(one)) for at, one in enumerate(some, 1))
    return Section(anchor, Run(title, Tone.LABEL), entries)


def _lines(labelled: _Labelled) -> Iterable[tuple[str, Line]]:
    for label, words in labelled:
        line = (Run(words, Tone.VALUE),) if isinstance(words, str) and words else words
        if line and not isinstance(line, str):
            yield label, line


def _patient(header: DocumentHeader) -> _Labelled:
    patient = header.patient
    identity = f"{patient.patient_id} ({patient.issuer})" if patient.issuer else patient.patient_id
    return [
        ("Name", readable_name(patient.name)),
        ("Patient ID", identity),
        ("Born", readable_date(patient.birth_date)),
        ("Sex", _SEXES.get(patient.sex, patient.sex)),
        ("Age", _age(patient.age)),
    ]


def _age(text: str) -> str:
    """Write an AS value (PS3.5 §6.2) as "45 years"."""
    number, unit = text[:-1], text[-1:]
    return f"{int(number)} {_AGE_UNITS[unit]}" if number.isdecimal() and unit in _AGE_UNITS else text


def _study(header: DocumentHeader) -> _Labelled:
    study = header.study
    series = " ".join(filter(None, (study.series_number and f"#{study.series_number}", study.series_description)))
    return [
        ("Description", study.description),
        ("Date", readable_date_and_time(study.date, _to_the_second(study.time), header.offset)),
        ("Study ID", study.study_id),
        ("Accession number", study.accession_number),
        ("Procedure", _labels(header.procedures)),
        ("Series", series),
        ("Referring physician", readable_name(study.referring_physician)),
        ("Institution", ", ".join(filter(None, (header.institution, header.department)))),
    ]


def _labels(codes: Iterable[Code]) -> Line:
    """Write codes one after the other, each with its hint."""
    runs: list[Run] = []
    for code in codes:
        runs += [Run(",", Tone.PLAIN)] if runs else []
        runs.append(Run(code.label, Tone.VALUE, hint=code.triplet))
    return tuple(runs)


def _document(header: DocumentHeader, phrases: Phrases) -> _Labelled:
    verifiers = [("Verified by", _person(one, phrases)) for one in header.verifying_observers]
    authors = [("Author", _person(one, phrases)) for one in header.authors]
    participants = [(_role(one), _person(one, phrases)) for one in header.participants]
    return [
        ("Written", readable_date_and_time(header.content_date, _to_the_second(header.content_time), header.offset)),
        ("State", header.completion_description),
        *verifiers,
        *authors,
        *participants,
        ("Custodian", header.custodian),
        ("Made with", header.manufacturer),
        ("Instance", (Run(header.sop_instance_uid, Tone.UID),) if header.sop_instance_uid else ""),
    ]


def _to_the_second(moment: str) -> str:
    """Leave out the fraction of a second, which says nothing of a document as a whole; the offset stays."""
    return _FRACTION.sub("", moment)


_ROLES = {"SOURCE": "Source", "ENT": "Entered by", "ATTEST": "Attested by"}


def _role(observer: Observer) -> str:
    return _ROLES.get(observer.role, observer.role) or "Participant"


def _person(observer: Observer, phrases: Phrases) -> str:
    parts = (readable_name(observer.name), observer.organization, phrases.moment(_to_the_second(observer.at)))
    return ", ".join(part for part in parts if part)


def _request(request: Request) -> str:
    parts = (
        request.description,
        request.requested_procedure_id,
        request.accession_number and f"accession number {request.accession_number}",
        request.placer_order and f"placer order {request.placer_order}",
        request.filler_order and f"filler order {request.filler_order}",
    )
    return ", ".join(part for part in parts if part)
