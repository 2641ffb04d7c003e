from __future__ import annotations

import pytest

from dicomcore.documents.wording import (
    lines_of,
    readable_date,
    readable_date_and_time,
    readable_list,
    readable_moment,
    readable_number,
    readable_offset,
    readable_time,
    shorten,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [("20240131", "2024-01-31"), ("2024.01.31", "2024-01-31"), ("soon", "soon"), ("", "")],
)
def test_a_date_is_written_year_first(text: str, words: str) -> None:
    assert readable_date(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [("140322.500000", "14:03:22.5"), ("140322.000", "14:03:22"), ("1403", "14:03"), ("14", "14"), ("x", "x")],
)
def test_a_time_is_written_as_exact_as_it_is(text: str, words: str) -> None:
    assert readable_time(text) == words


@pytest.mark.parametrize(
    ("text", "offset", "words"),
    [
        ("20240131140322", "", "2024-01-31 14:03:22"),
        ("20240131140322", "+0100", "2024-01-31 14:03:22 +01:00"),
        ("20240131140322-0500", "+0100", "2024-01-31 14:03:22 -05:00"),
        ("202401", "+0100", "2024-01"),
        ("yesterday", "+0100", "yesterday"),
    ],
)
def test_a_moment_has_the_offset_that_it_says_or_that_of_the_document(text: str, offset: str, words: str) -> None:
    assert readable_moment(text, offset) == words


def test_the_offset_belongs_to_the_time() -> None:
    assert readable_date_and_time("20240131", "", "+0100") == "2024-01-31"
    assert readable_date_and_time("20240131", "1403", "+0100") == "2024-01-31 14:03 +01:00"
    assert readable_offset("nonsense") == "nonsense"


def test_numbers_have_the_digits_of_single_precision() -> None:
    assert [readable_number(one) for one in (3.0, 0.10000000149011612, -2.5e-9)] == ["3", "0.1", "-2.5e-09"]


def test_numbers_in_a_row_are_joined_and_long_lists_cut() -> None:
    assert readable_list([1, 2, 3, 7, 9, 10]) == "1-3, 7, 9-10"
    assert readable_list(range(0, 100, 2), shown=2) == "0, 2 and 48 more"


def test_text_is_split_at_every_line_break_of_dicom() -> None:
    assert lines_of("a\r\nb\rc\n\nd\f \n") == ["a", "b", "c", "", "d"]


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert [shorten(text, 6) for text in ("short", "a\nb", "too long a text")] == ["short", "a b", "too l…"]
