from __future__ import annotations

from dicomcore.rendering.lettering import MAX_LETTERS, font_of, printable, width_of


def test_ascii_stays_what_it_is() -> None:
    assert printable("Doe^Jane 12.5 mm") == "Doe^Jane 12.5 mm"


def test_letters_without_glyph_lose_their_accents() -> None:
    assert printable("Müller Łukasz Straße é") == "Muller Lukasz Strasse e"
    assert printable("e\u0301 ½ µm²") == "e 1/2 um2"


def test_signs_that_the_font_has_are_kept() -> None:
    assert printable("±3°") == "±3°"


def test_other_scripts_become_question_marks() -> None:
    assert printable("山田 Жук") == "?? ???"


def test_control_characters_are_left_out_and_lines_kept() -> None:
    assert printable("a\r\nb\rc\x1b[1m\x00") == "a\nb\nc[1m"


def test_broken_text_can_be_drawn() -> None:
    assert printable("\ud800\U0010ffff\u202e") == "??"


def test_long_text_is_cut() -> None:
    assert len(printable("x" * 10_000)) == MAX_LETTERS


def test_sizes_of_the_font_are_kept_in_bounds() -> None:
    assert font_of(-3).getbbox("x") == font_of(4).getbbox("x")
    assert font_of(10**9).getbbox("x") == font_of(400).getbbox("x")


def test_width_grows_with_the_text() -> None:
    assert 0 < width_of("i", 16) < width_of("immmm", 16)
