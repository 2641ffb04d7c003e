"""The messages of normalized services, byte by byte (PS3.7 Tables 10.3-1 to 10.3-12)."""

import pytest

from dicomcore.net.dimse.commands import Command, decode, encode
from dicomcore.net.dimse.normalized import (
    NActionRQ,
    NActionRSP,
    NCreateRQ,
    NCreateRSP,
    NDeleteRQ,
    NDeleteRSP,
    NEventReportRQ,
    NEventReportRSP,
    NGetRQ,
    NGetRSP,
    NSetRQ,
    NSetRSP,
)

UID = "312e322e3300"  # 1.2.3 and its padding
AFFECTED_CLASS, REQUESTED_CLASS = f"0000 0200 06000000 {UID}", f"0000 0300 06000000 {UID}"
AFFECTED_INSTANCE, REQUESTED_INSTANCE = f"0000 0010 06000000 {UID}", f"0000 0110 06000000 {UID}"
MESSAGE_ID, ANSWERED_ID = "0000 1001 02000000 0100", "0000 2001 02000000 0100"
WITH_DATA, WITHOUT = "0000 0008 02000000 0100", "0000 0008 02000000 0101"
SUCCESS = "0000 0009 02000000 0000"

MESSAGES: list[tuple[Command, str]] = [
    (
        NEventReportRQ(
            message_id=1,
            affected_sop_class_uid="1.2.3",
            affected_sop_instance_uid="1.2.3",
            event_type_id=2,
            has_dataset=True,
        ),
        f"{AFFECTED_CLASS} 0000 0001 02000000 0001 {MESSAGE_ID} {WITH_DATA} {AFFECTED_INSTANCE}0000 0210 02000000 0200",
    ),
    (
        NEventReportRSP(message_id_being_responded_to=1, status=0, event_type_id=2),
        f"0000 0001 02000000 0081 {ANSWERED_ID} {WITHOUT} {SUCCESS} 0000 0210 02000000 0200",
    ),
    (
        NGetRQ(
            message_id=1,
            requested_sop_class_uid="1.2.3",
            requested_sop_instance_uid="1.2.3",
            attribute_identifier_list=(0x00100010, 0x00100020),
        ),
        f"{REQUESTED_CLASS} 0000 0001 02000000 1001 {MESSAGE_ID} {WITHOUT} {REQUESTED_INSTANCE}"
        "0000 0510 08000000 1000 1000 1000 2000",
    ),
    (
        NGetRSP(
            message_id_being_responded_to=1, status=0x0112, error_comment="Who?", affected_sop_instance_uid="1.2.3"
        ),
        f"0000 0001 02000000 1081 {ANSWERED_ID} {WITHOUT} 0000 0009 02000000 1201"
        f"0000 0209 04000000 57686f3f {AFFECTED_INSTANCE}",
    ),
    (
        NSetRQ(message_id=1, requested_sop_class_uid="1.2.3", requested_sop_instance_uid="1.2.3"),
        f"{REQUESTED_CLASS} 0000 0001 02000000 2001 {MESSAGE_ID} {WITH_DATA} {REQUESTED_INSTANCE}",
    ),
    (
        NSetRSP(message_id_being_responded_to=1, status=0x0106, offending_element=(0x00400252,), error_id=0xA710),
        f"0000 0001 02000000 2081 {ANSWERED_ID} {WITHOUT} 0000 0009 02000000 0601"
        "0000 0109 04000000 4000 5202 0000 0309 02000000 10a7",
    ),
    (
        NActionRQ(
            message_id=1,
            requested_sop_class_uid="1.2.3",
            requested_sop_instance_uid="1.2.3",
            action_type_id=1,
            has_dataset=True,
        ),
        f"{REQUESTED_CLASS} 0000 0001 02000000 3001 {MESSAGE_ID} {WITH_DATA} {REQUESTED_INSTANCE}"
        "0000 0810 02000000 0100",
    ),
    (
        NActionRSP(message_id_being_responded_to=1, status=0, action_type_id=1),
        f"0000 0001 02000000 3081 {ANSWERED_ID} {WITHOUT} {SUCCESS} 0000 0810 02000000 0100",
    ),
    (
        NCreateRQ(message_id=1, affected_sop_class_uid="1.2.3"),
        f"{AFFECTED_CLASS} 0000 0001 02000000 4001 {MESSAGE_ID} {WITHOUT}",
    ),
    (
        NCreateRSP(message_id_being_responded_to=1, status=0, affected_sop_instance_uid="1.2.3"),
        f"0000 0001 02000000 4081 {ANSWERED_ID} {WITHOUT} {SUCCESS} {AFFECTED_INSTANCE}",
    ),
    (
        NDeleteRQ(message_id=1, requested_sop_class_uid="1.2.3", requested_sop_instance_uid="1.2.3"),
        f"{REQUESTED_CLASS} 0000 0001 02000000 5001 {MESSAGE_ID} {WITHOUT} {REQUESTED_INSTANCE}",
    ),
    (
        NDeleteRSP(message_id_being_responded_to=1, status=0, affected_sop_class_uid="1.2.3"),
        f"{AFFECTED_CLASS} 0000 0001 02000000 5081 {ANSWERED_ID} {WITHOUT} {SUCCESS}",
    ),
]


@pytest.mark.parametrize(("message", "written"), MESSAGES, ids=lambda one: type(one).__name__)
def test_a_normalized_message_is_written_and_read(message: Command, written: str) -> None:
    raw = bytes.fromhex(written)
    raw = b"\0\0\0\0\4\0\0\0" + len(raw).to_bytes(4, "little") + raw
    assert encode(message) == raw
    assert decode(raw) == message


def test_all_normalized_messages_are_tried() -> None:
    numbers = [
        number for request in (0x0100, 0x0110, 0x0120, 0x0130, 0x0140, 0x0150) for number in (request, 0x8000 + request)
    ]
    assert [message.field for message, _ in MESSAGES] == numbers
