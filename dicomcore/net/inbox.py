"""Messages that have arrived on an association and wait for whoever receives them.

Requests beyond the one that is served wait their turn (PS3.7 §D.3.3.3). When too much waits, the peer is made to wait
as well: `Inbox` asks for that, and for going on, through the two functions it is given. C-CANCEL is no message that
waits: it is noted as it arrives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dicomcore.net.dimse.commands import CCancelRQ, Command
from dicomcore.net.dimse.messages import CommandReceived, DataReceived, MessageReader
from dicomcore.net.dimse.status import Category, category
from dicomcore.net.streams import DataStream
from dicomcore.net.ul.association import AcceptedContext, Fragment

MOST_WAITING_BYTES = 1 << 20  # of data sets that nobody has asked for yet
MOST_WAITING_MESSAGES = 256
_MOST_CANCELS = 64


@dataclass(frozen=True, slots=True)
class Message:
    """A message that has arrived, up to its data set: that one may still be on its way."""

    context: AcceptedContext
    command: Command
    data: DataStream | None = None


class Inbox:
    """What has arrived on one association."""

    def __init__(
        self,
        accepted: Callable[[], Mapping[int, AcceptedContext]],
        pause: Callable[[], None],
        resume: Callable[[], None],
    ) -> None:
        self.outstanding: dict[int, None] = {}  # message IDs of our requests that the peer has not answered
        self._accepted = accepted
        self._pause = pause
        self._resume = resume
        self._reader = MessageReader()
        self._messages: deque[Message] = deque()
        self._given: DataStream | None = None  # the data set of the message that was taken out last
        self._incoming: DataStream | None = None  # the data set that is on its way
        self._waiting_bytes = 0
        self._cancels: dict[int, None] = {}

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def is_receiving(self) -> bool:
        """Whether a data set is on its way."""
        return self._incoming is not None

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits, nothing is on its way, and nothing is to be answered by the peer."""
        return not (self._messages or self.outstanding or self._incoming)

    def take(self, fragment: Fragment) -> bool:
        """Take a fragment; return whether a message has come. Raises `MalformedCommand`."""
        has_come = False
        for event in self._reader.feed(fragment):
            if type(event) is DataReceived:
                if self._incoming is not None:
                    self._incoming.push(event.data)
            elif type(event) is CommandReceived:
                has_come |= self._take_command(event.context_id, event.command)
            elif self._incoming is not None:
                self._incoming.end()
                self._incoming = None
        return has_come

    def next(self) -> Message:
        """Give out the next message."""
        message = self._messages.popleft()
        self._given = message.data
        self._balance()
        return message

    def drop_rest(self) -> None:
        """Drop what is left of the data set of the message that was given out last."""
        if self._given is not None:
            self._given.discard()
            self._given = None

    def drop_all(self) -> None:
        """Drop everything, also what still comes."""
        while self._messages:
            message = self._messages.popleft()
            if message.data is not None:
                message.data.discard()
        self.drop_rest()
        if self._incoming is not None:
            self._incoming.discard()

    def fail(self, error: Exception) -> None:
        """End what is incomplete; messages that came as a whole can still be received."""
        for stream in (self._given, self._incoming):
            if stream is not None:
                stream.fail(error)
        self._messages = deque(one for one in self._messages if one.data is None or one.data.is_complete)

    def is_cancelled(self, message_id: int) -> bool:
        """Whether a C-CANCEL-RQ for this request has come."""
        return message_id in self._cancels

    def _take_command(self, context_id: int, command: Command) -> bool:
        if isinstance(command, CCancelRQ):
            self._note_cancel(command.message_id_being_responded_to)
            return False
        answered = getattr(command, "message_id_being_responded_to", None)
        if answered is None:
            self._cancels.pop(getattr(command, "message_id", 0), None)  # an earlier request had this number
        elif category(getattr(command, "status", 0)) is not Category.PENDING:
            self.outstanding.pop(answered, None)
        if command.has_dataset:
            self._incoming = DataStream(self._flow)
        self._messages.append(Message(self._accepted()[context_id], command, self._incoming))
        self._balance()
        return True

    def _note_cancel(self, message_id: int) -> None:
        self._cancels[message_id] = None
        if len(self._cancels) > _MOST_CANCELS:
            del self._cancels[next(iter(self._cancels))]

    def _flow(self, size: int) -> None:
        self._waiting_bytes += size
        self._balance()

    def _balance(self) -> None:
        bytes_here, messages_here = self._waiting_bytes, len(self._messages)
        if bytes_here > MOST_WAITING_BYTES or messages_here > MOST_WAITING_MESSAGES:
            self._pause()
        elif bytes_here <= MOST_WAITING_BYTES // 2 and messages_here <= MOST_WAITING_MESSAGES // 2:
            self._resume()
