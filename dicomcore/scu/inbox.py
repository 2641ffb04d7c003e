"""What arrives at our own listener because of a C-MOVE of ours (PS3.4 §C.4.2), and who waits for it.

A C-STORE sub-operation names its C-MOVE by Move Originator Application Entity Title and Message ID (PS3.7 §9.3.1.1).
The Message ID of a C-MOVE that is waited for is therefore given out here, where it is unique, and not by its
association. Peers that leave the originator out are told by their AE title and by the UIDs of the instance.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from dicomcore.net.dimse.commands import CStoreRQ
from dicomcore.resources import Resource
from dicomcore.scu.arrivals import Received, Sink

_MAX_MESSAGE_ID = 0xFFFF


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """Instances of a resource that a node was asked to send here."""

    message_id: int
    node_ae_title: str
    resource: Resource
    sink: Sink

    async def deliver(self, received: Received) -> int:
        """Hand over an instance that was stored; the status to answer. Its spool is no longer the caller's."""
        return await self.sink(received)


class Inbox:
    """All instances that are waited for by this process, under one AE title; ``first`` is its first Message ID.

    Processes that share an AE title should begin at numbers far apart, so that one can tell what another waits for.
    """

    def __init__(self, ae_title: str, first: int = 1) -> None:
        self.ae_title = ae_title
        self._numbers = count(first)
        self._expected: dict[int, Expectation] = {}

    @contextmanager
    def expect(self, node_ae_title: str, resource: Resource, sink: Sink) -> Iterator[Expectation]:
        """Wait for the instances of a resource while in the context.

        Its ``message_id`` has to be that of the C-MOVE-RQ. `Arrivals.take` is a sink that can be iterated over.
        """
        expectation = Expectation(self._next_message_id(), node_ae_title, resource, sink)
        self._expected[expectation.message_id] = expectation
        try:
            yield expectation
        finally:
            del self._expected[expectation.message_id]

    def offer(self, command: CStoreRQ, calling_ae_title: str, resource: Resource | None = None) -> Expectation | None:
        """Say who waits for an instance, if anybody does.

        ``resource`` is the instance by all its UIDs, as soon as they are known. Without them, those who sent no Move
        Originator can be told only where one C-MOVE is open to them, or one for this very instance.
        """
        originator = command.move_originator_application_entity_title
        if originator and command.move_originator_message_id is not None:
            found = self._expected.get(command.move_originator_message_id)
            return found if originator == self.ae_title else None
        known = resource or Resource(sop_instance_uid=command.affected_sop_instance_uid)
        return next(
            (
                one
                for one in self._expected.values()
                if one.node_ae_title == calling_ae_title and _covers(one.resource, known)
            ),
            None,
        )

    def _next_message_id(self) -> int:
        """Numbers in turn, but for those in use: what comes late belongs to nobody then."""
        wrapped = ((number - 1) % _MAX_MESSAGE_ID + 1 for number in self._numbers)
        return next(number for number in wrapped if number not in self._expected)


def _covers(expected: Resource, instance: Resource) -> bool:
    """Say whether an instance lies in what is expected; all its UIDs have to be known that are expected."""
    pairs = (
        (expected.study_instance_uid, instance.study_instance_uid),
        (expected.series_instance_uid, instance.series_instance_uid),
        (expected.sop_instance_uid, instance.sop_instance_uid),
    )
    named = [(wanted, found) for wanted, found in pairs if wanted is not None]
    if expected.sop_instance_uid is not None and expected.sop_instance_uid == instance.sop_instance_uid:
        return True
    return all(wanted == found for wanted, found in named)
