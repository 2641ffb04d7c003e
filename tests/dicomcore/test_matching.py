"""Matching on DICOM JSON (PS3.4 §C.2.2.2): rows MAT-001 to MAT-013."""

from typing import Any

import pytest

from dicomcore.matching import comparable, matches, matches_all, normalize, resolve, wild_card_matches
from dicomcore.query import CombinedRange, Empty, Literal, Match, MatchingKey, Range, UidList, Universal, WildCard

Element = dict[str, Any]


def element(vr: str, *values: Any) -> Element:
    return {"vr": vr, "Value": list(values)} if values else {"vr": vr}


def finds(vr: str, match: Match, *values: Any, fuzzy: bool = False) -> bool:
    dataset = {"00100010": element(vr, *values)}
    return matches(MatchingKey((0x00100010,), vr, match), dataset, fuzzy=fuzzy)


@pytest.mark.parametrize("values", [(), (None,), ("x",)])
def test_universal_matching_matches_whatever_is_there(values: tuple[Any, ...]) -> None:
    assert finds("LO", Universal(), *values)
    assert matches(MatchingKey((0x00200010,), "SH", Universal()), {})


def test_single_values_match_exactly_and_with_their_case() -> None:
    assert finds("CS", Literal(("CT",)), "CT")
    assert not finds("CS", Literal(("ct",)), "CT")
    assert not finds("CS", Literal(("C",)), "CT")


def test_spaces_around_a_value_do_not_count() -> None:
    assert finds("SH", Literal(("A1",)), " A1 ")
    assert not finds("UT", Literal(("A1",)), " A1")


def test_any_of_several_values_matches_any_of_several() -> None:
    assert finds("CS", Literal(("MR", "CT")), "SR", "CT")
    assert not finds("CS", Literal(("MR", "US")), "SR", "CT")


def test_names_match_without_case_and_accents() -> None:
    assert finds("PN", Literal(("MULLER^max",)), {"Alphabetic": "Müller^Max^^"})
    assert not finds("PN", Literal(("muller",)), {"Alphabetic": "Müller^Max"})


def test_names_match_in_every_component_group() -> None:
    name = {"Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"}
    assert finds("PN", WildCard(("王*",)), name)
    assert finds("PN", WildCard(("*=王*",)), name)
    assert not finds("PN", WildCard(("小*",)), name)


def test_names_match_fuzzily_when_asked() -> None:
    assert finds("PN", Literal(("john swayne",)), {"Alphabetic": "Swain^John"}, fuzzy=True)
    assert not finds("PN", Literal(("john swayne",)), {"Alphabetic": "Swain^John"})


@pytest.mark.parametrize(
    ("vr", "stored"), [("IS", 7), ("IS", "007"), ("IS", "+7"), ("DS", 7.0), ("DS", "7.00"), ("US", 7)]
)
def test_numbers_match_by_value(vr: str, stored: Any) -> None:
    assert finds(vr, Literal(("7",)), stored)
    assert not finds(vr, Literal(("8",)), stored)


@pytest.mark.parametrize(
    ("vr", "asked", "stored"),
    [
        ("TM", "223000.000000", "2230"),
        ("DT", "19980128103000.000000", "19980128103000.0000"),
        ("DA", "19991231", "1999.12.31"),
    ],
)
def test_dates_and_times_match_by_meaning(vr: str, asked: str, stored: str) -> None:
    assert finds(vr, Literal((asked,)), stored)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        ("20200101", "20200131", True),
        ("20200115", "20200115", True),
        (None, "20200115", True),
        ("20200115", None, True),
        ("20200116", None, False),
        (None, "20200114", False),
    ],
)
def test_ranges_include_their_ends(low: str | None, high: str | None, expected: bool) -> None:
    assert finds("DA", Range(low, high), "20200115") is expected


def test_an_open_range_does_not_match_what_is_absent() -> None:
    assert not finds("DA", Range(None, "20200115"))
    assert not finds("DA", Range("20200115", None))


def test_a_list_of_uids_matches_any() -> None:
    assert finds("UI", UidList(("1.2", "1.3")), "1.3")
    assert not finds("UI", UidList(("1.2", "1.3")), "1.2.3")


@pytest.mark.parametrize("values", [(), (None,), ("",)])
def test_empty_value_matching_matches_what_has_no_value(values: tuple[Any, ...]) -> None:
    assert finds("SH", Empty(), *values)
    assert not finds("SH", Empty(), "x", *values)


def test_empty_value_matching_sees_bulk_data() -> None:
    assert not matches(MatchingKey((0x7FE00010,), "OW", Empty()), {"7FE00010": {"vr": "OW", "BulkDataURI": "x"}})


def test_a_sequence_with_an_empty_item_is_not_empty() -> None:
    key = MatchingKey((0x00400275,), "SQ", Empty())
    assert not matches(key, {"00400275": element("SQ", {})})
    assert matches(key, {"00400275": element("SQ")})


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True),
        ("a*", "abc", True),
        ("*c", "abc", True),
        ("a*c", "ac", True),
        ("a?c", "ac", False),
        ("a?c", "abc", True),
        ("*b?*", "abc", True),
        ("*b?*", "ab", False),
        ("a*a", "a", False),
        ("*ab*ab*", "abab", True),
        ("*ab*ab*", "aba", False),
        ("abc", "ABC", False),
        ("a.c", "abc", False),
        ("[a]*", "abc", False),
        ("?", "王", True),
        ("", "", True),
        ("", "a", False),
    ],
)
def test_wild_cards(pattern: str, text: str, expected: bool) -> None:
    assert wild_card_matches(pattern, text) is expected


def test_wild_cards_take_no_more_time_than_the_text_is_long() -> None:
    assert not wild_card_matches("*a" * 16 + "b", "a" * 1_000_000)


REQUESTS = {
    "00400275": element(
        "SQ",
        {"00400009": element("SH", "STEP1"), "00401001": element("SH", "PROC1")},
        {"00400009": element("SH", "STEP2"), "00401001": element("SH", "PROC2")},
    )
}


def request_key(tag: int, match: Match) -> MatchingKey:
    return MatchingKey((0x00400275, tag), "SH", match)


@pytest.mark.parametrize(("step", "procedure", "expected"), [("STEP1", "PROC1", True), ("STEP1", "PROC2", False)])
def test_keys_of_a_sequence_match_in_the_same_item(step: str, procedure: str, expected: bool) -> None:
    keys = (request_key(0x00400009, Literal((step,))), request_key(0x00401001, Literal((procedure,))))
    assert matches_all(keys, (), REQUESTS) is expected


def test_a_universal_key_in_a_sequence_asks_for_no_item() -> None:
    assert matches(request_key(0x00400009, Universal()), {})
    assert matches(request_key(0x00400009, Empty()), {"00400275": element("SQ")})
    assert not matches(request_key(0x00400009, WildCard(("S*",))), {})


def test_keys_reach_into_sequences_in_sequences() -> None:
    inner = {"00080100": element("SH", "T1")}
    dataset = {"00400275": element("SQ", {"00321064": element("SQ", inner)})}
    key = MatchingKey((0x00400275, 0x00321064, 0x00080100), "SH", Literal(("T1",)))
    assert matches(key, dataset)
    assert not matches(key, REQUESTS)


def test_a_private_key_finds_the_block_that_its_creator_reserved() -> None:
    dataset = {"00090011": element("LO", "ACME"), "00091101": element("LO", "x"), "00091001": element("LO", "y")}
    assert matches(MatchingKey((0x00091001,), "UN", Literal(("x",)), "ACME"), dataset)
    assert not matches(MatchingKey((0x00091001,), "UN", Literal(("x",)), "OTHER"), dataset)
    assert resolve(dataset, 0x00091001, "ACME") == "00091101"


def test_an_attribute_of_unknown_vr_is_compared_as_it_is_stored() -> None:
    key = MatchingKey((0x00091001,), "UN", Literal(("007",)))
    assert matches(key, {"00091001": element("IS", 7)})
    assert not matches(key, {"00091001": element("LO", "7")})
    assert not matches(key, {"00091001": {"vr": "UN", "InlineBinary": "Nw=="}})


NIGHT = {"00080020": element("DA", "20200105"), "00080030": element("TM", "003000")}
WEEK = CombinedRange(0x00080020, 0x00080030, "20200105100000.000000", "20200107180000.999999")


@pytest.mark.parametrize(
    ("day", "time", "expected"),
    [
        ("20200105", "0900", False),
        ("20200105", "1000", True),
        ("20200106", "0300", True),
        ("20200107", "1800", True),
        ("20200107", "1801", False),
        ("20200105", None, True),
        ("20200108", None, False),
        (None, "1200", False),
    ],
)
def test_a_date_and_a_time_make_one_interval(day: str | None, time: str | None, expected: bool) -> None:
    dataset = {"00080020": element("DA", *filter(None, [day])), "00080030": element("TM", *filter(None, [time]))}
    assert matches_all((), (WEEK,), dataset) is expected


@pytest.mark.parametrize(("asked_in", "expected"), [("+0200", True), ("+0000", False), (None, True)])
def test_moments_are_compared_in_the_zone_of_the_request(asked_in: str | None, expected: bool) -> None:
    day = CombinedRange(0x00080020, 0x00080030, "20200105000000.000000", "20200105235959.999999")
    dataset = NIGHT | {"00080201": element("SH", "+0200")}
    assert matches_all((), (day,), dataset, timezone=asked_in) is expected


def test_moments_of_unknown_zone_are_taken_as_they_are() -> None:
    day = CombinedRange(0x00080020, 0x00080030, "20200105000000.000000", "20200105235959.999999")
    assert matches_all((), (day,), NIGHT, timezone="-0500")


def test_a_dt_is_compared_in_utc() -> None:
    key = MatchingKey((0x0008002A,), "DT", Range("20200101000000.000000", "20200101235959.999999"))
    assert matches(key, {"0008002A": element("DT", "20191231230000-0200")})
    assert not matches(key, {"0008002A": element("DT", "20191231230000")})
    assert matches(key, {"0008002A": element("DT", "20191231230000"), "00080201": element("SH", "-0200")})


def test_combined_ranges_in_a_sequence_match_with_the_keys_of_the_same_item() -> None:
    step = {"00400002": element("DA", "20200105"), "00400003": element("TM", "12"), "00400001": element("AE", "CT1")}
    dataset = {"00400100": element("SQ", step)}
    pair = CombinedRange(0x00400002, 0x00400003, "20200105100000.000000", None, (0x00400100,))
    assert matches_all((MatchingKey((0x00400100, 0x00400001), "AE", Literal(("CT1",))),), (pair,), dataset)
    assert not matches_all((MatchingKey((0x00400100, 0x00400001), "AE", Literal(("CT2",))),), (pair,), dataset)


@pytest.mark.parametrize(
    ("vr", "text", "normal"),
    [
        ("IS", "+007", "7"),
        ("IS", "-0", "0"),
        ("IS", "7.5", None),
        ("IS", "x7", None),
        ("IS", "9" * 50, None),
        ("DS", "7.50", "7.5"),
        ("DS", "1e3", "1000"),
        ("DS", "9e999999999", None),
        ("DS", "NaN", None),
        ("DS", "x", None),
        ("LO", " x ", "x"),
        ("UT", " x ", " x"),
        ("TM", "25", None),
    ],
)
def test_normal_forms(vr: str, text: str, normal: str | None) -> None:
    assert normalize(vr, text) == normal


def test_what_is_not_as_its_vr_asks_for_is_compared_as_text() -> None:
    assert comparable("DA", " last year ") == "last year"
    assert finds("DA", Literal(("last year",)), "last year")
