"""One operation that a peer has invoked (PS3.7 §7.5): its command, its identifier, and the way to answer.

A performer is called with the operation and the data set of its message, reads of that what it needs, and returns the
rest of its work: while that is done the next message can be received, if the window of the association allows.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast

from dicomcore.data import Dataset, read_dataset, transfer_syntax, write_dataset
from dicomcore.errors import DicomError, MalformedCommand
from dicomcore.net.connection import Connection, DataStream
from dicomcore.net.dimse.commands import (
    COMMANDS,
    CEchoRQ,
    CFindRQ,
    CGetRQ,
    CMoveRQ,
    CStoreRQ,
    NActionRQ,
    NCreateRQ,
    NDeleteRQ,
    NEventReportRQ,
    NGetRQ,
    NSetRQ,
    Request,
    Response,
)
from dicomcore.net.dimse.status import Service, status_of
from dicomcore.net.ul.association import AcceptedContext
from dicomcore.nodes import Nodes
from dicomcore.scp.acceptance import agreed
from dicomcore.scp.suboperations import Invoker
from dicomcore.scu.inbox import Inbox
from dicomcore.scu.pool import Pool
from dicomcore.source import Source
from dicomcore.threads import Threads

if TYPE_CHECKING:
    from dicomcore.scp.commitment import Commitments

MAXIMUM_IDENTIFIER = 4 << 20  # bytes
_MAXIMUM_COMMENT = 64  # characters of Error Comment, an LO
_RESPONSE = 0x8000

SERVICES: Mapping[type[Request], Service] = {
    CEchoRQ: Service.ECHO,
    CStoreRQ: Service.STORE,
    CFindRQ: Service.FIND,
    CGetRQ: Service.GET,
    CMoveRQ: Service.MOVE,
    NEventReportRQ: Service.EVENT_REPORT,
    NGetRQ: Service.N_GET,
    NSetRQ: Service.SET,
    NActionRQ: Service.ACTION,
    NCreateRQ: Service.CREATE,
    NDeleteRQ: Service.DELETE,
}

C = TypeVar("C", bound=Request)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a provider performs operations with; ``ae_title`` is its own, ``inbox`` what C-MOVEs of ours wait for.

    ``reassurance_seconds`` are between two signs of life while a retrieve looks for its instances.
    """

    source: Source
    nodes: Nodes
    ae_title: str
    pool: Pool
    threads: Threads
    commitments: Commitments
    inbox: Inbox | None = None
    reassurance_seconds: float = 10.0


class Operation(Generic[C]):
    """An operation that is to be performed; ``invoker`` invokes sub-operations on the same association."""

    def __init__(
        self,
        connection: Connection,
        context: AcceptedContext,
        command: C,
        surroundings: Surroundings,
        invoker: Invoker,
    ) -> None:
        self.connection = connection
        self.context = context
        self.command = command
        self.surroundings = surroundings
        self.invoker = invoker

    @property
    def source(self) -> Source:
        """Who holds the instances."""
        return self.surroundings.source

    @property
    def sop_class_uid(self) -> str:
        """The SOP Class that the command is about: the affected one, or the requested one."""
        command = self.command
        if isinstance(command, NGetRQ | NSetRQ | NActionRQ | NDeleteRQ):
            return command.requested_sop_class_uid
        return command.affected_sop_class_uid

    @cached_property
    def agreed(self) -> bytes:
        """What was agreed on for the SOP Class by extended negotiation."""
        return agreed(self.connection.peer, self.context.abstract_syntax)

    @property
    def is_cancelled(self) -> bool:
        """Whether the peer has sent a C-CANCEL-RQ (PS3.7 §9.3.2.3)."""
        return self.connection.poll_cancel(self.command.message_id)

    def response(self, status: int, *, has_dataset: bool = False, **fields: Any) -> Response:
        """Make a response; ``fields`` are those of its command set beyond the common ones."""
        return cast("type[Response]", COMMANDS[self.command.field | _RESPONSE])(
            message_id_being_responded_to=self.command.message_id,
            affected_sop_class_uid=self.sop_class_uid,
            status=status,
            has_dataset=has_dataset,
            **fields,
        )

    async def respond(self, status: int, dataset: Dataset | None = None, /, **fields: Any) -> None:
        """Send a response."""
        response = self.response(status, has_dataset=dataset is not None, **fields)
        data = None if dataset is None else encoded(dataset, self.context)
        await self.connection.send(self.context.context_id, response, data)

    async def refuse(self, error: DicomError) -> None:
        """Answer with the status of an error, what it says, and the attribute that it is about."""
        status = status_of(error, SERVICES[cast(type[Request], type(self.command))])
        tag = getattr(error, "tag", None)
        await self.respond(status, error_comment=comment(str(error)), offending_element=() if tag is None else (tag,))


Rest: TypeAlias = Coroutine[Any, Any, None]
Performer: TypeAlias = Callable[[Operation[Any], DataStream | None], Coroutine[Any, Any, Rest]]


def with_identifier(perform: Callable[[Operation[C], Dataset], Coroutine[Any, Any, None]]) -> Performer:
    """Make a performer of a function that needs the whole data set, which is small."""

    async def begin(operation: Operation[C], data: DataStream | None) -> Rest:
        if data is None:
            raise MalformedCommand("the message has no data set")
        content = await data.read(MAXIMUM_IDENTIFIER)
        return perform(operation, read_dataset(content, transfer_syntax(operation.context.transfer_syntax)))

    return begin


def encoded(dataset: Dataset, context: AcceptedContext) -> list[bytes]:
    """Encode a data set in the transfer syntax of a presentation context, before anything of it is sent."""
    return [b"".join(write_dataset(dataset, transfer_syntax(context.transfer_syntax)))]


def comment(sentence: str) -> str:
    """Make an Error Comment (PS3.7 Annex C), which is short, of a sentence."""
    return sentence.encode("ascii", "replace").decode()[:_MAXIMUM_COMMENT]
