"""The provider: what an association asks for, brought to the module that does it, and answered whatever happens.

Messages are taken one after the other. C-STORE and C-ECHO go on beside each other as far as the asynchronous operations
window allows (PS3.7 §D.3.3.3); everything else is done before the next message is looked at, but for C-CANCEL, which
the connection notes, and what a C-GET receives itself. Every request gets a response: errors by their status, what
nobody has foreseen as a failure, with a line in the log that names no patient.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from dicomcore.errors import DicomError, NetworkError
from dicomcore.net.connection import Connection, Message
from dicomcore.net.dimse.commands import CEchoRQ, CFindRQ, CGetRQ, CMoveRQ, CStoreRQ, NActionRQ, Request, Response
from dicomcore.net.dimse.status import (
    DUPLICATE_INVOCATION,
    NO_SUCH_SOP_CLASS,
    SOP_CLASS_NOT_SUPPORTED,
    UNRECOGNIZED_OPERATION,
)
from dicomcore.net.ul.negotiation import AcceptorPolicy
from dicomcore.net.ul.pdu import AssociateRQ
from dicomcore.nodes import Nodes
from dicomcore.scp import commitment, query_retrieve, retrieve, storage, verification
from dicomcore.scp.acceptance import Admission, command_of, policy_for
from dicomcore.scp.commitment import Commitments
from dicomcore.scp.operation import Operation, Performer, Rest, Surroundings, with_identifier
from dicomcore.scp.suboperations import Invoker
from dicomcore.scu.inbox import Inbox
from dicomcore.scu.pool import Pool
from dicomcore.source import Source
from dicomcore.threads import Threads

logger = logging.getLogger(__name__)

_PERFORMERS: Mapping[type[Request], Performer] = {
    CEchoRQ: verification.echo,
    CStoreRQ: storage.store,
    CFindRQ: with_identifier(query_retrieve.find),
    CGetRQ: with_identifier(retrieve.get),
    CMoveRQ: with_identifier(retrieve.move),
    NActionRQ: with_identifier(commitment.request),
}
_SHORT = (CEchoRQ, CStoreRQ)
_MOST_AT_ONCE = 16

T = TypeVar("T")


class Provider:
    """Serves associations; `policy` and `serve` are what a `Listener` wants.

    ``pool`` has the associations that C-MOVE and storage commitment open; whoever made it closes it.
    ``others`` answer instead of ``source`` when they are called by their own AE titles.
    """

    def __init__(
        self,
        source: Source,
        nodes: Nodes,
        ae_title: str,
        pool: Pool,
        *,
        admission: Admission | None = None,
        others: Mapping[str, Source] | None = None,
        inbox: Inbox | None = None,
        commitments: Commitments | None = None,
        reassurance_seconds: float = 10.0,
    ) -> None:
        self._admission = admission or Admission()
        self._pool = pool
        self._threads = Threads(name="scp")
        self._commitments = commitments or Commitments(nodes, pool)
        self._inbox = inbox
        self._reassurance_seconds = reassurance_seconds
        self._nodes = nodes
        self._ae_title = ae_title
        self._sources = {**(others or {}), ae_title: source}

    def policy(self, rq: AssociateRQ) -> AcceptorPolicy:
        """Say what is agreed on with a requestor (PS3.8 §9.3.3)."""
        return policy_for(rq, self._admission, tuple(self._sources))

    async def serve(self, connection: Connection) -> None:
        """Perform what the peer invokes until the association ends."""
        await _Exchange(connection, self._surroundings(connection.called_ae_title)).run()

    async def close(self) -> None:
        """Give up what is still to be reported."""
        await self._commitments.close()
        self._threads.close()

    def _surroundings(self, called_ae_title: str) -> Surroundings:
        ae_title = called_ae_title if called_ae_title in self._sources else self._ae_title
        return Surroundings(
            self._sources[ae_title],
            self._nodes,
            ae_title,
            self._pool,
            self._threads,
            self._commitments,
            self._inbox,
            self._reassurance_seconds,
        )


class _Exchange:
    """What is going on in one association."""

    def __init__(self, connection: Connection, surroundings: Surroundings) -> None:
        self._connection = connection
        self._surroundings = surroundings
        self._invoker = Invoker(connection, self._take_meanwhile)
        self._width = connection.max_operations_performed or _MOST_AT_ONCE
        self._message_ids: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._put_off: deque[tuple[Operation[Any], Rest]] = deque()

    async def run(self) -> None:
        """Take messages until there are no more."""
        try:
            while (message := await self._connection.receive()) is not None:
                await self._take(message)
                while self._put_off:
                    await self._perform(*self._put_off.popleft())
        except NetworkError as error:
            logger.info("association ended: %s", error, extra=self._facts())
        finally:
            await self._stop()

    async def _stop(self) -> None:
        """Wait for what is being stored: that is short, and has arrived."""
        self._invoker.fail()
        for _, rest in self._put_off:
            rest.close()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _take(self, message: Message) -> None:
        begun = await self._begin(message)
        if begun is None:
            return
        if self._width > 1 and type(message.command) in _SHORT:
            await self._start(*begun)
        else:
            await self._perform(*begun)

    async def _take_meanwhile(self, message: Message) -> None:
        """Take a request that comes while a C-GET waits for responses, which the asynchronous window allows."""
        begun = await self._begin(message)
        if begun is not None and type(message.command) in _SHORT:
            await self._start(*begun)
        elif begun is not None:
            self._put_off.append(begun)

    async def _begin(self, message: Message) -> tuple[Operation[Any], Rest] | None:
        """Receive what belongs to a request; None if nothing is left to be done."""
        command = message.command
        if isinstance(command, Response):
            self._invoker.deliver(command)
        if not isinstance(command, Request):
            return None  # a C-CANCEL would be for an operation that has ended
        operation = Operation(self._connection, message.context, command, self._surroundings, self._invoker)
        refusal = self._refusal(operation)
        if refusal is not None:
            await operation.respond(refusal)
            return None
        self._message_ids.add(command.message_id)
        rest = await self._guarded(operation, _PERFORMERS[type(command)](operation, message.data))
        if rest is None:
            self._message_ids.discard(command.message_id)
            return None
        return operation, rest

    def _refusal(self, operation: Operation[Any]) -> int | None:
        """The status for a request that does not fit its presentation context, or another request."""
        expected = command_of(operation.context.abstract_syntax)
        if type(operation.command) is not expected:
            return UNRECOGNIZED_OPERATION
        if expected is not CStoreRQ and operation.sop_class_uid != operation.context.abstract_syntax:
            return NO_SUCH_SOP_CLASS if expected is NActionRQ else SOP_CLASS_NOT_SUPPORTED
        return DUPLICATE_INVOCATION if operation.command.message_id in self._message_ids else None

    async def _start(self, operation: Operation[Any], rest: Rest) -> None:
        """Go on with an operation beside others, as soon as there are not too many."""
        if len(self._tasks) >= self._width:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._perform(operation, rest))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _perform(self, operation: Operation[Any], rest: Rest) -> None:
        try:
            await self._guarded(operation, rest)
        finally:
            self._message_ids.discard(operation.command.message_id)

    async def _guarded(self, operation: Operation[Any], work: Coroutine[Any, Any, T]) -> T | None:
        """Do some of an operation; what goes wrong becomes its response."""
        try:
            return await work
        except DicomError as error:
            await self._refuse(operation, error)
        except Exception:
            logger.exception("an operation could not be performed", extra=self._facts())
            await self._refuse(operation, DicomError("internal error"))
        return None

    async def _refuse(self, operation: Operation[Any], error: DicomError) -> None:
        """Answer with an error; nobody is there to be told if it is that the association has ended."""
        if self._connection.is_open:
            with suppress(NetworkError):
                await operation.refuse(error)

    def _facts(self) -> dict[str, str]:
        return {
            "calling_ae_title": self._connection.calling_ae_title,
            "called_ae_title": self._connection.called_ae_title,
            "peer_address": self._connection.peer_address,
        }
