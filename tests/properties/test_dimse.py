"""Command sets, whatever is in them and however they are cut."""

from dataclasses import fields

from hypothesis import given
from hypothesis import strategies as st

from dicomcore.errors import MalformedCommand
from dicomcore.net.dimse.commands import COMMANDS, Command, CStoreRQ, decode, encode
from dicomcore.net.dimse.messages import CommandReceived, DataEnd, DataReceived, MessageReader
from dicomcore.net.ul.association import Fragment

NUMBERS = st.integers(0, 0xFFFF)
TEXTS = st.text("0123456789.ABC_-", min_size=1, max_size=64)
TAGS = st.lists(st.integers(0, 0xFFFFFFFF), min_size=1, max_size=4).map(tuple)
VALUES = {"int": NUMBERS, "int | None": NUMBERS, "str": TEXTS, "tuple[int, ...]": TAGS, "bool": st.booleans()}

messages = st.sampled_from(sorted(COMMANDS.values(), key=lambda one: one.__name__)).flatmap(
    lambda command: st.builds(command, **{one.name: VALUES[str(one.type)] for one in fields(command)})
)
STORE = CStoreRQ(message_id=2, affected_sop_class_uid="1.2.3", affected_sop_instance_uid="1.2.3.4")


@given(messages)
def test_what_is_written_is_read_again(message: Command) -> None:
    raw = encode(message)
    assert len(raw) % 2 == 0
    assert int.from_bytes(raw[8:12], "little") == len(raw) - 12
    assert decode(raw) == message


@given(st.binary(max_size=100))
def test_garbage_is_a_malformed_command_or_a_command(raw: bytes) -> None:
    try:
        decode(raw)
    except MalformedCommand as error:
        assert str(error)


@given(messages, st.data())
def test_a_damaged_command_is_malformed_or_another_one(message: Command, data: st.DataObject) -> None:
    raw = bytearray(encode(message))
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert encode(decode(raw))
    except MalformedCommand as error:
        assert str(error)


@given(st.lists(st.integers(1, 40), max_size=8), st.lists(st.binary(max_size=8), min_size=1, max_size=6))
def test_a_message_is_the_same_in_any_fragments(cuts: list[int], pieces: list[bytes]) -> None:
    reader, raw, events = MessageReader(), memoryview(encode(STORE)), []
    for cut in cuts:
        events += reader.feed(Fragment(1, True, False, raw[:cut]))
        raw = raw[cut:]
    events += reader.feed(Fragment(1, True, True, raw))
    for piece in pieces:
        events += reader.feed(Fragment(1, False, False, memoryview(piece)))
    events += reader.feed(Fragment(1, False, True, memoryview(b"")))
    assert (events[0], events[-1]) == (CommandReceived(1, STORE), DataEnd(1))
    assert b"".join(one.data for one in events if isinstance(one, DataReceived)) == b"".join(pieces)
