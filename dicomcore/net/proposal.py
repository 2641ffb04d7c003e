"""What a requestor says before there is an association: where to, what for, and how long it waits."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from dicomcore.net.ul.association import MAXIMUM_LENGTH
from dicomcore.net.ul.items import (
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from dicomcore.net.ul.negotiation import propose
from dicomcore.net.ul.pdu import AssociateRQ

SYNCHRONOUS = (1, 1)  # the window of those who negotiate none (PS3.7 §D.3.3.3)


@dataclass(frozen=True, slots=True)
class Address:
    """Where an application entity listens; with ``tls`` the connection is encrypted from the start."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long is waited, in seconds: PS3.8 §9.1.5 for ``artim``, and the timers of the application.

    ``connect`` is for the TCP and TLS connection, ``association`` for the answer to A-ASSOCIATE-RQ and A-RELEASE-RQ,
    ``dimse`` for a response, for the rest of a data set, and for a peer that does not read what we send; ``idle`` for
    the next message when nothing is under way.
    """

    connect: float = 10.0
    association: float = 30.0
    artim: float = 30.0
    dimse: float = 60.0
    idle: float = 60.0


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is asked for in A-ASSOCIATE-RQ (PS3.8 §9.3.2); ``contexts`` are SOP Classes with transfer syntaxes."""

    calling_ae_title: str
    called_ae_title: str
    contexts: Sequence[tuple[str, Sequence[str]]]
    roles: tuple[RoleSelection, ...] = ()
    extended: tuple[ExtendedNegotiation, ...] = ()
    common_extended: tuple[CommonExtendedNegotiation, ...] = ()
    user_identity: UserIdentity | None = None
    asynchronous: tuple[int, int] = SYNCHRONOUS
    maximum_length: int = MAXIMUM_LENGTH

    def to_rq(self) -> AssociateRQ:
        """Make the PDU."""
        information = UserInformation(
            maximum_length=self.maximum_length,
            asynchronous_operations_window=None if self.asynchronous == SYNCHRONOUS else self.asynchronous,
            role_selections=self.roles,
            extended_negotiations=self.extended,
            common_extended_negotiations=self.common_extended,
            user_identity=self.user_identity,
        )
        return AssociateRQ(self.called_ae_title, self.calling_ae_title, propose(self.contexts), information)
