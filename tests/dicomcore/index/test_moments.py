"""Moments are found on columns as they are in JSON, whatever zones they and the query are in (PS3.4 §C.2.2.2.5.4)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from itertools import product
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from index_fixtures import empty_database, open_index, record, sqlite_url

from dicomcore.index import Index
from dicomcore.index.conditions import Values
from dicomcore.index.moments import certain_test, moment_test, possible_test
from dicomcore.matching import matches_all
from dicomcore.query import CombinedRange, MatchingKey, Query, ReturnKey, UidList
from dicomcore.resources import Level

STUDY_DATE, STUDY_TIME, TIMEZONE = 0x00080020, 0x00080030, 0x00080201
FIRST_DAY = datetime(2024, 2, 20)
ZONES = ("+1400", "+0200", "+0000", "-0930", "-1200")
ODD_DATES = ("2024.02.27", "202402", "2024022x", "20240231", ["20240226", "20240303"], None)
ODD_TIMES = ("235960", "12", "9:30", "later", ["0930", "2200"], None)


def moments() -> Iterator[dict[str, Any]]:
    """Every third hour of two weeks in one zone or another, and what is no date, no time, no zone."""
    random = Random(2024)
    for step in range(112):
        moment = FIRST_DAY + timedelta(hours=3 * step, seconds=random.choice([0, 0, 59, 1800, -1]))
        zone = random.choice([*ZONES, *ZONES, None, "here"])
        yield {"StudyDate": f"{moment:%Y%m%d}", "StudyTime": f"{moment:%H%M%S}", "TimezoneOffsetFromUTC": zone}
    for date, zone in product((*ODD_DATES, "20240226"), (None, "+1400", "-1200")):
        yield {"StudyDate": date, "StudyTime": "120000", "TimezoneOffsetFromUTC": zone}
    for time, zone in product(ODD_TIMES, (None, "+1400", "-1200")):
        yield {"StudyDate": "20240227", "StudyTime": time, "TimezoneOffsetFromUTC": zone}
    yield {}


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    is_sqlite = request.param == "sqlite"
    url = sqlite_url(tmp_path_factory.mktemp("index")) if is_sqlite else request.getfixturevalue("postgresql_url")
    with open_index(url if is_sqlite else empty_database(url)) as opened:
        opened.store(
            [record(f"1.{at}", f"2.{at}", f"3.{at}", Modality="CT", **one) for at, one in enumerate(moments())]
        )
        yield opened


def found(index: Index, query: Query) -> tuple[list[str], int]:
    answer = index.search(query)
    return [uid_of(orjson.loads(one.replace(b"\xff", b""))) for one in answer.objects], answer.total


def uid_of(dataset: dict[str, Any]) -> str:
    uid: str = dataset["0020000D"]["Value"][0]
    return uid


@cache
def everything(index: Index, level: Level) -> list[dict[str, Any]]:
    include = tuple(ReturnKey((tag,)) for tag in (STUDY_DATE, STUDY_TIME, TIMEZONE))
    answer = index.search(Query(level, include=include))
    return [orjson.loads(one.replace(b"\xff", b"")) for one in answer.objects]


BOUNDS = st.none() | st.builds(
    lambda minutes, second: f"{FIRST_DAY + timedelta(minutes=minutes):%Y%m%d%H%M}{second}",
    st.integers(-2000, 22_000),
    st.sampled_from(["00.000000", "59.999999", "60.000000"]),
)


@settings(max_examples=100, deadline=None)
@given(low=BOUNDS, high=BOUNDS, timezone=st.sampled_from([*ZONES, "nowhere"]), limit=st.integers(0, 40),
       offset=st.integers(0, 80), level=st.sampled_from([Level.STUDY, Level.SERIES]))  # fmt: skip
@example(None, None, "+0200", 40, 0, Level.STUDY)
@example("20240226120000.000000", "20240226120000.000000", "+0200", 40, 0, Level.STUDY)
@example("00010101000000.000000", "99991231235959.999999", "-1200", 40, 70, Level.STUDY)
@example("20240301000000.000000", "20240222000000.000000", "+1400", 40, 0, Level.STUDY)
@example(None, "20240225100000.000000", "-1200", 80, 0, Level.STUDY)  # the first of two dates is on the last day
def test_pages_are_those_of_a_naive_evaluation(
    index: Index, low: str | None, high: str | None, timezone: str, limit: int, offset: int, level: Level
) -> None:
    pair = CombinedRange(STUDY_DATE, STUDY_TIME, low, high)
    expected = [uid_of(one) for one in everything(index, level) if matches_all((), (pair,), one, timezone=timezone)]
    asked = Query(level, combined=(pair,), timezone=timezone, limit=limit, offset=offset)
    assert found(index, asked) == (expected[offset : offset + limit], len(expected))


def test_other_keys_that_have_no_column_are_matched_as_well(index: Index) -> None:
    pair = CombinedRange(STUDY_DATE, STUDY_TIME, None, None)
    key = MatchingKey((0x00081048,), "PN", UidList(("nobody",)))
    assert found(index, Query(Level.STUDY, keys=(key,), combined=(pair,), timezone="+0200")) == ([], 0)


LATER = "\\:"  # so that the first of several dates decides


def days(low: str | None, high: str | None, timezone: str | None) -> list[str]:
    """The days that are possible, then those between which it is certain."""
    values, pair = Values(is_sqlite=True), CombinedRange(STUDY_DATE, STUDY_TIME, low, high)
    possible_test(pair, timezone, "study.study_date", values)
    certain_test(pair, timezone, "study.study_date", "study.study_time", values)
    return [str(one).removesuffix(LATER) for one in values.found[:4]]


@pytest.mark.parametrize(
    ("timezone", "expected"),
    [
        ("+0000", ["20240229", "20240304", "20240301", "20240303"]),
        ("+1400", ["20240228", "20240303", "20240301", "20240302"]),
        ("-1200", ["20240301", "20240305", "20240302", "20240303"]),
        (None, ["20240229", "20240304", "20240301", "20240303"]),
    ],
)
def test_days_near_a_bound_are_those_that_a_zone_can_move_across(timezone: str | None, expected: list[str]) -> None:
    assert days("20240301000000.000000", "20240303235959.999999", timezone) == expected


def test_there_are_no_days_beyond_the_calendar() -> None:
    assert days("00010101000000.000000", "99991231235959.999999", "+0100") == [
        "00010101", "99991231", "00010101", "99991231",
    ]  # fmt: skip
    assert days(None, None, "+0100") == ["0", ":", "0", ":"]


def test_a_leap_second_counts_as_the_one_before() -> None:
    assert days("20240301235960.000000", None, "+0200")[::2] == ["20240301", "20240302"]


def test_a_moment_without_bounds_asks_for_a_date() -> None:
    values = Values(is_sqlite=True)
    pair = CombinedRange(STUDY_DATE, STUDY_TIME, None, None)
    assert moment_test(pair, "study.study_date", "study.study_time", values) == (
        "and",
        ("between", "study.study_date", 0, 1),
    )
    assert values.found == ["0", ":"]
