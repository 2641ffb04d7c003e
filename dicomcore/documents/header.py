"""The head of a document: whose it is, what it is about, who wrote and who verified it (PS3.3 §C.17.2, §C.17.6.2).

Values are kept as stored; `cover` puts them into words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomcore.documents.codes import Code, read_code, read_codes
from dicomcore.documents.evidence import read_evidence, reference_of
from dicomcore.documents.values import Reference

if TYPE_CHECKING:
    from dicomcore.data import Dataset

MAX_PEOPLE = 1_000
"""How many observers, participants and requests of a document are kept."""


@dataclass(frozen=True, slots=True)
class Patient:
    """Who the document is about (PS3.3 §C.7.1.1); the age is that at the time of the study."""

    name: str = ""
    patient_id: str = ""
    issuer: str = ""
    birth_date: str = ""
    sex: str = ""
    age: str = ""


@dataclass(frozen=True, slots=True)
class Study:
    """The study and the series that the document belongs to."""

    description: str = ""
    study_id: str = ""
    date: str = ""
    time: str = ""
    accession_number: str = ""
    referring_physician: str = ""
    series_description: str = ""
    series_number: str = ""
    study_instance_uid: str = ""
    series_instance_uid: str = ""


@dataclass(frozen=True, slots=True)
class Observer:
    """A person or a device that observed, verified or attested; ``role`` is the Participation Type, if any."""

    name: str
    organization: str = ""
    at: str = ""
    role: str = ""
    identification: Code | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A request that the document answers (PS3.3 Table C.17-2, Referenced Request Sequence)."""

    accession_number: str = ""
    requested_procedure_id: str = ""
    description: str = ""
    placer_order: str = ""
    filler_order: str = ""


@dataclass(frozen=True, slots=True)
class DocumentHeader:
    """Everything that a document says about itself, beside its content."""

    sop_class_uid: str
    sop_instance_uid: str
    patient: Patient
    study: Study
    institution: str
    department: str
    manufacturer: str
    offset: str
    content_date: str
    content_time: str
    completion: str
    completion_description: str
    preliminary: str
    verification: str
    verifying_observers: tuple[Observer, ...]
    authors: tuple[Observer, ...]
    participants: tuple[Observer, ...]
    custodian: str
    procedures: tuple[Code, ...]
    requests: tuple[Request, ...]
    predecessors: tuple[Reference, ...]
    evidence: tuple[Reference, ...]
    other_evidence: tuple[Reference, ...]


def read_header(dataset: Dataset) -> DocumentHeader:
    """Read the modules that SR and key object selection documents share."""
    evidence = read_evidence(dataset)
    return DocumentHeader(
        sop_class_uid=dataset.text(0x00080016),
        sop_instance_uid=dataset.text(0x00080018),
        patient=_patient(dataset),
        study=_study(dataset),
        institution=dataset.text(0x00080080),
        department=dataset.text(0x00081040),
        manufacturer=" ".join(filter(None, (dataset.text(0x00080070), dataset.text(0x00081090)))),
        offset=dataset.text(0x00080201),
        content_date=dataset.text(0x00080023),
        content_time=dataset.text(0x00080033),
        completion=dataset.text(0x0040A491),
        completion_description=dataset.text(0x0040A492),
        preliminary=dataset.text(0x0040A496),
        verification=dataset.text(0x0040A493),
        verifying_observers=tuple(map(_verifying_observer, dataset.items(0x0040A073)[:MAX_PEOPLE])),
        authors=tuple(map(_observer, dataset.items(0x0040A078)[:MAX_PEOPLE])),
        participants=tuple(map(_observer, dataset.items(0x0040A07A)[:MAX_PEOPLE])),
        custodian=_custodian(dataset),
        procedures=read_codes(dataset, 0x0040A372),
        requests=tuple(map(_request, dataset.items(0x0040A370)[:MAX_PEOPLE])),
        predecessors=_predecessors(dataset),
        evidence=evidence.current,
        other_evidence=evidence.other,
    )


def _patient(dataset: Dataset) -> Patient:
    return Patient(*map(dataset.text, (0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040, 0x00101010)))


_STUDY = (
    *(0x00081030, 0x00200010, 0x00080020, 0x00080030, 0x00080050, 0x00080090),
    *(0x0008103E, 0x00200011, 0x0020000D, 0x0020000E),
)


def _study(dataset: Dataset) -> Study:
    return Study(*map(dataset.text, _STUDY))


def _verifying_observer(item: Dataset) -> Observer:
    return Observer(
        item.text(0x0040A075), item.text(0x0040A027), item.text(0x0040A030), identification=read_code(item, 0x0040A088)
    )


def _observer(item: Dataset) -> Observer:
    """Read the Identified Person or Device Macro (PS3.3 Table C.17-3b): a device has a station or a manufacturer."""
    device = next(filter(None, map(item.text, (0x00081010, 0x00081090, 0x00080070, 0x00181002))), "")
    organization = next(filter(None, map(item.text, (0x0040A027, 0x00080080))), "")
    at, role = item.text(0x0040A082), item.text(0x0040A080)
    return Observer(item.text(0x0040A123) or device, organization, at, role, read_code(item, 0x00401101))


def _custodian(dataset: Dataset) -> str:
    items = dataset.items(0x0040A07C)
    return items[0].text(0x00080080) if items else ""


_REQUEST = (0x00080050, 0x00401001, 0x00321060, 0x00402016, 0x00402017)


def _request(item: Dataset) -> Request:
    return Request(*map(item.text, _REQUEST))


def _predecessors(dataset: Dataset) -> tuple[Reference, ...]:
    return tuple(
        reference_of(instance)
        for study in dataset.items(0x0040A360)
        for series in study.items(0x00081115)
        for instance in series.items(0x00081199)
    )
