"""The studies and series that one transaction touches: loaded once, changed in memory by each instance that comes or
goes, written back once by `rollup`.

That keeps counts, modalities and SOP Classes right with one UPDATE per study and series and group commit, however many
instances it has. The writer's lock (see `engine`) is held from the load to the commit, so nobody else changes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import zstandard
from sqlalchemy import Connection, select

from dicomcore.index.attributes import SHARED_TAGS
from dicomcore.index.columns import split_many
from dicomcore.index.documents import split_object, tag_of_fragment
from dicomcore.index.merging import Merged, read_merged
from dicomcore.index.record import InstanceRecord
from dicomcore.index.tables import instance, series, study
from dicomcore.resources import Level

T = TypeVar("T")

STUDY_TAGS = SHARED_TAGS[Level.STUDY]
SERIES_TAGS = SHARED_TAGS[Level.SERIES]
_IN_LIST = 1000


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


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """Cut values into lists that are short enough for IN (...)."""
    iterator = iter(values)
    while chunk := list(islice(iterator, _IN_LIST)):
        yield chunk


class Levels:
    """The studies by UID, and the series by both UIDs, that a transaction touches."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.studies: dict[str, StudyState] = {}
        self.series: dict[tuple[str, str], SeriesState] = {}

    def load(self, keys: Iterable[tuple[str, str]]) -> None:
        """Load those of the series, and their studies, that exist."""
        wanted = set(keys)
        for study_uids in chunks(sorted({study_uid for study_uid, _ in wanted})):
            for row in self.connection.execute(_STUDIES.where(study.c.study_instance_uid.in_(study_uids))):
                self.studies[row.study_instance_uid] = _study_state(row)
        known = sorted({series_uid for study_uid, series_uid in wanted if study_uid in self.studies})
        for series_uids in chunks(known):
            for found in self.connection.execute(_SERIES.where(series.c.series_instance_uid.in_(series_uids))):
                key = (found.study_instance_uid, found.series_instance_uid)
                if key in wanted:
                    self.series[key] = _series_state(found, self.studies[found.study_instance_uid])

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
        for above in self.studies.values():
            if above.removed_keys:
                condition = instance.c.series_row.in_(select(series.c.id).where(series.c.study_row == above.id))
                above.is_changed |= self._refill(above.merged, STUDY_TAGS, above.removed_keys, condition)
        for state in self.series.values():
            if state.removed_keys:
                within = instance.c.series_row == state.id
                state.is_changed |= self._refill(state.merged, SERIES_TAGS, state.removed_keys, within)

    def _refill(self, merged: Merged, tags: Sequence[int], removed: set[str], condition: Any) -> bool:
        lost = merged.forget(removed)
        if not lost:
            return False
        left = self.connection.execute(select(instance.c.key, instance.c.id).where(condition)).all()
        for key, row_id in sorted(tuple(row) for row in left):
            if not merged.lacks(lost):
                break
            merged.absorb(tags, key, self._stored_fragments(row_id, lost))
        return True

    def _stored_fragments(self, row_id: int, tags: set[int]) -> dict[int, bytes]:
        """Read these attributes from the stored metadata of an instance."""
        stored = self.connection.execute(select(instance.c.metadata).where(instance.c.id == row_id)).scalar_one()
        document = zstandard.decompress(stored)
        if not any(b'"%08X":' % tag in document for tag in tags):
            return {}
        fragments = ((tag_of_fragment(part), part) for part in split_object(document))
        return {tag: part for tag, part in fragments if tag in tags}


_STUDIES = select(
    study.c.id,
    study.c.patient_row,
    study.c.study_instance_uid,
    study.c.number_of_study_related_series,
    study.c.number_of_study_related_instances,
    study.c.modalities_in_study,
    study.c.sop_classes_in_study,
    study.c.revision,
    study.c.attributes,
    study.c.sources,
)
_SERIES = select(
    series.c.id,
    series.c.study_instance_uid,
    series.c.series_instance_uid,
    series.c.number_of_series_related_instances,
    series.c.modality,
    series.c.sop_classes,
    series.c.revision,
    series.c.attributes,
    series.c.sources,
)


def _study_state(row: Any) -> StudyState:
    merged = read_merged(row.attributes, row.sources)
    return StudyState(
        row.id,
        row.study_instance_uid,
        row.patient_row,
        merged,
        row.number_of_study_related_series,
        row.number_of_study_related_instances,
        set(split_many(row.modalities_in_study)),
        set(split_many(row.sop_classes_in_study)),
        row.revision,
        sources_before=frozenset(merged.sources.values()),
        patient_before=row.patient_row,
        series_before=row.number_of_study_related_series,
        instances_before=row.number_of_study_related_instances,
    )


def _series_state(row: Any, above: StudyState) -> SeriesState:
    return SeriesState(
        row.id,
        above,
        row.series_instance_uid,
        read_merged(row.attributes, row.sources),
        row.number_of_series_related_instances,
        row.modality,
        set(split_many(row.sop_classes)),
        row.revision,
    )
