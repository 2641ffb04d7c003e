"""pynetdicom reads the command sets that are written here, and writes those that are read here."""

from dataclasses import fields

import pytest
from pynetdicom import dimse_messages
from pynetdicom.dimse_messages import DIMSEMessage
from pynetdicom.pdu_primitives import P_DATA

from dicomcore.net.dimse.commands import (
    CCancelRQ,
    CEchoRQ,
    CEchoRSP,
    CFindRQ,
    CFindRSP,
    CGetRQ,
    CGetRSP,
    CMoveRQ,
    CMoveRSP,
    Command,
    CStoreRQ,
    CStoreRSP,
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
    decode,
    encode,
)

CONTEXT_ID = 1
WITH_DATA = b"\x00"
# Where its primitives have their data set: nothing read is an empty one there, and would be announced.
DATA = ("DataSet", "Identifier", "EventReply", "AttributeList", "ActionReply")

AFFECTED = {"affected_sop_class_uid": "1.2.840.10008.5.1.4.1.1.2", "affected_sop_instance_uid": "1.2.3.45"}
REQUESTED = {"requested_sop_class_uid": "1.2.840.10008.3.1.2.3.3", "requested_sop_instance_uid": "1.2.3.45"}
FIND_CLASS = {"affected_sop_class_uid": "1.2.840.10008.5.1.4.1.2.2.1"}
ANSWER = {"message_id_being_responded_to": 4711, "status": 0x0000}
COUNTS = {
    "number_of_remaining_suboperations": 300,
    "number_of_completed_suboperations": 2,
    "number_of_failed_suboperations": 1,
    "number_of_warning_suboperations": 0,
}

COMMANDS: dict[str, Command] = {
    "C_ECHO_RQ": CEchoRQ(message_id=65535),
    "C_ECHO_RSP": CEchoRSP(**ANSWER),
    "C_STORE_RQ": CStoreRQ(
        message_id=7,
        **AFFECTED,
        move_originator_application_entity_title="MOVER",
        move_originator_message_id=9,
    ),
    "C_STORE_RSP": CStoreRSP(**ANSWER, **AFFECTED),
    "C_FIND_RQ": CFindRQ(message_id=1, **FIND_CLASS),
    "C_FIND_RSP": CFindRSP(**FIND_CLASS, message_id_being_responded_to=1, status=0xFF00, has_dataset=True),
    "C_GET_RQ": CGetRQ(message_id=1, **FIND_CLASS),
    "C_GET_RSP": CGetRSP(**ANSWER, **FIND_CLASS, **COUNTS),
    "C_MOVE_RQ": CMoveRQ(message_id=1, **FIND_CLASS, move_destination="ELSEWHERE"),
    "C_MOVE_RSP": CMoveRSP(**ANSWER, **FIND_CLASS, **COUNTS),
    "C_CANCEL_RQ": CCancelRQ(message_id_being_responded_to=5),
    "N_EVENT_REPORT_RQ": NEventReportRQ(message_id=1, **AFFECTED, event_type_id=2, has_dataset=True),
    "N_EVENT_REPORT_RSP": NEventReportRSP(**ANSWER, **AFFECTED, event_type_id=2),
    "N_GET_RQ": NGetRQ(message_id=1, **REQUESTED, attribute_identifier_list=(0x00100010, 0x00100020)),
    "N_GET_RSP": NGetRSP(**ANSWER, **AFFECTED, has_dataset=True),
    "N_SET_RQ": NSetRQ(message_id=1, **REQUESTED),
    "N_SET_RSP": NSetRSP(**ANSWER, **AFFECTED),
    "N_ACTION_RQ": NActionRQ(message_id=1, **REQUESTED, action_type_id=1, has_dataset=True),
    "N_ACTION_RSP": NActionRSP(**ANSWER, **AFFECTED, action_type_id=1),
    "N_CREATE_RQ": NCreateRQ(message_id=1, **AFFECTED, has_dataset=True),
    "N_CREATE_RSP": NCreateRSP(**ANSWER, **AFFECTED),
    "N_DELETE_RQ": NDeleteRQ(message_id=1, **REQUESTED),
    "N_DELETE_RSP": NDeleteRSP(**ANSWER, **AFFECTED),
}


def decode_by_pynetdicom(name: str, command: Command) -> DIMSEMessage:
    message: DIMSEMessage = getattr(dimse_messages, name)()
    pieces = [(CONTEXT_ID, b"\x03" + encode(command)), *([(CONTEXT_ID, b"\x02" + WITH_DATA)] * command.has_dataset)]
    primitive = P_DATA()
    primitive.presentation_data_value_list = [list(piece) for piece in pieces]
    assert message.decode_msg(primitive)
    return message


def encode_by_pynetdicom(message: DIMSEMessage) -> bytes:
    """The command set of a message, put together from its fragments."""
    fragments = [value for one in message.encode_msg(CONTEXT_ID, 0) for _, value in one.presentation_data_value_list]
    return b"".join(fragment[1:] for fragment in fragments if fragment[0] & 1)


def test_every_message_is_tried() -> None:
    assert len(COMMANDS) == 23


@pytest.mark.parametrize("name", COMMANDS)
def test_pynetdicom_reads_what_is_written_here(name: str) -> None:
    primitive = decode_by_pynetdicom(name, COMMANDS[name]).message_to_primitive()
    for field in (AFFECTED | REQUESTED | COUNTS).keys() & {one.name for one in fields(COMMANDS[name])}:
        keyword = field.title().replace("_", "").replace("Sop", "SOP").replace("Uid", "UID")
        assert (getattr(primitive, keyword) or None) == (getattr(COMMANDS[name], field) or None)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_pynetdicom_writes_is_read_here(name: str) -> None:
    primitive = decode_by_pynetdicom(name, COMMANDS[name]).message_to_primitive()
    for data in DATA if not COMMANDS[name].has_dataset else ():
        if hasattr(primitive, data):
            setattr(primitive, data, None)
    message: DIMSEMessage = getattr(dimse_messages, name)()
    message.primitive_to_message(primitive)
    assert decode(encode_by_pynetdicom(message)) == COMMANDS[name]
