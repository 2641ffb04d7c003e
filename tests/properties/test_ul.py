"""Whatever the bytes and however the stream is cut: the same indications, or an abort, and never an exception."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dicomcore.errors import MalformedPdu
from dicomcore.net.ul.association import Association, Fragment, Indication, Role
from dicomcore.net.ul.items import (
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    PresentationContextAC,
    PresentationContextRQ,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from dicomcore.net.ul.negotiation import AcceptorPolicy, negotiate
from dicomcore.net.ul.pdu import Abort, AssociateAC, AssociateRQ, ReleaseRP, ReleaseRQ, decode_pdu
from dicomcore.net.ul.state import State

uids = st.from_regex(r"1\.2(\.(0|[1-9][0-9]{0,4})){1,8}", fullmatch=True)
titles = st.from_regex(r"[A-Z0-9_]([A-Z0-9_ ]{0,14}[A-Z0-9_])?", fullmatch=True)
small = st.binary(max_size=20)
words = st.integers(0, 0xFFFF)
information = st.builds(
    UserInformation,
    maximum_length=st.one_of(st.just(0), st.integers(8, 0xFFFFFFFF)),
    implementation_class_uid=uids,
    implementation_version_name=titles,
    asynchronous_operations_window=st.none() | st.tuples(words, words),
    role_selections=st.lists(st.builds(RoleSelection, uids, st.booleans(), st.booleans()), max_size=3).map(tuple),
    extended_negotiations=st.lists(st.builds(ExtendedNegotiation, uids, small), max_size=3).map(tuple),
    common_extended_negotiations=st.lists(
        st.builds(CommonExtendedNegotiation, uids, uids, st.lists(uids, max_size=2).map(tuple)), max_size=2
    ).map(tuple),
    user_identity=st.none() | st.builds(UserIdentity, st.integers(1, 5), small, small, st.booleans()),
    user_identity_response=st.none() | small,
)
proposals = st.lists(
    st.tuples(st.integers(0, 127), uids, st.lists(uids, min_size=1, max_size=3)),
    max_size=4,
    unique_by=lambda one: one[0],
).map(lambda found: tuple(PresentationContextRQ(2 * one[0] + 1, one[1], tuple(one[2])) for one in found))
answers = st.lists(st.builds(PresentationContextAC, st.integers(0, 255), st.integers(0, 4), uids), max_size=4).map(
    tuple
)
requests = st.builds(AssociateRQ, titles, titles, proposals, information, uids)
acceptances = st.builds(AssociateAC, titles, titles, answers, information, uids)
cuts = st.lists(st.integers(0, 2000), max_size=12)

RQ = AssociateRQ("A", "B", (PresentationContextRQ(1, "1.2.3", ("1.2.4",)),))
DATA = b"\x04\x00\x00\x00\x00\x0e\x00\x00\x00\x04\x01\x03ab\x00\x00\x00\x02\x01\x02"
# PDUs, and bytes that look like some: what comes after an association is there.
tricky = st.lists(
    st.sampled_from(
        [
            *(DATA, RQ.encode(), ReleaseRQ().encode(), ReleaseRP().encode(), Abort(0, 0).encode()),
            *(b"\x04\0\0\0\0", b"\x04\0\0\0\0\x03abc", b"\x09\0\0\0\0\x01x", b"\x05\0\0\0\0\0"),
        ]
    )
    | st.binary(max_size=12),
    max_size=8,
).map(b"".join)


def chunks(stream: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    return [stream[start:end] for start, end in pairwise(places)]


def waiting_acceptor() -> Association:
    association = Association(Role.ACCEPTOR)
    association.transport_connected()
    return association


def established() -> Association:
    association = waiting_acceptor()
    association.receive(RQ.encode())
    answer = negotiate(RQ, AcceptorPolicy(abstract_syntaxes={"1.2.3": ("1.2.4",)}))
    assert isinstance(answer, AssociateAC)
    association.accept(answer)
    association.take_output()
    return association


def joined(indications: Sequence[Indication]) -> list[object]:
    """Indications with the pieces of a fragment put together."""
    seen: list[object] = []
    for one in indications:
        if not isinstance(one, Fragment):
            seen.append(one)
        elif seen and isinstance(seen[-1], Fragment) and not seen[-1].is_last and seen[-1][:2] == one[:2]:
            seen[-1] = one._replace(data=memoryview(bytes(seen[-1].data) + bytes(one.data)))
        else:
            seen.append(one)
    return seen


def outcome(association: Association, pieces: Sequence[bytes]) -> tuple[list[object], bytes, State, bool]:
    """What is indicated, what is answered, and where it ends."""
    indications = [one for piece in pieces for one in association.receive(piece)]
    answer = b"".join(association.take_output())
    return joined(indications), answer, association.state, association.should_close


@given(st.one_of(tricky, st.binary(max_size=200)), cuts)
def test_an_association_takes_garbage_in_any_cut(garbage: bytes, cuts: list[int]) -> None:
    assert outcome(established(), chunks(garbage, cuts)) == outcome(established(), [garbage])


@given(st.one_of(tricky, st.binary(max_size=200)), cuts)
def test_a_waiting_acceptor_takes_garbage_in_any_cut(garbage: bytes, cuts: list[int]) -> None:
    assert outcome(waiting_acceptor(), chunks(garbage, cuts)) == outcome(waiting_acceptor(), [garbage])


@given(requests, st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=4))
def test_a_damaged_request_is_indicated_rejected_or_aborted(rq: AssociateRQ, damage: list[tuple[int, int]]) -> None:
    stream = bytearray(rq.encode())
    for place, value in damage:
        stream[place % len(stream)] = value
    association = waiting_acceptor()
    association.receive(stream)
    assert association.state in (2, 3, 13, 1)


@given(requests, cuts)
def test_a_request_is_the_same_after_its_way_in_any_cut(rq: AssociateRQ, cuts: list[int]) -> None:
    association = waiting_acceptor()
    found = [one for piece in chunks(rq.encode(), cuts) for one in association.receive(piece)]
    assert [getattr(one, "rq", None) for one in found] == [rq]


@given(acceptances)
def test_an_acceptance_is_the_same_after_its_way(ac: AssociateAC) -> None:
    encoded = ac.encode()
    assert decode_pdu(encoded[0], encoded[6:]) == ac


@given(
    st.integers(1, 7),
    st.binary(max_size=200)
    | requests.map(lambda rq: rq.encode()[6:]).flatmap(
        lambda body: st.integers(0, len(body)).map(lambda end: body[:end])
    ),
)
def test_a_pdu_is_decoded_or_malformed(pdu_type: int, body: bytes) -> None:
    try:
        decode_pdu(pdu_type, body).encode()
    except MalformedPdu as error:
        assert str(error)


@given(st.binary(max_size=300), st.integers(8, 64), st.booleans(), cuts)
def test_data_is_the_same_after_its_way_in_any_cut(
    data: bytes, maximum_length: int, is_command: bool, cuts: list[int]
) -> None:
    sender, receiver = established(), established()
    sender.peer = UserInformation(maximum_length)
    sender.send_data(1, is_command, data, True)
    found = [one for piece in chunks(b"".join(sender.take_output()), cuts) for one in receiver.receive(piece)]
    assert joined(found) == [Fragment(1, is_command, True, memoryview(data))]


@given(requests, st.frozensets(uids, max_size=3), st.booleans())
def test_every_proposal_is_answered_with_what_it_proposed(
    rq: AssociateRQ, transfer_syntaxes: frozenset[str], accepts_unknown: bool
) -> None:
    known = {one.abstract_syntax: tuple(transfer_syntaxes) for one in rq.presentation_contexts[::2]}
    policy = AcceptorPolicy(abstract_syntaxes=known, accepts_unknown_storage=accepts_unknown)
    answer = negotiate(AssociateRQ("A", "B", rq.presentation_contexts, rq.user_information), policy)
    assert isinstance(answer, AssociateAC)
    for proposed, answered in zip(rq.presentation_contexts, answer.presentation_contexts, strict=True):
        assert proposed.context_id == answered.context_id
        assert answered.transfer_syntax in proposed.transfer_syntaxes
