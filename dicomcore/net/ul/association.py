"""One association over one transport connection (PS3.8), without input or output.

Whoever drives it hands in what happens (`Association.receive`, `Association.transport_closed`, ...), gets back
indications, writes what `Association.take_output` gives and closes the transport when ``should_close`` says so.
``artim`` is 0 while the ARTIM timer is stopped and another number each time it is started anew.

A request is made before the transport is there: `Association.request`, then `Association.transport_connected`.

Where the table lets the service user abort although a PDU of the peer is to blame (AA-1), A-ABORT names the service
provider and the reason all the same: it says more, and no peer minds. Two A-ABORT are all that is sent: a peer that
keeps sending rubbish until the ARTIM timer runs out, and reads nothing, would fill our memory with more of them (AA-7).
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace

from dicomcore.data import Buffer
from dicomcore.errors import UnexpectedCall
from dicomcore.net.ul.data_transfer import data_pdus
from dicomcore.net.ul.indications import (
    AbortIndication,
    AssociateConfirmation,
    AssociateIndication,
    Fragment,
    Indication,
    ReleaseConfirmation,
    ReleaseIndication,
    TransportClosed,
)
from dicomcore.net.ul.items import UserInformation
from dicomcore.net.ul.negotiation import AcceptedContext, accepted_contexts
from dicomcore.net.ul.pdu import (
    PROTOCOL_VERSION_NOT_SUPPORTED,
    Abort,
    AbortReason,
    AbortSource,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    Pdu,
    ReleaseRP,
    ReleaseRQ,
    check_ae_title,
)
from dicomcore.net.ul.pdu_reader import PduReader
from dicomcore.net.ul.state import OUTCOMES, TRANSITIONS, Action, Event, State, Step

__all__ = [
    "MAXIMUM_LENGTH",
    "MAXIMUM_REQUEST",
    "AbortIndication",
    "AcceptedContext",
    "AssociateConfirmation",
    "AssociateIndication",
    "Association",
    "Fragment",
    "Indication",
    "ReleaseConfirmation",
    "ReleaseIndication",
    "Role",
    "TransportClosed",
]

MAXIMUM_LENGTH = 262_144  # bytes of a P-DATA-TF PDU that we receive
MAXIMUM_REQUEST = 1 << 20  # bytes of any other PDU


class Role(enum.Enum):
    """Who asked for the association."""

    REQUESTOR = "requestor"
    ACCEPTOR = "acceptor"


_UNSPECIFIED = Abort(AbortSource.SERVICE_PROVIDER, AbortReason.NOT_SPECIFIED)


@dataclass(frozen=True, slots=True)
class _Cause:
    """What comes with an event: the PDU to send, primitives to issue, and why to abort if the action is that."""

    pdu: bytes = b""
    indications: tuple[Indication, ...] = ()
    abort: Abort = _UNSPECIFIED
    problem: str = ""


_INDICATIONS: dict[type[Pdu], Callable[..., Indication]] = {
    AssociateRQ: AssociateIndication,
    AssociateAC: AssociateConfirmation,
    AssociateRJ: AssociateConfirmation,
    ReleaseRQ: lambda _: ReleaseIndication(),
    ReleaseRP: lambda _: ReleaseConfirmation(),
    Abort: lambda abort: AbortIndication(abort.source, abort.reason),
}
# In which states data comes and goes, and for which actions the content of a PDU matters, is in the tables.
_RECEIVES_DATA = {state for state in State if TRANSITIONS.get((state, Event.P_DATA_TF)) in (Action.DT_2, Action.AR_6)}
_SENDS_DATA = {state for state in State if (state, Event.DATA_REQUEST) in TRANSITIONS}
_READS_PDU = {action for action, outcome in OUTCOMES.items() if Step.ISSUE in outcome.steps}
_IS_DEAF = (State.IDLE, State.AWAITING_TRANSPORT)


class Association:
    """The state of one association. Methods for what happens return indications; those for what we want queue bytes.

    The latter raise `UnexpectedCall` where the state does not allow them.
    """

    def __init__(
        self, role: Role, *, maximum_length: int = MAXIMUM_LENGTH, maximum_request: int = MAXIMUM_REQUEST
    ) -> None:
        self.role = role
        self.state = State.IDLE
        self.should_close = False
        self.artim = 0
        self.accepted: dict[int, AcceptedContext] = {}
        self.peer: UserInformation | None = None
        self.rq: AssociateRQ | None = None
        self._maximum_length = maximum_length
        self._timers_started = 0
        self._output: list[Buffer] = []
        self._indications: list[Indication] = []
        self._responds_to_release = False
        self._aborts_left = 2
        self._reader = PduReader(self, self._indications, maximum_request)

    @property
    def artim_running(self) -> bool:
        """Whether the ARTIM timer (PS3.8 §9.1.5) runs."""
        return self.artim != 0

    # What happens

    def transport_connected(self) -> list[Indication]:
        """Take note that the connection is there: of a requestor, that it is confirmed; of an acceptor, indicated."""
        if self.role is Role.ACCEPTOR:
            return self._happens(Event.TRANSPORT_INDICATED)
        return self._happens(Event.TRANSPORT_CONFIRMED, _Cause(self.rq.encode() if self.rq else b""))

    def transport_closed(self) -> list[Indication]:
        """Take note that the connection is closed, by whomever; after the end of everything that is no news."""
        if self.state is State.IDLE:
            return []
        lost = AbortIndication(AbortSource.SERVICE_PROVIDER, AbortReason.NOT_SPECIFIED, "the connection was closed")
        return self._happens(Event.TRANSPORT_CLOSED, _Cause(indications=(lost,))) or [TransportClosed()]

    def artim_expired(self) -> list[Indication]:
        """Take note that the ARTIM timer has run out; a timer that was stopped meanwhile does nothing."""
        return self._happens(Event.ARTIM_EXPIRED) if self.artim else []

    def receive(self, data: Buffer) -> list[Indication]:
        """Take bytes as they come; fragments in the answer are views of ``data``. Nothing is raised, whatever comes."""
        if self.state not in _IS_DEAF:
            self._reader.feed(memoryview(data))
        return self._take_indications()

    # What we want

    def request(self, rq: AssociateRQ) -> None:
        """Ask for an association, as soon as the connection is there."""
        check_ae_title(rq.called_ae_title)
        check_ae_title(rq.calling_ae_title)
        rq = replace(rq, user_information=self._announce(rq.user_information))
        rq.encode()  # what cannot be sent is told now
        self._wants(Event.ASSOCIATE_REQUEST)
        self.rq = rq

    def accept(self, ac: AssociateAC) -> None:
        """Accept the association that the peer asked for."""
        ac = replace(ac, user_information=self._announce(ac.user_information))
        self._wants(Event.ACCEPT_RESPONSE, ac.encode())
        self._agree(ac)

    def reject(self, rj: AssociateRJ) -> None:
        """Reject the association that the peer asked for."""
        self._wants(Event.REJECT_RESPONSE, rj.encode())

    def release(self) -> None:
        """Ask to end the association in order."""
        self._wants(Event.RELEASE_REQUEST, ReleaseRQ().encode())

    def respond_to_release(self) -> None:
        """Agree to end the association.

        When both sides ask at once, the acceptor's answer has to wait for the requestor's (PS3.8 §7.2.2): it is kept
        until then.
        """
        if self.state is State.COLLISION_ACCEPTOR_RP:
            self._responds_to_release = True
        else:
            self._wants(Event.RELEASE_RESPONSE, ReleaseRP().encode())

    def abort(self, source: int = AbortSource.SERVICE_USER, reason: int = AbortReason.NOT_SPECIFIED) -> None:
        """End the association at once. Where there is none, not yet or not any more, the transport is to be closed."""
        if (self.state, Event.ABORT_REQUEST) in TRANSITIONS:
            self._do(TRANSITIONS[self.state, Event.ABORT_REQUEST], _Cause(abort=Abort(source, reason)))
        else:
            self.should_close = True

    def send_data(self, context_id: int, is_command: bool, data: Buffer, is_last: bool) -> None:
        """Send some of a command set or data set, cut to what the peer can receive; views of ``data`` are queued."""
        if self.state not in _SENDS_DATA:
            raise UnexpectedCall(f"data cannot be sent in {self.state!r}")
        maximum_length = self.peer.maximum_length if self.peer else 0
        self._output += data_pdus(context_id, is_command, data, is_last, maximum_length)

    def take_output(self) -> list[Buffer]:
        """What has to be written, in order."""
        output, self._output = self._output, []
        return output

    # What the reader of PDUs asks and tells

    def expects(self, event: Event) -> bool:
        """Whether the content of a PDU of this kind matters now: the table has something to issue from it."""
        return TRANSITIONS[self.state, event] in _READS_PDU

    def take(self, event: Event, pdu: Pdu) -> None:
        """Take a PDU that was expected when it began."""
        action = TRANSITIONS[self.state, event]
        if action is Action.AE_6 and isinstance(pdu, AssociateRQ):
            self.rq, self.peer = pdu, pdu.user_information
            action = action if pdu.protocol_version & 1 else Action.AE_8
        elif action is Action.AE_3 and isinstance(pdu, AssociateAC):
            self.peer = pdu.user_information
            self._agree(pdu)
        self._do(action, _Cause(PROTOCOL_VERSION_NOT_SUPPORTED.encode(), (_INDICATIONS[type(pdu)](pdu),)))
        if self._responds_to_release and action is Action.AR_10:
            self.respond_to_release()

    def refuse(self, event: Event, reason: AbortReason, problem: str) -> None:
        """Do what the table says about a PDU that is wrong, here or at all."""
        abort = Abort(AbortSource.SERVICE_PROVIDER, reason)
        self._do(TRANSITIONS[self.state, event], _Cause(abort=abort, problem=f"{problem}, in {self.state!r}"))

    # The state machine

    def _happens(self, event: Event, cause: _Cause | None = None) -> list[Indication]:
        self._do(self._action(event), cause)
        return self._take_indications()

    def _wants(self, event: Event, pdu: bytes = b"") -> None:
        self._do(self._action(event), _Cause(pdu))

    def _action(self, event: Event) -> Action:
        action = TRANSITIONS.get((self.state, event))
        if action is None:
            raise UnexpectedCall(f"{event.name} is not possible in {self.state!r}")
        return action

    def _do(self, action: Action, cause: _Cause | None = None) -> None:
        outcome = OUTCOMES[action]
        self.state = outcome.acceptor_state or outcome.next_state if self.role is Role.ACCEPTOR else outcome.next_state
        self._reader.takes_data = self.state in _RECEIVES_DATA
        for step in outcome.steps:
            _STEPS[step](self, cause or _Cause())

    def _send(self, cause: _Cause) -> None:
        self._output.append(cause.pdu)

    def _send_abort(self, cause: _Cause) -> None:
        if self._aborts_left:
            self._aborts_left -= 1
            self._output.append(cause.abort.encode())

    def _issue(self, cause: _Cause) -> None:
        self._indications += cause.indications

    def _issue_abort(self, cause: _Cause) -> None:
        self._indications.append(AbortIndication(cause.abort.source, cause.abort.reason, cause.problem))

    def _start_artim(self, _: _Cause) -> None:
        self._timers_started += 1
        self.artim = self._timers_started

    def _stop_artim(self, _: _Cause) -> None:
        self.artim = 0

    def _close(self, _: _Cause) -> None:
        self.should_close = True
        self._reader.stop()

    # What both sides have said

    def _announce(self, information: UserInformation) -> UserInformation:
        """Say which maximum length we receive, unless the service user has a smaller one; that is what we hold to."""
        limits = [limit for limit in (self._maximum_length, information.maximum_length) if limit]
        self._reader.maximum_length = min(limits, default=0)
        return replace(information, maximum_length=self._reader.maximum_length)

    def _agree(self, ac: AssociateAC) -> None:
        self.accepted = accepted_contexts(self.rq, ac, is_requestor=self.role is Role.REQUESTOR) if self.rq else {}
        self._reader.data.accepted = self.accepted

    def _take_indications(self) -> list[Indication]:
        indications = self._indications.copy()
        self._indications.clear()  # the reader appends to the same list
        return indications


_STEPS: dict[Step, Callable[[Association, _Cause], None]] = {
    Step.SEND: Association._send,
    Step.SEND_ABORT: Association._send_abort,
    Step.ISSUE: Association._issue,
    Step.ISSUE_ABORT: Association._issue_abort,
    Step.START_ARTIM: Association._start_artim,
    Step.STOP_ARTIM: Association._stop_artim,
    Step.CLOSE: Association._close,
}
