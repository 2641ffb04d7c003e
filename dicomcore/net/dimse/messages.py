"""Messages as they come (PS3.7 §6.3): a command set, and the data set that may follow it, in fragments.

The data of a message is passed on as it comes. Fragments of two messages are never mixed (PS3.8 Annex E), so that one
message is read at a time, in whatever presentation context.
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
        if self._context_id not in (None, fragment.context_id):
            raise MalformedCommand("fragments of two messages are mixed")
        if fragment.is_command:
            return self._feed_command(fragment)
        if not self._awaits_data:
            raise MalformedCommand("a data set without a command that announces it")
        events: list[MessageEvent] = []
        if len(fragment.data):
            events.append(DataReceived(fragment.context_id, fragment.data))
        if fragment.is_last:
            self._end()
            events.append(DataEnd(fragment.context_id))
        return events

    def _feed_command(self, fragment: Fragment) -> list[MessageEvent]:
        if self._awaits_data:
            raise MalformedCommand("a command where the data set of another one was to follow")
        self._context_id = fragment.context_id
        if len(self._command) + len(fragment.data) > MAXIMUM_COMMAND:
            raise MalformedCommand(f"a command set of more than {MAXIMUM_COMMAND} bytes")
        self._command += fragment.data
        if not fragment.is_last:
            return []
        command = decode(self._command)
        self._command.clear()
        self._awaits_data = command.has_dataset
        if not self._awaits_data:
            self._end()
        return [CommandReceived(fragment.context_id, command)]

    def _end(self) -> None:
        self._context_id = None
        self._awaits_data = False
