"""Transfers as rows of their table: how they are written and read (`transfers`).

Resources and problems are JSON; a total that is not known is -1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from dicomcore.index.tables import transfer as table
from dicomcore.index.transaction import Row
from dicomcore.resources import Resource
from dicomcore.transfer import Problems, Transfer, TransferKind, TransferState

_UNKNOWN = -1  # total

COLUMNS = (
    table.c.id,
    table.c.kind,
    table.c.node,
    table.c.resources,
    table.c.state,
    table.c.total,
    table.c.completed,
    table.c.failed,
    table.c.problems,
    table.c.created,
    table.c.changed,
    table.c.attempts,
    table.c.position,
)
"""What is read of a transfer."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A transfer that a process carries out: ``owner`` in its attempt number ``transfer.attempts``.

    ``position`` is what the process has noted, and nobody else reads: where to go on.
    """

    transfer: Transfer
    owner: str
    problems: Problems
    position: bytes


def new_row(transfer: Transfer) -> Row:
    """The row of a transfer that nobody has begun."""
    return {
        "id": transfer.id,
        "kind": transfer.kind.value,
        "node": transfer.node,
        "state": transfer.state.value,
        "owner": "",
        "total": total_column(transfer.total),
        "completed": transfer.completed,
        "failed": transfer.failed,
        "attempts": transfer.attempts,
        "created": transfer.created,
        "changed": transfer.changed,
        "heartbeat": 0,
        "problems": orjson.dumps(Problems()),
        "position": b"",
        "resources": orjson.dumps([_uids(resource) for resource in transfer.resources]),
    }


def total_column(total: int | None) -> int:
    """Write a total."""
    return _UNKNOWN if total is None else total


def problems_of(row: Any) -> Problems:
    """Read what went wrong."""
    found = orjson.loads(bytes(row[8]))
    return Problems(tuple(found["listed"]), found["more"], found["end"])


def position_of(row: Any) -> bytes:
    """Read where to go on."""
    return bytes(row[12])


def transfer_of(row: Any) -> Transfer:
    """Read a transfer."""
    found, kind, node, resources, state, total, completed, failed, _, created, changed, attempts, _ = row
    return Transfer(
        found,
        TransferKind(kind),
        node,
        tuple(Resource(*uids) for uids in orjson.loads(bytes(resources))),
        TransferState(state),
        None if total == _UNKNOWN else total,
        completed,
        failed,
        problems_of(row).texts,
        created,
        changed,
        attempts,
    )


def _uids(resource: Resource) -> list[str | None]:
    return [resource.study_instance_uid, resource.series_instance_uid, resource.sop_instance_uid]
