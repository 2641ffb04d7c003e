"""The SELECTs of searches find their rows by indexes, and read large columns of the page only."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from index_fixtures import open_index, record, sqlite_url
from sqlalchemy import Engine, Select, text

from app.parameters import parse_search
from dicomcore.index import open_engine
from dicomcore.index.plan import plan
from dicomcore.index.statements import (
    Shape,
    candidates_statement,
    count_statement,
    page_statement,
    rows_statement,
    without_columns,
    without_tests,
)
from dicomcore.resources import Level, Resource

STUDY, SERIES, INSTANCE = Level.STUDY, Level.SERIES, Level.INSTANCE


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    url = sqlite_url(tmp_path_factory.mktemp("index"))
    with open_index(url) as index:
        index.store(
            [record(f"1.{n}", f"2.{n}", f"3.{n}", PatientID=f"P{n}", StudyDate="20200101") for n in range(1, 6)]
        )
        made = open_engine(url, writes=False)
        yield made
        made.dispose()


def shape_of(query_string: str, level: Level = STUDY, *uids: str) -> tuple[Shape, dict[str, str | int]]:
    planned = plan(parse_search(query_string, level, Resource(*uids)).query, is_sqlite=True)
    return planned.shape, {f"p{number}": value for number, value in enumerate(planned.values)}


def explained(engine: Engine, query_string: str, level: Level = STUDY, *uids: str) -> str:
    """How SQLite goes about a page."""
    shape, values = shape_of(query_string, level, *uids)
    return steps(engine, page_statement(shape), values)


def steps(engine: Engine, statement: Select[Any], values: dict[str, str | int]) -> str:
    compiled = statement.compile(dialect=engine.dialect, compile_kwargs={"render_postcompile": True})
    sql, names = str(compiled), compiled.positiontup or []
    with engine.connect() as connection:
        parameters = tuple({**compiled.params, **values, "number": 10, "first": 0}[name] for name in names)
        return "\n".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters))


@pytest.mark.parametrize(
    ("query_string", "level", "uids", "step"),
    [
        ("PatientID=1", STUDY, (), "USING INDEX ix_study_patient_id (patient_id=?)"),
        ("PatientName=Doe*", STUDY, (), "ix_study_patient_name_key (patient_name_key>? AND patient_name_key<?)"),
        ("PatientName=*oe", STUDY, (), "USING COVERING INDEX ix_study_patient_name_key"),
        ("AccessionNumber=A?", STUDY, (), "ix_study_accession_number (accession_number>? AND accession_number<?)"),
        ("StudyDate=20200101-20200131", STUDY, (), "ix_study_order (study_date>? AND study_date<?)"),
        ("StudyInstanceUID=1.2,1.3", STUDY, (), "uq_study (study_instance_uid=?)"),
        ("PatientName=doe&fuzzymatching=true", STUDY, (), "ix_study_name_word_phonetic (tag=? AND phonetic=?)"),
        ("", SERIES, ("1.2",), "SEARCH series USING INDEX ix_series_order (study_instance_uid=?)"),
        ("", INSTANCE, ("1.2", "1.3"), "SEARCH instance USING INDEX ix_instance_order (series_instance_uid=?)"),
        ("", INSTANCE, ("1.2",), "SEARCH instance USING INDEX ix_instance_series_row (series_row=?)"),
        ("SOPInstanceUID=1.2", INSTANCE, (), "uq_instance (sop_instance_uid=?)"),
        ("PatientID=1", INSTANCE, (), "ix_study_patient_id (patient_id=?)"),
        ("00400275.00400009=S", SERIES, (), "ix_series_request_scheduled_procedure_step_id"),
    ],
)
def test_a_search_is_by_index(
    engine: Engine, query_string: str, level: Level, uids: tuple[str, ...], step: str
) -> None:
    assert step in explained(engine, query_string, level, *uids)


@pytest.mark.parametrize(
    ("query_string", "level", "uids"),
    [
        ("", STUDY, ()),
        ("StudyDate=20200101-", STUDY, ()),
        ("", SERIES, ()),
        ("", SERIES, ("1.2",)),
        ("", INSTANCE, ()),
        ("", INSTANCE, ("1.2", "1.3")),
    ],
)
def test_what_comes_in_order_is_not_sorted(
    engine: Engine, query_string: str, level: Level, uids: tuple[str, ...]
) -> None:
    assert "TEMP B-TREE" not in explained(engine, query_string, level, *uids)


def test_moments_in_zones_are_found_in_the_index_of_the_order(engine: Engine) -> None:
    query = parse_search("StudyDate=20200101-&TimezoneOffsetFromUTC=%2B0100", STUDY, Resource()).query
    planned = plan(query, is_sqlite=True)
    values: dict[str, str | int] = {f"p{number}": value for number, value in enumerate(planned.values)} | {"p9": "[1]"}
    tests, certain = planned.shape.tests, planned.certain or ()
    doubtful = without_columns(replace(planned.shape, tests=(*tests, ("not", certain))))
    exact = replace(planned.shape, tests=(*tests, ("or", certain, ("among", "study.id", 9))))
    for statement in (candidates_statement(doubtful), count_statement(without_columns(exact)), page_statement(exact)):
        assert "USING COVERING INDEX ix_study_order (study_date>? AND study_date<?)" in steps(engine, statement, values)


def test_what_is_sorted_is_cut_before_its_json_is_read() -> None:
    shape, _ = shape_of("PatientID=1")
    inner = str(page_statement(shape)).partition("FROM (SELECT")[2]
    assert "response" not in inner
    assert "LIMIT" in inner


def test_a_level_above_is_joined_only_if_needed() -> None:
    assert "JOIN" not in str(page_statement(shape_of("Modality=CT", SERIES, "1.2")[0]))
    assert str(page_statement(shape_of("", SERIES)[0])).count("JOIN") == 1
    assert str(count_statement(shape_of("", INSTANCE)[0])).count("JOIN") == 0
    assert str(count_statement(shape_of("PatientID=1", INSTANCE)[0])).count("JOIN") == 2


def test_counting_reads_no_answers(engine: Engine) -> None:
    shape, values = shape_of("StudyDate=20200101")
    assert "response" not in str(count_statement(shape))
    with engine.connect() as connection:
        assert connection.execute(count_statement(shape), values).scalar_one() == 5


def test_candidates_are_ids_in_the_order_of_answers(engine: Engine) -> None:
    shape, values = shape_of("StudyDate=20200101&OtherPatientIDs=1")
    with engine.connect() as connection:
        ids = connection.execute(candidates_statement(shape), {**values, "number": 3}).scalars().all()
        expected = connection.execute(text("SELECT id FROM study ORDER BY study_instance_uid LIMIT 3")).scalars().all()
    assert ids == expected


def test_rows_come_by_id(engine: Engine) -> None:
    shape, _ = shape_of("PatientID=P1&OtherPatientIDs=1")
    with engine.connect() as connection:
        (wanted,) = connection.execute(text("SELECT id FROM study WHERE patient_id = 'P2'")).scalars()
        (row,) = connection.execute(rows_statement(shape, 2), {"i0": wanted, "i1": wanted})
    assert row[:2] == (wanted, wanted)
    assert b'"P2"' in row[2]


def test_shapes_lose_what_a_statement_does_not_need() -> None:
    shape, _ = shape_of("PatientID=1")
    assert without_columns(shape) == Shape(STUDY, None, shape.tests, ())
    assert without_tests(shape) == Shape(STUDY, None, (), shape.columns)
