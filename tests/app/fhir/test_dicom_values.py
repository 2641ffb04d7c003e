import pytest

from app.fhir.dicom_values import clean, count, items, names, spoken_name, text, texts, without_empty

DATASET = {
    "00080061": {"vr": "CS", "Value": ["CT", None, "", "SR"]},
    "00081030": {"vr": "LO", "Value": ["A\x00B\x1b"]},
    "00081032": {"vr": "SQ", "Value": [{"00080104": {"vr": "LO", "Value": ["x"]}}, None]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane^M^Dr^MD"}, {}]},
    "00200011": {"vr": "IS", "Value": [-3]},
    "00201206": {"vr": "IS", "Value": [2]},
}


def test_texts_have_no_control_characters_and_are_not_empty() -> None:
    assert list(texts(DATASET, 0x00080061)) == ["CT", "SR"]
    assert text(DATASET, 0x00081030) == "A B"
    assert text(DATASET, 0x00080050) == ""


def test_items_are_objects() -> None:
    assert len(items(DATASET, 0x00081032)) == 1
    assert items(DATASET, 0x00080061) == []


@pytest.mark.parametrize(
    ("value", "expected"), [(2, 2), ("7", 7), (0, 0), (-3, None), ("x", None), (2**31, None), (None, None)]
)
def test_what_is_no_unsigned_integer_is_left_out(value: object, expected: int | None) -> None:
    assert count({"00200011": {"vr": "IS", "Value": [value]}}, 0x00200011) == expected


@pytest.mark.parametrize(
    ("name", "spoken"),
    [
        ({"Alphabetic": "Doe^Jane^M^Dr^MD"}, "Dr Jane M Doe, MD"),
        ({"Alphabetic": "Doe^Jane"}, "Jane Doe"),
        ({"Alphabetic": "CITIZEN"}, "CITIZEN"),
        ({"Alphabetic": "^^^^"}, ""),
        ({"Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}, "山田 太郎"),
        ({"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}, "Tarou Yamada"),
        ({"Alphabetic": "<img src=x onerror=alert(1)>"}, "<img src=x onerror=alert(1)>"),
        ({}, ""),
    ],
)
def test_names_are_written_as_they_are_read_aloud(name: dict[str, str], spoken: str) -> None:
    assert spoken_name(name) == spoken


def test_names_that_say_nothing_are_left_out() -> None:
    assert names(DATASET, 0x00100010) == ["Dr Jane M Doe, MD"]


def test_lone_surrogates_do_not_get_through() -> None:
    assert clean("a\ud800b") == "a?b"


def test_members_without_a_value_are_left_out_and_zero_is_one() -> None:
    assert without_empty({"a": "", "b": None, "c": [], "d": {}, "e": 0, "f": "x"}) == {"e": 0, "f": "x"}
