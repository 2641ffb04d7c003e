"""Sets of instances on their way to a node: over as few associations as needed, each in a transfer syntax it takes.

What becomes of an instance is a value (`Sent`), since the others go on. When an association breaks, those that were
under way have failed, and another one is opened for the rest; when it cannot be opened, or two in a row have brought
nothing, all have failed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from dicomcore.data import Buffer
from dicomcore.errors import DicomError, NetworkError, NoPresentationContext
from dicomcore.net.connection import Connection
from dicomcore.net.dimse.commands import MEDIUM, CStoreRSP
from dicomcore.net.dimse.status import Category, category
from dicomcore.nodes import Node
from dicomcore.scu.client import Originator, StoreItem, store_all
from dicomcore.scu.outgoing import NATIVE, Outgoing
from dicomcore.scu.pool import Pool
from dicomcore.scu.purposes import Purpose, storage

_MOST_FRUITLESS = 1


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of an instance: what the peer answered, or why it did not get that far."""

    item: Outgoing
    response: CStoreRSP | None = None
    error: DicomError | None = None

    @property
    def is_stored(self) -> bool:
        """Whether the peer has it."""
        return self.response is not None and category(self.response.status) in (Category.SUCCESS, Category.WARNING)


async def send(
    pool: Pool,
    node: Node,
    items: Sequence[Outgoing],
    *,
    originator: Originator | None = None,
    priority: int = MEDIUM,
) -> AsyncGenerator[Sent, None]:
    """Send instances to a node; each of them comes back once, as it is answered or fails."""
    for purpose, members in storage(items):
        batch = _Batch(deque(members), originator, priority)
        while batch.is_left:
            async with aclosing(_send_batch(pool, node, purpose, batch)) as results:
                async for sent in results:
                    yield sent


async def _send_batch(pool: Pool, node: Node, purpose: Purpose, batch: _Batch) -> AsyncGenerator[Sent, None]:
    """Send over one association."""
    try:
        async with pool.association(node, purpose) as connection, aclosing(batch.send(connection)) as results:
            async for sent in results:
                yield sent
    except DicomError as error:
        for sent in batch.take_failed(error):
            yield sent


class _Batch:
    """Instances that need one association: those that wait, and those under way."""

    def __init__(self, waiting: deque[Outgoing], originator: Originator | None, priority: int) -> None:
        self._waiting = waiting
        self._originator = originator
        self._priority = priority
        self._under_way: dict[int, Outgoing] = {}
        self._unsendable: list[Sent] = []
        self._unreadable: Outgoing | None = None
        self._is_open = False
        self._fruitless = 0  # associations since an instance was answered

    @property
    def is_left(self) -> bool:
        """Whether something is still to be sent."""
        return bool(self._waiting)

    def take_failed(self, error: DicomError) -> list[Sent]:
        """Those that have failed with an association, after an error, or for themselves before.

        Where an instance is at fault that could not be read to its end, it alone has failed: the others go again.
        """
        under_way = list(self._under_way.values())
        self._under_way.clear()
        if not isinstance(error, NetworkError):
            self._waiting.extendleft(item for item in reversed(under_way) if item is not self._unreadable)
            under_way = [item for item in under_way if item is self._unreadable]
        elif not self._is_open or self._fruitless > _MOST_FRUITLESS:
            under_way += self._waiting
            self._waiting.clear()
        self._is_open = False
        return [*self._take_unsendable(), *(Sent(item, error=error) for item in under_way)]

    async def send(self, connection: Connection) -> AsyncGenerator[Sent, None]:
        """Send what waits."""
        self._is_open = True
        self._fruitless += 1
        prepared = self._prepared(connection)
        responses = store_all(connection, prepared, self._originator, priority=self._priority)
        async with aclosing(prepared), aclosing(responses):
            async for item, response in responses:
                self._fruitless = 0
                for sent in self._take_unsendable():
                    yield sent
                yield Sent(self._under_way.pop(id(item)), response)
        for sent in self._take_unsendable():
            yield sent

    def _take_unsendable(self) -> list[Sent]:
        unsendable, self._unsendable = self._unsendable, []
        return unsendable

    async def _prepared(self, connection: Connection) -> AsyncGenerator[StoreItem, None]:
        """Open one instance after the other; what cannot be read or is not taken is put aside."""
        while self._waiting:
            item = self._waiting.popleft()
            try:
                uid = _agreed(connection, item)
                data = await self._begin(item, uid)
            except DicomError as error:
                self._unsendable.append(Sent(item, error=error))
                continue
            prepared = StoreItem(item.sop_class_uid, item.sop_instance_uid, uid, data)
            self._under_way[id(prepared)] = item
            yield prepared

    async def _begin(self, item: Outgoing, uid: str) -> AsyncIterator[Buffer]:
        """Read the first buffer: what goes wrong with an instance mostly does so before it."""
        buffers = await item.dataset(uid)
        return self._follow(item, await anext(buffers, b""), buffers)

    async def _follow(self, item: Outgoing, first: Buffer, rest: AsyncIterator[Buffer]) -> AsyncIterator[Buffer]:
        yield first
        try:
            async for buffer in rest:
                yield buffer
        except DicomError:
            self._unreadable = item
            raise


def _agreed(connection: Connection, item: Outgoing) -> str:
    """Choose the transfer syntax: as it is stored if the peer takes that, else a native one."""
    for uid in (item.transfer_syntax_uid, *NATIVE):
        if connection.context_for(item.sop_class_uid, uid) is not None:
            return uid
    raise NoPresentationContext(item.sop_class_uid, item.transfer_syntax_uid)
