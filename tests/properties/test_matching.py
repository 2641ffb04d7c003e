"""The index and the matcher give the same answer: what SQL finds is what `matches_all` says of the same attributes."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index_fixtures import empty_database, fragments, open_index, record, sqlite_url

from app.parameters import parse_search
from dicomcore.errors import DicomError
from dicomcore.index import open_engine
from dicomcore.index.prepared import Reader
from dicomcore.index.search import Search
from dicomcore.matching import matches_all, normalize, wild_card_matches
from dicomcore.names import normalize_name
from dicomcore.resources import Level, Resource

NAMES = [
    "Doe^John", "DOE^JOHN^^", "Doe^Jon", "Doé^Jöhn", "Doe John", "O'Neil^Pat", "Yamada^Tarou", "X=山田^太郎=やまだ",
    "=王^小东", "a_b%c[d]^e", "Schmidt^Anna", "Schmitt^Anna", "", None,
]  # fmt: skip
IDS = ["P1", "p1", "P 1", "P+1", "P_1", "P%1", "P[1]", "007", "7", "P*", "~", "\\", "", None, "ß", "王"]
DATES = ["20200101", "20200102", "20200229", "19991231", "2020.01.02", "", None]
TIMES = ["10", "1030", "103000", "103000.5", "235959.999999", "000000", "", None]
STUDIES = [
    {
        "PatientName": NAMES[number % len(NAMES)],
        "PatientID": IDS[(number * 5 + 1) % len(IDS)],
        "StudyDate": DATES[(number * 3) % len(DATES)],
        "StudyTime": TIMES[(number * 7 + number // 8) % len(TIMES)],
        "AccessionNumber": IDS[(number * 11) % len(IDS)],
        "StudyDescription": IDS[number % len(IDS)],
        "NameOfPhysiciansReadingStudy": [NAMES[number % 9], NAMES[(number + 4) % 9]] if number % 3 else None,
    }
    for number in range(112)
]


def is_storable(attributes: dict[str, Any]) -> dict[str, Any]:
    return {keyword: value for keyword, value in attributes.items() if value != "\\"}


DATASETS = {
    f"1.{number + 1}": orjson.loads(b"{" + b",".join(fragments(**is_storable(study)).values()) + b"}")
    for number, study in enumerate(STUDIES)
}


def search_in(url: str) -> Iterator[Search]:
    with open_index(url) as index:
        index.store(
            [
                record(
                    study=f"1.{number + 1}", series=f"2.{number + 1}", instance=f"3.{number + 1}", **is_storable(study)
                )
                for number, study in enumerate(STUDIES)
            ]
        )
        reader = Reader(open_engine(url, writes=False))
        yield Search(reader)
        reader.close()


@pytest.fixture(scope="module")
def sqlite_search(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    yield from search_in(sqlite_url(tmp_path_factory.mktemp("index")))


@pytest.fixture(scope="module")
def postgresql_search(postgresql_url: str) -> Iterator[Search]:
    yield from search_in(empty_database(postgresql_url))


def escaped(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


texts = st.sampled_from([name for name in NAMES + IDS if name]).flatmap(
    lambda text: st.one_of(
        st.just(text),
        st.builds(
            lambda cut, end: text[:cut] + end, st.integers(0, len(text)), st.sampled_from(["*", "?", "*?", "??"])
        ),
        st.builds(lambda cut: "*" + text[cut:], st.integers(0, len(text))),
        st.builds(lambda cut: text[:cut] + "?" + text[cut + 1 :], st.integers(0, len(text))),
        st.builds(lambda start, end: f"*{text[start:end]}*", st.integers(0, 3), st.integers(2, 9)),
        st.just(text.upper()),
        st.just('""'),
    )
)
dates = st.sampled_from(["20200101", "20200102", "2020.01.02", "19991231", "20200301", '""'])
times = st.sampled_from(["10", "1030", "103000.5", "103000.500000", "235959", "00", '""'])


def ranges(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.tuples(values, values)
    return st.one_of(values, several.map("-".join), values.map("-{}".format), values.map("{}-".format))


keys = st.fixed_dictionaries(
    {},
    optional={
        "PatientName": texts,
        "PatientID": texts,
        "StudyDate": ranges(dates),
        "StudyTime": ranges(times),
        "AccessionNumber": texts,
        "StudyDescription": texts,
        "NameOfPhysiciansReadingStudy": texts,
        "fuzzymatching": st.sampled_from(["true", "false"]),
        "emptyvaluematching": st.just("true"),
        "multiplevaluematching": st.just("true"),
        "TimezoneOffsetFromUTC": st.sampled_from(["+0100", "-0500"]),
    },
)


def check(search: Search, parameters: dict[str, str]) -> None:
    """Compare what the database finds with what the matcher says of every study."""
    query_string = "&".join(f"{name}={escaped(value)}" for name, value in parameters.items())
    try:
        query = parse_search(query_string, Level.STUDY, Resource()).query
    except DicomError:
        return
    found = search.find(query)
    uids = {orjson.loads(one.replace(b"\xff", b""))["0020000D"]["Value"][0] for one in found.objects}
    expected = {
        uid
        for uid, dataset in DATASETS.items()
        if matches_all(query.keys, query.combined, dataset, fuzzy=query.fuzzy, timezone=query.timezone)
    }
    assert uids == expected
    assert found.total == len(expected)


@given(keys)
@settings(max_examples=300, deadline=None)
def test_sqlite_finds_what_the_matcher_matches(sqlite_search: Search, parameters: dict[str, str]) -> None:
    check(sqlite_search, parameters)


@pytest.mark.postgresql
@given(keys)
@settings(max_examples=300, deadline=None)
def test_postgresql_finds_what_the_matcher_matches(postgresql_search: Search, parameters: dict[str, str]) -> None:
    check(postgresql_search, parameters)


@given(st.text("ab*?", max_size=12), st.text("ab", max_size=12))
def test_wild_cards_match_as_their_definition_says(pattern: str, text: str) -> None:
    def matches(rest: str, left: str) -> bool:
        if not rest:
            return not left
        if rest[0] == "*":
            return matches(rest[1:], left) or (bool(left) and matches(rest, left[1:]))
        return bool(left) and rest[0] in ("?", left[0]) and matches(rest[1:], left[1:])

    assert wild_card_matches(pattern, text) == matches(pattern, text)


@given(st.text(max_size=40))
def test_the_normal_form_of_a_name_is_stable(text: str) -> None:
    assert normalize_name(normalize_name(text)) == normalize_name(text)


@given(st.sampled_from(["DA", "TM", "DT", "IS", "DS", "PN", "LO", "UT", "UI"]), st.text(max_size=30))
def test_a_normal_form_is_its_own_normal_form(vr: str, text: str) -> None:
    normal = normalize(vr, text)
    assert normal is None or normalize(vr, normal) == normal


@given(st.text("0123456789+-.:T ", max_size=30), st.sampled_from(["StudyDate", "StudyTime", "AcquisitionDateTime"]))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_no_date_or_time_breaks_the_parser(text: str, keyword: str) -> None:
    try:
        parse_search(f"{keyword}={escaped(text)}", Level.INSTANCE, Resource())
    except DicomError as error:
        assert keyword in str(error)


@given(st.binary(max_size=60))
def test_no_query_string_breaks_the_parser(query_string: bytes) -> None:
    try:
        parse_search(query_string, Level.INSTANCE, Resource())
    except DicomError as error:
        assert str(error)
