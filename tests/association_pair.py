"""Both ends of associations for tests: a listener of ours with a small service, and connections to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from builders import CT_IMAGE_STORAGE, EXPLICIT_LE, IMPLICIT_LE

from dicomcore.net.connection import Address, Connection, Message, Proposal, Timeouts, connect
from dicomcore.net.dimse.commands import CEchoRQ, CEchoRSP, CStoreRQ, CStoreRSP
from dicomcore.net.listener import Limits, Listener
from dicomcore.net.ul.negotiation import AcceptorPolicy

VERIFICATION = "1.2.840.10008.1.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
POLICY = AcceptorPolicy(
    abstract_syntaxes={
        VERIFICATION: (IMPLICIT_LE, EXPLICIT_LE),
        CT_IMAGE_STORAGE: (EXPLICIT_LE, IMPLICIT_LE),
        STUDY_ROOT_FIND: (EXPLICIT_LE, IMPLICIT_LE),
    },
    accepts_unknown_storage=True,
    asynchronous_operations=(4, 4),
)
QUICK = Timeouts(connect=5, association=5, artim=5, dimse=5, idle=5)

Serve = Callable[[Connection], Awaitable[None]]


class Store:
    """A service that answers C-ECHO and keeps what C-STORE brings."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.connections: list[Connection] = []

    async def __call__(self, connection: Connection) -> None:
        self.connections.append(connection)
        while (message := await connection.receive()) is not None:
            await self.answer(connection, message)

    async def answer(self, connection: Connection, message: Message) -> None:
        command = message.command
        if isinstance(command, CEchoRQ):
            await connection.send(
                message.context.context_id, CEchoRSP(message_id_being_responded_to=command.message_id, status=0)
            )
        if isinstance(command, CStoreRQ) and message.data is not None:
            kept = bytearray()
            await message.data.feed_to(kept.extend)
            self.received.append(bytes(kept))
            await connection.send(message.context.context_id, stored(command))


def stored(command: CStoreRQ, status: int = 0) -> CStoreRSP:
    return CStoreRSP(
        message_id_being_responded_to=command.message_id,
        affected_sop_class_uid=command.affected_sop_class_uid,
        affected_sop_instance_uid=command.affected_sop_instance_uid,
        status=status,
    )


def store_request(connection: Connection, number: int = 1) -> CStoreRQ:
    return CStoreRQ(
        message_id=connection.next_message_id(),
        affected_sop_class_uid=CT_IMAGE_STORAGE,
        affected_sop_instance_uid=f"1.2.826.0.1.3680043.10.1.{number}",
    )


def proposal(**changes: object) -> Proposal:
    contexts = [(VERIFICATION, [IMPLICIT_LE]), (CT_IMAGE_STORAGE, [EXPLICIT_LE]), (STUDY_ROOT_FIND, [IMPLICIT_LE])]
    return Proposal(**{"calling_ae_title": "ASKS", "called_ae_title": "ANSWERS", "contexts": contexts, **changes})  # type: ignore[arg-type]


@asynccontextmanager
async def listening(
    serve: Serve,
    *,
    policy: AcceptorPolicy = POLICY,
    limits: Limits | None = None,
    timeouts: Timeouts = QUICK,
    tls: object = None,
    maximum_length: int = 262_144,
) -> AsyncIterator[tuple[Listener, int]]:
    """A listener on a port of 127.0.0.1; it is stopped at the end without patience."""
    listener = Listener(
        serve,
        policy,
        limits=limits,
        timeouts=timeouts,
        tls=tls,
        maximum_length=maximum_length,  # type: ignore[arg-type]
    )
    port = await listener.start("127.0.0.1", 0)
    try:
        yield listener, port
    finally:
        await listener.stop(0)


@asynccontextmanager
async def associated(
    serve: Serve, *, asks: Proposal | None = None, timeouts: Timeouts = QUICK, ours: Timeouts = QUICK
) -> AsyncIterator[Connection]:
    """An association with a listener that serves with ``serve``; ``ours`` are the timeouts of the requestor."""
    async with listening(serve, timeouts=timeouts) as (_, port):
        connection = await connect(Address("127.0.0.1", port), asks or proposal(), ours)
        try:
            yield connection
        finally:
            if connection.is_open:
                await connection.release()
            await asyncio.wait_for(connection.closed(), 10)


async def echo(connection: Connection) -> int:
    """Send C-ECHO and return the status."""
    context = connection.context_for(VERIFICATION)
    assert context is not None
    await connection.send(context.context_id, CEchoRQ(message_id=connection.next_message_id()))
    message = await connection.receive()
    assert message is not None and isinstance(message.command, CEchoRSP)
    return message.command.status


async def settled(condition: Callable[[], bool]) -> None:
    """Wait until something is so; ten seconds are more than enough."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)
