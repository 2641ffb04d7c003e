"""Range and conditional requests (RFC 9110 §13, §14; rows COM-052, COM-053, RS-039)."""

import pytest

from app.ranges import allows_range, content_range, matches_etag, parse_range
from dicomcore.errors import RangeNotSatisfiable


@pytest.mark.parametrize(
    ("header", "ranges"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=10-19", [(10, 20)]),
        ("Bytes = 90-", [(90, 100)]),
        ("bytes=90-1000", [(90, 100)]),
        ("bytes=-5", [(95, 100)]),
        ("bytes=-1000", [(0, 100)]),
        ("bytes=0-1, 5-6", [(0, 2), (5, 7)]),
        ("bytes=5-6,0-1", [(0, 2), (5, 7)]),
        ("bytes=0-5,3-9,20-29", [(0, 10), (20, 30)]),
        ("bytes=0-4,5-9", [(0, 10)]),
        ("bytes=0-50,10-20", [(0, 51)]),
        ("bytes=0-0,100-", [(0, 1)]),
        ("bytes=0-0,,", [(0, 1)]),
    ],
)
def test_ranges_are_resolved_sorted_and_merged(header: str, ranges: list[tuple[int, int]]) -> None:
    assert parse_range(header, 100) == ranges


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes", "bytes=", "items=0-1", "bytes=x-y", "bytes=-", "bytes=5-4", "bytes=1-2-3", "bytes=0-1;5-6"],
)
def test_malformed_ranges_are_ignored(header: str | None) -> None:
    assert parse_range(header, 100) is None


def test_sixteen_ranges_are_answered_more_are_ignored() -> None:
    assert len(parse_range("bytes=" + ",".join(f"{n * 3}-{n * 3}" for n in range(16)), 100) or ()) == 16
    assert parse_range("bytes=" + ",".join(f"{n * 3}-{n * 3}" for n in range(17)), 100) is None
    assert parse_range("bytes=" + "0-," * 100_000, 100) is None
    assert parse_range(f"bytes=0-{'9' * 500}", 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200,300-", "bytes=-0"])
def test_ranges_outside_are_not_satisfiable(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable) as caught:
        parse_range(header, 100)
    assert caught.value.size == 100


def test_no_range_of_nothing_is_satisfiable() -> None:
    with pytest.raises(RangeNotSatisfiable):
        parse_range("bytes=0-", 0)


def test_content_range_names_the_last_byte() -> None:
    assert content_range(0, 10, 100) == "bytes 0-9/100"


@pytest.mark.parametrize("header", ['"a"', 'W/"a"', '"x", "a"', "*"])
def test_etag_is_found(header: str) -> None:
    assert matches_etag(header, '"a"')


@pytest.mark.parametrize(("header", "etag"), [('"b"', '"a"'), (None, '"a"'), ("*", None), ("a", '"a"')])
def test_etag_is_not_found(header: str | None, etag: str | None) -> None:
    assert not matches_etag(header, etag)


def test_range_holds_without_if_range_or_with_the_same_validator() -> None:
    date = "Tue, 15 Nov 1994 12:45:26 GMT"
    assert allows_range(None, None)
    assert allows_range('"a"', '"a"')
    assert allows_range(date, '"a"', date)


def test_range_does_not_hold_with_another_or_a_weak_validator() -> None:
    assert not allows_range('"b"', '"a"')
    assert not allows_range('W/"a"', 'W/"a"')
    assert not allows_range("Tue, 15 Nov 1994 12:45:26 GMT", '"a"')
