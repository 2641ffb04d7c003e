"""Storage Commitment Push Model (PS3.4 Annex J): whether instances are here to stay.

An instance that is here is durable, since nothing is acknowledged before it is; so a request is answered by a search
that finds the instances or does not. The result goes back as an N-EVENT-REPORT on the association of the request, if
that is still open, else on one of our own to the node of that name, tried again with growing pauses. What could not
be reported is lost when the process ends: whoever asked asks again then, as it would have to in any case.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from dicomcore.data import Dataset, new_dataset
from dicomcore.errors import DicomError, MissingAttribute, NetworkError, NoPresentationContext, UnknownNode
from dicomcore.net.connection import Connection, Message
from dicomcore.net.dimse.commands import NActionRQ, NEventReportRQ
from dicomcore.net.dimse.status import (
    CLASS_INSTANCE_CONFLICT,
    DUPLICATE_TRANSACTION_UID,
    NO_SUCH_ACTION_TYPE,
    NO_SUCH_SOP_INSTANCE,
    RESOURCE_LIMITATION,
    SUCCESS,
    Category,
    category,
)
from dicomcore.net.ul.association import AcceptedContext
from dicomcore.net.ul.items import RoleSelection
from dicomcore.nodes import Nodes
from dicomcore.scp.acceptance import NATIVE, STORAGE_COMMITMENT
from dicomcore.scp.operation import Operation, encoded
from dicomcore.scp.references import look_up
from dicomcore.scp.suboperations import Invoker
from dicomcore.scu.pool import Pool
from dicomcore.scu.purposes import Purpose
from dicomcore.source import Source
from dicomcore.uids import check_uid

logger = logging.getLogger(__name__)

STORAGE_COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
REQUEST_STORAGE_COMMITMENT = 1  # the action type
SUCCESSFUL, FAILURES_EXIST = 1, 2  # the event types

_MOST_WAITING = 1000
_PAUSES = (1.0, 10.0, 60.0, 600.0, 3600.0)  # seconds between attempts to report

_TRANSACTION_UID = 0x00081195
_FAILED_SOP_SEQUENCE = 0x00081198
_REFERENCED_SOP_SEQUENCE = 0x00081199
_FAILURE_REASON = 0x00081197
_REFERENCED_SOP_CLASS_UID = 0x00081150
_REFERENCED_SOP_INSTANCE_UID = 0x00081155
_RETRIEVE_AE_TITLE = 0x00080054


@dataclass(frozen=True, slots=True)
class Reference:
    """An instance that commitment is asked for, and why it cannot be given."""

    sop_class_uid: str
    sop_instance_uid: str
    failure_reason: int | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What is to be told to the ``ae_title`` that has asked."""

    ae_title: str
    event_type_id: int
    information: Dataset


async def request(operation: Operation[NActionRQ], information: Dataset) -> None:
    """Take a request (PS3.4 §J.3.2): answer it, look for the instances, report."""
    command = operation.command
    commitments = operation.surroundings.commitments
    if command.requested_sop_instance_uid != STORAGE_COMMITMENT_INSTANCE:
        await operation.respond(NO_SUCH_SOP_INSTANCE)
    elif command.action_type_id != REQUEST_STORAGE_COMMITMENT:
        await operation.respond(NO_SUCH_ACTION_TYPE)
    elif commitments.is_full:
        await operation.respond(RESOURCE_LIMITATION)
    else:
        transaction_uid, references = read_request(information)
        await operation.respond(
            SUCCESS,
            affected_sop_instance_uid=command.requested_sop_instance_uid,
            action_type_id=command.action_type_id,
        )
        commitments.begin(operation, transaction_uid, references)


def read_request(information: Dataset) -> tuple[str, list[Reference]]:
    """Read Transaction UID and references (PS3.4 Table J.3-1); raises `MissingAttribute` and `InvalidUid`."""
    transaction_uid = information.text(_TRANSACTION_UID)
    if not transaction_uid:
        raise MissingAttribute(_TRANSACTION_UID, "Transaction UID")
    items = information.items(_REFERENCED_SOP_SEQUENCE)
    if not items:
        raise MissingAttribute(_REFERENCED_SOP_SEQUENCE, "Referenced SOP Sequence")
    references = [
        Reference(
            check_uid(item.text(_REFERENCED_SOP_CLASS_UID), "Referenced SOP Class UID"),
            check_uid(item.text(_REFERENCED_SOP_INSTANCE_UID), "Referenced SOP Instance UID"),
        )
        for item in items
    ]
    return check_uid(transaction_uid, "Transaction UID"), references


async def check(source: Source, references: Sequence[Reference]) -> list[Reference]:
    """Find out which instances are here."""
    uids = [one.sop_instance_uid for one in references]
    here = {resource.sop_instance_uid: sop_class async for resource, sop_class in look_up(source, uids)}
    return [Reference(one.sop_class_uid, one.sop_instance_uid, _failure_reason(one, here)) for one in references]


def _failure_reason(reference: Reference, here: dict[str | None, str]) -> int | None:
    if reference.sop_instance_uid not in here:
        return NO_SUCH_SOP_INSTANCE
    return None if here[reference.sop_instance_uid] == reference.sop_class_uid else CLASS_INSTANCE_CONFLICT


def make_report(ae_title: str, retrieve_ae_title: str, transaction_uid: str, checked: Iterable[Reference]) -> Report:
    """Make the event (PS3.4 §J.3.3): what is committed, and what is not, with the reasons."""
    information = new_dataset()
    information.put(_RETRIEVE_AE_TITLE, "AE", retrieve_ae_title)
    information.put(_TRANSACTION_UID, "UI", transaction_uid)
    committed: list[Dataset] = []
    failed: list[Dataset] = []
    for one in checked:
        item = new_dataset(information)
        item.put(_REFERENCED_SOP_CLASS_UID, "UI", one.sop_class_uid)
        item.put(_REFERENCED_SOP_INSTANCE_UID, "UI", one.sop_instance_uid)
        if one.failure_reason is not None:
            item.put(_FAILURE_REASON, "US", one.failure_reason)
        (committed if one.failure_reason is None else failed).append(item)
    if failed:
        information.put_items(_FAILED_SOP_SEQUENCE, failed)
    if committed:
        information.put_items(_REFERENCED_SOP_SEQUENCE, committed)
    return Report(ae_title, FAILURES_EXIST if failed else SUCCESSFUL, information)


class Commitments:
    """Requests that are still to be reported on, each in a task of its own."""

    def __init__(self, nodes: Nodes, pool: Pool, pauses: Sequence[float] = _PAUSES, limit: int = _MOST_WAITING) -> None:
        self._nodes = nodes
        self._pool = pool
        self._pauses = pauses
        self._limit = limit
        self._tasks: set[asyncio.Task[None]] = set()
        self._transactions: set[tuple[str, str]] = set()  # with the titles of those who have asked

    @property
    def count(self) -> int:
        """How many requests are still to be reported on."""
        return len(self._tasks)

    @property
    def is_full(self) -> bool:
        """Whether no more requests can be taken."""
        return self.count >= self._limit

    def begin(self, operation: Operation[NActionRQ], transaction_uid: str, references: Sequence[Reference]) -> None:
        """Check and report, while the association goes on; a transaction that is under way is not begun again."""
        transaction = (operation.connection.calling_ae_title, transaction_uid)
        if transaction in self._transactions:
            refused = [replace(one, failure_reason=DUPLICATE_TRANSACTION_UID) for one in references]
            work = self._deliver(operation, transaction_uid, refused)
        else:
            work = self._run(operation, transaction, references)
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what waits."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _run(
        self, operation: Operation[NActionRQ], transaction: tuple[str, str], references: Sequence[Reference]
    ) -> None:
        self._transactions.add(transaction)
        caller, transaction_uid = transaction
        try:
            checked = await self._check(operation.source, references)
            await self._deliver(operation, transaction_uid, checked)
        except Exception:
            logger.exception("a storage commitment could not be reported", extra={"ae_title": caller})
        finally:
            self._transactions.discard(transaction)

    async def _check(self, source: Source, references: Sequence[Reference]) -> list[Reference]:
        """Check; a storage that does not answer is asked again."""
        for pause in self._pauses:
            try:
                return await check(source, references)
            except DicomError as error:
                logger.warning("a storage commitment has to wait: %s", error)
                await asyncio.sleep(pause)
        return await check(source, references)

    async def _deliver(
        self, operation: Operation[NActionRQ], transaction_uid: str, checked: Sequence[Reference]
    ) -> None:
        caller = operation.connection.calling_ae_title
        report = make_report(caller, operation.surroundings.ae_title, transaction_uid, checked)
        if not await _tell_at_once(operation, report):
            await self._tell(report)

    async def _tell(self, report: Report) -> None:
        """Report on an association of our own, again and again until it is heard."""
        for pause in (*self._pauses, None):
            try:
                return await self._tell_once(report)
            except NetworkError as error:
                logger.info("a storage commitment was not reported: %s", error, extra={"ae_title": report.ae_title})
                if pause is None or isinstance(error, UnknownNode):
                    return None
                await asyncio.sleep(pause)

    async def _tell_once(self, report: Report) -> None:
        node = await self._nodes.get(report.ae_title)
        if node is None or not node.host:
            raise UnknownNode(report.ae_title)
        async with self._pool.association(node, _PURPOSE) as connection:
            invoker = Invoker(connection, _ignore)
            async with invoker.receiving():
                await _send(invoker, _context(connection), report)


_PURPOSE = Purpose(((STORAGE_COMMITMENT, NATIVE),), (RoleSelection(STORAGE_COMMITMENT, scu=False, scp=True),))


async def _tell_at_once(operation: Operation[NActionRQ], report: Report) -> bool:
    """Report on the association of the request; whether that was possible."""
    try:
        await _send(operation.invoker, operation.context, report)
    except NetworkError:
        return False
    return True


async def _send(invoker: Invoker, context: AcceptedContext, report: Report) -> None:
    event = NEventReportRQ(
        message_id=invoker.connection.next_message_id(),
        affected_sop_class_uid=STORAGE_COMMITMENT,
        affected_sop_instance_uid=STORAGE_COMMITMENT_INSTANCE,
        event_type_id=report.event_type_id,
        has_dataset=True,
    )
    response = await invoker.invoke(context.context_id, event, encoded(report.information, context))
    if category(response.status) is Category.FAILURE:
        # It has heard it: to say it once more would change nothing.
        logger.warning("a storage commitment report was refused", extra={"ae_title": report.ae_title})


def _context(connection: Connection) -> AcceptedContext:
    """The context to report in; who did not answer the role selection but accepted the context meant it."""
    found = (one for one in connection.accepted.values() if one.abstract_syntax == STORAGE_COMMITMENT)
    context = next(found, None)
    if context is None:
        raise NoPresentationContext(STORAGE_COMMITMENT)
    return context


async def _ignore(message: Message) -> None:
    """Pass over what nobody may ask on an association of ours."""
    logger.info("%s was not expected", type(message.command).__name__)
