"""The numbered list of changes: who follows it misses nothing, and it knows what was deleted.

Numbers are given out under the writer's lock (see `engine`), hence in the order of commits and without gaps. They also
serve as row ids and as revisions, so that neither is ever used twice.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from sqlalchemy import func, insert, select

from dicomcore.index.tables import ChangeKind, change
from dicomcore.index.transaction import Row, Transaction
from dicomcore.resources import Level, Resource

_LAST = select(func.coalesce(func.max(change.c.sequence), 0))
_INSERT = insert(change)


@dataclass(frozen=True, slots=True)
class ChangeEntry:
    """One change, as it is read back; ``time`` is in microseconds since 1970-01-01 UTC."""

    sequence: int
    kind: ChangeKind
    resource: Resource
    time: int


class Changes:
    """The changes that a transaction makes."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._last: int = transaction.select(_LAST)[0][0]
        self._time = time.time_ns() // 1000
        self._rows: list[Row] = []

    def add(self, kind: ChangeKind, resource: Resource) -> int:
        """Note a change and return its number."""
        self._last += 1
        row = {
            "sequence": self._last,
            "kind": kind.value,
            "level": (resource.level or Level.PATIENT).value,
            "time": self._time,
            **uid_columns(resource),
        }
        self._rows.append(row)
        return self._last

    def write(self) -> None:
        """Insert what was noted."""
        self._transaction.execute_many(_INSERT, self._rows)


def uid_columns(resource: Resource) -> dict[str, str]:
    """Give the UIDs of a resource as they are written in the table: '' where there is none."""
    return {
        "study_instance_uid": resource.study_instance_uid or "",
        "series_instance_uid": resource.series_instance_uid or "",
        "sop_instance_uid": resource.sop_instance_uid or "",
    }


def read_change(
    sequence: int,
    kind: int,
    level: int,
    study_instance_uid: str,
    series_instance_uid: str,
    sop_instance_uid: str,
    time: int,
) -> ChangeEntry:
    """Read a row of the table."""
    uids = (study_instance_uid, series_instance_uid, sop_instance_uid)
    return ChangeEntry(sequence, ChangeKind(kind), Resource(*uids[:level]), time)
