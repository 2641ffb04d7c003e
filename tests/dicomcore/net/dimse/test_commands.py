"""Command sets as a whole: what is refused, and what others write is read all the same."""

from dataclasses import replace

import pytest

from dicomcore.errors import MalformedCommand
from dicomcore.net.dimse.commands import (
    COMMANDS,
    MEDIUM,
    CCancelRQ,
    CEchoRQ,
    CMoveRQ,
    CStoreRQ,
    CStoreRSP,
    NGetRQ,
    decode,
    encode,
)
from dicomcore.net.dimse.elements import ELEMENTS

STORE = CStoreRQ(message_id=7, affected_sop_class_uid="1.2.3", affected_sop_instance_uid="1.2.3.4")


def written(**values: object) -> bytes:
    return b"".join(ELEMENTS[name].write(value) for name, value in values.items())


def test_there_are_23_messages() -> None:
    assert len(COMMANDS) == 23
    assert all(command.field == number for number, command in COMMANDS.items())


def test_elements_without_a_value_are_left_out() -> None:
    assert written(priority=MEDIUM) in encode(STORE)
    assert b"\x00\x00\x30\x10" not in encode(STORE)


def test_the_largest_message_id_is_65535() -> None:
    assert decode(encode(replace(STORE, message_id=0xFFFF))).message_id == 0xFFFF  # type: ignore[union-attr]


@pytest.mark.parametrize("number", [-1, 0x10000])
def test_a_number_beyond_its_element_is_not_written(number: int) -> None:
    with pytest.raises(MalformedCommand, match="0 to 65535"):
        encode(replace(STORE, message_id=number))


def test_a_view_is_read_as_bytes_are() -> None:
    assert decode(memoryview(bytearray(encode(STORE)))) == STORE


def test_order_group_length_padding_and_unknown_elements_do_not_matter() -> None:
    retired = bytes.fromhex("0000 1000 02000000 4142")
    raw = (
        bytes.fromhex("0000 0000 04000000 ff000000")
        + written(has_dataset=True, affected_sop_instance_uid="1.2.3.4", message_id=7)
        + retired
        + written(field=0x0001, affected_sop_class_uid="1.2.3")
        + bytes(12)
    )
    assert decode(raw) == STORE


def test_an_element_without_a_value_is_as_absent() -> None:
    empty = bytes.fromhex("0000 0007 00000000 0000 3010 00000000")
    assert decode(encode(STORE) + empty) == STORE


def test_a_move_destination_is_read_without_its_padding() -> None:
    raw = written(
        affected_sop_class_uid="1.2.3", field=0x0021, message_id=1, move_destination="  STORE   ", has_dataset=True
    )
    assert decode(raw) == CMoveRQ(message_id=1, affected_sop_class_uid="1.2.3", move_destination="STORE")


def test_a_response_without_uids_is_read() -> None:
    raw = written(field=0x8001, message_id_being_responded_to=3, has_dataset=False, status=0)
    assert decode(raw) == CStoreRSP(message_id_being_responded_to=3, status=0)


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        (b"", "Command Field"),
        (written(message_id=1, has_dataset=False), "Command Field"),
        (written(field=0x4711), "4711H"),
        (written(field=0x0030, has_dataset=False), r"CEchoRQ lacks message_id \(0000,0110\)"),
        (written(field=0x0030, message_id=1), r"lacks has_dataset \(0000,0800\)"),
        (written(field=0x0001, message_id=1, has_dataset=True), r"\(0000,0002\), .*\(0000,1000\)"),
        (written(field=0x8001, message_id_being_responded_to=1, has_dataset=False), r"lacks status \(0000,0900\)"),
        (written(field=0x0FFF, has_dataset=False), "message_id_being_responded_to"),
        (bytes.fromhex("0000 0001 01000000 30"), "no value"),
        (written(field=0x0030, has_dataset=False) + bytes.fromhex("0000 1001 01000000 01"), "no value"),
    ],
)
def test_what_is_no_message_is_refused(raw: bytes, named: str) -> None:
    with pytest.raises(MalformedCommand, match=named):
        decode(raw)


@pytest.mark.parametrize(
    "command",
    [
        STORE,
        CEchoRQ(message_id=1),
        CCancelRQ(message_id_being_responded_to=5),
        NGetRQ(
            message_id=1,
            requested_sop_class_uid="1.2",
            requested_sop_instance_uid="1.2.3",
            attribute_identifier_list=(0x00100010,),
        ),
    ],
)
def test_a_command_set_cut_anywhere_is_refused(command: CStoreRQ) -> None:
    whole = encode(command)
    complete = len(whole) - len(ELEMENTS["has_dataset"].write(True))
    for end in range(complete if command.field in (0x0030, 0x0FFF) else len(whole) - 20):
        with pytest.raises(MalformedCommand):
            decode(whole[:end])
