"""The fixed reads of the index: few, small, compiled once; what a search needs is in `statements`.

Each is one statement, hence one snapshot. What they return is frozen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import zstandard
from sqlalchemy import Select, bindparam, func, literal_column, select

from dicomcore.data import PLACEHOLDER
from dicomcore.index.changes import ChangeEntry, read_change, uid_columns
from dicomcore.index.prepared import Reader
from dicomcore.index.tables import ChangeKind, change, frame_page, instance, patient, series, study
from dicomcore.resources import Level, Resource

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """What retrieving an instance takes; ``revision`` is never that of another content."""

    revision: int
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    key: str
    size: int
    dataset_start: int
    is_file: int
    sha256: bytes
    checksum: bytes
    frames_header: bytes

    @property
    def resource(self) -> Resource:
        """Where the instance is to be found."""
        return Resource(self.study_instance_uid, self.series_instance_uid, self.sop_instance_uid)


@dataclass(frozen=True)
class StoredMetadata:
    """The JSON objects of the instances of a resource in their order, decompressed, and the resource's revision."""

    objects: list[bytes]
    revision: int

    @cached_property
    def array(self) -> list[bytes]:
        """The objects as one JSON array, cut where the Base URI stands, so that one join puts it in."""
        return b"".join((b"[", b",".join(self.objects), b"]")).split(PLACEHOLDER)


@dataclass(frozen=True, slots=True)
class Statistics:
    """How much the index holds; ``revision`` is the number of the last change."""

    patients: int
    studies: int
    series: int
    instances: int
    revision: int


_ROW = (
    instance.c.id,
    instance.c.study_instance_uid,
    instance.c.series_instance_uid,
    instance.c.sop_instance_uid,
    instance.c.sop_class_uid,
    instance.c.transfer_syntax_uid,
    instance.c.key,
    instance.c.size,
    instance.c.dataset_start,
    instance.c.is_file,
    instance.c.sha256,
    instance.c.checksum,
    instance.c.frames_header,
)
_STUDY = study.c.study_instance_uid == bindparam("study_instance_uid")
_SERIES = (series.c.study_instance_uid == bindparam("study_instance_uid")) & (
    series.c.series_instance_uid == bindparam("series_instance_uid")
)
_INSTANCE = (
    (instance.c.sop_instance_uid == bindparam("sop_instance_uid"))
    & (instance.c.series_instance_uid == bindparam("series_instance_uid"))
    & (instance.c.study_instance_uid == bindparam("study_instance_uid"))
)
_BY_SERIES = (series.c.series_number, series.c.series_instance_uid)
_BY_INSTANCE = (instance.c.instance_number, instance.c.sop_instance_uid)
_DELETED: Select[Any] = (
    select(literal_column("1"))
    .where(
        # Written out, so that the partial index is seen to serve.
        change.c.kind == literal_column(str(ChangeKind.DELETED.value)),
        change.c.study_instance_uid == bindparam("study_instance_uid"),
        change.c.series_instance_uid == bindparam("series_instance_uid"),
        change.c.sop_instance_uid == bindparam("sop_instance_uid"),
    )
    .limit(1)
)


def _below_study(*columns: Any) -> Select[Any]:
    joined = select(*columns).select_from(study.join(series, series.c.study_row == study.c.id).join(instance))
    return joined.where(_STUDY).order_by(*_BY_SERIES, *_BY_INSTANCE)


def _below_series(*columns: Any) -> Select[Any]:
    return select(*columns).select_from(series.join(instance)).where(_SERIES).order_by(*_BY_INSTANCE)


def _page(*columns: Any) -> Select[Any]:
    after = instance.c.id > bindparam("after")
    return select(*columns).where(after).order_by(instance.c.id).limit(_PAGE)


class Reading:
    """The reads of one index."""

    def __init__(self, reader: Reader) -> None:
        prepare = reader.prepare
        self._rows = {
            Level.STUDY: prepare(_below_study(*_ROW)),
            Level.SERIES: prepare(_below_series(*_ROW)),
            Level.INSTANCE: prepare(select(*_ROW).where(_INSTANCE)),
        }
        self._page = prepare(_page(*_ROW))
        self._metadata = {
            Level.STUDY: prepare(_below_study(study.c.revision, instance.c.metadata)),
            Level.SERIES: prepare(_below_series(series.c.revision, instance.c.metadata)),
            Level.INSTANCE: prepare(select(instance.c.id, instance.c.metadata).where(_INSTANCE)),
        }
        self._revision = {
            None: prepare(select(func.coalesce(func.max(change.c.sequence), 0))),
            Level.STUDY: prepare(select(study.c.revision).where(_STUDY)),
            Level.SERIES: prepare(select(series.c.revision).where(_SERIES)),
            Level.INSTANCE: prepare(select(instance.c.id).where(_INSTANCE)),
        }
        self._digest = prepare(select(instance.c.content_digest).where(_INSTANCE))
        self._keys = prepare(select(instance.c.key).where(instance.c.key >= bindparam("first")))
        self._frame_page = prepare(
            select(frame_page.c.spans).where(
                frame_page.c.instance_row == bindparam("revision"), frame_page.c.page == bindparam("page")
            )
        )
        self._deleted = prepare(_DELETED)
        self._changes = prepare(
            select(change)
            .where(change.c.sequence > bindparam("since"))
            .order_by(change.c.sequence)
            .limit(bindparam("limit", type_=change.c.sequence.type))
        )
        self._statistics = prepare(_statistics())

    def instance(self, resource: Resource) -> InstanceRow | None:
        """Find an instance by its three UIDs."""
        row = self._rows[Level.INSTANCE].row(**uid_columns(resource))
        return None if row is None else InstanceRow(*row)

    def instances(self, resource: Resource) -> Iterator[InstanceRow]:
        """Give the instances of a resource in order; those of the whole archive in the order of their arrival."""
        if resource.level is None:
            yield from self._all_instances()
            return
        for row in self._rows[resource.level].rows(**_uids(resource)):
            yield InstanceRow(*row)

    def _all_instances(self) -> Iterator[InstanceRow]:
        after = 0
        while rows := self._page.rows(after=after):
            yield from (InstanceRow(*row) for row in rows)
            after = rows[-1][0]

    def metadata(self, resource: Resource) -> StoredMetadata:
        """The metadata of all instances of a study, series or instance; none if there is no such resource."""
        rows = [] if resource.level is None else self._metadata[resource.level].rows(**_uids(resource))
        decompress = zstandard.ZstdDecompressor().decompress
        return StoredMetadata([decompress(row[1]) for row in rows], rows[0][0] if rows else 0)

    def revision(self, resource: Resource) -> int | None:
        """The number of the last change in a resource; None if there is no such resource."""
        row = self._revision[resource.level].row(**_uids(resource))
        return None if row is None else int(row[0])

    def is_stored(self, resource: Resource, content_digest: bytes) -> bool:
        """Say whether this very instance is stored, with this content."""
        row = self._digest.row(**uid_columns(resource))
        return row is not None and bytes(row[0]) == content_digest

    def keys(self, first: str) -> set[str]:
        """The storage keys of all instances, from ``first`` on."""
        return {str(row[0]) for row in self._keys.rows(first=first)}

    def frame_page(self, row: InstanceRow, page: int) -> bytes | None:
        """One page of the frame index; None if there is no such page, or the instance has been replaced."""
        found = self._frame_page.row(revision=row.revision, page=page)
        return None if found is None else bytes(found[0])

    def was_deleted(self, resource: Resource) -> bool:
        """Say whether a resource was here once and is not now."""
        if resource.level is None or self.revision(resource) is not None:
            return False
        return self._deleted.row(**uid_columns(resource)) is not None

    def changes(self, since: int, limit: int) -> list[ChangeEntry]:
        """The changes after number ``since``, in the order of their commits."""
        return [read_change(*row) for row in self._changes.rows(since=since, limit=limit)]

    def last_change(self) -> int:
        """The number of the last change; 0 if there was none."""
        return int(self._revision[None].row()[0])

    def statistics(self) -> Statistics:
        """Count what is here."""
        return Statistics(*(int(count) for count in self._statistics.row()))


def _uids(resource: Resource) -> dict[str, str]:
    return {name: uid for name, uid in uid_columns(resource).items() if uid}


def _statistics() -> Select[Any]:
    """Count by adding up what studies know of themselves: instances are many."""
    totals = (
        func.count(study.c.id),
        func.coalesce(func.sum(study.c.number_of_study_related_series), 0),
        func.coalesce(func.sum(study.c.number_of_study_related_instances), 0),
    )
    patients = select(func.count(patient.c.id)).scalar_subquery()
    last = select(func.coalesce(func.max(change.c.sequence), 0)).scalar_subquery()
    return select(patients, *totals, last)
