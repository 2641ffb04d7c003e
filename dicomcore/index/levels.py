"""The studies and series that one transaction touches: loaded once, changed in memory by each instance that comes or
goes, written back once by `rollup`.

That keeps counts, modalities and SOP Classes right with one UPDATE per study and series and group commit, however many
instances it has. The writer's lock (see `engine`) is held from the load to the commit, so nobody else changes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import zstandard
from sqlalchemy import bindparam, select

from dicomcore.index.attributes import SHARED_TAGS
from dicomcore.index.columns import split_many
from dicomcore.index.compiled import among
from dicomcore.index.documents import split_object, tag_of_fragment
from dicomcore.index.merging import Merged, read_merged
from dicomcore.index.record import InstanceRecord
from dicomcore.index.tables import instance, series, study
from dicomcore.index.transaction import Transaction
from dicomcore.resources import Level

STUDY_TAGS = SHARED_TAGS[Level.STUDY]
SERIES_TAGS = SHARED_TAGS[Level.SERIES]


class StoredRow(NamedTuple):
    """An instance row, as far as the write path needs it."""

    id: int
    series_row: int
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    content_digest: bytes
    key: str


@dataclass(slots=True)
class StudyState:
    """A study as it will be written."""

    id: int
    study_instance_uid: str
    patient_row: int = 0
    merged: Merged = field(default_factory=Merged)
    series: int = 0
    instances: int = 0
    modalities: set[str] = field(default_factory=set)
    sop_classes: set[str] = field(default_factory=set)
    revision: int = 0
    is_new: bool = False
    is_changed: bool = False  # its attributes are
    is_reduced: bool = False  # it lost something: series, modalities and SOP Classes must be collected again
    removed_keys: set[str] = field(default_factory=set)
    sources_before: frozenset[str] = frozenset()
    patient_before: int = 0
    series_before: int = 0
    instances_before: int = 0


@dataclass(slots=True)
class SeriesState:
    """A series as it will be written."""

    id: int
    study: StudyState
    series_instance_uid: str
    merged: Merged = field(default_factory=Merged)
    instances: int = 0
    modality: str = ""
    sop_classes: set[str] = field(default_factory=set)
    revision: int = 0
    is_new: bool = False
    is_changed: bool = False
    is_reduced: bool = False
    removed_keys: set[str] = field(default_factory=set)


class Levels:
    """The studies by UID, and the series by both UIDs, that a transaction touches."""

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.studies: dict[str, StudyState] = {}
        self.series: dict[tuple[str, str], SeriesState] = {}

    def load(self, keys: Iterable[tuple[str, str]]) -> None:
        """Load those of the series, and their studies, that exist."""
        wanted = set(keys)
        study_uids = list({study_uid for study_uid, _ in wanted})
        for row in self.transaction.select(_STUDIES, uids=study_uids):
            state = _study_state(*row)
            self.studies[state.study_instance_uid] = state
        series_uids = list({series_uid for study_uid, series_uid in wanted if study_uid in self.studies})
        for row in self.transaction.select(_SERIES, uids=series_uids) if series_uids else ():
            study_uid, *values = row
            if (study_uid, values[1]) in wanted:
                self.series[study_uid, values[1]] = _series_state(self.studies[study_uid], *values)

    def add(self, record: InstanceRecord, number: int) -> SeriesState:
        """Count an instance in, by change ``number``, and return its series."""
        found = self.series.get((record.study_instance_uid, record.series_instance_uid))
        state = found or self._new_series(record, number)
        above = state.study
        state.instances += 1
        above.instances += 1
        state.revision = above.revision = number
        state.sop_classes.add(record.sop_class_uid)
        above.sop_classes.add(record.sop_class_uid)
        state.is_changed |= state.merged.absorb(SERIES_TAGS, record.key, record.fragments)
        above.is_changed |= above.merged.absorb(STUDY_TAGS, record.key, record.fragments)
        return state

    def _new_series(self, record: InstanceRecord, number: int) -> SeriesState:
        study_uid, series_uid = record.study_instance_uid, record.series_instance_uid
        above = self.studies.get(study_uid)
        if above is None:
            above = self.studies[study_uid] = StudyState(number, study_uid, is_new=True)
        above.series += 1
        state = self.series[study_uid, series_uid] = SeriesState(number, above, series_uid, is_new=True)
        return state

    def remove(self, row: StoredRow) -> None:
        """Count an instance out; its row is deleted already."""
        state = self.series[row.study_instance_uid, row.series_instance_uid]
        for level in (state, state.study):
            level.instances -= 1
            level.removed_keys.add(row.key)
            level.is_reduced = True

    def touch(self, row: StoredRow, number: int) -> None:
        """Note the number of the change that took an instance away."""
        state = self.series[row.study_instance_uid, row.series_instance_uid]
        state.revision = state.study.revision = number

    def find_sources_again(self) -> None:
        """Give the attributes that came from removed instances the values of those that are left."""
        states: list[StudyState | SeriesState] = [*self.studies.values(), *self.series.values()]
        for state in states:
            if state.removed_keys:
                state.is_changed |= self._find_sources(state)

    def _find_sources(self, state: StudyState | SeriesState) -> bool:
        lost = state.merged.forget(state.removed_keys)
        if not lost:
            return False
        left, tags = (_KEYS_OF_STUDY, STUDY_TAGS) if isinstance(state, StudyState) else (_KEYS_OF_SERIES, SERIES_TAGS)
        for key, row_id in sorted(self.transaction.select(left, id=state.id)):
            if not state.merged.lacks(lost):
                break
            state.merged.absorb(tags, key, self._stored_fragments(row_id, lost))
        return True

    def _stored_fragments(self, row_id: int, tags: set[int]) -> dict[int, bytes]:
        """Read these attributes from the stored metadata of an instance."""
        ((stored,),) = self.transaction.select(_METADATA, id=row_id)
        document = zstandard.decompress(stored)
        if not any(b'"%08X":' % tag in document for tag in tags):
            return {}
        fragments = ((tag_of_fragment(part), part) for part in split_object(document))
        return {tag: part for tag, part in fragments if tag in tags}


_STUDIES = select(
    study.c.id,
    study.c.study_instance_uid,
    study.c.patient_row,
    study.c.number_of_study_related_series,
    study.c.number_of_study_related_instances,
    study.c.modalities_in_study,
    study.c.sop_classes_in_study,
    study.c.revision,
    study.c.attributes,
    study.c.sources,
).where(among(study.c.study_instance_uid, "uids"))
_SERIES = select(
    series.c.study_instance_uid,
    series.c.id,
    series.c.series_instance_uid,
    series.c.number_of_series_related_instances,
    series.c.modality,
    series.c.sop_classes,
    series.c.revision,
    series.c.attributes,
    series.c.sources,
).where(among(series.c.series_instance_uid, "uids"))
_ID = bindparam("id", type_=instance.c.id.type)
_KEYS_OF_SERIES = select(instance.c.key, instance.c.id).where(instance.c.series_row == _ID)
_KEYS_OF_STUDY = (
    select(instance.c.key, instance.c.id)
    .join(series, series.c.id == instance.c.series_row)
    .where(series.c.study_row == _ID)
)
_METADATA = select(instance.c.metadata).where(instance.c.id == _ID)


def _study_state(
    row_id: int,
    study_instance_uid: str,
    patient_row: int,
    series_count: int,
    instances: int,
    modalities: str,
    sop_classes: str,
    revision: int,
    attributes: bytes,
    sources: bytes,
) -> StudyState:
    merged = read_merged(attributes, sources)
    return StudyState(
        row_id,
        study_instance_uid,
        patient_row,
        merged,
        series_count,
        instances,
        set(split_many(modalities)),
        set(split_many(sop_classes)),
        revision,
        sources_before=frozenset(merged.sources.values()),
        patient_before=patient_row,
        series_before=series_count,
        instances_before=instances,
    )


def _series_state(
    above: StudyState,
    row_id: int,
    series_instance_uid: str,
    instances: int,
    modality: str,
    sop_classes: str,
    revision: int,
    attributes: bytes,
    sources: bytes,
) -> SeriesState:
    merged = read_merged(attributes, sources)
    sop_class_uids = set(split_many(sop_classes))
    return SeriesState(row_id, above, series_instance_uid, merged, instances, modality, sop_class_uids, revision)
