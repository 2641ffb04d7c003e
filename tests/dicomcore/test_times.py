"""Dates and times by meaning (PS3.5 §6.2, PS3.4 §C.2.2.2.1.3, §C.2.2.2.5)."""

from datetime import timedelta

import pytest

from dicomcore.times import normalize_date, normalize_datetime, normalize_time, parse_offset, shift, split_range


@pytest.mark.parametrize(
    ("text", "normal"),
    [("20200229", "20200229"), ("1999.12.31", "19991231"), (" 20200101 ", "20200101")]
    + [(text, None) for text in ("", "2020", "20200230", "20201301", "2020-01-01", "2020010a", "00000101")],
)  # fmt: skip
def test_dates(text: str, normal: str | None) -> None:
    assert normalize_date(text) == normal


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("10", "100000.000000", "105959.999999"),
        ("1030", "103000.000000", "103059.999999"),
        ("103015", "103015.000000", "103015.999999"),
        ("103015.5", "103015.500000", "103015.599999"),
        ("103015.123456", "103015.123456", "103015.123456"),
        ("10:30", "103000.000000", "103059.999999"),
        ("10:30:15.5", "103015.500000", "103015.599999"),
        ("235960", "235960.000000", "235960.999999"),
    ],
)
def test_times_are_filled_up(text: str, earliest: str, latest: str) -> None:
    assert (normalize_time(text), normalize_time(text, latest=True)) == (earliest, latest)


@pytest.mark.parametrize("text", ["", "1", "24", "1060", "103061", "10.5", "103015.", "103015.1234567", "10:3"])
def test_what_is_no_time(text: str) -> None:
    assert normalize_time(text) is None


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2020", "20200101000000.000000", "20201231235959.999999"),
        ("202002", "20200201000000.000000", "20200229235959.999999"),
        ("202104", "20210401000000.000000", "20210430235959.999999"),
        ("2020022910", "20200229100000.000000", "20200229105959.999999"),
        ("20200101003000+0100", "20191231233000.000000", "20191231233000.999999"),
        ("20200101-0500", "20200101050000.000000", "20200102045959.999999"),
        ("20200101103060", "20200101103059.000000", "20200101103059.999999"),
        ("0001", "00010101000000.000000", "00011231235959.999999"),
    ],
)
def test_moments_are_filled_up_and_brought_to_utc(text: str, earliest: str, latest: str) -> None:
    assert (normalize_datetime(text), normalize_datetime(text, latest=True)) == (earliest, latest)


@pytest.mark.parametrize(
    "text", ["", "202", "20201301", "20200230", "20200101+1500", "20200101-1300", "0001+0100", "x"]
)
def test_what_is_no_moment(text: str) -> None:
    assert normalize_datetime(text) is None


def test_a_moment_without_an_offset_takes_the_one_that_is_given() -> None:
    assert normalize_datetime("2020010100", timedelta(hours=2)) == "20191231220000.000000"
    assert normalize_datetime("2020010100+0000", timedelta(hours=2)) == "20200101000000.000000"


@pytest.mark.parametrize(
    ("text", "minutes"), [("+0100", 60), ("-0500", -300), ("+0530", 330), ("+1400", 840), ("+0000", 0)]
)
def test_offsets(text: str, minutes: int) -> None:
    assert parse_offset(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "0100", "+1500", "-1230", "-0000", "+0160", "+1", "+01000"])
def test_what_is_no_offset(text: str) -> None:
    assert parse_offset(text) is None


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("20200101", None),
        ("20200101-20200102", ("20200101", "20200102")),
        ("-20200102", ("", "20200102")),
        ("20200101-", ("20200101", "")),
    ],
)
def test_ranges_of_dates(text: str, sides: tuple[str, str] | None) -> None:
    assert split_range("DA", text) == sides


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("2020-2021", ("2020", "2021")),
        ("2020-0500", None),
        ("-0500", None),
        ("2020-0500-", ("2020-0500", "")),
        ("-2020-0500", ("", "2020-0500")),
        ("2020-0500-2021", ("2020-0500", "2021")),
        ("2020-0500-2021-0500", ("2020-0500", "2021-0500")),
        ("2020+0100-2021+0100", ("2020+0100", "2021+0100")),
        ("-", None),
    ],
)
def test_a_hyphen_before_what_can_be_an_offset_begins_one(text: str, sides: tuple[str, str] | None) -> None:
    assert split_range("DT", text) == sides


def test_moments_move_within_the_calendar_only() -> None:
    assert shift("20200101000000.000000", timedelta(hours=-1)) == "20191231230000.000000"
    assert shift("99991231235959.000000", timedelta(hours=1)) is None
