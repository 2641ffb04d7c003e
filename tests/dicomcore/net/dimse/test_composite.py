"""The messages of composite services, byte by byte (PS3.7 Tables 9.3-1 to 9.3-15)."""

import pytest

from dicomcore.net.dimse.commands import Command, decode, encode
from dicomcore.net.dimse.composite import (
    HIGH,
    LOW,
    CCancelRQ,
    CEchoRQ,
    CEchoRSP,
    CFindRQ,
    CFindRSP,
    CGetRQ,
    CGetRSP,
    CMoveRQ,
    CMoveRSP,
    CStoreRQ,
    CStoreRSP,
)

UID = "312e322e3300"  # 1.2.3 and its padding
CLASS = f"0000 0200 06000000 {UID}"
INSTANCE = f"0000 0010 06000000 {UID}"
WITH_DATA, WITHOUT = "0000 0008 02000000 0100", "0000 0008 02000000 0101"
COUNTS = "0000 2010 02000000 0300 0000 2110 02000000 0200 0000 2210 02000000 0100 0000 2310 02000000 0000"

MESSAGES: list[tuple[Command, str]] = [
    (
        CStoreRQ(
            message_id=7,
            affected_sop_class_uid="1.2.3",
            affected_sop_instance_uid="1.2.3",
            priority=LOW,
            move_originator_application_entity_title="MOVER",
            move_originator_message_id=9,
        ),
        f"0000 0000 04000000 5c000000 {CLASS} 0000 0001 02000000 0100 0000 1001 02000000 0700 0000 0007 02000000 0200"
        f"{WITH_DATA} {INSTANCE} 0000 3010 06000000 4d4f56455220 0000 3110 02000000 0900",
    ),
    (
        CStoreRSP(
            message_id_being_responded_to=7,
            status=0xB000,
            affected_sop_class_uid="1.2.3",
            affected_sop_instance_uid="1.2.3",
        ),
        f"0000 0000 04000000 44000000 {CLASS} 0000 0001 02000000 0180 0000 2001 02000000 0700"
        f"{WITHOUT} 0000 0009 02000000 00b0 {INSTANCE}",
    ),
    (
        CFindRQ(message_id=1, affected_sop_class_uid="1.2.3"),
        f"0000 0000 04000000 36000000 {CLASS} 0000 0001 02000000 2000 0000 1001 02000000 0100"
        f"0000 0007 02000000 0000 {WITH_DATA}",
    ),
    (
        CFindRSP(message_id_being_responded_to=1, status=0xFF00, affected_sop_class_uid="1.2.3", has_dataset=True),
        f"0000 0000 04000000 36000000 {CLASS} 0000 0001 02000000 2080 0000 2001 02000000 0100"
        f"{WITH_DATA} 0000 0009 02000000 00ff",
    ),
    (
        CGetRQ(message_id=1, affected_sop_class_uid="1.2.3", priority=HIGH),
        f"0000 0000 04000000 36000000 {CLASS} 0000 0001 02000000 1000 0000 1001 02000000 0100"
        f"0000 0007 02000000 0100 {WITH_DATA}",
    ),
    (
        CGetRSP(
            message_id_being_responded_to=1,
            status=0xFF00,
            number_of_remaining_suboperations=3,
            number_of_completed_suboperations=2,
            number_of_failed_suboperations=1,
            number_of_warning_suboperations=0,
        ),
        "0000 0000 04000000 50000000 0000 0001 02000000 1080 0000 2001 02000000 0100"
        f"{WITHOUT} 0000 0009 02000000 00ff {COUNTS}",
    ),
    (
        CMoveRQ(message_id=1, affected_sop_class_uid="1.2.3", move_destination="STORE"),
        f"0000 0000 04000000 44000000 {CLASS} 0000 0001 02000000 2100 0000 1001 02000000 0100"
        f"0000 0006 06000000 53544f524520 0000 0007 02000000 0000 {WITH_DATA}",
    ),
    (
        CMoveRSP(
            message_id_being_responded_to=1,
            status=0xA801,
            error_comment="Nobody is called that",
            number_of_remaining_suboperations=3,
            number_of_completed_suboperations=2,
            number_of_failed_suboperations=1,
            number_of_warning_suboperations=0,
        ),
        "0000 0000 04000000 6e000000 0000 0001 02000000 2180 0000 2001 02000000 0100"
        f"{WITHOUT} 0000 0009 02000000 01a8 0000 0209 16000000 4e6f626f64792069732063616c6c6564207468617420 {COUNTS}",
    ),
    (
        CEchoRQ(message_id=1),
        "0000 0000 04000000 38000000 0000 0200 12000000 312e322e3834302e31303030382e312e3100"
        f"0000 0001 02000000 3000 0000 1001 02000000 0100 {WITHOUT}",
    ),
    (
        CEchoRSP(message_id_being_responded_to=1, status=0),
        "0000 0000 04000000 42000000 0000 0200 12000000 312e322e3834302e31303030382e312e3100"
        f"0000 0001 02000000 3080 0000 2001 02000000 0100 {WITHOUT} 0000 0009 02000000 0000",
    ),
    (
        CCancelRQ(message_id_being_responded_to=5),
        f"0000 0000 04000000 1e000000 0000 0001 02000000 ff0f 0000 2001 02000000 0500 {WITHOUT}",
    ),
]


@pytest.mark.parametrize(("message", "written"), MESSAGES, ids=lambda one: type(one).__name__)
def test_a_composite_message_is_written_and_read(message: Command, written: str) -> None:
    raw = bytes.fromhex(written)
    assert encode(message) == raw
    assert decode(raw) == message


def test_all_composite_messages_are_tried() -> None:
    assert [message.field for message, _ in MESSAGES] == [
        *(0x0001, 0x8001, 0x0020, 0x8020, 0x0010, 0x8010, 0x0021, 0x8021, 0x0030, 0x8030, 0x0FFF)
    ]
