from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import pytest

from dicomcore.errors import MalformedPdu, UnexpectedCall
from dicomcore.net.ul.association import (
    AbortIndication,
    AcceptedContext,
    AssociateConfirmation,
    AssociateIndication,
    Association,
    Fragment,
    Indication,
    ReleaseConfirmation,
    ReleaseIndication,
    Role,
    TransportClosed,
)
from dicomcore.net.ul.items import PresentationContextAC, RoleSelection, UserInformation
from dicomcore.net.ul.negotiation import propose
from dicomcore.net.ul.pdu import Abort, AssociateAC, AssociateRJ, AssociateRQ, ReleaseRP, ReleaseRQ
from dicomcore.net.ul.state import State

VERIFICATION, IMPLICIT = "1.2.840.10008.1.1", "1.2.840.10008.1.2"
RQ = AssociateRQ("ARCHIVE", "MODALITY", propose([(VERIFICATION, [IMPLICIT])]), UserInformation(16_384))
AC = AssociateAC("ARCHIVE", "MODALITY", (PresentationContextAC(1, 0, IMPLICIT),), UserInformation(32_768))
RJ = AssociateRJ(1, 1, 7)
DATA = b"\x04\x00\x00\x00\x00\x08\x00\x00\x00\x04\x01\x03ab"
UNKNOWN_PDU = b"\x09\x00\x00\x00\x00\x00"


def output_of(association: Association) -> bytes:
    return b"".join(association.take_output())


def requestor() -> Association:
    """A requestor whose A-ASSOCIATE-RQ is sent (Sta5)."""
    association = Association(Role.REQUESTOR)
    association.request(RQ)
    association.transport_connected()
    return association


def acceptor() -> Association:
    """An acceptor that was asked for an association (Sta3)."""
    association = Association(Role.ACCEPTOR)
    association.transport_connected()
    association.receive(RQ.encode())
    return association


def established(role: Role = Role.ACCEPTOR) -> Association:
    """An association (Sta6)."""
    association = requestor() if role is Role.REQUESTOR else acceptor()
    if role is Role.REQUESTOR:
        association.receive(AC.encode())
    else:
        association.accept(AC)
    association.take_output()
    return association


def after(association: Association, *events: int) -> Association:
    """The association after these events of Table 9-10."""
    for event in events:
        EVENTS[event](association)
    return association


# The rows of PS3.8 Table 9-10 as what they are here.
EVENTS: dict[int, Callable[[Association], list[Indication] | None]] = {
    1: lambda one: one.request(RQ),
    2: lambda one: one.transport_connected(),
    3: lambda one: one.receive(AC.encode()),
    4: lambda one: one.receive(RJ.encode()),
    5: lambda one: one.transport_connected(),
    6: lambda one: one.receive(RQ.encode()),
    7: lambda one: one.accept(AC),
    8: lambda one: one.reject(RJ),
    9: lambda one: one.send_data(1, True, b"ab", True),
    10: lambda one: one.receive(DATA),
    11: lambda one: one.release(),
    12: lambda one: one.receive(ReleaseRQ().encode()),
    13: lambda one: one.receive(ReleaseRP().encode()),
    14: lambda one: one.respond_to_release(),
    15: lambda one: one.abort(),
    16: lambda one: one.receive(Abort(0, 0).encode()),
    17: lambda one: one.transport_closed(),
    18: lambda one: one.artim_expired(),
    19: lambda one: one.receive(UNKNOWN_PDU),
}
# The columns, each with the role that gets there: how.
STATES: dict[int, Callable[[], Association]] = {
    1: lambda: Association(Role.REQUESTOR),
    2: lambda: after(Association(Role.ACCEPTOR), 5),
    3: acceptor,
    4: lambda: after(Association(Role.REQUESTOR), 1),
    5: requestor,
    6: established,
    7: lambda: after(established(), 11),
    8: lambda: after(established(), 12),
    9: lambda: after(established(Role.REQUESTOR), 11, 12),
    10: lambda: after(established(), 11, 12),
    11: lambda: after(established(Role.REQUESTOR), 11, 12, 14),
    12: lambda: after(established(), 11, 12, 13),
    13: lambda: after(acceptor(), 8),
}


@dataclass(frozen=True)
class Effect:
    """What an action of PS3.8 Tables 9-6 to 9-9 does; ``sends`` are types of PDUs. The timer goes on if it is None."""

    next_state: int
    sends: tuple[int, ...] = ()
    issues: tuple[type[Indication], ...] = ()
    artim: bool | None = None
    closes: bool = False


ABORTED = Effect(13, sends=(7,), issues=(AbortIndication,), artim=True)  # AA-8
LOST = Effect(1, issues=(AbortIndication,))  # AA-4
PEER_ABORTED = Effect(1, issues=(AbortIndication,), closes=True)  # AA-3
USER_ABORTS = Effect(13, sends=(7,), artim=True)  # AA-1
CLOSED = Effect(1, artim=False, closes=True)  # AA-2
GONE = Effect(1, issues=(TransportClosed,), artim=False)  # AA-5 and AR-5; the driver is told
IGNORED = Effect(13)  # AA-6
ABORTED_AGAIN = Effect(13, sends=(7,))  # AA-7
RESPONDED = Effect(13, sends=(6,), artim=True)  # AR-4

WRONG_PDUS = dict.fromkeys((3, 4, 6, 10, 12, 13, 19), ABORTED)
ASSOCIATED = WRONG_PDUS | {15: USER_ABORTS, 16: PEER_ABORTED, 17: LOST}
TABLE_9_10: dict[int, dict[int, Effect]] = {
    1: {1: Effect(4)},
    2: dict.fromkeys((3, 4, 10, 12, 13, 19), USER_ABORTS)
    | {6: Effect(3, issues=(AssociateIndication,), artim=False), 16: CLOSED, 17: GONE, 18: CLOSED},
    3: ASSOCIATED | {7: Effect(6, sends=(2,)), 8: Effect(13, sends=(3,), artim=True)},
    4: {2: Effect(5, sends=(1,)), 15: CLOSED, 17: LOST},
    5: ASSOCIATED
    | {3: Effect(6, issues=(AssociateConfirmation,)), 4: Effect(1, issues=(AssociateConfirmation,), closes=True)},
    6: ASSOCIATED
    | {
        9: Effect(6, sends=(4,)),
        10: Effect(6, issues=(Fragment,)),
        11: Effect(7, sends=(5,)),
        12: Effect(8, issues=(ReleaseIndication,)),
    },
    7: ASSOCIATED
    | {
        10: Effect(7, issues=(Fragment,)),
        12: Effect(10, issues=(ReleaseIndication,)),
        13: Effect(1, issues=(ReleaseConfirmation,), closes=True),
    },
    8: ASSOCIATED | {9: Effect(8, sends=(4,)), 14: RESPONDED},
    9: ASSOCIATED | {14: Effect(11, sends=(6,))},
    10: ASSOCIATED | {13: Effect(12, issues=(ReleaseConfirmation,))},
    11: ASSOCIATED | {13: Effect(1, issues=(ReleaseConfirmation,), closes=True)},
    12: ASSOCIATED | {14: RESPONDED},
    13: dict.fromkeys((3, 4, 10, 12, 13), IGNORED)
    | {6: ABORTED_AGAIN, 16: CLOSED, 17: GONE, 18: CLOSED, 19: ABORTED_AGAIN},
}
CELLS = list(product(range(1, 14), range(1, 20)))
# What the service user may not ask for. A connection of a requestor is always a confirmed one (Evt2). An abort is
# always possible: where there is no association, the transport is closed. The response to a release that the table does
# not allow yet is kept.
IMPOSSIBLE = [
    (state, event)
    for state, event in CELLS
    if event in (1, 2, 5, 7, 8, 9, 11, 14)
    and event not in TABLE_9_10[state]
    and (state, event) not in ((4, 5), (10, 14))
]


def types_of(pdus: bytes) -> tuple[int, ...]:
    """The types of PDUs one after the other."""
    if not pdus:
        return ()
    length = int.from_bytes(pdus[2:6], "big")
    return (pdus[0], *types_of(pdus[6 + length :]))


@pytest.mark.parametrize(("state", "event"), [cell for cell in CELLS if cell[1] in TABLE_9_10[cell[0]]])
def test_a_cell_of_table_9_10_does_what_the_standard_says(state: int, event: int) -> None:
    association, expected = STATES[state](), TABLE_9_10[state][event]
    association.take_output()
    timer = association.artim_running
    indications = EVENTS[event](association) or []
    assert association.state == expected.next_state
    assert types_of(output_of(association)) == expected.sends
    assert tuple(map(type, indications)) == expected.issues
    assert association.artim_running == (timer if expected.artim is None else expected.artim)
    assert association.should_close == expected.closes


def test_an_acceptor_waits_for_a_request_with_the_timer_running() -> None:
    association = Association(Role.ACCEPTOR)
    assert association.transport_connected() == []
    assert (association.state, association.artim_running) == (State.AWAITING_ASSOCIATE_RQ, True)


@pytest.mark.parametrize(("state", "event"), IMPOSSIBLE)
def test_what_a_state_does_not_allow_is_an_unexpected_call(state: int, event: int) -> None:
    association = STATES[state]()
    association.take_output()
    with pytest.raises(UnexpectedCall, match=f"Sta|{State(state).name}"):
        EVENTS[event](association)
    assert (association.state, association.take_output()) == (state, [])


@pytest.mark.parametrize("state", [1, 4])
@pytest.mark.parametrize("event", [3, 4, 6, 10, 12, 13, 16, 19])
def test_bytes_without_a_connection_are_ignored(state: int, event: int) -> None:
    association = STATES[state]()
    assert EVENTS[event](association) == []
    assert (association.state, association.take_output()) == (state, [])


@pytest.mark.parametrize("state", [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
def test_a_timer_that_was_stopped_does_nothing_when_it_runs_out(state: int) -> None:
    association = STATES[state]()
    assert association.artim_expired() == []
    assert (association.state, association.should_close) == (state, False)


@pytest.mark.parametrize("state", [1, 2, 13])
def test_an_abort_without_an_association_closes_the_transport(state: int) -> None:
    association = STATES[state]()
    association.take_output()
    association.abort()
    assert (association.should_close, association.take_output()) == (True, [])


def test_the_end_of_a_connection_that_is_over_is_no_news() -> None:
    assert Association(Role.REQUESTOR).transport_closed() == []


# What goes to and fro


def test_an_association_from_beginning_to_end() -> None:
    ours, theirs = Association(Role.REQUESTOR), Association(Role.ACCEPTOR)
    ours.request(RQ)
    assert theirs.transport_connected() == ours.transport_connected() == []
    [indication] = theirs.receive(output_of(ours))
    assert isinstance(indication, AssociateIndication)
    assert indication.rq.called_ae_title == "ARCHIVE"
    theirs.accept(AC)
    assert ours.receive(output_of(theirs)) == [AssociateConfirmation(AC)]
    ours.send_data(1, True, b"command", True)
    assert theirs.receive(output_of(ours)) == [Fragment(1, True, True, memoryview(b"command"))]
    ours.release()
    assert theirs.receive(output_of(ours)) == [ReleaseIndication()]
    theirs.respond_to_release()
    assert ours.receive(output_of(theirs)) == [ReleaseConfirmation()]
    assert (ours.should_close, theirs.should_close, theirs.transport_closed()) == (True, False, [TransportClosed()])


def test_both_sides_know_what_was_agreed_on() -> None:
    roles = UserInformation(16_384, role_selections=(RoleSelection(VERIFICATION, True, True),))
    ours, theirs = Association(Role.REQUESTOR), Association(Role.ACCEPTOR)
    ours.request(replace(RQ, user_information=roles))
    theirs.transport_connected(), ours.transport_connected()
    theirs.receive(output_of(ours))
    theirs.accept(replace(AC, user_information=replace(roles, maximum_length=32_768)))
    ours.receive(output_of(theirs))
    assert ours.accepted == theirs.accepted == {1: AcceptedContext(1, VERIFICATION, IMPLICIT, True, True)}
    assert ours.peer is not None and ours.peer.maximum_length == 32_768
    assert theirs.peer is not None and theirs.peer.maximum_length == 16_384
    assert ours.rq == theirs.rq


def test_data_is_cut_to_what_the_peer_receives() -> None:
    association = established()  # whose peer receives 16384 bytes
    association.send_data(1, False, bytes(20_000), True)
    stream = output_of(association)
    assert [stream[:6], stream[16_390:16_396]] == [b"\x04\x00\x00\x00\x40\x00", b"\x04\x00\x00\x00\x0e\x2c"]


@pytest.mark.parametrize(
    ("ours", "in_pdu", "announced"), [(262_144, 0, 262_144), (262_144, 65_536, 65_536), (0, 0, 0), (0, 16_384, 16_384)]
)
def test_what_we_announce_is_the_smaller_limit(ours: int, in_pdu: int, announced: int) -> None:
    association = Association(Role.REQUESTOR, maximum_length=ours)
    association.request(replace(RQ, user_information=UserInformation(in_pdu)))
    assert association.rq is not None and association.rq.user_information.maximum_length == announced


def test_data_longer_than_we_announced_ends_the_association_before_it_comes() -> None:
    association = acceptor()
    association.accept(replace(AC, user_information=UserInformation(4096)))
    association.take_output()
    [indication] = association.receive(b"\x04\x00\x00\x00\x10\x01")
    assert isinstance(indication, AbortIndication)
    assert (indication.source, indication.reason) == (2, 6)
    assert output_of(association) == Abort(2, 6).encode()


def test_data_of_any_length_comes_if_we_announced_no_limit() -> None:
    association = Association(Role.ACCEPTOR, maximum_length=0)
    after(association, 5, 6)
    association.accept(replace(AC, user_information=UserInformation(0)))
    assert association.receive(b"\x04\x00\xff\xff\xff\xff\xff\xff\xff\xfb\x01\x02ab") == [
        Fragment(1, False, False, memoryview(b"ab"))
    ]


# What is wrong

WRONG: dict[str, tuple[bytes, int]] = {
    "a PDU of unknown type": (UNKNOWN_PDU, 1),
    "a PDU that does not belong there": (AC.encode(), 2),
    "data in a context that was not accepted": (DATA.replace(b"\x04\x01\x03", b"\x04\x03\x03"), 6),
    "data longer than its PDU": (DATA.replace(b"\x04\x01\x03", b"\x05\x01\x03"), 6),
    "a PDU without data": (b"\x04\x00\x00\x00\x00\x00", 6),
    "a release of no length": (b"\x05\x00\x00\x00\x00\x00", 6),
    "a release of a gigabyte": (b"\x05\x00\x40\x00\x00\x00", 6),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_peer_is_told_what_was_wrong(name: str) -> None:
    pdu, reason = WRONG[name]
    association = established()
    [indication] = association.receive(pdu)
    assert isinstance(indication, AbortIndication)
    assert (indication.source, indication.reason) == (2, reason)
    assert indication.problem.endswith("in <State.ESTABLISHED: 6>")
    assert output_of(association) == Abort(2, reason).encode()


@pytest.mark.parametrize(("pdu", "reason"), [(UNKNOWN_PDU, 1), (DATA, 2), (RQ.encode()[:5] + b"\x04abcd", 6)])
def test_it_is_told_so_even_before_there_is_an_association(pdu: bytes, reason: int) -> None:
    association = STATES[2]()
    assert association.receive(pdu) == []
    assert output_of(association) == Abort(2, reason).encode()


def test_a_request_longer_than_allowed_is_not_collected() -> None:
    association = Association(Role.ACCEPTOR, maximum_request=1000)
    association.transport_connected()
    association.receive(b"\x01\x00\x00\x00\x03\xe9")
    assert output_of(association) == Abort(2, 6).encode()


def test_a_protocol_version_that_we_do_not_have_is_rejected() -> None:
    association = STATES[2]()
    assert association.receive(replace(RQ, protocol_version=2).encode()) == []
    assert output_of(association) == AssociateRJ(1, 2, 2).encode()
    assert (association.state, association.artim_running) == (State.AWAITING_CLOSE, True)


def test_a_newer_peer_that_has_our_protocol_version_too_is_welcome() -> None:
    [indication] = STATES[2]().receive(replace(RQ, protocol_version=3).encode())
    assert isinstance(indication, AssociateIndication)


def test_nothing_is_read_after_the_peer_has_aborted() -> None:
    association = established()
    assert association.receive(Abort(0, 0).encode() + DATA) == [AbortIndication(0, 0)]


def test_after_our_abort_the_rest_of_the_data_is_skipped_and_the_peers_abort_is_read() -> None:
    association = established()
    association.receive(DATA[:-1])
    association.abort()
    assert association.receive(DATA[-1:] + Abort(0, 0).encode()) == []
    assert association.should_close


def test_an_answer_that_comes_after_our_abort_is_ignored() -> None:
    association = requestor()
    association.receive(AC.encode()[:50])
    association.abort()
    assert association.receive(AC.encode()[50:]) == []
    assert (association.state, association.accepted) == (State.AWAITING_CLOSE, {})


def test_a_peer_that_keeps_sending_rubbish_gets_two_aborts_and_no_more() -> None:
    association = established()
    association.receive(UNKNOWN_PDU * 1000)
    assert output_of(association) == Abort(2, 1).encode() * 2


def test_an_abort_says_what_the_service_user_says() -> None:
    association = established()
    association.abort(2, 6)
    assert output_of(association) == Abort(2, 6).encode()


def test_the_timer_is_started_anew_by_an_abort() -> None:
    association = STATES[2]()
    first = association.artim
    association.receive(UNKNOWN_PDU)
    assert 0 < first < association.artim


def test_the_acceptors_answer_to_a_release_waits_for_the_requestors() -> None:
    association = STATES[10]()
    association.take_output()
    association.respond_to_release()
    assert (association.state, association.take_output()) == (State.COLLISION_ACCEPTOR_RP, [])
    assert association.receive(ReleaseRP().encode()) == [ReleaseConfirmation()]
    assert (association.state, output_of(association)) == (State.AWAITING_CLOSE, ReleaseRP().encode())


@pytest.mark.parametrize("title", ["", "SEVENTEEN LETTERS", "A\\B"])
def test_a_request_with_a_title_that_is_none_is_not_made(title: str) -> None:
    for rq in (replace(RQ, called_ae_title=title), replace(RQ, calling_ae_title=title)):
        association = Association(Role.REQUESTOR)
        with pytest.raises(MalformedPdu, match="AE title"):
            association.request(rq)
        assert association.state is State.IDLE


# However the bytes are cut

CONVERSATION = [
    (DATA + ReleaseRQ().encode(), [Fragment, ReleaseIndication]),
    (DATA + DATA + Abort(2, 0).encode(), [Fragment, Fragment, AbortIndication]),
    (DATA + UNKNOWN_PDU[:-1] + b"\x03abc" + DATA, [Fragment, AbortIndication]),
]


@pytest.mark.parametrize(("stream", "kinds"), CONVERSATION)
def test_every_cut_of_the_stream_gives_the_same(stream: bytes, kinds: list[type]) -> None:
    for cut in range(len(stream) + 1):
        association = established()
        found = association.receive(stream[:cut]) + association.receive(stream[cut:])
        assert [type(one) for one in found if not isinstance(one, Fragment) or one.is_last] == kinds


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_a_request_may_come_in_any_pieces(size: int) -> None:
    association, stream = STATES[2](), RQ.encode()
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    assert [one for piece in pieces for one in association.receive(piece)] == [AssociateIndication(RQ)]
