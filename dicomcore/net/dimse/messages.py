"""Messages as they come (PS3.7 §6.3): a command set, and the data set that may follow it, in fragments.

The data of a message is passed on as it comes, uncopied. Fragments of two messages are never mixed (PS3.8 Annex E), so
that one message is read at a time, in whatever presentation context.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from dicomcore.errors import MalformedCommand
from dicomcore.net.dimse.commands import Command, decode
from dicomcore.net.ul.association import Fragment

MAXIMUM_COMMAND = 65_536  # bytes


class CommandReceived(NamedTuple):
    """A command set is complete; its data set, if it has one, follows."""

    context_id: int
    command: Command


class DataReceived(NamedTuple):
    """Some of the data set."""

    context_id: int
    data: memoryview


class DataEnd(NamedTuple):
    """The data set is complete."""

    context_id: int


MessageEvent: TypeAlias = CommandReceived | DataReceived | DataEnd


class MessageReader:
    """Reads the messages of one direction of an association."""

    def __init__(self) -> None:
        self._command = bytearray()
        self._context_id: int | None = None  # of the message that is being read
        self._awaits_data = False

    def feed(self, fragment: Fragment) -> list[MessageEvent]:
        """Take a fragment; raises `MalformedCommand`, after which the association has to be aborted."""
        context_id, is_command, is_last, data = fragment
        if self._context_id is not None and self._context_id != context_id:
            raise MalformedCommand("fragments of two messages are mixed")
        if is_command:
            return self._feed_command(context_id, is_last, data)
        if not self._awaits_data:
            raise MalformedCommand("a data set comes without a command that announces it")
        events: list[MessageEvent] = [DataReceived(context_id, data)] if len(data) else []
        if is_last:
            self._context_id, self._awaits_data = None, False
            events.append(DataEnd(context_id))
        return events

    def _feed_command(self, context_id: int, is_last: bool, data: memoryview) -> list[MessageEvent]:
        if self._awaits_data:
            raise MalformedCommand("a command comes where the data set of another one was to follow")
        if len(self._command) + len(data) > MAXIMUM_COMMAND:
            raise MalformedCommand(f"a command set has more than {MAXIMUM_COMMAND} bytes")
        self._context_id = context_id
        self._command += data
        if not is_last:
            return []
        command = decode(self._command)
        self._command.clear()
        self._awaits_data = command.has_dataset
        if not command.has_dataset:
            self._context_id = None
        return [CommandReceived(context_id, command)]
