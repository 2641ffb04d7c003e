import json
import struct
from typing import Any

import numpy as np
import pytest

from dicomcore.data.charset import DEFAULT, UTF8, Charset
from dicomcore.data.json_values import WrongLength, inline_binary, json_string, value_encoders
from dicomcore.data.vr import VRS, Kind


def values(vr: str, raw: bytes, charset: Charset = DEFAULT, *, little_endian: bool = True) -> Any:
    encoded = value_encoders(charset, little_endian)[vr](raw)
    return None if encoded is None else json.loads(b"[%b]" % encoded)


def written(vr: str, raw: bytes) -> bytes | None:
    return value_encoders(DEFAULT, True)[vr](raw)


def test_every_vr_but_the_binary_ones_and_sq_has_an_encoder() -> None:
    without = {vr for vr, rule in VRS.items() if rule.kind in (Kind.BINARY, Kind.SEQUENCE)}
    assert value_encoders(DEFAULT, True).keys() == VRS.keys() - without


@pytest.mark.parametrize("vr", sorted(value_encoders(DEFAULT, True)))
def test_an_empty_value_field_is_nothing(vr: str) -> None:
    assert written(vr, b"") is None


@pytest.mark.parametrize("vr", ["AE", "CS", "DA", "LO", "PN", "UI", "IS", "DS", "LT", "UC", "UR"])
def test_a_value_field_of_padding_is_nothing(vr: str) -> None:
    assert written(vr, b"  ") is None
    assert written(vr, b"\0\0") is None


@pytest.mark.parametrize(
    ("vr", "raw", "expected"),
    [
        ("UI", b"1.2.3\0", ["1.2.3"]),
        ("LO", b" Thorax ", ["Thorax"]),
        ("CS", b"ORIGINAL\\PRIMARY ", ["ORIGINAL", "PRIMARY"]),
        ("CS", b"A\\\\B", ["A", None, "B"]),
        ("CS", b"\\", [None, None]),
        ("LO", b" A \\ B", ["A", "B"]),
        ("UC", b" A \\ B", [" A", " B"]),
        ("LT", b" a\\b ", [" a\\b"]),
        ("ST", b'say "hi"\r\n', ['say "hi"\r\n']),
        ("UR", b"http://host/a\\b ", ["http://host/a\\b"]),
        ("LO", b"\x1b\x07", ["\ufffd\x07"]),
    ],
)
def test_text_is_split_and_trimmed_by_its_vr(vr: str, raw: bytes, expected: list[str | None]) -> None:
    assert values(vr, raw) == expected


def test_text_is_read_in_the_character_set() -> None:
    assert values("LO", "Größe\\Zürich".encode(), UTF8) == ["Größe", "Zürich"]
    assert values("LO", "Größe".encode("latin-1"), Charset.of(["ISO_IR 100"])) == ["Größe"]


def test_a_backslash_that_is_the_second_byte_of_a_character_does_not_split() -> None:
    assert "丰\\b".encode("gb18030").count(b"\\") == 1
    raw = "乗\\b".encode("gb18030")
    assert values("LO", raw, Charset.of(["GB18030"])) == ["乗", "b"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"Doe^Jane", [{"Alphabetic": "Doe^Jane"}]),
        ("Wang^XiaoDong=王^小東".encode(), [{"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小東"}]),
        ("=王^小東".encode(), [{"Ideographic": "王^小東"}]),
        ("==わん".encode(), [{"Phonetic": "わん"}]),
        (b"A^B\\\\C", [{"Alphabetic": "A^B"}, None, {"Alphabetic": "C"}]),
        (b"==", None),
        (b'O"Neil', [{"Alphabetic": 'O"Neil'}]),
    ],
)
def test_a_person_name_has_the_groups_that_are_not_empty(raw: bytes, expected: Any) -> None:
    assert values("PN", raw, UTF8) == expected


@pytest.mark.parametrize(
    "text", [b"1.10", b"0", b"-0.5", b"1e5", b"1.0e+002", b"123456789012345", b"-1024", b"0.000000"]
)
def test_a_decimal_string_that_is_a_json_number_is_written_with_its_very_characters(text: bytes) -> None:
    assert written("DS", text) == text


@pytest.mark.parametrize(
    "text", [b"+1", b".5", b"5.", b"007", b"1e400", b"0x10", b"NaN", b"1,5", b"12345678901234567.1", b"1 2"]
)
def test_any_other_decimal_string_is_a_string(text: bytes) -> None:
    assert written("DS", text) == b'"%b"' % text


def test_several_decimal_strings_keep_their_order_and_their_gaps() -> None:
    assert written("DS", b"0.5\\0.50 ") == b"0.5,0.50"
    assert written("DS", b" 1 \\\\+2") == b'1,null,"+2"'


def test_an_integer_string_with_a_fraction_is_a_string() -> None:
    assert written("IS", b"12 ") == b"12"
    assert written("IS", b"1.5 ") == b'"1.5"'
    assert written("IS", b"1A") == b'"1A"'
    assert written("IS", b"9007199254740993") == b'"9007199254740993"'


@pytest.mark.parametrize(
    ("vr", "code", "numbers"),
    [
        ("US", "H", [0, 65535]),
        ("SS", "h", [-32768, 7]),
        ("UL", "I", [4294967295, 1]),
        ("SL", "i", [-2147483648, 1]),
        ("FD", "d", [0.1, -1e300]),
        ("FL", "f", [0.5, -3.0]),
    ],
)
def test_numbers_are_read_in_either_byte_order(vr: str, code: str, numbers: list[float]) -> None:
    assert values(vr, struct.pack(f"<2{code}", *numbers)) == numbers
    assert values(vr, struct.pack(f">2{code}", *numbers), little_endian=False) == numbers
    assert values(vr, struct.pack(f">{code}", numbers[0]), little_endian=False) == numbers[:1]


def test_64_bit_integers_beyond_2_to_the_53_are_strings() -> None:
    assert written("UV", struct.pack("<3Q", 2**53, 2**53 + 1, 5)) == b'9007199254740992,"9007199254740993",5'
    assert written("SV", struct.pack("<q", -(2**53) - 1)) == b'"-9007199254740993"'


def test_a_float_has_the_shortest_digits_that_give_it_back() -> None:
    assert written("FL", struct.pack("<f", 0.1)) == b"0.1"
    assert np.float32(written("FL", np.float32(77.20406).tobytes())) == np.float32(77.20406)


@pytest.mark.parametrize(("vr", "code"), [("FL", "f"), ("FD", "d")])
def test_what_is_not_finite_is_a_string(vr: str, code: str) -> None:
    numbers = [float("nan"), float("inf"), float("-inf"), 1.5]
    assert values(vr, struct.pack(f"<4{code}", *numbers)) == ["NaN", "Infinity", "-Infinity", 1.5]
    assert values(vr, struct.pack(f">{code}", numbers[1]), little_endian=False) == ["Infinity"]


def test_tags_are_eight_hexadecimal_digits() -> None:
    assert values("AT", bytes.fromhex("2800 0900 2000 6591")) == ["00280009", "00209165"]
    assert values("AT", bytes.fromhex("0028 0009"), little_endian=False) == ["00280009"]


@pytest.mark.parametrize(("vr", "raw"), [("US", b"abc"), ("FD", b"1234"), ("AT", b"ab")])
def test_a_value_field_of_the_wrong_length_is_reported(vr: str, raw: bytes) -> None:
    with pytest.raises(WrongLength):
        written(vr, raw)


def test_inline_binary_is_in_little_endian() -> None:
    assert inline_binary(b"\1\2\3\4", "OW", True) == b"AQIDBA=="
    assert inline_binary(b"\1\2\3\4", "OW", False) == b"AgEEAw=="
    assert inline_binary(b"\1\2\3\4", "OB", False) == b"AQIDBA=="


def test_half_of_a_surrogate_pair_becomes_the_replacement_character() -> None:
    assert json.loads(json_string("a\ud800b")) == "a\ufffdb"
