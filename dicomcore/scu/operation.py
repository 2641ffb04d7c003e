"""Operations on an association: requests, and what comes back until their final responses (PS3.7 §8.1, §9.1).

Operations leave the association clean: they are over when all final responses have come. Those that their caller gives
up are cancelled (PS3.7 §9.3.2.3) and their remaining responses waited for, for a short time; whatever else goes wrong
aborts the association, since nobody could tell later what belongs to what.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import NoReturn, TypeVar
from weakref import WeakSet

from dicomcore.data import Buffer, Dataset, read_dataset, transfer_syntax, write_dataset
from dicomcore.errors import AssociationAborted, NetworkError, NoPresentationContext, UnexpectedCall
from dicomcore.net.connection import Connection, Message
from dicomcore.net.dimse.commands import CCancelRQ, CFindRQ, CGetRQ, CMoveRQ, Request, Response
from dicomcore.net.dimse.status import Category, category
from dicomcore.net.ul.association import AcceptedContext

Answer = TypeVar("Answer", bound=Response)

_PATIENCE = 5.0  # seconds that a peer has for ending what was cancelled
_MAX_IDENTIFIER = 16 << 20  # bytes of a data set that is held in memory as a whole

_busy: WeakSet[Connection] = WeakSet()


def is_busy(connection: Connection) -> bool:
    """Say whether operations of ours are not over on this association."""
    return connection in _busy


async def refuse(message: Message) -> NoReturn:
    """End an association on which the peer asks for something that was not agreed on."""
    raise UnexpectedCall(f"the peer sent {type(message.command).__name__} where it has nothing to ask for")


class Operations:
    """The context in which requests are answered.

    ``on_request`` is given what the peer asks meanwhile (C-GET); ``on_give_up`` is told when nobody wants more of it.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        on_request: Callable[[Message], Awaitable[None]] = refuse,
        on_give_up: Callable[[], None] = lambda: None,
    ) -> None:
        self.connection = connection
        self._on_request = on_request
        self._on_give_up = on_give_up
        self._outstanding: dict[int, tuple[AcceptedContext, Request]] = {}

    @property
    def count(self) -> int:
        """How many have not had their final response."""
        return len(self._outstanding)

    async def __aenter__(self) -> Operations:
        if is_busy(self.connection):
            raise UnexpectedCall("another operation is not over on this association")
        _busy.add(self.connection)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._outstanding and kind is GeneratorExit and self.connection.is_open:
                with suppress(NetworkError, TimeoutError):  # there is nothing to be saved then
                    await self._give_up()
        finally:
            if self._outstanding:
                self.connection.abort()
            _busy.discard(self.connection)

    async def send(
        self,
        context: AcceptedContext,
        request: Request,
        data: AsyncIterable[Buffer] | Iterable[Buffer] | None = None,
    ) -> None:
        """Send a request."""
        self._outstanding[request.message_id] = context, request
        await self.connection.send(context.context_id, request, data)

    async def response(self, kind: type[Answer]) -> tuple[Answer, Message]:
        """Wait for the next response; the data set of its message, if any, is the caller's to read."""
        while True:
            message = await self._receive()
            if isinstance(message.command, kind):
                return message.command, message
            discard(message)

    async def _receive(self) -> Message:
        """Wait for a message that answers one of these requests; what the peer asks is dealt with."""
        while True:
            message = await self.connection.receive()
            if message is None:
                raise AssociationAborted(sentence="the peer ended the association before it had answered")
            command = message.command
            if isinstance(command, Request):
                await self._on_request(message)
            elif isinstance(command, Response) and command.message_id_being_responded_to in self._outstanding:
                if category(command.status) is not Category.PENDING:
                    del self._outstanding[command.message_id_being_responded_to]
                return message
            else:
                discard(message)  # late, of an operation that was given up

    async def _give_up(self) -> None:
        """Cancel what can be, and let pass what comes until the final responses."""
        self._on_give_up()
        async with asyncio.timeout(_PATIENCE):
            for message_id, (context, request) in list(self._outstanding.items()):
                if isinstance(request, CFindRQ | CGetRQ | CMoveRQ):
                    cancel = CCancelRQ(message_id_being_responded_to=message_id)
                    await self.connection.send(context.context_id, cancel)
            while self._outstanding:
                discard(await self._receive())


def discard(message: Message) -> None:
    """Let the data set of a message pass."""
    if message.data is not None:
        message.data.discard()


async def read_identifier(message: Message) -> Dataset | None:
    """Read the data set of a message, if it has one, which is no instance and therefore small."""
    if message.data is None:
        return None
    content = await message.data.read(_MAX_IDENTIFIER)
    return read_dataset(content, transfer_syntax(message.context.transfer_syntax))


def write_identifier(identifier: Dataset, context: AcceptedContext) -> list[Buffer]:
    """Encode a data set as was agreed on for its presentation context."""
    return list(write_dataset(identifier, transfer_syntax(context.transfer_syntax)))


def context_for(connection: Connection, sop_class_uid: str, transfer_syntax_uid: str | None = None) -> AcceptedContext:
    """Find the presentation context for a request of ours; raises `NoPresentationContext`."""
    context = connection.context_for(sop_class_uid, transfer_syntax_uid)
    if context is None:
        raise NoPresentationContext(sop_class_uid, transfer_syntax_uid)
    return context
