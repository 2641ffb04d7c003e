"""The transfers as they are kept in the index database, and who carries them out.

Every change is one transaction of the writer, of whom there is one at a time (`engine.write`): so a transfer is claimed
by one process, on either database. A process that has claimed it says now and then that it is still there; what it
writes of a transfer that somebody else has cancelled, removed or taken over meanwhile is not written, and it is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, TypeVar

import orjson
from sqlalchemy import ColumnElement, Engine, bindparam, delete, func, insert, literal_column, or_, select, update

from dicomcore.errors import LimitExceeded
from dicomcore.index.compiled import among
from dicomcore.index.engine import write
from dicomcore.index.prepared import Reader
from dicomcore.index.tables import transfer as table
from dicomcore.index.transaction import Transaction
from dicomcore.index.transfer_rows import COLUMNS, Claimed, new_row, position_of, problems_of, total_column, transfer_of
from dicomcore.transfer import Problems, Transfer, TransferState

T = TypeVar("T")

MAX_UNFINISHED = 10_000
"""Transfers that wait or run."""

_MANY = 1_000  # that are read at a time


def _new(*names: str) -> dict[str, Any]:
    """The values of an UPDATE; the parameters are named ``new_`` and the column."""
    return {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}


def _number(name: str) -> Any:
    return bindparam(name, type_=table.c.changed.type)


def _has_state(*states: TransferState) -> ColumnElement[bool]:
    return or_(*(table.c.state == literal_column(f"'{state.value}'") for state in states))


_ID = table.c.id == bindparam("wanted", type_=table.c.id.type)
_OWNER = table.c.owner == bindparam("owner", type_=table.c.owner.type)
_IS_RUNNING = _has_state(TransferState.RUNNING)
_IS_WAITING = _has_state(TransferState.WAITING)
_IS_ENDED = _has_state(*(state for state in TransferState if state.is_ended))
_IS_LEFT = _IS_RUNNING & (table.c.heartbeat < _number("stale"))
_ONE = select(*COLUMNS).where(_ID)
_ALL = select(*COLUMNS).order_by(table.c.created.desc(), table.c.id).limit(_number("limit"))
_SINCE = select(*COLUMNS).where(table.c.changed > _number("since")).order_by(table.c.changed).limit(_MANY)
_NEXT = select(*COLUMNS).where(_IS_WAITING).order_by(table.c.created, table.c.id).limit(_number("limit"))
_CLAIMABLE = select(table.c.id).where(or_(_IS_WAITING, _IS_LEFT)).limit(1)
_RUNNING = select(table.c.id, table.c.attempts).where(_IS_RUNNING, _OWNER)
_OWNERS = select(table.c.owner).where(_IS_RUNNING).distinct()
_UNFINISHED = select(func.count()).select_from(table).where(or_(_IS_WAITING, _IS_RUNNING))
_COUNTS = select(table.c.state, func.count()).group_by(table.c.state)
_LAST = select(func.coalesce(func.max(table.c.changed), 0))
_MINE = select(table.c.id).where(_ID, _OWNER, _IS_RUNNING, table.c.attempts == _number("attempt"))
_LEFT = select(table.c.id).where(_IS_LEFT)
_OF_OWNERS = select(table.c.id).where(_IS_RUNNING, among(table.c.owner, "owners"))
_INSERT = insert(table)
_DELETE = delete(table).where(_ID)
_FORGET = delete(table).where(_IS_ENDED, table.c.changed < _number("before"))
_STATE = update(table).where(_ID).values(_new("state", "owner", "changed"))
_CLAIM = update(table).where(_ID).values(_new("state", "owner", "changed", "attempts", "heartbeat"))
_RETRY = update(table).where(_ID).values(_new("state", "changed", "completed", "failed", "problems"))
_PROGRESS = (
    update(table)
    .where(_ID)
    .values(_new("state", "changed", "heartbeat", "total", "completed", "failed", "problems", "position"))
)
_BEAT = update(table).where(_OWNER, _IS_RUNNING).values(_new("heartbeat"))


class TransferTable:
    """Reads and writes transfers; every method may block for as long as the database takes."""

    def __init__(self, reader: Reader, writer: Engine, writing: AbstractContextManager[Any]) -> None:
        self._one = reader.prepare(_ONE)
        self._all = reader.prepare(_ALL)
        self._since = reader.prepare(_SINCE)
        self._claimable = reader.prepare(_CLAIMABLE)
        self._running = reader.prepare(_RUNNING)
        self._owners = reader.prepare(_OWNERS)
        self._counts = reader.prepare(_COUNTS)
        self._writer = writer
        self._writing = writing

    def get(self, transfer_id: str) -> Transfer | None:
        """The transfer of this id, or None."""
        row = self._one.row(wanted=transfer_id)
        return None if row is None else transfer_of(row)

    def all(self, limit: int) -> list[Transfer]:
        """The newest transfers, the last one first."""
        return [transfer_of(row) for row in self._all.rows(limit=limit)]

    def counts(self) -> dict[str, int]:
        """How many transfers are in each state, by its value."""
        found = {str(state): int(count) for state, count in self._counts.rows()}
        return {state.value: found.get(state.value, 0) for state in TransferState}

    def changed_since(self, moment: int) -> list[Transfer]:
        """Transfers that were changed after ``moment`` (microseconds), in the order of their changes."""
        return [transfer_of(row) for row in self._since.rows(since=moment)]

    def running(self, owner: str) -> set[tuple[str, int]]:
        """What a process carries out: ids, each with the number of the attempt."""
        return {(str(found), int(attempt)) for found, attempt in self._running.rows(owner=owner)}

    def owners(self) -> set[str]:
        """The processes that carry out something, or did when they ended."""
        return {str(owner) for (owner,) in self._owners.rows()}

    def is_claimable(self, stale: int) -> bool:
        """Say whether something waits, or was left by a process that has said nothing since ``stale``."""
        return self._claimable.row(stale=stale) is not None

    def add(self, transfer: Transfer) -> Transfer:
        """Add a transfer that waits; raises `LimitExceeded` if too many do."""
        return self._write(lambda transaction: _add(transaction, transfer))

    def cancel(self, transfer_id: str) -> Transfer | None:
        """Cancel a transfer, unless it has ended; gives what it is then, None if there is none."""
        return self._write(lambda transaction: _cancel(transaction, transfer_id))

    def retry(self, transfer_id: str) -> Transfer | None:
        """Let a transfer wait again that has failed or was cancelled; gives what it is then, None if there is none.

        It begins anew if it has noted no position, else it goes on from there.
        """
        return self._write(lambda transaction: _retry(transaction, transfer_id))

    def remove(self, transfer_id: str) -> bool:
        """Forget a transfer; False if there is none."""

        def remove(transaction: Transaction) -> bool:
            found = bool(transaction.select(_ONE, wanted=transfer_id))
            transaction.execute(_DELETE, wanted=transfer_id)
            return found

        return self._write(remove)

    def claim(self, owner: str, limit: int, stale: int) -> list[Claimed]:
        """Take what waits, the first one first; also what others have left, who have said nothing since ``stale``."""
        return self._write(lambda transaction: _claim(transaction, owner, limit, stale))

    def release_those_of(self, owners: Iterable[str]) -> int:
        """Let everything wait again that these processes carried out; returns how many transfers that were."""
        wanted = list(owners)

        def release(transaction: Transaction) -> int:
            rows = transaction.select(_OF_OWNERS, owners=wanted)
            _let_wait(transaction, rows)
            return len(rows)

        return self._write(release) if wanted else 0

    def put(self, progress: Sequence[Claimed]) -> set[str]:
        """Write how far transfers are, and in which state; returns the ids of those that their owner has lost."""
        return self._write(lambda transaction: _put(transaction, progress))

    def beat(self, owner: str) -> None:
        """Say that a process is still there."""
        self._write(lambda transaction: transaction.execute(_BEAT, owner=owner, new_heartbeat=_now()))

    def forget(self, before: int) -> None:
        """Forget transfers that have ended before a moment (microseconds)."""
        self._write(lambda transaction: transaction.execute(_FORGET, before=before))

    def _write(self, work: Callable[[Transaction], T]) -> T:
        with self._writing:
            return write(self._writer, work)


def _now() -> int:
    return time.time_ns() // 1000


def _moment(transaction: Transaction) -> int:
    """The time of a change: later than all others, whatever the clock says."""
    return max(_now(), int(transaction.select(_LAST)[0][0]) + 1)


def _add(transaction: Transaction, transfer: Transfer) -> Transfer:
    if transaction.select(_ONE, wanted=transfer.id):  # the connection broke behind the commit
        return transfer
    if int(transaction.select(_UNFINISHED)[0][0]) >= MAX_UNFINISHED:
        raise LimitExceeded("transfers that have not ended", MAX_UNFINISHED)
    moment = _moment(transaction)
    added = replace(transfer, created=moment, changed=moment)
    transaction.execute_many(_INSERT, [new_row(added)])
    return added


def _cancel(transaction: Transaction, transfer_id: str) -> Transfer | None:
    rows = transaction.select(_ONE, wanted=transfer_id)
    if not rows or transfer_of(rows[0]).state.is_ended:
        return transfer_of(rows[0]) if rows else None
    return _set_state(transaction, rows[0], TransferState.CANCELLED)


def _retry(transaction: Transaction, transfer_id: str) -> Transfer | None:
    rows = transaction.select(_ONE, wanted=transfer_id)
    if not rows:
        return None
    found = transfer_of(rows[0])
    if found.state not in (TransferState.FAILED, TransferState.CANCELLED):
        return found
    goes_on = bool(position_of(rows[0]))
    problems = replace(problems_of(rows[0]), end="") if goes_on else Problems()
    changed = replace(
        found,
        state=TransferState.WAITING,
        completed=found.completed if goes_on else 0,
        failed=found.failed if goes_on else 0,
        problems=problems.texts,
        changed=_moment(transaction),
    )
    transaction.execute(
        _RETRY,
        wanted=transfer_id,
        new_state=changed.state.value,
        new_changed=changed.changed,
        new_completed=changed.completed,
        new_failed=changed.failed,
        new_problems=orjson.dumps(problems),
    )
    return changed


def _claim(transaction: Transaction, owner: str, limit: int, stale: int) -> list[Claimed]:
    _let_wait(transaction, transaction.select(_LEFT, stale=stale))
    claimed = []
    for row in transaction.select(_NEXT, limit=limit):
        found = transfer_of(row)
        taken = replace(found, state=TransferState.RUNNING, changed=_moment(transaction), attempts=found.attempts + 1)
        transaction.execute(
            _CLAIM,
            wanted=taken.id,
            new_state=taken.state.value,
            new_owner=owner,
            new_changed=taken.changed,
            new_attempts=taken.attempts,
            new_heartbeat=_now(),
        )
        claimed.append(Claimed(taken, owner, problems_of(row), position_of(row)))
    return claimed


def _let_wait(transaction: Transaction, rows: Iterable[Any]) -> None:
    for (transfer_id,) in rows:
        (row,) = transaction.select(_ONE, wanted=transfer_id)
        _set_state(transaction, row, TransferState.WAITING)


def _set_state(transaction: Transaction, row: Any, state: TransferState) -> Transfer:
    changed = replace(transfer_of(row), state=state, changed=_moment(transaction))
    values: dict[str, Any] = {"new_state": state.value, "new_owner": "", "new_changed": changed.changed}
    transaction.execute(_STATE, wanted=changed.id, **values)
    return changed


def _put(transaction: Transaction, progress: Sequence[Claimed]) -> set[str]:
    lost = set()
    for claimed in progress:
        found = claimed.transfer
        if not transaction.select(_MINE, wanted=found.id, owner=claimed.owner, attempt=found.attempts):
            lost.add(found.id)
            continue
        transaction.execute(
            _PROGRESS,
            wanted=found.id,
            new_state=found.state.value,
            new_changed=_moment(transaction),
            new_heartbeat=_now(),
            new_total=total_column(found.total),
            new_completed=found.completed,
            new_failed=found.failed,
            new_problems=orjson.dumps(claimed.problems),
            new_position=claimed.position,
        )
    return lost
