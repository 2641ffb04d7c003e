"""Write the patients, studies and series that a transaction touched.

New rows go in first, from the top, because of the foreign keys; then instances (by `writing`); then what was there
before is updated or, where it became empty, deleted, from the bottom. What is counted stands in `levels`, how
attributes come about in `merging`, whose a study is in `patients`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from sqlalchemy import Delete, Insert, Table, bindparam, delete, insert, select
from sqlalchemy.sql import ClauseElement

from dicomcore.index.compiled import among, update_by_id
from dicomcore.index.levels import Levels, SeriesState, StudyState
from dicomcore.index.patients import Patients, PatientState
from dicomcore.index.rows import (
    SOP_CLASSES_IN_STUDY,
    counted_patient,
    counted_series,
    counted_study,
    modality,
    name_words,
    patient_row,
    request_items,
    series_row,
    sop_classes_in_study,
    study_row,
)
from dicomcore.index.tables import NAME_WORD_TABLES, instance, patient, series, series_request, study
from dicomcore.index.transaction import Row
from dicomcore.resources import Level, Resource

State = TypeVar("State", PatientState, StudyState, SeriesState)


class Rollup:
    """Writes what `Levels` holds."""

    def __init__(self, levels: Levels) -> None:
        self._transaction = levels.transaction
        self._studies = list(levels.studies.values())
        self._series = list(levels.series.values())
        self._patients = Patients(levels.transaction)

    def insert_new(self) -> None:
        """Insert the patients, studies and series that are new; their instances can follow."""
        new_series = [state for state in self._series if state.is_new]
        for state in new_series:
            state.study.modalities |= _parts(modality(state))
        for above in self._studies:
            _note_sop_classes(above)
        new_studies = [state for state in self._studies if state.is_new]
        new_patients = self._patients.assign(self._studies)
        self._insert(patient, map(patient_row, new_patients))
        self._insert(study, map(study_row, new_studies))
        self._insert(series, map(series_row, new_series))
        self._insert_words(Level.STUDY, new_studies)
        self._insert_words(Level.SERIES, new_series)
        self._insert(series_request, (row for state in new_series for row in request_items(state)))

    def update(self) -> list[Resource]:
        """Bring up to date, or delete, what was there before; return what has gone, from the bottom."""
        gone = [*self._update_series(), *self._update_studies()]
        self._update_patients()
        return gone

    def _update_series(self) -> list[Resource]:
        old = [state for state in self._series if not state.is_new]
        left = [state for state in old if state.instances]
        for state in left:
            if state.is_reduced:
                self._collect_series(state)
            _note_modality(state)
        self._update(series, left, series_row, counted_series)
        changed = [state for state in left if state.is_changed]
        self._delete(NAME_WORD_TABLES[Level.SERIES], changed)
        self._insert_words(Level.SERIES, changed)
        self._delete(series_request, changed)
        self._insert(series_request, (row for state in changed for row in request_items(state)))
        empty = [state for state in old if not state.instances]
        self._delete(series, empty)
        return [Resource(state.study.study_instance_uid, state.series_instance_uid) for state in empty]

    def _update_studies(self) -> list[Resource]:
        old = [state for state in self._studies if not state.is_new]
        left = [state for state in old if state.instances]
        for state in left:
            if state.is_reduced:
                self._collect_study(state)
            _note_sop_classes(state)
        self._update(study, left, study_row, counted_study)
        changed = [state for state in left if state.is_changed]
        self._delete(NAME_WORD_TABLES[Level.STUDY], changed)
        self._insert_words(Level.STUDY, changed)
        empty = [state for state in old if not state.instances]
        self._delete(study, empty)
        return [Resource(state.study_instance_uid) for state in empty]

    def _update_patients(self) -> None:
        self._patients.count(self._studies)
        self._patients.merge_again()
        states = list(self._patients.states.values())
        left = [state for state in states if state.instances and state.is_touched]
        self._update(patient, left, patient_row, counted_patient)
        changed = [state for state in left if state.is_changed]
        self._delete(NAME_WORD_TABLES[Level.PATIENT], [state for state in changed if not state.is_new])
        self._insert_words(Level.PATIENT, changed)
        self._delete(patient, [state for state in states if not state.instances])

    def _collect_series(self, state: SeriesState) -> None:
        state.sop_classes = {uid for (uid,) in self._transaction.select(_SOP_CLASSES, id=state.id)}

    def _collect_study(self, state: StudyState) -> None:
        rows = self._transaction.select(_SERIES, id=state.id)
        state.series = len(rows)
        state.modalities = {part for modality, _ in rows for part in _parts(modality)}
        state.sop_classes = {uid for _, sop_classes in rows for uid in _parts(sop_classes)}

    def _insert(self, table: Table, rows: Iterable[Row]) -> None:
        self._transaction.execute_many(_INSERTS[table.name], rows)

    def _update(
        self,
        table: Table,
        states: Sequence[State],
        whole: Callable[[State], Row],
        counted: Callable[[State], Row],
    ) -> None:
        """Update rows: all of each whose attributes changed, else only what every instance changes."""
        for is_changed, row_of, statements in ((True, whole, _WHOLE_UPDATES), (False, counted, _COUNTED_UPDATES)):
            rows = [_bound(row_of(state)) for state in states if state.is_changed is is_changed]
            self._transaction.execute_many(statements[table.name], rows)

    def _delete(self, table: Table, states: Sequence[PatientState | StudyState | SeriesState]) -> None:
        """Delete the rows of these, or the rows that hang on them."""
        if states:
            self._transaction.execute(_DELETES[table.name], ids=[state.id for state in states])

    def _insert_words(self, level: Level, states: Sequence[PatientState | StudyState | SeriesState]) -> None:
        rows = (row for state in states for row in name_words(level, state.id, state.merged))
        self._insert(NAME_WORD_TABLES[level], rows)


_COUNTED = {
    patient: (
        "revision",
        "number_of_patient_related_studies",
        "number_of_patient_related_series",
        "number_of_patient_related_instances",
        "response",
    ),
    study: (
        "revision",
        "number_of_study_related_series",
        "number_of_study_related_instances",
        "modalities_in_study",
        "response",
    ),
    series: ("revision", "number_of_series_related_instances", "sop_classes", "response"),
}
_OWNED = {series_request: "series_row"} | {
    table: f"{level.name.lower()}_row" for level, table in NAME_WORD_TABLES.items()
}
_INSERTS: dict[str, Insert] = {table.name: insert(table) for table in (*_COUNTED, *_OWNED)}
_WHOLE_UPDATES: dict[str, ClauseElement] = {
    table.name: update_by_id(table, (column.name for column in table.c if column.name != "id")) for table in _COUNTED
}
_COUNTED_UPDATES: dict[str, ClauseElement] = {
    table.name: update_by_id(table, names) for table, names in _COUNTED.items()
}
_DELETES: dict[str, Delete] = {table.name: delete(table).where(among(table.c.id, "ids")) for table in _COUNTED} | {
    table.name: delete(table).where(among(table.c[owner], "ids")) for table, owner in _OWNED.items()
}
_SOP_CLASSES = select(instance.c.sop_class_uid).where(instance.c.series_row == bindparam("id")).distinct()
_SERIES = select(series.c.modality, series.c.sop_classes).where(series.c.study_row == bindparam("id"))


def _bound(row: Row) -> Row:
    """Name parameters otherwise than columns, as SQLAlchemy wants it for UPDATE."""
    return {f"new_{name}": value for name, value in row.items()}


def _note_modality(state: SeriesState) -> None:
    now = modality(state) if state.is_changed else state.modality
    if state.modality not in ("", now):
        state.study.is_reduced = True
    state.study.modalities |= _parts(now)


def _note_sop_classes(state: StudyState) -> None:
    written = sop_classes_in_study(state)
    if state.merged.fragments.get(SOP_CLASSES_IN_STUDY) != written:
        state.merged.fragments[SOP_CLASSES_IN_STUDY] = written
        state.is_changed = True


def _parts(text: str) -> set[str]:
    return {part for part in text.split("\\") if part}
