from __future__ import annotations

import pytest

from dicomcore.data import DEFAULT, UTF8
from dicomcore.data.values import (
    decode_number,
    decode_values,
    encode_fragments,
    encode_values,
    format_decimal,
    swap,
    swap_units,
)


@pytest.mark.parametrize(
    ("raw", "vr", "expected"),
    [
        (b"A\\ B ", "CS", ["A", "B"]),
        (b" a\\b ", "LT", [" a\\b"]),
        (b" a\\b ", "UC", [" a", "b"]),
        (b"1.2\0", "UI", ["1.2"]),
        (b"  ", "LO", []),
        (b"a\\", "LO", ["a", ""]),
        (b"12\\-3", "IS", [12, -3]),
        (b"1e3\\.5\\x", "DS", [1000.0, 0.5, "x"]),
        (b"\1\0\2\0\3", "US", [1, 2]),
        (b"\xff\xff", "SS", [-1]),
        (b"\x10\0\x10\0", "AT", [0x00100010]),
        (b"\1\2", "OB", [b"\1\2"]),
        (b"", "OB", []),
        (b"\xc3\xa9", "ZZ", [b"\xc3\xa9"]),
    ],
)
def test_value_field_is_decoded_by_its_vr(raw: bytes, vr: str, expected: list[object]) -> None:
    assert decode_values(raw, vr, DEFAULT, True) == expected


def test_text_is_decoded_by_its_character_set_only_where_that_applies() -> None:
    raw = "é\\ü".encode()
    assert decode_values(raw, "LO", UTF8, True) == ["é", "ü"]
    assert decode_values(raw, "CS", UTF8, True) == decode_values(raw, "CS", DEFAULT, True)


def test_numbers_are_decoded_in_big_endian() -> None:
    assert decode_values(b"\0\1\0\2", "US", DEFAULT, False) == [1, 2]
    assert decode_values(b"\0\x10\0\x20", "AT", DEFAULT, False) == [0x00100020]
    assert decode_values(b"\1\2", "OW", DEFAULT, False) == [b"\2\1"]


@pytest.mark.parametrize(
    ("raw", "vr", "expected"),
    [
        (b"12 ", "IS", 12),
        (b"1.5\\2", "DS", 1.5),
        (b"\1\0\2\0", "US", 1),
        (b"\1", "US", None),
        (b"abc", "LO", None),
        (b"7", "OB", None),
        (b"\xff", "IS", None),
    ],
)
def test_first_value_as_a_number(raw: bytes, vr: str, expected: float | None) -> None:
    assert decode_number(raw, vr, True) == expected


@pytest.mark.parametrize(
    ("values", "vr", "expected"),
    [
        (("A", "B"), "CS", b"A\\B "),
        (("1.2",), "UI", b"1.2\0"),
        ((1, 2), "US", b"\1\0\2\0"),
        ((0x00100020,), "AT", b"\x10\0\x20\0"),
        ((b"abc",), "OB", b"abc\0"),
        ((2.0,), "IS", b"2 "),
        ((0.1,), "DS", b"0.1 "),
        ((), "LO", b""),
    ],
)
def test_values_are_encoded_by_their_vr(values: tuple[object, ...], vr: str, expected: bytes) -> None:
    assert encode_values(values, vr, DEFAULT, True) == expected


def test_binary_values_are_given_in_little_endian() -> None:
    assert encode_values((b"\1\2",), "OW", DEFAULT, False) == b"\2\1"
    assert encode_values((258,), "US", DEFAULT, False) == b"\1\2"


@pytest.mark.parametrize("number", [1 / 3, -1 / 3, 1e-300, 123456789.123456789, -1.7976931348623157e308, 0.1, 5e-324])
def test_decimal_string_has_at_most_16_characters(number: float) -> None:
    text = format_decimal(number)
    assert len(text) <= 16
    assert float(text) == pytest.approx(number, rel=1e-8)


def test_decimal_string_of_no_number_is_empty() -> None:
    assert format_decimal(float("nan")) == format_decimal(float("inf")) == ""


def test_fragments_are_wrapped_into_items() -> None:
    value, spans = encode_fragments([b"", b"abc"])
    assert value == b"\xfe\xff\0\xe0\0\0\0\0\xfe\xff\0\xe0\4\0\0\0abc\0"
    assert spans == ((8, 8), (16, 20))


def test_swapping_leaves_what_is_over() -> None:
    assert swap(memoryview(b"\1\2\3"), "OW") == b"\2\1\3"
    assert swap(memoryview(b"\1\2\3\4"), "AT") == b"\2\1\4\3"
    assert swap(memoryview(b"\1\2"), "LO") == b"\1\2"
    assert swap_units(memoryview(b"\1\2\3\4\5"), 4) == b"\4\3\2\1\5"
    assert swap_units(memoryview(b"\1"), 2) == b"\1"
