"""What an association tells the service user: the indication and confirmation primitives of PS3.8 §7, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from dicomcore.net.ul.pdu import AssociateAC, AssociateRJ, AssociateRQ


class Fragment(NamedTuple):
    """Some of a command set or of a data set; ``is_last`` is true of the last piece of it.

    Pieces are as they arrive: one presentation data value may come as several. ``data`` is a view of what was fed.
    """

    context_id: int
    is_command: bool
    is_last: bool
    data: memoryview


@dataclass(frozen=True, slots=True)
class AssociateIndication:
    """The peer asks for an association: accept or reject it."""

    rq: AssociateRQ


@dataclass(frozen=True, slots=True)
class AssociateConfirmation:
    """The peer has accepted the association, or rejected it."""

    answer: AssociateAC | AssociateRJ


@dataclass(frozen=True, slots=True)
class ReleaseIndication:
    """The peer asks to end the association: `Association.respond_to_release`."""


@dataclass(frozen=True, slots=True)
class ReleaseConfirmation:
    """The peer has agreed to end the association."""


@dataclass(frozen=True, slots=True)
class AbortIndication:
    """The association is over: aborted by the peer (A-ABORT), or by us or the network (A-P-ABORT).

    ``problem`` says what was wrong if it was not the peer who aborted.
    """

    source: int
    reason: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class TransportClosed:
    """The connection is closed, and there was no association any more, or none yet."""


Indication: TypeAlias = (
    Fragment
    | AssociateIndication
    | AssociateConfirmation
    | ReleaseIndication
    | ReleaseConfirmation
    | AbortIndication
    | TransportClosed
)
