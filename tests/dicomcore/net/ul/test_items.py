from dataclasses import replace

import pytest

from dicomcore.errors import MalformedPdu
from dicomcore.net.ul.items import (
    CommonExtendedNegotiation,
    ExtendedNegotiation,
    Item,
    RoleSelection,
    UserIdentity,
    UserInformation,
    item,
    read_items,
    read_uid,
    read_user_information,
    write_uid,
    write_user_information,
)

CT = "1.2.840.10008.5.1.4.1.1.2"
CT_BYTES = b"\x00\x19" + CT.encode()


def sub_items(*contents: bytes) -> UserInformation:
    """What is read from a User Information item with these sub-items."""
    return read_user_information(Item(0x50, b"".join(contents), 0))


def bare(**fields: object) -> UserInformation:
    """User information of a peer that gives no implementation."""
    nothing = UserInformation(implementation_class_uid="", implementation_version_name="")
    return replace(nothing, **fields)  # type: ignore[arg-type]


def test_an_item_has_a_type_a_reserved_byte_and_a_length() -> None:
    assert item(0x51, b"abcd") == b"\x51\x00\x00\x04abcd"


def test_an_item_longer_than_its_length_field_cannot_be_written() -> None:
    with pytest.raises(MalformedPdu, match="65535"):
        item(0x50, bytes(65_536))


def test_items_are_read_one_after_the_other() -> None:
    content = b"\x40\xff\x00\x01a" + b"\x99\x00\x00\x00" + b"\x30\x00\x00\x02bc"
    assert list(read_items(content, 100)) == [Item(0x40, b"a", 104), Item(0x99, b"", 109), Item(0x30, b"bc", 113)]


@pytest.mark.parametrize("content", [b"\x40", b"\x40\x00\x00", b"\x40\x00\x00\x02a"])
def test_an_item_that_is_cut_off_is_malformed(content: bytes) -> None:
    with pytest.raises(MalformedPdu, match="at byte 100"):
        list(read_items(content, 100))


@pytest.mark.parametrize("padding", [b"", b"\0", b" ", b"\0\0"])
def test_a_uid_may_be_padded(padding: bytes) -> None:
    assert read_uid(b"1.2.3" + padding, 0) == "1.2.3"


def test_a_uid_that_is_no_ascii_is_malformed_both_ways() -> None:
    with pytest.raises(MalformedPdu, match="at byte 7"):
        read_uid(b"1.2.\xff", 7)
    with pytest.raises(MalformedPdu, match="ASCII"):
        write_uid("1.2.\xff")


# Field of UserInformation, its value, and the sub-item: PS3.8 Annex D and PS3.7 §D.3.3, byte by byte.
SUB_ITEMS = [
    ("maximum_length", 16_384, b"\x51\x00\x00\x04\x00\x00\x40\x00"),
    ("implementation_class_uid", "1.2.3", b"\x52\x00\x00\x051.2.3"),
    ("asynchronous_operations_window", (5, 0), b"\x53\x00\x00\x04\x00\x05\x00\x00"),
    ("role_selections", (RoleSelection(CT, True, False),), b"\x54\x00\x00\x1d" + CT_BYTES + b"\x01\x00"),
    ("implementation_version_name", "PEER_1", b"\x55\x00\x00\x06PEER_1"),
    ("extended_negotiations", (ExtendedNegotiation(CT, b"\x02\x00"),), b"\x56\x00\x00\x1d" + CT_BYTES + b"\x02\x00"),
    (
        "common_extended_negotiations",
        (CommonExtendedNegotiation("1.2.3", "1.2.840.10008.4.2", ("1.2", "1.4")),),
        b"\x57\x00\x00\x26\x00\x051.2.3\x00\x111.2.840.10008.4.2\x00\x0a\x00\x031.2\x00\x031.4",
    ),
    ("user_identity", UserIdentity(2, b"ann", b"pw", True), b"\x58\x00\x00\x0b\x02\x01\x00\x03ann\x00\x02pw"),
    ("user_identity_response", b"ok", b"\x59\x00\x00\x04\x00\x02ok"),
]


@pytest.mark.parametrize(("field", "value", "encoded"), SUB_ITEMS)
def test_a_sub_item_is_read_and_written_byte_by_byte(field: str, value: object, encoded: bytes) -> None:
    assert sub_items(encoded) == bare(**{field: value})
    assert encoded in write_user_information(bare(**{field: value}))


def test_what_is_not_there_has_no_sub_item() -> None:
    assert write_user_information(bare()) == b"\x50\x00\x00\x0c\x51\x00\x00\x04\0\0\0\0\x52\x00\x00\x00"


def test_sub_items_that_may_be_repeated_are_kept_in_order() -> None:
    roles = (RoleSelection("1.2", True, True), RoleSelection("1.3", False, True), RoleSelection("1.2", True, False))
    written = write_user_information(UserInformation(role_selections=roles))
    assert read_user_information(Item(0x50, written[4:], 0)).role_selections == roles


def test_sub_items_of_unknown_type_are_passed_over() -> None:
    assert sub_items(b"\x5f\x00\x00\x02ab", b"\x51\x00\x00\x04\x00\x00\x10\x00") == bare(maximum_length=4096)


def test_a_list_of_related_classes_may_be_missing() -> None:
    common = sub_items(b"\x57\x00\x00\x0c\x00\x031.2\x00\x051.2.3").common_extended_negotiations
    assert common == (CommonExtendedNegotiation("1.2", "1.2.3"),)


def test_a_secondary_field_may_be_missing() -> None:
    assert sub_items(b"\x58\x00\x00\x07\x01\x00\x00\x03ann").user_identity == UserIdentity(1, b"ann")


def test_a_version_name_is_cut_to_sixteen_characters_of_ascii() -> None:
    written = write_user_information(UserInformation(implementation_version_name="Größe_des_Systems_1"))
    assert written.endswith(b"\x55\x00\x00\x10Gr??e_des_System")


@pytest.mark.parametrize(
    "content",
    [
        b"\x51\x00\x00\x02\x40\x00",
        b"\x53\x00\x00\x03\x00\x01\x00",
        b"\x54\x00\x00\x03\x00\x031",
        b"\x54\x00\x00\x06\x00\x031.2\x01",
        b"\x57\x00\x00\x05\x00\x031.2",
        b"\x58\x00\x00\x01\x01",
        b"\x58\x00\x00\x05\x01\x00\x00\x09a",
        b"\x59\x00\x00\x01\x00",
    ],
)
def test_a_sub_item_that_is_too_short_is_malformed(content: bytes) -> None:
    with pytest.raises(MalformedPdu):
        sub_items(content)


@pytest.mark.parametrize("length", [1, 7])
def test_a_maximum_length_without_room_for_data_is_malformed(length: int) -> None:
    with pytest.raises(MalformedPdu, match="no room"):
        sub_items(b"\x51\x00\x00\x04" + length.to_bytes(4, "big"))


def test_the_smallest_maximum_length_has_room_for_two_bytes() -> None:
    assert sub_items(b"\x51\x00\x00\x04\x00\x00\x00\x08").maximum_length == 8


def test_a_field_longer_than_its_length_field_cannot_be_written() -> None:
    with pytest.raises(MalformedPdu, match="65535"):
        write_user_information(UserInformation(user_identity=UserIdentity(4, bytes(65_536))))


def test_an_identity_keeps_its_secrets_out_of_messages() -> None:
    assert repr(UserIdentity(2, b"ann", b"secret")) == "UserIdentity(type=2)"
