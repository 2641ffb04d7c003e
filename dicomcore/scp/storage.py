"""Storage (PS3.4 Annex B): a C-STORE goes from the association into a spool, and from there to the `Source`.

No data set is made of it on the way: File Meta Information is put before the fragments as they come. What the command
says of the instance is compared with the first elements of the data set before it is stored, and an instance that is
another one is refused. What a C-MOVE of ours has asked for is handed to whoever waits for it (`Inbox`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dicomcore.data import Buffer, file_header
from dicomcore.errors import AttributeMismatch, DicomError, UnsupportedSopClass
from dicomcore.net.connection import DataStream
from dicomcore.net.dimse.commands import CStoreRQ, CStoreRSP
from dicomcore.net.dimse.status import SUCCESS, Service, nearest
from dicomcore.net.ul.association import AcceptedContext
from dicomcore.resources import Resource
from dicomcore.scp.acceptance import command_of
from dicomcore.scp.identity import SERIES_INSTANCE_UID, SOP_CLASS_UID, SOP_INSTANCE_UID, STUDY_INSTANCE_UID, uids_of
from dicomcore.scp.operation import Operation, Rest, comment
from dicomcore.scu.arrivals import Received
from dicomcore.scu.inbox import Expectation
from dicomcore.source import StoreOutcome
from dicomcore.storage import Spool
from dicomcore.uids import check_uid

_BATCH = 1 << 20  # bytes that are written to a file at a time


@dataclass(frozen=True, slots=True)
class _Arrival:
    """An instance that has arrived: a PS3.10 file whose data set begins at ``start``."""

    spool: Spool
    start: int


async def store(operation: Operation[CStoreRQ], data: DataStream | None) -> Rest:
    """Receive an instance; what is returned stores it and answers."""
    command = operation.command
    check_uid(command.affected_sop_instance_uid, "Affected SOP Instance UID")
    _check_class(command.affected_sop_class_uid, operation.context)
    header = file_header(
        sop_class_uid=command.affected_sop_class_uid,
        sop_instance_uid=command.affected_sop_instance_uid,
        transfer_syntax_uid=operation.context.transfer_syntax,
        source=operation.connection.calling_ae_title,
    )
    spool = operation.source.spool()
    try:
        spool.write(header)
        if data is not None:
            await _spool(data, spool)
    except BaseException:
        spool.close()  # nothing stays of what does not arrive complete
        raise
    return _finish(operation, _Arrival(spool, len(header)))


async def _spool(data: DataStream, spool: Spool) -> None:
    """Write fragments as they come: in a thread, and many at once, as soon as there is a file to write to."""
    if not spool.wants_thread and await data.feed_to(spool.write, until=lambda: spool.wants_thread):
        return
    waiting: list[memoryview] = []
    size = 0
    async for fragment in data:
        waiting.append(fragment)
        size += len(fragment)
        if size > _BATCH:
            await asyncio.to_thread(_write, spool, waiting)
            waiting, size = [], 0
    await asyncio.to_thread(_write, spool, waiting)


def _write(spool: Spool, fragments: Sequence[Buffer]) -> None:
    for fragment in fragments:
        spool.write(fragment)


async def _finish(operation: Operation[CStoreRQ], arrival: _Arrival) -> None:
    """Store what has arrived, or hand it to who waits for it, and answer."""
    try:
        expectation = await _check(operation, arrival)
    except BaseException:
        arrival.spool.close()
        raise
    if expectation is not None:
        await _respond(operation, await expectation.deliver(_received(operation, arrival.spool)))
        return
    outcome = await operation.source.store(arrival.spool)
    await _respond(operation, status_of_outcome(outcome), outcome.detail)


async def _check(operation: Operation[CStoreRQ], arrival: _Arrival) -> Expectation | None:
    """Compare the data set with the command (PS3.4 §B.2.3), and find out whether a C-MOVE of ours waits for it.

    A data set that cannot be read is let through: whoever stores it says what is wrong with it.
    """
    command, inbox = operation.command, operation.surroundings.inbox
    has_originator = bool(command.move_originator_application_entity_title)
    last = SOP_INSTANCE_UID if inbox is None or has_originator else SERIES_INSTANCE_UID
    try:
        uids = await uids_of(arrival.spool, arrival.start, operation.context.transfer_syntax, last)
    except DicomError:
        return None
    _compare(uids, command)
    if inbox is None:
        return None
    resource = Resource(uids.get(STUDY_INSTANCE_UID), uids.get(SERIES_INSTANCE_UID), command.affected_sop_instance_uid)
    return inbox.offer(command, operation.connection.calling_ae_title, resource)


def _compare(uids: Mapping[int, str], command: CStoreRQ) -> None:
    for tag, name, uid in (
        (SOP_CLASS_UID, "SOP Class UID", command.affected_sop_class_uid),
        (SOP_INSTANCE_UID, "SOP Instance UID", command.affected_sop_instance_uid),
    ):
        if uids.get(tag, uid) != uid:
            raise AttributeMismatch(tag, name, "differs from that of the command")


async def _respond(operation: Operation[CStoreRQ], status: int, detail: str = "") -> None:
    command = operation.command
    response = CStoreRSP(
        message_id_being_responded_to=command.message_id,
        status=status,
        affected_sop_class_uid=command.affected_sop_class_uid,
        affected_sop_instance_uid=command.affected_sop_instance_uid,
        error_comment=comment(detail),
    )
    await operation.connection.send(operation.context.context_id, response)


def status_of_outcome(outcome: StoreOutcome) -> int:
    """The status of a C-STORE-RSP (PS3.4 Table B.2-1) that tells what became of an instance."""
    if outcome.failure is not None:
        return nearest(int(outcome.failure), Service.STORE)
    return SUCCESS if outcome.warning is None else int(outcome.warning)


def _check_class(sop_class_uid: str, context: AcceptedContext) -> None:
    """Refuse what is not storage; a context may carry a SOP Class that specializes its own (PS3.7 §D.3.3.6)."""
    if sop_class_uid != context.abstract_syntax and command_of(sop_class_uid) is not CStoreRQ:
        raise UnsupportedSopClass(sop_class_uid)


def _received(operation: Operation[CStoreRQ], spool: Spool) -> Received:
    command = operation.command
    return Received(
        spool,
        command.affected_sop_class_uid,
        command.affected_sop_instance_uid,
        operation.context.transfer_syntax,
        operation.connection.calling_ae_title,
    )
