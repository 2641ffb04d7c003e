from __future__ import annotations

import base64
import struct

import pytest

from app.web.metadata_values import SHORT, binary_text, note_of, text_of, whole_text


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (["ORIGINAL", "PRIMARY"], "ORIGINAL\\PRIMARY"),
        ([1, 2.5, None], "1\\2.5\\"),
        (
            [{"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}],
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
        ([{"Alphabetic": "Doe^Jane"}], "Doe^Jane"),
        ([], ""),
        ("no list", ""),
    ],
)
def test_values_are_shown_as_they_are_stored(values: object, text: str) -> None:
    assert whole_text({"Value": values}) == text


def test_a_long_list_of_values_is_not_written_out_to_its_end() -> None:
    text, is_whole = text_of({"Value": list(range(100_000))}, limit=50)
    assert text.startswith("0\\1\\2")
    assert (len(text), is_whole) == (50, False)
    assert text_of({"Value": ["short"]}) == ("short", True)


@pytest.mark.parametrize(
    ("vr", "value", "note"),
    [
        ("UI", "1.2.840.10008.5.1.4.1.1.2", "CT Image Storage"),
        ("UI", "1.2.3", ""),
        ("DA", "20261123", "2026-11-23"),
        ("TM", "140559.5", "14:05:59"),
        ("DT", "20261123140559.5+0100", "2026-11-23 14:05:59"),
        ("AS", "063Y", "63 years"),
        ("AT", "00280010", "Rows"),
        ("AT", "not a tag", ""),
        ("PN", {"Alphabetic": "Doe^Jane"}, "Doe, Jane"),
        ("PN", {"Alphabetic": "DOE"}, ""),
        ("LO", "anything", ""),
    ],
)
def test_what_a_value_means_is_a_note(vr: str, value: object, note: str) -> None:
    assert note_of({"Value": [value]}, vr) == note


def test_binary_values_are_shown_by_their_length_and_their_first_bytes() -> None:
    assert binary_text(encoded(bytes(range(3))), "OB") == ("3 bytes: 00 01 02", "")
    assert binary_text(encoded(b"\xff"), "OB") == ("1 byte: FF", "")
    assert binary_text(encoded(bytes(40)), "OB")[0] == "40 bytes: " + "00 " * 15 + "00 …"


def test_unknown_values_that_are_text_or_numbers_for_the_dictionary_are_read() -> None:
    assert binary_text(encoded(b"HEAD FIRST "), "LO")[1] == "“HEAD FIRST”"
    assert binary_text(encoded(b"plain text"), "UN")[1] == "“plain text”"
    assert binary_text(encoded(struct.pack("<2H", 7, 8)), "US")[1] == "7\\8"
    assert binary_text(encoded(struct.pack("<20H", *range(20))), "US")[1].endswith("7 …")
    assert binary_text(encoded(b"\x01\x02\x03"), "US")[1] == ""
    assert binary_text(encoded(b"\x01\x02\xff\xfe"), "UN")[1] == ""
    assert len(binary_text(encoded(b"x" * 1000), "LT")[1]) == SHORT + 3


@pytest.mark.parametrize("broken", ["not base64!", None, 7])
def test_binary_values_that_are_none_are_said_to_be_unreadable(broken: object) -> None:
    assert binary_text(broken, "OB") == ("unreadable", "")
