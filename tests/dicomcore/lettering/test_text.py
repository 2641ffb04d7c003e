from __future__ import annotations

import pytest

from dicomcore.lettering import text as lettering_text
from dicomcore.lettering.text import MAX_LETTERS, is_plain, printable, printable_line


def test_names_of_europe_and_the_middle_east_stay_what_they_are() -> None:
    for name in (
        "Doe^Jane 12.5 mm",
        "Müller^Łukasz Straße",
        "Dvořák ½ µm² ±3°",
        "Жуковский^Иван",
        "Κωνσταντίνου^Ελένη",
    ):
        assert printable(name) == name
    assert printable("כהן^דוד") == "כהן^דוד"
    assert printable("محمد^أحمد") == "محمد^أحمد"


def test_names_in_scripts_that_the_machine_has_a_font_for_stay_what_they_are() -> None:
    assert printable("山田^太郎=やまだ^たろう") == "山田^太郎=やまだ^たろう"


def test_an_accent_behind_its_letter_joins_it() -> None:
    assert printable("e\u0301") == "é"


def test_a_letter_carries_few_marks() -> None:
    assert printable("x" + "\u0323" * 50 + "y") == "x" + "\u0323" * 4 + "y"


def test_marks_without_a_letter_are_left_out() -> None:
    assert printable("\u0301a\n\u0301b\ue000\u0301") == "a\nb?"


def test_what_no_typeface_has_becomes_what_it_stands_for_or_a_question_mark() -> None:
    assert printable("\U0001d400\ufdfa\U000e0041") == "A\ufdfa"
    assert printable("\U00018800") == "?"  # a word of Tangut


def test_spaces_of_all_kinds_are_spaces() -> None:
    assert printable("1\u00a0mV\u3000\u20282") == "1 mV  2"


def test_control_and_direction_characters_are_left_out_and_lines_kept() -> None:
    assert printable("a\r\nb\rc\x1b[1m\x00\u202ed\te") == "a\nb\nc[1md e"
    assert printable_line("a\r\nb") == "a b"


def test_broken_text_can_be_written() -> None:
    assert printable("\ud800\U0010ffff") == "??"


def test_long_text_is_cut() -> None:
    assert len(printable("x" * 10_000)) == MAX_LETTERS
    assert len(printable("山" * 10_000)) == MAX_LETTERS


def test_without_a_layout_of_directions_letters_from_the_right_are_not_written_the_wrong_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lettering_text, "IS_SHAPED", False)
    assert printable("דוד Ж x\u0323") == "??? Ж x"


def test_plain_is_what_stands_where_it_is_written() -> None:
    assert is_plain("Doe^Jane Müller Жук 5 µV")
    assert not is_plain("דוד")
    assert not is_plain("x\u0323")
    assert not is_plain("山")
