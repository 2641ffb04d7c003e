"""What the two sides of an association have told each other and agreed on."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from dicomcore.net.driver import Driver
from dicomcore.net.proposal import SYNCHRONOUS
from dicomcore.net.ul.association import AcceptedContext, Association, Role
from dicomcore.net.ul.items import UserInformation
from dicomcore.net.ul.pdu import AssociateAC

_NOTHING_SAID = UserInformation(implementation_class_uid="", implementation_version_name="")


class Agreement:
    """The facts of an association, the same from its beginning to its end; `Connection` is one."""

    def __init__(self, association: Association, driver: Driver) -> None:
        self.association = association
        self.driver = driver
        self._answer: AssociateAC | None = None

    @property
    def calling_ae_title(self) -> str:
        """The AE title of who asked for the association."""
        return "" if self.association.rq is None else self.association.rq.calling_ae_title

    @property
    def called_ae_title(self) -> str:
        """The AE title of who was asked."""
        return "" if self.association.rq is None else self.association.rq.called_ae_title

    @property
    def peer_address(self) -> str:
        """The IP address of the peer."""
        return self.driver.peer_address

    @property
    def peer(self) -> UserInformation:
        """What the peer has said about itself."""
        return self.association.peer or _NOTHING_SAID

    @property
    def peer_certificate(self) -> Mapping[str, Any] | None:
        """The verified certificate of the peer, as `ssl.SSLSocket.getpeercert` gives it; None if there is none."""
        tls = self.driver.tls
        return (tls.getpeercert() or None) if isinstance(tls, ssl.SSLObject) else None

    @property
    def is_encrypted(self) -> bool:
        """Whether this is TLS."""
        return self.driver.tls is not None

    @property
    def accepted(self) -> Mapping[int, AcceptedContext]:
        """The presentation contexts that both sides have agreed on."""
        return self.association.accepted

    @property
    def max_operations_invoked(self) -> int:
        """How many operations we may have under way at once; 0 is no limit (PS3.7 §D.3.3.3)."""
        return self._window[0 if self.association.role is Role.REQUESTOR else 1]

    @property
    def max_operations_performed(self) -> int:
        """How many operations the peer may have under way at once; 0 is no limit (PS3.7 §D.3.3.3)."""
        return self._window[1 if self.association.role is Role.REQUESTOR else 0]

    @property
    def _window(self) -> tuple[int, int]:
        agreed = None if self._answer is None else self._answer.user_information.asynchronous_operations_window
        return agreed or SYNCHRONOUS

    def context_for(
        self, sop_class_uid: str, transfer_syntax_uid: str | None = None, *, as_scp: bool = False
    ) -> AcceptedContext | None:
        """Find an accepted presentation context in which we are SCU, or SCP."""
        for context in self.accepted.values():
            has_role = context.we_are_scp if as_scp else context.we_are_scu
            is_meant = has_role and context.abstract_syntax == sop_class_uid
            if is_meant and transfer_syntax_uid in (None, context.transfer_syntax):
                return context
        return None

    def facts(self) -> dict[str, str]:
        """What tells this association from others in the log."""
        return {
            "calling_ae_title": self.calling_ae_title,
            "called_ae_title": self.called_ae_title,
            "peer_address": self.peer_address,
        }
