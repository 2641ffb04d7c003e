"""Texts of a query become what must match, VR by VR (PS3.4 §C.2.2.2), and dates join their times (§C.2.2.2.5.4)."""

from datetime import timedelta

import pytest

from dicomcore.data import dictionary
from dicomcore.errors import InvalidParameter
from dicomcore.matching_keys import DATE_TIME_PAIRS, MAX_UIDS, MAX_VALUES, MAX_WILD_CARDS, combine, match_of
from dicomcore.query import CombinedRange, Empty, Literal, Match, MatchingKey, Range, UidList, Universal, WildCard

STUDY_DATE, STUDY_TIME = (0x00080020,), (0x00080030,)


@pytest.mark.parametrize(
    ("vr", "text", "match"),
    [
        ("PN", "Doe^John", Literal(("Doe^John",))),
        ("PN", "Doe*", WildCard(("Doe*",))),
        ("LO", " A1 ", Literal(("A1",))),
        ("LO", "A?", WildCard(("A?",))),
        ("CS", "CT", Literal(("CT",))),
        ("AS", "030Y", Literal(("030Y",))),
        ("IS", "007", Literal(("7",))),
        ("DS", "1.50", Literal(("1.5",))),
        ("US", "512", Literal(("512",))),
        ("AT", "0020000d", Literal(("0020000D",))),
        ("UI", "1.2.3", UidList(("1.2.3",))),
        ("UN", "x*", WildCard(("x*",))),
        ("DA", "20200101", Literal(("20200101",))),
        ("DA", "20200101-20200131", Range("20200101", "20200131")),
        ("DA", "-20200131", Range(None, "20200131")),
        ("DA", "20200101-", Range("20200101", None)),
        ("TM", "1030", Literal(("103000.000000",))),
        ("TM", "10-1130", Range("100000.000000", "113059.999999")),
        ("DT", "2020", Literal(("20200101000000.000000",))),
        ("DT", "2020-2021", Range("20200101000000.000000", "20211231235959.999999")),
        ("DT", "20200101-0500", Literal(("20200101050000.000000",))),
    ],
)
def test_one_value(vr: str, text: str, match: Match) -> None:
    assert match_of("Key", vr, [text]) == match


@pytest.mark.parametrize("vr", ["PN", "LO", "UI", "DA", "TM", "DT", "IS", "SQ", "OB", "AT"])
@pytest.mark.parametrize("text", ["", " ", "*", "**"])
def test_nothing_and_an_asterisk_are_universal_for_every_vr(vr: str, text: str) -> None:
    assert match_of("Key", vr, [text]) == Universal()


@pytest.mark.parametrize(
    ("vr", "text"),
    [
        ("DA", "2020"),
        ("DA", "2020*"),
        ("DA", "20200101-x"),
        ("DA", "-"),
        ("DA", "2020-01-01"),
        ("DA", '""'),
        ("TM", "25"),
        ("TM", "10-11-12"),
        ("DT", "x"),
        ("DT", "-0500"),
        ("IS", "x"),
        ("IS", "1*"),
        ("IS", "9" * 50),
        ("DS", "NaN"),
        ("UI", "1.2.*"),
        ("UI", "1.2 "),
        ("UI", "1" * 65),
        ("AT", "PatientID"),
        ("SQ", "x"),
    ],
)
def test_what_its_vr_cannot_hold_is_refused_by_name(vr: str, text: str) -> None:
    with pytest.raises(InvalidParameter, match=r"^Key: ") as caught:
        match_of("Key", vr, [text])
    assert caught.value.name == "Key"


def test_several_values_match_any_and_come_once() -> None:
    assert match_of("Key", "CS", ["CT", "MR", "CT", ""]) == Literal(("CT", "MR"))
    assert match_of("Key", "SH", ["A*", "B"]) == WildCard(("A*", "B"))
    assert match_of("Key", "UI", ["1.2", "1.3"]) == UidList(("1.2", "1.3"))
    assert match_of("Key", "DA", ["20200101", "1999.12.31"]) == Literal(("20200101", "19991231"))


def test_ranges_do_not_go_with_other_values() -> None:
    with pytest.raises(InvalidParameter):
        match_of("Key", "DA", ["20200101-20200131", "20210101"])


def test_two_quotation_marks_match_what_has_no_value_if_asked_to() -> None:
    assert match_of("Key", "DA", ['""'], empty=True) == Empty()
    assert match_of("Key", "SH", ['""']) == Literal(('""',))
    with pytest.raises(InvalidParameter):
        match_of("Key", "SH", ['""', "x"], empty=True)


def test_a_dt_without_an_offset_is_in_the_zone_of_the_request() -> None:
    assert match_of("Key", "DT", ["2020010100"], offset=timedelta(hours=1)) == Literal(("20191231230000.000000",))


def test_there_is_a_limit_to_values() -> None:
    assert match_of("Key", "LO", [f"v{number}" for number in range(MAX_VALUES)])
    with pytest.raises(InvalidParameter, match="values"):
        match_of("Key", "LO", [f"v{number}" for number in range(MAX_VALUES + 1)])


def test_there_is_a_limit_to_wild_cards_and_uids() -> None:
    assert match_of("Key", "LO", ["a" + "?" * MAX_WILD_CARDS])
    with pytest.raises(InvalidParameter, match="wild cards"):
        match_of("Key", "LO", ["a" + "?" * (MAX_WILD_CARDS + 1)])
    with pytest.raises(InvalidParameter, match="UIDs"):
        match_of("Key", "UI", [f"1.{number}" for number in range(MAX_UIDS + 1)])


def keys(date: Match, time: Match | None) -> tuple[MatchingKey, ...]:
    found = (MatchingKey(STUDY_DATE, "DA", date),)
    return found if time is None else (*found, MatchingKey(STUDY_TIME, "TM", time))


DAYS = Range("20060705", "20060707")
HOURS = Range("100000.000000", "180059.999999")


def test_a_range_of_dates_and_one_of_times_are_one_interval() -> None:
    left, combined = combine(keys(DAYS, HOURS))
    assert combined == (CombinedRange(0x00080020, 0x00080030, "20060705100000.000000", "20060707180059.999999"),)
    assert left == keys(Universal(), Universal())


@pytest.mark.parametrize(
    ("date", "time", "low", "high"),
    [
        (Range("20060705", None), Range("100000.000000", None), "20060705100000.000000", None),
        (Range(None, "20060705"), Range(None, "100000.000000"), None, "20060705100000.000000"),
    ],
)
def test_ranges_open_on_the_same_side_are_combined(date: Match, time: Match, low: str | None, high: str | None) -> None:
    _, combined = combine(keys(date, time))
    assert combined == (CombinedRange(0x00080020, 0x00080030, low, high),)


@pytest.mark.parametrize(
    ("date", "time"),
    [
        (DAYS, Range("100000.000000", None)),
        (DAYS, Literal(("100000.000000",))),
        (Literal(("20060705",)), HOURS),
        (DAYS, Universal()),
        (DAYS, None),
        (Empty(), HOURS),
    ],
)
def test_dates_and_times_of_other_forms_stay_apart(date: Match, time: Match | None) -> None:
    assert combine(keys(date, time)) == (keys(date, time), ())


@pytest.mark.parametrize(
    ("date", "time", "low", "high"),
    [
        (Literal(("20060705",)), None, "20060705000000.000000", "20060705235959.999999"),
        (Range("20060705", None), None, "20060705000000.000000", None),
        (Literal(("20060705",)), Literal(("100000.000000",)), "20060705100000.000000", "20060705100000.000000"),
        (Literal(("20060705",)), Range("100000.000000", None), "20060705100000.000000", "20060705235959.999999"),
    ],
)
def test_with_a_time_zone_a_date_is_a_moment_too(date: Match, time: Match | None, low: str, high: str | None) -> None:
    _, combined = combine(keys(date, time), "+0200")
    assert combined == (CombinedRange(0x00080020, 0x00080030, low, high),)


def test_a_date_and_a_time_in_different_sequences_stay_apart() -> None:
    apart = (MatchingKey((0x00400100, 0x00400002), "DA", DAYS), MatchingKey((0x00400003,), "TM", HOURS))
    assert combine(apart) == (apart, ())


def test_a_date_and_a_time_in_one_sequence_are_combined() -> None:
    step = (0x00400100,)
    together = (MatchingKey((*step, 0x00400002), "DA", DAYS), MatchingKey((*step, 0x00400003), "TM", HOURS))
    _, combined = combine(together)
    assert [(pair.sequence, pair.low) for pair in combined] == [(step, "20060705100000.000000")]


def test_the_pairs_are_dates_and_times() -> None:
    assert {(dictionary.vr_of(date), dictionary.vr_of(time)) for date, time in DATE_TIME_PAIRS.items()} == {
        ("DA", "TM")
    }
