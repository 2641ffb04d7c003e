from datetime import datetime

import pytest

from app.fhir.search_parameters import (
    DEFAULT_COUNT,
    MAX_COUNT,
    StudySearch,
    parse_study_search,
    read_page,
)
from app.fhir.subset import Summary
from dicomcore.errors import InvalidParameter
from dicomcore.query import Period

NOW = datetime(2024, 2, 10)


def search(*pairs: tuple[str, str], strict: bool = False) -> StudySearch:
    return parse_study_search(pairs, strict=strict, now=NOW)


def test_a_search_for_everything_has_no_keys_and_no_ranges() -> None:
    found = search()
    assert (found.keys, found.ranges, found.timezone) == (((),), (None,), None)
    assert (found.page.size, found.page.offset, found.page.ignored) == (DEFAULT_COUNT, 0, ())


def test_what_is_given_twice_must_match_twice() -> None:
    assert len(search(("modality", "CT"), ("modality", "SR")).keys[0]) == 2
    assert len(search(("modality", "CT,SR")).keys[0]) == 1


def test_alternatives_are_combined_with_everything_else() -> None:
    found = search(("identifier", "1.2.3"), ("patient", "7"))
    assert [len(keys) for keys in found.keys] == [2, 2]


def test_a_condition_that_nothing_meets_leaves_no_alternative() -> None:
    assert search(("status", "cancelled"), ("patient", "7")).keys == ()


def test_dates_become_ranges_of_the_index() -> None:
    found = search(("started", "ge2024-01-31"), ("started", "lt2024-02"))
    assert [(one.low, one.high) for one in found.ranges if one] == [("20240131000000.000000", "20240131235959.999999")]
    assert found.timezone is None
    assert search(("started", "ge2024-01-31T10:00:00+01:00")).timezone == "+0100"


def test_dates_that_exclude_each_other_leave_no_range() -> None:
    assert search(("started", "gt2024"), ("started", "lt2023")).ranges == ()


def test_ne_and_lists_of_dates_are_several_ranges_the_latest_first() -> None:
    assert [one.low for one in search(("started", "ne2024-01-31")).ranges if one] == ["20240201000000.000000", None]
    assert len(search(("started", "2024-01-31,2023-01-31")).ranges) == 2


def test_last_changes_become_periods_of_the_index() -> None:
    assert search().changed == ()
    assert search(("_lastUpdated", "ge1970-01-02T01:00:00+01:00")).changed == (Period(86_400_000_000, None),)
    both = search(("_lastUpdated", "ge1970"), ("_lastUpdated", "lt1970-01-01T00:00:01Z"))
    assert both.changed == (Period(0, 999_999),)
    assert search(("_lastUpdated", "ge2024"), ("_lastUpdated", "lt2024")).keys == ()
    assert [name for name, _ in both.page.pairs] == ["_lastUpdated", "_lastUpdated"]


def test_there_is_a_bound_on_periods() -> None:
    with pytest.raises(InvalidParameter, match="more than 20"):
        search(("_lastUpdated", ",".join(f"20{year}" for year in range(10, 31))))


def test_the_order_is_by_start_either_way() -> None:
    assert (search(("_sort", "started")).page.is_ascending, search(("_sort", "-started")).page.is_ascending) == (
        True,
        False,
    )
    assert search(("_sort", "_id")).page.ignored != ()


def test_empty_parameters_do_not_count() -> None:
    assert search(("patient", ""), ("started", " ")) == search()


def test_what_is_not_known_is_ignored_and_told() -> None:
    page = search(("colour", "blue"), ("_include", "ImagingStudy:patient"), ("_sort", "patient")).page
    assert [sentence.split(" is ")[0] for sentence in page.ignored] == [
        "The parameter colour",
        "The parameter _include=ImagingStudy:patient",
        "The parameter _sort=patient",
    ]
    assert page.pairs == ()


def test_what_is_not_known_is_refused_if_handling_is_strict() -> None:
    with pytest.raises(InvalidParameter, match="colour"):
        search(("colour", "blue"), strict=True)


@pytest.mark.parametrize(
    "pair",
    [
        ("modality:not", "CT"),
        ("identifier:missing", "true"),
        ("_count", "many"),
        ("_count", "-1"),
        ("_summary", "short"),
        ("started", "yesterday"),
        ("_lastUpdated", "yesterday"),
        ("_lastUpdated:missing", "true"),
        ("patient", "x" * 10_000),
        ("_id", ",".join(["1.2"] * 200)),
        ("modality", ","),
        ("patient", "a\x00b"),
    ],
)
def test_what_cannot_be_is_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(InvalidParameter):
        search(pair)


def test_there_is_a_bound_on_parameters_and_on_alternatives() -> None:
    with pytest.raises(InvalidParameter, match="more than 100 parameters"):
        search(*[("patient", "7")] * 101)
    with pytest.raises(InvalidParameter, match="alternatives"):
        search(*[("identifier", "1.2.3")] * 5)


def test_a_page_has_a_size_an_offset_and_a_form() -> None:
    page = search(
        ("_count", "9999"), ("_offset", "40"), ("_elements", "id,started"), ("_include", "ImagingStudy:endpoint")
    ).page
    assert (page.size, page.offset, page.elements, page.includes_endpoints) == (MAX_COUNT, 40, ("id", "started"), True)
    assert [name for name, _ in page.pairs] == ["_count", "_elements", "_include"]


def test_a_summary_of_count_has_no_page() -> None:
    page = search(("_summary", "count"), ("_count", "10")).page
    assert (page.size, page.summary) == (0, Summary.COUNT)


def test_criteria_are_those_that_are_named() -> None:
    _, criteria = read_page([("_id", "a,b"), ("other", "c")], ["_id"], strict=False)
    assert criteria == [("_id", ["a", "b"])]
