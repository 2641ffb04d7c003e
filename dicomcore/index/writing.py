"""What happens to the tables when instances are stored or deleted; each function runs in one transaction of the writer.

A SOP Instance UID is unique in the archive. An instance that comes again with the same content changes nothing; with
other content the policy decides. A replacement is a delete and an insert, since it may move to another series.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, bindparam, delete, insert, select

from dicomcore.index.changes import Changes, uid_columns
from dicomcore.index.compiled import among
from dicomcore.index.levels import Levels, SeriesState, StoredRow
from dicomcore.index.record import DuplicatePolicy, InPlaceOf, InstanceRecord, Outcome, Policy, Stored
from dicomcore.index.rollup import Rollup
from dicomcore.index.rows import instance_row
from dicomcore.index.tables import ChangeKind, change, frame_page, instance, metadata, node, series, transfer
from dicomcore.index.transaction import Transaction
from dicomcore.resources import Level, Resource

_ON_CONFLICT = {
    DuplicatePolicy.REPLACE_IF_CHANGED: Outcome.REPLACED,
    DuplicatePolicy.KEEP_FIRST: Outcome.KEPT,
    DuplicatePolicy.REJECT: Outcome.CONFLICT,
}
_STORED_ROWS = select(
    instance.c.id,
    instance.c.series_row,
    instance.c.study_instance_uid,
    instance.c.series_instance_uid,
    instance.c.sop_instance_uid,
    instance.c.content_digest,
    instance.c.key,
)
_SAME_INSTANCES = _STORED_ROWS.where(among(instance.c.sop_instance_uid, "uids"))
_DELETE_BY_ID = delete(instance).where(among(instance.c.id, "ids"))
_INSERT_INSTANCE = insert(instance)
_INSERT_FRAME_PAGE = insert(frame_page)


def store_records(
    transaction: Transaction, records: Sequence[InstanceRecord], policies: Sequence[Policy]
) -> list[Stored]:
    """Store records in their order, each by its policy, and say what became of each."""
    changes = Changes(transaction)
    answers: list[Stored] = []
    for wave in _waves(records):
        chosen = [records[place] for place in wave]
        answers += _store_wave(transaction, chosen, [policies[place] for place in wave], changes)
    changes.write()
    return answers


def _waves(records: Sequence[InstanceRecord]) -> Iterator[range]:
    """Cut the records where a SOP Instance UID comes again: that record must find the first one stored."""
    start, seen = 0, set[str]()
    for place, record in enumerate(records):
        if record.sop_instance_uid in seen:
            yield range(start, place)
            start, seen = place, set()
        seen.add(record.sop_instance_uid)
    yield range(start, len(records))


def _store_wave(
    transaction: Transaction, records: Sequence[InstanceRecord], policies: Sequence[Policy], changes: Changes
) -> list[Stored]:
    there = _stored_rows(transaction, [record.sop_instance_uid for record in records])
    answers = [
        _decide(record, there.get(record.sop_instance_uid), policy)
        for record, policy in zip(records, policies, strict=True)
    ]
    taken = [
        (_as_same(record, there.get(record.sop_instance_uid), policy), there.get(record.sop_instance_uid))
        for record, answer, policy in zip(records, answers, policies, strict=True)
        if answer.outcome is Outcome.REPLACED
        or (answer.outcome is Outcome.NEW and record.sop_instance_uid not in there)
    ]
    if taken:
        _Wave(transaction, changes).write(taken)
    return answers


def _decide(record: InstanceRecord, there: StoredRow | None, policy: Policy) -> Stored:
    if isinstance(policy, InPlaceOf) and (there is None or there.key not in (policy.key, record.key)):
        return Stored(Outcome.KEPT)
    # The same key is the same arrival: its commit succeeded although the connection broke before it was told.
    if there is None or there.key == record.key:
        return Stored(Outcome.NEW)
    if isinstance(policy, InPlaceOf):
        return Stored(Outcome.REPLACED, there.key)
    if there.content_digest == record.content_digest:
        return Stored(Outcome.IDENTICAL)
    outcome = _ON_CONFLICT[policy]
    return Stored(outcome, there.key if outcome is Outcome.REPLACED else None)


def _as_same(record: InstanceRecord, there: StoredRow | None, policy: Policy) -> InstanceRecord:
    """Let another form count as the content that it was made of: who sends that again sends nothing new."""
    if isinstance(policy, InPlaceOf) and there is not None:
        return replace(record, content_digest=there.content_digest)
    return record


def _stored_rows(transaction: Transaction, sop_instance_uids: Sequence[str]) -> dict[str, StoredRow]:
    rows = transaction.select(_SAME_INSTANCES, uids=list(sop_instance_uids))
    return {row.sop_instance_uid: row for row in map(StoredRow._make, rows)}


@dataclass(slots=True)
class _Wave:
    """Instances with different UIDs that are written together."""

    transaction: Transaction
    changes: Changes

    def write(self, taken: Sequence[tuple[InstanceRecord, StoredRow | None]]) -> None:
        """Insert records, those with a row in place of that row."""
        levels = Levels(self.transaction)
        replaced = [row for _, row in taken if row is not None]
        levels.load(
            [(record.study_instance_uid, record.series_instance_uid) for record, _ in taken]
            + [(row.study_instance_uid, row.series_instance_uid) for row in replaced]
        )
        if replaced:
            self._take_out(levels, replaced)
        added = [self._add(levels, record, row) for record, row in taken]
        rollup = Rollup(levels)
        rollup.insert_new()
        self._insert_instances(added)
        for resource in rollup.update():
            self.changes.add(ChangeKind.DELETED, resource)

    def _take_out(self, levels: Levels, rows: Sequence[StoredRow]) -> None:
        self.transaction.execute(_DELETE_BY_ID, ids=[row.id for row in rows])
        for row in rows:
            levels.remove(row)
        levels.find_sources_again()

    def _add(
        self, levels: Levels, record: InstanceRecord, replaced: StoredRow | None
    ) -> tuple[InstanceRecord, int, SeriesState]:
        kind = ChangeKind.STORED if replaced is None else ChangeKind.REPLACED
        if replaced is not None and _place(replaced) != record.resource:
            number = self.changes.add(ChangeKind.DELETED, _place(replaced))
            levels.touch(replaced, number)
        number = self.changes.add(kind, record.resource)
        return record, number, levels.add(record, number)

    def _insert_instances(self, added: Sequence[tuple[InstanceRecord, int, SeriesState]]) -> None:
        rows = [instance_row(record, number, state.id) for record, number, state in added]
        self.transaction.execute_many(_INSERT_INSTANCE, rows)
        pages = (
            {"instance_row": number, "page": page, "spans": spans}
            for record, number, _ in added
            for page, spans in enumerate(record.frames_pages)
        )
        self.transaction.execute_many(_INSERT_FRAME_PAGE, pages)


def _place(row: StoredRow) -> Resource:
    return Resource(row.study_instance_uid, row.series_instance_uid, row.sop_instance_uid)


_INSTANCE = (
    (instance.c.sop_instance_uid == bindparam("sop_instance_uid"))
    & (instance.c.series_instance_uid == bindparam("series_instance_uid"))
    & (instance.c.study_instance_uid == bindparam("study_instance_uid"))
)
_STUDY = series.c.study_instance_uid == bindparam("study_instance_uid")
_SERIES = _STUDY & (series.c.series_instance_uid == bindparam("series_instance_uid"))
_BELOW: dict[Level | None, ColumnElement[bool]] = {
    Level.STUDY: instance.c.series_row.in_(select(series.c.id).where(_STUDY)),
    Level.SERIES: instance.c.series_row.in_(select(series.c.id).where(_SERIES)),
    Level.INSTANCE: _INSTANCE,
}
_SELECTS = {level: _STORED_ROWS.where(condition) for level, condition in _BELOW.items()}
_DELETES = {level: delete(instance).where(condition) for level, condition in _BELOW.items()}
_CLEARING = [delete(table) for table in reversed(metadata.sorted_tables) if table not in (change, node, transfer)]


def delete_resource(transaction: Transaction, resource: Resource) -> list[str]:
    """Delete all instances of a resource, and what becomes empty; return the storage keys of the instances."""
    uids = {name: uid for name, uid in uid_columns(resource).items() if uid}
    rows = [StoredRow(*row) for row in transaction.select(_SELECTS[resource.level], **uids)]
    if not rows:
        return []
    levels = Levels(transaction)
    levels.load((row.study_instance_uid, row.series_instance_uid) for row in rows)
    changes = Changes(transaction)
    transaction.execute(_DELETES[resource.level], **uids)
    for row in rows:
        levels.remove(row)
        levels.touch(row, changes.add(ChangeKind.DELETED, _place(row)))
    levels.find_sources_again()
    rollup = Rollup(levels)
    rollup.insert_new()
    for gone in rollup.update():
        changes.add(ChangeKind.DELETED, gone)
    changes.write()
    return [row.key for row in rows]


def clear_tables(transaction: Transaction) -> None:
    """Delete all that is known of instances but the list of changes, so that numbers go on where they were."""
    for statement in _CLEARING:
        transaction.execute(statement)
