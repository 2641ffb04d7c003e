from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.fhir.moments import (
    Span,
    all_of,
    any_of,
    date_time,
    index_text,
    instant,
    microseconds,
    read_moment,
    spans_in_utc,
    spans_of,
    timezone_text,
    zone_of,
)
from dicomcore.errors import InvalidParameter

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2024, 2, 10)
DAY, DAY_END = datetime(2024, 1, 31), datetime(2024, 1, 31, 23, 59, 59, 999_999)
AFTER, BEFORE = datetime(2024, 2, 1), datetime(2024, 1, 30, 23, 59, 59, 999_999)


@pytest.mark.parametrize(
    ("date", "time", "offset", "zone", "expected"),
    [
        ("20240131", "101112.5", "+0100", None, "2024-01-31T10:11:12.5+01:00"),
        ("20240131", "101112", "-0330", None, "2024-01-31T10:11:12-03:30"),
        ("20240131", "1011", "", BERLIN, "2024-01-31T10:11:00+01:00"),
        ("20240731", "1011", "", BERLIN, "2024-07-31T10:11:00+02:00"),
        ("20240131", "101112", "", None, "2024-01-31"),
        ("20240131", "", "+0100", None, "2024-01-31"),
        ("20240131", "235960", "+0000", None, "2024-01-31T23:59:59+00:00"),
        ("20240131", "nonsense", "+0100", None, "2024-01-31"),
        ("", "101112", "+0100", None, ""),
        ("20240230", "101112", "+0100", None, ""),
    ],
)
def test_a_date_and_time_have_an_offset_or_no_time(
    date: str, time: str, offset: str, zone: ZoneInfo | None, expected: str
) -> None:
    assert date_time(date, time, offset, zone) == expected


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", datetime(2024, 1, 1), datetime(2024, 12, 31, 23, 59, 59, 999_999)),
        ("2024-02", datetime(2024, 2, 1), datetime(2024, 2, 29, 23, 59, 59, 999_999)),
        ("2024-01-31", DAY, DAY_END),
        ("2024-01-31T10:11", datetime(2024, 1, 31, 10, 11), datetime(2024, 1, 31, 10, 11, 59, 999_999)),
        ("2024-01-31T10:11:12", datetime(2024, 1, 31, 10, 11, 12), datetime(2024, 1, 31, 10, 11, 12, 999_999)),
        (
            "2024-01-31T10:11:12.5Z",
            datetime(2024, 1, 31, 10, 11, 12, 500_000),
            datetime(2024, 1, 31, 10, 11, 12, 599_999),
        ),
    ],
)
def test_a_moment_is_as_long_as_it_is_written(text: str, first: datetime, last: datetime) -> None:
    written = read_moment("started", text)
    assert (written.first, written.last) == (first, last)


@pytest.mark.parametrize(
    "text", ["", "x", "20240131", "2024-02-30", "2024-01-31T25:00", "0000", "2024-01-31T10:00+99:00"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="started"):
        read_moment("started", text)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("", [Span(DAY, DAY_END)]),
        ("eq", [Span(DAY, DAY_END)]),
        ("ne", [Span(AFTER, None), Span(None, BEFORE)]),
        ("gt", [Span(AFTER, None)]),
        ("sa", [Span(AFTER, None)]),
        ("lt", [Span(None, BEFORE)]),
        ("eb", [Span(None, BEFORE)]),
        ("ge", [Span(DAY, None)]),
        ("le", [Span(None, DAY_END)]),
        ("ap", [Span(DAY - timedelta(days=1), DAY_END + timedelta(days=1))]),
    ],
)
def test_every_prefix_has_its_ranges(prefix: str, expected: list[Span]) -> None:
    assert spans_of("started", f"{prefix}2024-01-31", NOW, None) == expected


def test_the_ends_of_time_are_no_errors() -> None:
    assert spans_of("started", "lt0001", NOW, None) == [Span(None, datetime.min)]
    assert spans_of("started", "gt9999", NOW, None) == [Span(datetime.max, None)]


def test_moments_with_an_offset_move_into_the_zone_of_the_search() -> None:
    written = [read_moment("started", "2024-01-31T10:00:00Z")]
    assert zone_of(written, None) == timedelta()
    assert zone_of(written, BERLIN) == timedelta(hours=1)
    assert zone_of([read_moment("started", "2024-01-31")], BERLIN) is None
    (span,) = spans_of("started", "2024-01-31T10:00:00Z", NOW, timedelta(hours=1))
    assert index_text(span.low) == "20240131110000.000000"
    assert timezone_text(timedelta(hours=-3, minutes=-30)) == "-0330"


def test_what_instants_are_compared_with_is_in_utc() -> None:
    day = Span(datetime(2024, 1, 30, 23), datetime(2024, 1, 31, 22, 59, 59, 999_999))
    assert spans_in_utc("_lastUpdated", "2024-01-31", NOW, BERLIN) == [day]
    assert spans_in_utc("_lastUpdated", "2024-01-31", NOW, None) == [Span(DAY, DAY_END)]
    assert spans_in_utc("_lastUpdated", "ge2024-07-31T02:00", NOW, BERLIN) == [Span(datetime(2024, 7, 31), None)]
    assert spans_in_utc("_lastUpdated", "ge2024-01-31T02:00:00+02:00", NOW, BERLIN) == [Span(DAY, None)]
    assert spans_in_utc("_lastUpdated", "lt0001", NOW, BERLIN) == [Span(None, datetime.min)]
    west = ZoneInfo("America/New_York")
    assert spans_in_utc("_lastUpdated", "gt9999", NOW, west) == [Span(datetime.max, None)]


def test_an_instant_has_a_second_and_an_offset() -> None:
    assert instant(1_000_000) == "1970-01-01T00:00:01.000000Z"
    assert microseconds(datetime.fromisoformat(instant(1_700_000_000_000_001)[:-1])) == 1_700_000_000_000_001


def test_instants_are_counted_in_microseconds() -> None:
    assert [microseconds(one) for one in (datetime(1970, 1, 1, 0, 0, 1), datetime.min, None)] == [
        1_000_000,
        -62_135_596_800_000_000,
        None,
    ]


def test_a_plus_that_became_a_space_is_still_an_offset() -> None:
    assert read_moment("started", "2024-01-31T10:00 01:00").offset == timedelta(hours=1)


def test_what_overlaps_is_joined_and_the_latest_comes_first() -> None:
    one, two, three = (Span(datetime(2024, 1, day), datetime(2024, 1, day + 3)) for day in (1, 3, 20))
    assert any_of("started", [three, two, one]) == [three, Span(one.low, two.high)]
    assert any_of("started", [Span(None, None), one]) == [Span(None, None)]


def test_ranges_that_part_within_a_day_are_refused() -> None:
    with pytest.raises(InvalidParameter, match="whole days"):
        any_of("started", spans_of("started", "ne2024-01-31T10:00", NOW, None))


def test_conditions_that_must_all_hold_leave_what_they_share() -> None:
    january = Span(datetime(2024, 1, 1), datetime(2024, 1, 31))
    apart = [Span(datetime(2024, 1, 20), None), Span(None, datetime(2024, 1, 10))]
    assert all_of([january], apart) == [Span(apart[0].low, january.high), Span(january.low, apart[1].high)]
    assert all_of([january], [Span(datetime(2025, 1, 1), None)]) == []
    assert all_of([Span(None, None)], [Span(None, None)]) == [Span(None, None)]
