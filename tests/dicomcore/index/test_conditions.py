"""Matching keys become tests on columns, and tests become SQL; which rows they find is tested with `search`."""

from typing import Any

import pytest
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import psycopg

from dicomcore.index import conditions
from dicomcore.index.attributes import ABSENT_NUMBER, ATTRIBUTES
from dicomcore.index.conditions import (
    LAST_CHARACTER,
    NEVER,
    Values,
    attribute_test,
    is_exact,
    pattern_test,
)
from dicomcore.query import Empty, Literal, Match, Range, UidList, Universal, WildCard
from dicomcore.resources import Level

BY_KEYWORD = {attribute.keyword: attribute for level in Level for attribute in ATTRIBUTES[level].values()}


def condition(
    keyword: str, match: Match, *, fuzzy: bool = False, is_sqlite: bool = True
) -> tuple[Any, list[str | int]]:
    """The test of an attribute and the values in it."""
    attribute = BY_KEYWORD[keyword]
    values = Values(is_sqlite)
    column = f"{attribute.level.name.lower()}.{attribute.column}"
    return attribute_test(attribute, column, match, values, fuzzy=fuzzy), values.found


@pytest.mark.parametrize(
    ("keyword", "match", "test", "values"),
    [
        ("AccessionNumber", Universal(), None, []),
        ("AccessionNumber", Literal(("A",)), ("=", "study.accession_number", 0), ["A"]),
        ("AccessionNumber", Literal(("A", "B")), ("in", "study.accession_number", 0, 1), ["A", "B"]),
        ("AccessionNumber", Empty(), ("=", "study.accession_number", 0), [""]),
        ("SOPClassUID", UidList(("1.2", "1.3")), ("in", "instance.sop_class_uid", 0, 1), ["1.2", "1.3"]),
        ("StudyDate", Range("20200101", None), ("between", "study.study_date", 0, 1), ["20200101", ":"]),
        ("StudyDate", Range(None, "20200101"), ("between", "study.study_date", 0, 1), ["0", "20200101"]),
        ("SeriesNumber", Literal(("7", "8")), ("in", "series.series_number", 0, 1), [7, 8]),
        ("SeriesNumber", Empty(), ("=", "series.series_number", 0), [ABSENT_NUMBER]),
        ("SeriesNumber", Literal(("99999999999",)), NEVER, []),
        ("SeriesNumber", Literal(("1E+3",)), NEVER, []),
        ("ModalitiesInStudy", Literal(("CT",)), ("glob", "study.modalities_in_study", 0), ["*\\CT\\*"]),
    ],
)
def test_tests_keep_their_values_apart(keyword: str, match: Match, test: Any, values: list[Any]) -> None:
    assert condition(keyword, match) == (test, values)


def test_queries_that_differ_only_in_values_have_the_same_test() -> None:
    assert condition("PatientName", WildCard(("Doe*",)))[0] == condition("PatientName", WildCard(("Swain*",)))[0]


@pytest.mark.parametrize(
    ("pattern", "operators", "values"),
    [
        ("doe", ["="], ["doe"]),
        ("doe*", ["prefix"], ["doe", "doe" + LAST_CHARACTER]),
        ("do?", ["and", "prefix", "glob"], ["do", "do" + LAST_CHARACTER, "do?"]),
        ("*doe", ["scan", "glob"], ["*doe"]),
        ("[a]*b", ["and", "prefix", "glob"], ["[a]", "[a]" + LAST_CHARACTER, "[[]a]*b"]),
    ],
)
def test_a_pattern_is_a_range_as_far_as_it_begins_with_letters(
    pattern: str, operators: list[str], values: list[str]
) -> None:
    found = Values(is_sqlite=True)
    test = pattern_test("study.patient_name_key", pattern, found)
    assert [word for word in flat(test) if word in ("=", "prefix", "glob", "and", "scan")] == operators
    assert found.found == values


def flat(test: Any) -> list[Any]:
    return [part for each in test for part in flat(each)] if isinstance(test, tuple) else [test]


def test_postgresql_has_its_own_wild_cards() -> None:
    assert condition("StudyDescription", WildCard(("*50%_~?",)), is_sqlite=False) == (
        ("like", "study.study_description", 0),
        ["%50~%~_~~_"],
    )


def test_a_name_is_looked_for_in_its_normal_form() -> None:
    test, values = condition("PatientName", Literal(("MÜLLER^Max",)))
    assert (test[0], values) == ("or", ["muller^max", "muller^max=", "muller^max=" + LAST_CHARACTER])


def test_a_fuzzy_name_is_looked_for_by_word_and_sound() -> None:
    test, values = condition("PatientName", Literal(("Swain Ann",)), fuzzy=True)
    assert [part[0] for part in test[1:]] == ["word", "word"]
    assert values[:4] == [0x00100010, "swain", "swain" + LAST_CHARACTER, "s5"]


@pytest.mark.parametrize(
    ("keyword", "match", "fuzzy", "exact"),
    [
        ("PatientName", WildCard(("*a?b*",)), False, True),
        ("PatientName", WildCard(("a",)), True, True),
        ("ModalitiesInStudy", Literal(("CT",)), False, True),
        ("ModalitiesInStudy", WildCard(("C*",)), False, True),
        ("ModalitiesInStudy", WildCard(("C*T",)), False, False),
        ("ModalitiesInStudy", WildCard(("?R",)), False, False),
        ("OperatorsName", Literal(("Doe",)), False, True),
        ("OperatorsName", Literal(("Doe",)), True, False),
    ],
)
def test_wild_cards_may_reach_from_value_to_value(keyword: str, match: Match, fuzzy: bool, exact: bool) -> None:
    assert is_exact(BY_KEYWORD[keyword], match, fuzzy=fuzzy) is exact


def sql(test: Any, dialect: Any) -> str:
    return " ".join(str(conditions.render(test).compile(dialect=dialect)).split())


@pytest.mark.parametrize(
    ("test", "text"),
    [
        (("=", "study.patient_id", 0), "study.patient_id = ?"),
        (("in", "study.patient_id", 0, 1), "study.patient_id IN (?, ?)"),
        (("glob", "study.patient_id", 0), "study.patient_id GLOB ?"),
        (("prefix", "study.patient_id", 0, 1), "study.patient_id >= ? AND study.patient_id < ?"),
        (
            ("scan", "glob", "study.patient_id", 0),
            "study.id IN (SELECT study_1.id FROM study AS study_1 WHERE study_1.patient_id GLOB ?)",
        ),
        (NEVER, "0"),
        (
            ("changed", "study.revision", 0, 1),
            "EXISTS (SELECT change.sequence FROM change, study WHERE change.sequence = study.revision "
            "AND change.time >= ? AND change.time <= ?)",
        ),
        (("not", ("=", "study.study_time", 0)), "NOT (study.study_time = ?)"),
        (("among", "study.id", 0), "study.id IN (SELECT value FROM json_each(?))"),
        (
            ("request", ("=", "series_request.requested_procedure_id", 0)),
            "series.id IN (SELECT series_request.series_row FROM series_request "
            "WHERE series_request.requested_procedure_id = ?)",
        ),
    ],
)
def test_sql(test: Any, text: str) -> None:
    assert sql(test, sqlite.dialect()) == text


def test_like_has_an_escape_character_that_no_setting_changes() -> None:
    test = ("like", "study.patient_id", 0)
    assert sql(test, psycopg.dialect()) == "study.patient_id LIKE %(p0)s::VARCHAR ESCAPE '~'"
