"""Associations that are kept open for a while after their use, and never more to a node than it wants.

An association is given to one at a time. It comes back to be used again if it is still open and no operation is under
way on it; everything else that can happen to it ends it, so that none is ever lost.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from dicomcore.errors import UnexpectedCall
from dicomcore.net.connection import Address, Connection, Timeouts, connect
from dicomcore.net.ul.items import IdentityType, UserIdentity
from dicomcore.nodes import Node
from dicomcore.scu.operation import is_busy
from dicomcore.scu.purposes import Purpose

IDLE_SECONDS = 30.0  # that an association is kept open; below the patience of most peers
_PATIENCE = 5.0  # seconds that a peer has for agreeing to a release


async def open_association(
    node: Node, purpose: Purpose, ae_title: str, tls: ssl.SSLContext | None = None
) -> Connection:
    """Open an association to a node; ``tls`` is used if the node wants TLS.

    Raises `PeerUnreachable`, `AssociationRejected`, `AssociationAborted` and `AssociationTimeout`.
    """
    timeouts = Timeouts(
        connect=node.connect_timeout,
        association=node.association_timeout,
        dimse=node.dimse_timeout,
        idle=node.idle_timeout,
    )
    if node.tls and tls is None:
        raise UnexpectedCall(f"{node.ae_title} wants TLS, for which nothing is configured here")
    address = Address(node.host, node.port, tls if node.tls else None)
    proposal = purpose.proposal(ae_title, node.ae_title, identity_of(node), node.maximum_length)
    return await connect(address, proposal, timeouts)


def identity_of(node: Node) -> UserIdentity | None:
    """Who we say we are to a node (PS3.7 §D.3.3.7)."""
    if node.token:
        return UserIdentity(IdentityType.JWT, node.token.encode())
    if not node.username:
        return None
    kind = IdentityType.USERNAME_AND_PASSCODE if node.password else IdentityType.USERNAME
    return UserIdentity(kind, node.username.encode(), node.password.encode())


@dataclass(slots=True, eq=False)
class _Idle:
    connection: Connection
    purpose: Purpose
    timer: asyncio.TimerHandle


@dataclass(slots=True, eq=False)
class _Slots:
    """The associations to one node: a place for each in use, and those that wait for their next use."""

    places: asyncio.Semaphore
    limit: int
    idle: list[_Idle] = field(default_factory=list)
    in_use: int = 0
    users: int = 0  # and those who wait for a place


class Pool:
    """The associations that we have opened, to all nodes."""

    def __init__(self, ae_title: str, *, tls: ssl.SSLContext | None = None, idle_seconds: float = IDLE_SECONDS) -> None:
        self.ae_title = ae_title
        self._tls = tls
        self._idle_seconds = idle_seconds
        self._slots: dict[Node, _Slots] = {}
        self._endings: set[asyncio.Task[None]] = set()
        self._in_use: set[Connection] = set()
        self._is_closed = False

    @property
    def open_associations(self) -> int:
        """How many associations there are, in use or not."""
        return len(self._in_use) + sum(len(slots.idle) for slots in tuple(self._slots.values()))

    @asynccontextmanager
    async def association(self, node: Node, purpose: Purpose) -> AsyncIterator[Connection]:
        """Use an association to a node; waits, in turn, while there are as many in use as the node wants.

        Raises:
            PeerUnreachable, AssociationRejected, AssociationAborted, AssociationTimeout: none can be opened.
        """
        slots = self._slots_of(node)
        slots.users += 1
        try:
            async with slots.places, self._use(slots, node, purpose) as connection:
                yield connection
        finally:
            slots.users -= 1
            self._forget_unused(node)

    async def close(self) -> None:
        """Release what is idle, abort what is in use, and open nothing any more."""
        self._is_closed = True
        for node, slots in list(self._slots.items()):
            for idle in list(slots.idle):
                self._expire(slots, idle)
            self._forget_unused(node)
        for connection in list(self._in_use):
            connection.abort()
        while self._endings:
            await asyncio.gather(*self._endings)

    def _slots_of(self, node: Node) -> _Slots:
        if node not in self._slots:
            limit = max(node.max_associations, 1)
            self._slots[node] = _Slots(asyncio.Semaphore(limit), limit)
        return self._slots[node]

    def _forget_unused(self, node: Node) -> None:
        slots = self._slots.get(node)
        if slots is not None and not slots.users and not slots.idle:
            del self._slots[node]

    @asynccontextmanager
    async def _use(self, slots: _Slots, node: Node, purpose: Purpose) -> AsyncIterator[Connection]:
        slots.in_use += 1
        connection: Connection | None = None
        try:
            connection = self._take_idle(slots, purpose) or await self._open(slots, node, purpose)
            self._in_use.add(connection)
            yield connection
        finally:
            slots.in_use -= 1
            if connection is not None:
                self._in_use.discard(connection)
                self._give_back(slots, node, connection, purpose)

    def _take_idle(self, slots: _Slots, purpose: Purpose) -> Connection | None:
        """Take an association for this purpose, the one that was used last; drop those that the peer has ended."""
        for idle in reversed(slots.idle):
            if not idle.connection.is_open:
                self._expire(slots, idle)
        for idle in reversed(slots.idle):
            if idle.purpose == purpose:
                idle.timer.cancel()
                slots.idle.remove(idle)
                return idle.connection
        return None

    async def _open(self, slots: _Slots, node: Node, purpose: Purpose) -> Connection:
        if self._is_closed:
            raise UnexpectedCall("the pool is closed")
        while slots.idle and slots.in_use + len(slots.idle) > slots.limit:
            oldest = slots.idle.pop(0)
            oldest.timer.cancel()
            await _release(oldest.connection)
        return await open_association(node, purpose, self.ae_title, self._tls)

    def _give_back(self, slots: _Slots, node: Node, connection: Connection, purpose: Purpose) -> None:
        if not connection.is_open or is_busy(connection) or self._is_closed:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self._idle_seconds, self._retire, node, connection)
        slots.idle.append(_Idle(connection, purpose, timer))

    def _retire(self, node: Node, connection: Connection) -> None:
        slots = self._slots[node]
        self._expire(slots, next(idle for idle in slots.idle if idle.connection is connection))
        self._forget_unused(node)

    def _expire(self, slots: _Slots, idle: _Idle) -> None:
        """Release an association that is not used."""
        idle.timer.cancel()
        slots.idle.remove(idle)
        ending = asyncio.get_running_loop().create_task(_release(idle.connection))
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)


async def _release(connection: Connection) -> None:
    """End an association in order, or else at once."""
    try:
        async with asyncio.timeout(_PATIENCE):
            await connection.release()
            await connection.closed()
    except TimeoutError:
        pass  # it may be a peer that is gone
    finally:
        connection.abort()
