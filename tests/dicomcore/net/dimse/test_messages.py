"""Messages put together from the fragments in which they come."""

import pytest

from dicomcore.errors import MalformedCommand
from dicomcore.net.dimse.commands import CEchoRQ, CStoreRQ, encode
from dicomcore.net.dimse.messages import MAXIMUM_COMMAND, CommandReceived, DataEnd, DataReceived, MessageReader
from dicomcore.net.ul.association import Fragment

ECHO = CEchoRQ(message_id=1)
STORE = CStoreRQ(message_id=2, affected_sop_class_uid="1.2.3", affected_sop_instance_uid="1.2.3.4")


def command(data: bytes, context_id: int = 1, *, is_last: bool = True) -> Fragment:
    return Fragment(context_id, True, is_last, memoryview(data))


def data_set(data: bytes, context_id: int = 1, *, is_last: bool = False) -> Fragment:
    return Fragment(context_id, False, is_last, memoryview(data))


def test_a_command_without_a_data_set_is_a_message() -> None:
    assert MessageReader().feed(command(encode(ECHO), 3)) == [CommandReceived(3, ECHO)]


def test_messages_of_different_contexts_follow_each_other() -> None:
    reader = MessageReader()
    assert reader.feed(command(encode(ECHO), 1)) == [CommandReceived(1, ECHO)]
    assert reader.feed(command(encode(STORE), 3)) == [CommandReceived(3, STORE)]
    assert reader.feed(data_set(b"ab", 3, is_last=True)) == [DataReceived(3, memoryview(b"ab")), DataEnd(3)]
    assert reader.feed(command(encode(ECHO), 1)) == [CommandReceived(1, ECHO)]


def test_a_command_in_many_fragments_is_read_at_its_last() -> None:
    reader = MessageReader()
    for byte in encode(STORE):
        assert reader.feed(command(bytes([byte]), is_last=False)) == []
    assert reader.feed(command(b"")) == [CommandReceived(1, STORE)]


def test_the_data_set_is_passed_on_as_it_comes_and_is_not_copied() -> None:
    reader = MessageReader()
    reader.feed(command(encode(STORE)))
    buffer = bytearray(b"abcdef")
    first, last = memoryview(buffer)[:4], memoryview(buffer)[4:]
    (received,) = reader.feed(Fragment(1, False, False, first))
    assert isinstance(received, DataReceived)
    assert received.data is first
    assert reader.feed(Fragment(1, False, True, last)) == [DataReceived(1, last), DataEnd(1)]


def test_empty_fragments_are_passed_over_but_for_the_end() -> None:
    reader = MessageReader()
    reader.feed(command(encode(STORE)))
    assert reader.feed(data_set(b"")) == []
    assert reader.feed(data_set(b"", is_last=True)) == [DataEnd(1)]


def test_a_data_set_without_a_command_is_refused() -> None:
    with pytest.raises(MalformedCommand, match="without a command"):
        MessageReader().feed(data_set(b"ab"))


def test_a_data_set_after_a_command_that_has_none_is_refused() -> None:
    reader = MessageReader()
    reader.feed(command(encode(ECHO)))
    with pytest.raises(MalformedCommand, match="without a command"):
        reader.feed(data_set(b"ab"))


def test_a_data_set_before_the_end_of_its_command_is_refused() -> None:
    reader = MessageReader()
    reader.feed(command(encode(STORE)[:20], is_last=False))
    with pytest.raises(MalformedCommand, match="without a command"):
        reader.feed(data_set(b"ab"))


def test_a_command_where_a_data_set_was_announced_is_refused() -> None:
    reader = MessageReader()
    reader.feed(command(encode(STORE)))
    with pytest.raises(MalformedCommand, match="was to follow"):
        reader.feed(command(encode(ECHO)))


@pytest.mark.parametrize("other", [command(b"", 3), data_set(b"ab", 3)])
def test_fragments_of_two_contexts_are_not_mixed(other: Fragment) -> None:
    reader = MessageReader()
    reader.feed(command(encode(STORE)))
    with pytest.raises(MalformedCommand, match="mixed"):
        reader.feed(other)


def test_a_command_set_has_a_limit() -> None:
    reader = MessageReader()
    reader.feed(command(bytes(MAXIMUM_COMMAND), is_last=False))
    with pytest.raises(MalformedCommand, match="more than 65536 bytes"):
        reader.feed(command(b"\0", is_last=False))
