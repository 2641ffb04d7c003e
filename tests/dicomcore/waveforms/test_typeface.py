from __future__ import annotations

from PIL import Image, ImageDraw

from dicomcore.waveforms.typeface import pdf_font, picture_font, printable


def test_letters_that_are_there_stay() -> None:
    assert printable("Müller 5 µV 37°C mm²") == "Müller 5 µV 37°C mm²"


def test_other_letters_lose_their_accents_or_become_question_marks() -> None:
    assert printable("Dvořák 山") == "Dvorák ?"
    assert printable("\u03bcV \u2013 1\u00a0mV s\u207b¹") == "µV - 1 mV s-¹"


def test_control_and_direction_characters_go() -> None:
    assert printable("a\nb\x1bc\u202ed") == "abcd"


def test_both_weights_are_there_for_pictures_and_pdf() -> None:
    assert (pdf_font(False), pdf_font(True)) == ("Vera", "VeraBd")
    draw = ImageDraw.Draw(Image.new("L", (10, 10)))
    assert draw.textlength("Lead II", picture_font(20, True)) > draw.textlength("Lead II", picture_font(20, False))
