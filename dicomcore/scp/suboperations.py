"""Operations that we invoke: C-STORE sub-operations of a C-GET or C-MOVE (PS3.4 §C.4.2, §C.4.3), and event reports.

An `Invoker` sends requests on an association and brings each response to whoever waits for it, several at once if the
peer's asynchronous operations window allows. `Progress` counts what became of the sub-operations.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from dicomcore.data import Buffer, Dataset, new_dataset
from dicomcore.errors import AssociationAborted, NetworkError
from dicomcore.net.connection import Connection, Message
from dicomcore.net.dimse.commands import Request, Response
from dicomcore.net.dimse.status import (
    CANCEL,
    CANNOT_PERFORM_SUBOPERATIONS,
    SOME_SUBOPERATIONS_FAILED,
    SUCCESS,
    Category,
    category,
)

logger = logging.getLogger(__name__)

FAILED_SOP_INSTANCE_UID_LIST = 0x00080058
_MOST = 0xFFFF  # that the counts of a response, and what is in flight, can be
_IN_FLIGHT = 8


class Invoker:
    """Invokes operations on an association; ``take`` is given what comes and is no response, while `receiving`."""

    def __init__(self, connection: Connection, take: Callable[[Message], Awaitable[None]]) -> None:
        self.connection = connection
        self._take = take
        self._waiting: dict[int, asyncio.Future[Response]] = {}
        self._is_stopped = False
        self._is_between_messages = False

    async def invoke(
        self,
        context_id: int,
        request: Request,
        data: AsyncIterable[Buffer] | Iterable[Buffer] | None = None,
    ) -> Response:
        """Send a request and wait for its response, which somebody has to receive meanwhile.

        Raises:
            NetworkError: the association has ended; the connection sees to it that the peer answers in time.
        """
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting[request.message_id] = answer
        try:
            await self.connection.send(context_id, request, data)
            return await answer
        finally:
            del self._waiting[request.message_id]

    def deliver(self, response: Response) -> None:
        """Bring a response to who waits for it; one that nobody waits for any more is dropped."""
        answer = self._waiting.get(response.message_id_being_responded_to)
        if answer is not None and not answer.done():
            answer.set_result(response)

    def fail(self) -> None:
        """Tell all who wait that there will be no response."""
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(AssociationAborted())

    @asynccontextmanager
    async def receiving(self) -> AsyncIterator[None]:
        """Receive what the peer sends while in the context; nothing that has begun to arrive is left half read."""
        self._is_stopped = False
        task = asyncio.create_task(self._receive())
        try:
            yield
        finally:
            self._is_stopped = True
            if self._is_between_messages:
                task.cancel()
            await asyncio.wait([task])

    async def _receive(self) -> None:
        try:
            while not self._is_stopped and (message := await self._next()) is not None:
                if isinstance(message.command, Response):
                    self.deliver(message.command)
                else:
                    await self._take(message)
        except NetworkError:
            logger.debug("the association ended during an operation")
        self.fail()

    async def _next(self) -> Message | None:
        self._is_between_messages = True
        try:
            return await self.connection.receive()
        finally:
            self._is_between_messages = False


def window(connection: Connection) -> int:
    """How many sub-operations are invoked at once: as many as the peer agreed to, within reason (PS3.7 §D.3.3.3)."""
    return min(connection.max_operations_invoked or _IN_FLIGHT, _IN_FLIGHT)


@dataclass(slots=True)
class Progress:
    """What became of sub-operations (PS3.4 §C.4.2.1.6 to §C.4.2.1.9)."""

    remaining: int
    completed: int = 0
    failed: int = 0
    warning: int = 0
    is_cancelled: bool = False
    failed_sop_instance_uids: list[str] = field(default_factory=list)

    def note(self, sop_instance_uid: str, status: int) -> None:
        """Count a sub-operation that ended with ``status``."""
        self.remaining -= 1
        match category(status):
            case Category.SUCCESS:
                self.completed += 1
            case Category.WARNING:
                self.warning += 1
            case _:
                self.failed += 1
                self.failed_sop_instance_uids.append(sop_instance_uid)

    @property
    def final_status(self) -> int:
        """The status of the final response."""
        if self.is_cancelled:
            return CANCEL
        if not self.failed and not self.warning:
            return SUCCESS
        return SOME_SUBOPERATIONS_FAILED if self.completed or self.warning else CANNOT_PERFORM_SUBOPERATIONS

    @property
    def counts(self) -> dict[str, int]:
        """The counts of a response that is not the last one, or of a cancelled operation."""
        return {"number_of_remaining_suboperations": min(self.remaining, _MOST)} | self.final_counts

    @property
    def final_counts(self) -> dict[str, int]:
        """The counts of the last response, of which nothing remains (PS3.7 §9.1.3.1, §9.1.4.1)."""
        return {
            "number_of_completed_suboperations": min(self.completed, _MOST),
            "number_of_failed_suboperations": min(self.failed, _MOST),
            "number_of_warning_suboperations": min(self.warning, _MOST),
        }

    def identifier(self) -> Dataset | None:
        """The identifier of the last response: the Failed SOP Instance UID List, if there is anything to list."""
        if not self.failed_sop_instance_uids:
            return None
        dataset = new_dataset()
        dataset.put(FAILED_SOP_INSTANCE_UID_LIST, "UI", *self.failed_sop_instance_uids)
        return dataset
