"""The patients that a transaction touches: whose the studies are, and what that makes of each patient.

A patient is known by Patient ID and its issuer (PS3.3 §C.2.2); a study without a Patient ID has a patient of its own.
Attributes are merged over the studies, which know from which instances they have theirs (see `merging`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, bindparam, literal_column, select

from dicomcore.index.attributes import SHARED_TAGS
from dicomcore.index.columns import column
from dicomcore.index.compiled import among
from dicomcore.index.levels import StudyState
from dicomcore.index.merging import Merged, read_merged
from dicomcore.index.tables import patient, study
from dicomcore.index.transaction import Transaction
from dicomcore.resources import Level

PATIENT_ID = 0x00100020
ISSUER_OF_PATIENT_ID = 0x00100021
PATIENT_TAGS = SHARED_TAGS[Level.PATIENT]

Identity = tuple[str, str, str]
"""Patient ID, its issuer, and the study of a patient without Patient ID."""


@dataclass(slots=True)
class PatientState:
    """A patient as it will be written."""

    id: int
    identity: Identity
    merged: Merged = field(default_factory=Merged)
    studies: int = 0
    series: int = 0
    instances: int = 0
    revision: int = 0
    is_new: bool = False
    is_touched: bool = False
    is_changed: bool = False
    is_stale: bool = False  # attributes may have come from studies that are not its any more

    def count(self, state: StudyState, studies: int, series: int, instances: int) -> None:
        """Count a study, or the growth of one, in or out."""
        self.studies += studies
        self.series += series
        self.instances += instances
        self.revision = max(self.revision, state.revision)
        self.is_touched = True


class Patients:
    """The patients of the studies of a transaction, by row id."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.states: dict[int, PatientState] = {}

    def assign(self, studies: Sequence[StudyState]) -> list[PatientState]:
        """Load the patients of these studies, tell each study its own, and return those that are new."""
        self._load(_BY_ID, {state.patient_before for state in studies if state.patient_before})
        moved = {}
        for state in studies:
            if state.instances and (state.is_new or state.is_changed):
                identity = _identity(state)
                if state.is_new or self.states[state.patient_before].identity != identity:
                    moved[state.study_instance_uid] = identity
        self._load_identities(moved.values())
        known = {state.identity: state for state in self.states.values()}
        new = []
        for state in studies:
            if state.study_instance_uid not in moved:
                continue
            identity = moved[state.study_instance_uid]
            if identity not in known:
                # A change touches one study, so that the number of its last change names at most one new patient.
                owner = known[identity] = PatientState(state.revision, identity, is_new=True)
                self.states[owner.id] = owner
                new.append(owner)
            state.patient_row = known[identity].id
            state.is_changed = True
        return new

    def count(self, studies: Iterable[StudyState]) -> None:
        """Bring counts and attributes up to date with studies whose counts are final."""
        for state in studies:
            self._count_out(state)
            if state.instances:
                owner = self.states[state.patient_row]
                owner.count(state, 1, state.series, state.instances)
                if state.is_changed:
                    owner.is_changed |= owner.merged.absorb_merged(PATIENT_TAGS, state.merged)

    def _count_out(self, state: StudyState) -> None:
        if not state.patient_before:
            return
        owner = self.states[state.patient_before]
        owner.count(state, -1, -state.series_before, -state.instances_before)
        stays = state.instances and state.patient_row == state.patient_before
        gone = state.sources_before.difference(state.merged.sources.values() if stays else ())
        owner.is_stale |= not gone.isdisjoint(owner.merged.sources.values())

    def merge_again(self) -> None:
        """Collect the attributes of stale patients from all their studies, whose rows are up to date."""
        for state in self.states.values():
            if state.is_stale and state.instances:
                state.merged = Merged()
                for attributes, sources in self._transaction.select(_STUDIES, id=state.id):
                    state.merged.absorb_merged(PATIENT_TAGS, read_merged(attributes, sources))
                state.is_changed = True

    def _load_identities(self, identities: Iterable[Identity]) -> None:
        wanted = list(identities)
        self._load(_BY_PATIENT_ID, {patient_id for patient_id, _, _ in wanted if patient_id})
        self._load(_BY_STUDY, {study_uid for _, _, study_uid in wanted if study_uid})

    def _load(self, rows: Select[Any], values: set[Any]) -> None:
        for row in self._transaction.select(rows, values=sorted(values)) if values else ():
            self.states.setdefault(row[0], _patient_state(*row))


_PATIENTS = select(
    patient.c.id,
    patient.c.patient_id,
    patient.c.issuer_of_patient_id,
    patient.c.unidentified_in,
    patient.c.number_of_patient_related_studies,
    patient.c.number_of_patient_related_series,
    patient.c.number_of_patient_related_instances,
    patient.c.revision,
    patient.c.attributes,
    patient.c.sources,
)


_BY_ID = _PATIENTS.where(among(patient.c.id, "values"))
_BY_PATIENT_ID = _PATIENTS.where(among(patient.c.patient_id, "values"))
_BY_STUDY = _PATIENTS.where(patient.c.patient_id == literal_column("''"), among(patient.c.unidentified_in, "values"))
_STUDIES = select(study.c.attributes, study.c.sources).where(
    study.c.patient_row == bindparam("id", type_=study.c.id.type)
)


def _identity(state: StudyState) -> Identity:
    fragments = state.merged.fragments
    patient_id = column(Level.STUDY, PATIENT_ID, fragments)
    issuer = column(Level.STUDY, ISSUER_OF_PATIENT_ID, fragments)
    return patient_id, issuer, "" if patient_id else state.study_instance_uid


def _patient_state(
    row_id: int,
    patient_id: str,
    issuer: str,
    unidentified_in: str,
    studies: int,
    series: int,
    instances: int,
    revision: int,
    attributes: bytes,
    sources: bytes,
) -> PatientState:
    identity = (patient_id, issuer, unidentified_in)
    return PatientState(row_id, identity, read_merged(attributes, sources), studies, series, instances, revision)
