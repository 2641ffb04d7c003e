"""Header values: no way out of them (RFC 9110 §5.5), Warning (row COM-055) and Content-Disposition."""

import pytest

from app.headers import content_disposition, header_value, warning


def test_plain_text_is_kept() -> None:
    assert header_value(' text/plain; x="y" ') == 'text/plain; x="y"'


@pytest.mark.parametrize(
    "text", ["a\r\nSet-Cookie: b", "a\nSet-Cookie: b", "a\r\n\r\nSet-Cookie: b", "a\0Set-Cookie: b"]
)
def test_line_ends_become_a_space(text: str) -> None:
    assert header_value(text) == "a Set-Cookie: b"


def test_what_is_not_latin_1_becomes_a_question_mark() -> None:
    assert header_value("Müller 山田") == "Müller ??"


def test_warning_has_the_form_of_the_standard() -> None:
    text = "There are 5 additional results that can be requested"
    assert warning("http://localhost/dicom-web", text) == f"299 http://localhost/dicom-web: {text}"
    assert warning("/dicom-web", "Out of memory", "A700") == "A700 /dicom-web: Out of memory"


def test_plain_filenames_are_quoted() -> None:
    assert content_disposition("CT 1.dcm") == 'attachment; filename="CT 1.dcm"'
    assert content_disposition("a.pdf", "inline") == 'inline; filename="a.pdf"'


def test_other_filenames_come_in_two_forms() -> None:
    assert content_disposition("Größe.pdf") == "attachment; filename=\"Gr_e.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf"


def test_quotes_and_line_ends_cannot_end_the_filename() -> None:
    assert content_disposition('a"; x="\r\nB: c') == (
        "attachment; filename=\"a_; x=_ B_ c\"; filename*=UTF-8''a%22%3B%20x%3D%22%20B%3A%20c"
    )


def test_folders_are_no_part_of_a_filename() -> None:
    assert content_disposition("../..\\a") == 'attachment; filename=".._.._a"'


def test_filename_of_nothing_is_file() -> None:
    assert content_disposition("") == "attachment; filename=\"file\"; filename*=UTF-8''"
