"""C-GET and C-MOVE (PS3.4 §C.4.2, §C.4.3): the instances of a query/retrieve SCP, and how far it has come.

By C-GET instances arrive on the same association, by C-MOVE at a listener: at ours (`move_here`), if we are the
destination. Either way each one goes to a `Sink` when it is complete, and is answered with what that returns.
Iterators that are not read to their end have to be closed (`contextlib.aclosing`), which cancels the operation.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass

from dicomcore.data import Dataset, file_header
from dicomcore.errors import DicomError, DimseFailure, NetworkError
from dicomcore.net.connection import Connection, Message
from dicomcore.net.dimse.commands import MEDIUM, CGetRQ, CGetRSP, CMoveRQ, CMoveRSP, CStoreRQ, CStoreRSP
from dicomcore.net.dimse.status import MISTYPED_ARGUMENT, OUT_OF_RESOURCES, Category, Service, category, status_of
from dicomcore.net.streams import DataStream
from dicomcore.resources import Resource
from dicomcore.scu.arrivals import Received, Sink
from dicomcore.scu.inbox import Inbox
from dicomcore.scu.operation import Operations, context_for, discard, read_identifier, refuse, write_identifier
from dicomcore.storage import Spool
from dicomcore.threads import Threads

_FAILED_SOP_INSTANCE_UID_LIST = 0x00080058


@dataclass(frozen=True, slots=True)
class Progress:
    """What the peer says of its sub-operations (PS3.7 §9.3.3.2, §9.3.4.2); counts that it leaves out are None.

    ``status`` is FF00 until the last one. ``failed_sop_instance_uids`` comes with that, if instances failed.
    """

    status: int
    remaining: int | None = None
    completed: int | None = None
    failed: int | None = None
    warning: int | None = None
    comment: str = ""
    failed_sop_instance_uids: tuple[str, ...] = ()


async def get(
    connection: Connection,
    sop_class_uid: str,
    identifier: Dataset,
    sink: Sink,
    *,
    spool: Callable[[], Spool],
    threads: Threads,
    priority: int = MEDIUM,
) -> AsyncGenerator[Progress, None]:
    """Get instances on this association; ``spool`` makes the place for each of them.

    The last progress has the final status; behind it `DimseFailure` is raised if that is a failure.
    """
    context = context_for(connection, sop_class_uid)
    request = CGetRQ(message_id=connection.next_message_id(), affected_sop_class_uid=sop_class_uid, priority=priority)
    receiver = _Receiver(connection, sink, spool, threads)
    async with Operations(connection, on_request=receiver.take, on_give_up=receiver.refuse_from_now_on) as operations:
        await operations.send(context, request, write_identifier(identifier, context))
        async with aclosing(_follow(operations, CGetRSP)) as steps:
            async for progress in steps:
                yield progress


async def move(
    connection: Connection,
    sop_class_uid: str,
    identifier: Dataset,
    destination: str,
    *,
    message_id: int | None = None,
    priority: int = MEDIUM,
) -> AsyncGenerator[Progress, None]:
    """Have instances sent to ``destination``, an AE title that the peer has to know.

    The last progress has the final status; behind it `DimseFailure` is raised if that is a failure.
    """
    context = context_for(connection, sop_class_uid)
    request = CMoveRQ(
        message_id=connection.next_message_id() if message_id is None else message_id,
        affected_sop_class_uid=sop_class_uid,
        move_destination=destination,
        priority=priority,
    )
    async with Operations(connection) as operations:
        await operations.send(context, request, write_identifier(identifier, context))
        async with aclosing(_follow(operations, CMoveRSP)) as steps:
            async for progress in steps:
                yield progress


async def move_here(
    connection: Connection,
    sop_class_uid: str,
    identifier: Dataset,
    sink: Sink,
    *,
    inbox: Inbox,
    resource: Resource,
    priority: int = MEDIUM,
) -> AsyncGenerator[Progress, None]:
    """Have the instances of ``resource``, which ``identifier`` names, sent to our own listener and from there here.

    Only those come that its provider offers to ``inbox``. For the rest, see `move`.
    """
    with inbox.expect(connection.called_ae_title, resource, sink) as expectation:
        steps = move(
            connection,
            sop_class_uid,
            identifier,
            inbox.ae_title,
            message_id=expectation.message_id,
            priority=priority,
        )
        async with aclosing(steps):
            async for progress in steps:
                yield progress


async def _follow(operations: Operations, kind: type[CGetRSP] | type[CMoveRSP]) -> AsyncGenerator[Progress, None]:
    while True:
        response, message = await operations.response(kind)
        identifier = await read_identifier(message)
        failed = () if identifier is None else tuple(identifier.texts(_FAILED_SOP_INSTANCE_UID_LIST))
        yield Progress(
            response.status,
            response.number_of_remaining_suboperations,
            response.number_of_completed_suboperations,
            response.number_of_failed_suboperations,
            response.number_of_warning_suboperations,
            response.error_comment,
            failed,
        )
        if category(response.status) is Category.FAILURE:
            raise DimseFailure(response.status, response.error_comment)
        if category(response.status) is not Category.PENDING:
            return


class _Receiver:
    """Takes the C-STORE sub-operations of a C-GET."""

    def __init__(self, connection: Connection, sink: Sink, spool: Callable[[], Spool], threads: Threads) -> None:
        self._connection = connection
        self._sink = sink
        self._spool = spool
        self._threads = threads
        self._is_refusing = False

    def refuse_from_now_on(self) -> None:
        """Take no more instances: nobody wants them."""
        self._is_refusing = True

    async def take(self, message: Message) -> None:
        """Take one instance and answer for it."""
        command = message.command
        if not isinstance(command, CStoreRQ):
            await refuse(message)
        response = CStoreRSP(
            message_id_being_responded_to=command.message_id,
            status=await self._take(message, command),
            affected_sop_class_uid=command.affected_sop_class_uid,
            affected_sop_instance_uid=command.affected_sop_instance_uid,
        )
        await self._connection.send(message.context.context_id, response)

    async def _take(self, message: Message, command: CStoreRQ) -> int:
        if self._is_refusing or message.data is None:
            discard(message)
            return OUT_OF_RESOURCES if self._is_refusing else MISTYPED_ARGUMENT
        spool = self._spool()
        try:
            received = await self._receive(spool, message, message.data, command)
            return await self._sink(received)
        except BaseException as error:
            spool.close()
            if not isinstance(error, DicomError) or isinstance(error, NetworkError):
                raise
            discard(message)
            return status_of(error, Service.STORE)

    async def _receive(self, spool: Spool, message: Message, data: DataStream, command: CStoreRQ) -> Received:
        spool.write(
            file_header(
                sop_class_uid=command.affected_sop_class_uid,
                sop_instance_uid=command.affected_sop_instance_uid,
                transfer_syntax_uid=message.context.transfer_syntax,
                source=self._connection.called_ae_title,
            )
        )
        await self._fill(spool, data)
        return Received(
            spool,
            command.affected_sop_class_uid,
            command.affected_sop_instance_uid,
            message.context.transfer_syntax,
            self._connection.called_ae_title,
        )

    async def _fill(self, spool: Spool, data: DataStream) -> None:
        if not spool.wants_thread and await data.feed_to(spool.write, until=lambda: spool.wants_thread):
            return
        async for fragment in data:
            await self._threads(spool.write, fragment)
