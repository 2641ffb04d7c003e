"""Elements of command sets, byte by byte (PS3.7 Annex E)."""

import struct

import pytest

from dicomcore.errors import MalformedCommand
from dicomcore.net.dimse.elements import ELEMENTS, read_number, split_elements, write_group_length


@pytest.mark.parametrize(
    ("field", "value", "written"),
    [
        ("affected_sop_class_uid", "1.2.3", "0000 0200 06000000 312e322e3300"),
        ("requested_sop_instance_uid", "1.23", "0000 0110 04000000 312e3233"),
        ("move_destination", "STORE", "0000 0006 06000000 53544f524520"),
        ("message_id", 258, "0000 1001 02000000 0201"),
        ("has_dataset", True, "0000 0008 02000000 0100"),
        ("has_dataset", False, "0000 0008 02000000 0101"),
        ("offending_element", (0x00100020, 0x0020000D), "0000 0109 08000000 1000 2000 2000 0d00"),
        ("error_comment", "No room", "0000 0209 08000000 4e6f20726f6f6d20"),
    ],
)
def test_an_element_is_written_and_read(field: str, value: object, written: str) -> None:
    raw = bytes.fromhex(written)
    assert ELEMENTS[field].write(value) == raw
    assert ELEMENTS[field].read(raw[8:]) == value


def test_no_two_fields_are_the_same_element() -> None:
    assert len({rule.element for rule in ELEMENTS.values()}) == len(ELEMENTS)


def test_an_error_comment_is_one_value_of_the_default_repertoire() -> None:
    raw = ELEMENTS["error_comment"].write("C:\\Bilder\n\xfc" + "x" * 80)
    assert raw[8:] == b"C:?Bilder??" + b"x" * 53


def test_the_padding_of_others_is_taken_off() -> None:
    assert ELEMENTS["move_destination"].read(b"  STORE         \0") == "STORE"
    assert ELEMENTS["affected_sop_class_uid"].read(b"1.2.3 ") == "1.2.3"


def test_any_data_set_type_but_one_announces_a_data_set() -> None:
    read = ELEMENTS["has_dataset"].read
    assert [read(raw) for raw in (b"\x00\x00", b"\x02\x01", b"\x01\x01")] == [True, True, False]


def test_half_a_tag_at_the_end_is_passed_over() -> None:
    assert ELEMENTS["attribute_identifier_list"].read(bytes.fromhex("1000 1000 1000 20")) == (0x00100010,)


def test_a_number_needs_two_bytes() -> None:
    assert read_number(b"\x07\x00\x00\x00") == 7
    with pytest.raises(struct.error):
        read_number(b"\x07")


def test_the_group_length_is_an_element_of_four_bytes() -> None:
    assert write_group_length(0x38) == bytes.fromhex("0000 0000 04000000 38000000")


def test_elements_are_split_in_any_order_and_padding_ends_them() -> None:
    message_id, priority = ELEMENTS["message_id"].write(7), ELEMENTS["priority"].write(2)
    raw = priority + message_id + bytes(16) + b"\0\0\0"
    assert split_elements(raw) == {0x0700: b"\x02\x00", 0x0110: b"\x07\x00", 0x0000: b""}


def test_elements_of_other_groups_are_passed_over() -> None:
    assert split_elements(bytes.fromhex("0800 1600 02000000 3100")) == {}


def test_an_element_that_goes_beyond_the_end_is_refused() -> None:
    with pytest.raises(MalformedCommand, match=r"\(0000,0110\)"):
        split_elements(ELEMENTS["message_id"].write(7)[:-1])
