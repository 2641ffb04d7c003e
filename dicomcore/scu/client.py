"""What is asked of other application entities on an association: C-ECHO, C-FIND and C-STORE (PS3.4 Annexes A, B, C).

C-GET and C-MOVE are in `dicomcore.scu.retrieve`. Iterators that are not read to their end have to be closed
(`contextlib.aclosing`), which cancels the operation.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import dataclass

from dicomcore.data import Buffer, Dataset
from dicomcore.errors import DimseFailure, NoPresentationContext
from dicomcore.net.connection import Connection
from dicomcore.net.dimse.commands import MEDIUM, CEchoRQ, CEchoRSP, CFindRQ, CFindRSP, CStoreRQ, CStoreRSP
from dicomcore.net.dimse.status import Category, category
from dicomcore.scu.operation import Operations, context_for, read_identifier, write_identifier

VERIFICATION = "1.2.840.10008.1.1"
_MANY = 32  # C-STORE requests under way to a peer that sets no limit


@dataclass(frozen=True, slots=True)
class Originator:
    """The C-MOVE that a C-STORE is a sub-operation of (PS3.7 §9.3.1.1)."""

    ae_title: str
    message_id: int


@dataclass(frozen=True, slots=True)
class StoreItem:
    """An instance to be stored: ``dataset`` is its data set without File Meta Information, in this transfer syntax."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset: AsyncIterable[Buffer] | Iterable[Buffer]


async def echo(connection: Connection) -> int:
    """Verify that the peer answers (PS3.4 Annex A), and return its status."""
    context = context_for(connection, VERIFICATION)
    async with Operations(connection) as operations:
        await operations.send(context, CEchoRQ(message_id=connection.next_message_id()))
        response, _ = await operations.response(CEchoRSP)
        return response.status


async def find(
    connection: Connection, sop_class_uid: str, identifier: Dataset, *, priority: int = MEDIUM
) -> AsyncGenerator[Dataset, None]:
    """Find what matches (PS3.4 §C.4.1), in the order of the responses; closing the iterator cancels (C-CANCEL).

    Raises:
        DimseFailure: the peer answered with a failure, or has cancelled by itself.
    """
    context = context_for(connection, sop_class_uid)
    request = CFindRQ(message_id=connection.next_message_id(), affected_sop_class_uid=sop_class_uid, priority=priority)
    async with Operations(connection) as operations:
        await operations.send(context, request, write_identifier(identifier, context))
        while True:
            response, message = await operations.response(CFindRSP)
            dataset = await read_identifier(message)
            kind = category(response.status)
            if kind in (Category.FAILURE, Category.CANCEL):
                raise DimseFailure(response.status, response.error_comment)
            if kind is not Category.PENDING:
                return
            if dataset is not None:
                yield dataset


async def store(connection: Connection, item: StoreItem, originator: Originator | None = None) -> CStoreRSP:
    """Store one instance (PS3.4 Annex B), and return what the peer answered, be it a failure.

    Raises:
        NoPresentationContext: the peer accepts no such instance in this transfer syntax.
    """
    async with aclosing(store_all(connection, [item], originator)) as responses:
        return (await anext(responses))[1]


async def store_all(
    connection: Connection,
    items: AsyncIterable[StoreItem] | Iterable[StoreItem],
    originator: Originator | None = None,
    *,
    priority: int = MEDIUM,
) -> AsyncGenerator[tuple[StoreItem, CStoreRSP], None]:
    """Store instances, as many at a time as the peer agreed to answer at once (PS3.7 §D.3.3.3).

    Every instance comes back with its response, in the order of these.

    Raises:
        NoPresentationContext: the peer accepts no such instance in this transfer syntax.
    """
    window = connection.max_operations_invoked or _MANY
    under_way: dict[int, StoreItem] = {}

    async def answered() -> tuple[StoreItem, CStoreRSP]:
        response, _ = await operations.response(CStoreRSP)
        return under_way.pop(response.message_id_being_responded_to), response

    async with Operations(connection) as operations:
        async for item in _each(items):
            context = connection.context_for(item.sop_class_uid, item.transfer_syntax_uid)
            if context is None:
                while operations.count:
                    yield await answered()
                raise NoPresentationContext(item.sop_class_uid, item.transfer_syntax_uid)
            request = _store_request(connection.next_message_id(), item, originator, priority)
            under_way[request.message_id] = item
            await operations.send(context, request, item.dataset)
            if operations.count >= window:
                yield await answered()
        while operations.count:
            yield await answered()


async def _each(items: AsyncIterable[StoreItem] | Iterable[StoreItem]) -> AsyncIterator[StoreItem]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item


def _store_request(message_id: int, item: StoreItem, originator: Originator | None, priority: int) -> CStoreRQ:
    return CStoreRQ(
        message_id=message_id,
        affected_sop_class_uid=item.sop_class_uid,
        affected_sop_instance_uid=item.sop_instance_uid,
        priority=priority,
        move_originator_application_entity_title=originator.ae_title if originator else "",
        move_originator_message_id=originator.message_id if originator else None,
    )
