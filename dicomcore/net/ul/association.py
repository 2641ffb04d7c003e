"""One association over one transport connection (PS3.8), without input or output.

Whoever drives it hands in what happens (`Association.receive`, `transport_closed`, ...), gets back indications, writes
what `take_output` gives and closes the transport when `should_close` says so. ``artim`` is 0 while the ARTIM timer is
stopped and another number each time it is started anew.

P-DATA is streamed: a fragment is passed on as it comes, as a view of what was handed in, however long its PDU is.
Nothing but the headers of PDUs and of presentation data values is held back, and the short PDUs as a whole.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple, TypeAlias

from dicomcore.data import Buffer
from dicomcore.errors import MalformedPdu, UnexpectedCall
from dicomcore.net.ul.items import ContextResult, PresentationContextAC, UserInformation
from dicomcore.net.ul.pdu import (
    HEADER,
    Abort,
    AbortReason,
    AbortSource,
    AssociateAC,
    AssociateRJ,
    AssociateRQ,
    PduType,
    ReleaseRP,
    ReleaseRQ,
    decode_pdu,
)
from dicomcore.net.ul.state import NEXT_STATE, TRANSITIONS, Action, Event, State

MAXIMUM_LENGTH = 262_144  # bytes of a P-DATA-TF PDU that we receive
MAXIMUM_REQUEST = 1 << 20  # bytes of any other PDU
_UNLIMITED = 262_144  # bytes of a P-DATA-TF PDU that we send to a peer without a limit
_DATA_HEADER = Struct(">BxIIBB")  # of a PDU, and of the presentation data value in it
_VALUE_HEADER = Struct(">IBB")
_COMMAND, _LAST = 1, 2
_JOINED = 4096  # bytes that are copied behind their header, to be written in one piece


class Role(enum.Enum):
    """Who asked for the association."""

    REQUESTOR = "requestor"
    ACCEPTOR = "acceptor"


class Fragment(NamedTuple):
    """Some of a command set or of a data set; ``is_last`` is true of the last piece of it."""

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
    """The association is over; ``problem`` says why if it was us who ended it."""

    source: int
    reason: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class TransportClosed:
    """The connection is closed, and with it whatever was left of the association."""


Indication: TypeAlias = (
    Fragment
    | AssociateIndication
    | AssociateConfirmation
    | ReleaseIndication
    | ReleaseConfirmation
    | AbortIndication
    | TransportClosed
)


@dataclass(frozen=True, slots=True)
class AcceptedContext:
    """A presentation context that both sides have agreed on, and our roles in it (PS3.7 §D.3.3.4)."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str
    we_are_scu: bool
    we_are_scp: bool


class _Invalid(Exception):
    """A PDU that ends the association, and the reason to give."""

    def __init__(self, reason: AbortReason, problem: str) -> None:
        self.reason = reason
        self.problem = problem


_PDU_EVENTS = {
    PduType.ASSOCIATE_RQ: Event.ASSOCIATE_RQ,
    PduType.ASSOCIATE_AC: Event.ASSOCIATE_AC,
    PduType.ASSOCIATE_RJ: Event.ASSOCIATE_RJ,
    PduType.RELEASE_RQ: Event.RELEASE_RQ,
    PduType.RELEASE_RP: Event.RELEASE_RP,
    PduType.ABORT: Event.ABORT,
}
_READ_DATA = (State.ESTABLISHED, State.AWAITING_RELEASE_RP)
_SEND_DATA = (State.ESTABLISHED, State.AWAITING_RELEASE_RESPONSE)


class Association:
    """The state of one association. Methods for what happens return indications; those for what we want queue bytes."""

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
        self._maximum_request = maximum_request
        self._timers_started = 0
        self._output: list[Buffer] = []
        self._held = b""
        self._pdu_left = 0  # bytes of the P-DATA-TF PDU that is being read
        self._value_left = 0  # bytes of the presentation data value in it
        self._value = (0, 0)  # its context, and its message control header
        self._skipped = 0  # bytes of a PDU that is ignored
        self._indications: list[Indication] = []

    # What happens

    def transport_connected(self) -> list[Indication]:
        """Take note that the connection is there: of a requestor, that it is confirmed; of an acceptor, indicated."""
        is_requestor = self.role is Role.REQUESTOR
        return self._happens(Event.TRANSPORT_CONFIRMED if is_requestor else Event.TRANSPORT_INDICATED)

    def transport_closed(self) -> list[Indication]:
        """Take note that the connection is closed, by whomever."""
        if self.state is State.IDLE:
            return []
        return self._happens(Event.TRANSPORT_CLOSED)

    def artim_expired(self) -> list[Indication]:
        """Take note that the ARTIM timer has run out; raises `UnexpectedCall` unless it was running."""
        return self._happens(Event.ARTIM_EXPIRED)

    def receive(self, data: Buffer) -> list[Indication]:
        """Take bytes as they come; fragments in the answer are views of ``data``."""
        if self.state in (State.IDLE, State.AWAITING_TRANSPORT):
            return []
        if self._held:
            data, self._held = self._held + bytes(data), b""
        view = memoryview(data)
        try:
            self._read(view)
        except _Invalid as error:
            self._take_invalid(error)
        except MalformedPdu as error:
            self._take_invalid(_Invalid(AbortReason.INVALID_PDU_PARAMETER, str(error)))
        return self._take_indications()

    # What we want

    def request(self, rq: AssociateRQ) -> None:
        """Ask for an association; it is sent when the connection is there."""
        self.rq = rq
        self._wants(Event.ASSOCIATE_REQUEST)

    def accept(self, ac: AssociateAC) -> None:
        """Accept the association that the peer asked for."""
        self._wants(Event.ACCEPT_RESPONSE, ac)
        self._agree(ac)

    def reject(self, rj: AssociateRJ) -> None:
        """Reject the association that the peer asked for."""
        self._wants(Event.REJECT_RESPONSE, rj)

    def release(self) -> None:
        """Ask to end the association in order."""
        self._wants(Event.RELEASE_REQUEST)

    def respond_to_release(self) -> None:
        """Agree to end the association."""
        self._wants(Event.RELEASE_RESPONSE)

    def abort(self, source: int = AbortSource.SERVICE_USER, reason: int = AbortReason.NOT_SPECIFIED) -> None:
        """End the association at once; whatever state it is in, nothing is left of it."""
        if (self.state, Event.ABORT_REQUEST) in TRANSITIONS:
            self._do(TRANSITIONS[self.state, Event.ABORT_REQUEST], Abort(source, reason))
        else:
            self.should_close = True

    def send_data(self, context_id: int, is_command: bool, data: Buffer, is_last: bool) -> None:
        """Send some of a command set or data set, cut to what the peer can receive."""
        if self.state not in _SEND_DATA:
            raise UnexpectedCall(f"nothing can be sent in state Sta{self.state}")
        maximum = (self.peer.maximum_length if self.peer else 0) or _UNLIMITED
        room = max(maximum - _VALUE_HEADER.size, 1)
        view = memoryview(data)
        length = len(view)
        for start in range(0, length or 1, room):
            end = min(start + room, length)
            control = (_COMMAND if is_command else 0) | (_LAST if is_last and end == length else 0)
            size = end - start
            header = _DATA_HEADER.pack(PduType.P_DATA_TF, size + 6, size + 2, context_id, control)
            if size <= _JOINED:
                self._output.append(header + view[start:end])
            else:
                self._output += (header, view[start:end])

    def take_output(self) -> list[Buffer]:
        """What has to be written, in order."""
        output, self._output = self._output, []
        return output

    # Reading

    def _read(self, view: memoryview) -> None:
        position, end = 0, len(view)
        while position < end and not self.should_close:
            if self._skipped:
                taken = min(self._skipped, end - position)
                self._skipped -= taken
                position += taken
            elif self._value_left:
                position = self._read_value(view, position, end)
            elif self._pdu_left:
                position = self._read_value_header(view, position, end)
            else:
                position = self._read_header(view, position, end)

    def _read_value(self, view: memoryview, position: int, end: int) -> int:
        """Pass on what there is of a presentation data value."""
        stop = min(position + self._value_left, end)
        self._pdu_left -= stop - position
        self._value_left -= stop - position
        self._pass_on(view[position:stop])
        return stop

    def _pass_on(self, data: memoryview) -> None:
        context_id, control = self._value
        is_last = bool(control & _LAST) and not self._value_left
        self._indications.append(Fragment(context_id, bool(control & _COMMAND), is_last, data))

    def _read_value_header(self, view: memoryview, position: int, end: int) -> int:
        if end - position < _VALUE_HEADER.size:
            return self._hold(view, position)
        length, context_id, control = _VALUE_HEADER.unpack_from(view, position)
        if length < 2 or length + 4 > self._pdu_left:
            raise _Invalid(AbortReason.INVALID_PDU_PARAMETER, f"a presentation data value of {length} bytes")
        if context_id not in self.accepted:
            raise _Invalid(AbortReason.INVALID_PDU_PARAMETER, f"presentation context {context_id} was not accepted")
        self._pdu_left -= _VALUE_HEADER.size
        self._value_left = length - 2
        self._value = context_id, control
        if not self._value_left:
            self._pass_on(memoryview(b""))
        return position + _VALUE_HEADER.size

    def _read_header(self, view: memoryview, position: int, end: int) -> int:
        if end - position < HEADER.size:
            return self._hold(view, position)
        pdu_type, length = HEADER.unpack_from(view, position)
        start = position + HEADER.size
        stop: int = start + length
        if pdu_type == PduType.P_DATA_TF:
            self._begin_data(length)
            return start
        if pdu_type not in _PDU_EVENTS:
            raise _Invalid(AbortReason.UNRECOGNIZED_PDU, f"no PDU has type {pdu_type:02X}H")
        if length > self._maximum_request:
            raise _Invalid(AbortReason.INVALID_PDU_PARAMETER, f"a PDU of {length} bytes")
        if end < stop:
            return self._hold(view, position)
        self._takes_pdu(_PDU_EVENTS[PduType(pdu_type)], pdu_type, bytes(view[start:stop]))
        return stop

    def _begin_data(self, length: int) -> None:
        if self.state not in _READ_DATA:
            self._skipped = length
            self._takes_event(Event.P_DATA_TF)
            return
        if self._maximum_length and length > self._maximum_length:
            raise _Invalid(AbortReason.INVALID_PDU_PARAMETER, f"a P-DATA-TF PDU of {length} bytes")
        if 0 < length < _VALUE_HEADER.size:
            raise _Invalid(AbortReason.INVALID_PDU_PARAMETER, "a P-DATA-TF PDU without a presentation data value")
        self._pdu_left = length

    def _hold(self, view: memoryview, position: int) -> int:
        self._held = bytes(view[position:])
        return len(view)

    def _takes_pdu(self, event: Event, pdu_type: int, body: bytes) -> None:
        action = TRANSITIONS[self.state, event]
        if action in (Action.AA_1, Action.AA_6, Action.AA_7, Action.AA_8):
            self._takes_event(event)
        else:
            self._do(action, decode_pdu(pdu_type, body))

    def _takes_event(self, event: Event) -> None:
        """Take a PDU that is not expected in this state."""
        problem = f"{event.name} in state Sta{self.state}"
        self._do(TRANSITIONS[self.state, event], _Invalid(AbortReason.UNEXPECTED_PDU, problem))

    def _take_invalid(self, error: _Invalid) -> None:
        self._held = b""
        self._pdu_left = self._value_left = 0
        self._do(TRANSITIONS[self.state, Event.INVALID_PDU], error)

    # The state machine

    def _happens(self, event: Event) -> list[Indication]:
        self._wants(event)
        return self._take_indications()

    def _wants(self, event: Event, what: object = None) -> None:
        action = TRANSITIONS.get((self.state, event))
        if action is None:
            raise UnexpectedCall(f"{event.name} in state Sta{self.state}")
        self._do(action, what)

    def _do(self, action: Action, what: object = None) -> None:
        self.state = NEXT_STATE[action]
        _ACTIONS[action](self, what)

    def _take_indications(self) -> list[Indication]:
        indications, self._indications = self._indications, []
        return indications

    def _start_artim(self) -> None:
        self._timers_started += 1
        self.artim = self._timers_started

    def _close(self) -> None:
        self.artim = 0
        self.should_close = True

    def _indicate(self, indication: Indication) -> None:
        self._indications.append(indication)

    def _send(self, pdu: object) -> None:
        if isinstance(pdu, AssociateRQ | AssociateAC | AssociateRJ | ReleaseRQ | ReleaseRP | Abort):
            self._output.append(pdu.encode())

    def _agree(self, ac: AssociateAC) -> None:
        """Work out what was agreed on."""
        if self.rq is None:
            raise UnexpectedCall("an association was accepted that nobody asked for")
        self.accepted = accepted_contexts(self.rq, ac, self.role)

    # Actions of PS3.8 Tables 9-6 to 9-9

    def _send_request(self, _: object) -> None:
        self._send(self.rq)

    def _confirm(self, ac: object) -> None:
        if isinstance(ac, AssociateAC):
            self.peer = ac.user_information
            self._agree(ac)
            self._indicate(AssociateConfirmation(ac))

    def _confirm_rejection(self, rj: object) -> None:
        if isinstance(rj, AssociateRJ):
            self._indicate(AssociateConfirmation(rj))
        self._close()

    def _await_request(self, _: object) -> None:
        self._start_artim()

    def _indicate_request(self, rq: object) -> None:
        self.artim = 0
        if isinstance(rq, AssociateRQ):
            self.rq, self.peer = rq, rq.user_information
            self._indicate(AssociateIndication(rq))

    def _send_and_await_close(self, pdu: object) -> None:
        self._send(pdu)
        self._start_artim()

    def _send_release(self, _: object) -> None:
        self._send(ReleaseRQ())

    def _indicate_release(self, _: object) -> None:
        self._indicate(ReleaseIndication())

    def _confirm_release(self, _: object) -> None:
        self._indicate(ReleaseConfirmation())

    def _confirm_release_and_close(self, _: object) -> None:
        self._indicate(ReleaseConfirmation())
        self._close()

    def _respond_and_await_close(self, _: object) -> None:
        self._send(ReleaseRP())
        self._start_artim()

    def _collide(self, _: object) -> None:
        if self.role is Role.REQUESTOR:
            self.state = State.COLLISION_REQUESTOR_RESPONSE
        self._indicate(ReleaseIndication())

    def _respond(self, _: object) -> None:
        self._send(ReleaseRP())

    def _stop(self, _: object) -> None:
        self._close()
        self._indicate(TransportClosed())

    def _abort(self, what: object) -> None:
        """AA-1. Where it is a PDU that is to blame, we say so, though the table speaks of the service user."""
        if isinstance(what, _Invalid):
            what = Abort(AbortSource.SERVICE_PROVIDER, what.reason)
        self._send_and_await_close(what)

    def _close_silently(self, _: object) -> None:
        self._close()

    def _indicate_abort(self, abort: object) -> None:
        if isinstance(abort, Abort):
            self._indicate(AbortIndication(abort.source, abort.reason))
        self._close()

    def _indicate_loss(self, _: object) -> None:
        self._close()
        problem = "the connection was closed"
        self._indicate(AbortIndication(AbortSource.SERVICE_PROVIDER, AbortReason.NOT_SPECIFIED, problem))

    def _ignore(self, _: object) -> None:
        """AA-6: the association is over already."""

    def _abort_again(self, what: object) -> None:
        reason = what.reason if isinstance(what, _Invalid) else AbortReason.UNEXPECTED_PDU
        self._send(Abort(AbortSource.SERVICE_PROVIDER, reason))

    def _abort_as_provider(self, what: object) -> None:
        reason, problem = (what.reason, what.problem) if isinstance(what, _Invalid) else (AbortReason.NOT_SPECIFIED, "")
        self._send_and_await_close(Abort(AbortSource.SERVICE_PROVIDER, reason))
        self._indicate(AbortIndication(AbortSource.SERVICE_PROVIDER, reason, problem))

    def _pass(self, _: object) -> None:
        """Nothing beside the change of state: what it is about is done by who calls for it."""


_ACTIONS: dict[Action, Callable[[Association, object], None]] = {
    Action.AE_1: Association._pass,
    Action.AE_2: Association._send_request,
    Action.AE_3: Association._confirm,
    Action.AE_4: Association._confirm_rejection,
    Action.AE_5: Association._await_request,
    Action.AE_6: Association._indicate_request,
    Action.AE_7: Association._send,
    Action.AE_8: Association._send_and_await_close,
    Action.AR_1: Association._send_release,
    Action.AR_2: Association._indicate_release,
    Action.AR_3: Association._confirm_release_and_close,
    Action.AR_4: Association._respond_and_await_close,
    Action.AR_5: Association._stop,
    Action.AR_8: Association._collide,
    Action.AR_9: Association._respond,
    Action.AR_10: Association._confirm_release,
    Action.AA_1: Association._abort,
    Action.AA_2: Association._close_silently,
    Action.AA_3: Association._indicate_abort,
    Action.AA_4: Association._indicate_loss,
    Action.AA_5: Association._stop,
    Action.AA_6: Association._ignore,
    Action.AA_7: Association._abort_again,
    Action.AA_8: Association._abort_as_provider,
}
"""DT-1, DT-2, AR-6 and AR-7, which change nothing, are done where data is read and sent."""


def accepted_contexts(rq: AssociateRQ, ac: AssociateAC, role: Role) -> dict[int, AcceptedContext]:
    """The presentation contexts that both sides have agreed on, with our roles in them."""
    answered = {one.sop_class_uid: one for one in ac.user_information.role_selections}
    proposed = {one.sop_class_uid: one for one in rq.user_information.role_selections}
    requested = {one.context_id: one for one in rq.presentation_contexts}
    found = {}
    for context in ac.presentation_contexts:
        if context.result != ContextResult.ACCEPTANCE or context.context_id not in requested:
            continue
        sop_class_uid = requested[context.context_id].abstract_syntax
        roles = (True, False)  # of the requestor, if nothing else is agreed
        if sop_class_uid in answered and sop_class_uid in proposed:
            yes, wish = answered[sop_class_uid], proposed[sop_class_uid]
            roles = (yes.scu and wish.scu, yes.scp and wish.scp)
        ours = roles if role is Role.REQUESTOR else roles[::-1]
        found[context.context_id] = _accepted(context, sop_class_uid, ours)
    return found


def _accepted(context: PresentationContextAC, sop_class_uid: str, roles: tuple[bool, bool]) -> AcceptedContext:
    return AcceptedContext(context.context_id, sop_class_uid, context.transfer_syntax, *roles)
