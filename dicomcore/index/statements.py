"""Write the SELECTs of a search: a page of answers in the stable order of its level, the count, the candidates.

A statement depends on the `Shape` of a query alone, not on its values, so that it is made and compiled once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, Integer, Select, bindparam, func, select

from dicomcore.index.conditions import Test, column_named, render
from dicomcore.index.tables import LEVEL_TABLES, instance, series, study
from dicomcore.resources import Level

# The orders of answers; a minus is descending. All are total, because each ends in what identifies; none depends on
# ids, which a reindex changes.
_ORDERS: Mapping[Level, tuple[str, ...]] = {
    Level.PATIENT: (
        "patient.patient_name_key",
        "patient.patient_id",
        "patient.issuer_of_patient_id",
        "patient.unidentified_in",
    ),
    Level.STUDY: ("-study.study_date", "-study.study_time", "study.study_instance_uid"),
    Level.SERIES: ("series.study_instance_uid", "series.series_number", "series.series_instance_uid"),
    Level.INSTANCE: ("instance.series_instance_uid", "instance.instance_number", "instance.sop_instance_uid"),
}
# The instances of a study follow the order of its series.
_ORDER_IN_STUDY = (
    "series.series_number",
    "series.series_instance_uid",
    "instance.instance_number",
    "instance.sop_instance_uid",
)


@dataclass(frozen=True, slots=True)
class Shape:
    """All of a query but its values. ``scope`` is the level of the resource that the search is below."""

    level: Level
    scope: Level | None
    tests: tuple[Test, ...]
    columns: tuple[str, ...]

    @property
    def order(self) -> tuple[str, ...]:
        """The names of the columns that answers are ordered by."""
        return _ORDER_IN_STUDY if (self.level, self.scope) == (Level.INSTANCE, Level.STUDY) else _ORDERS[self.level]


_SCOPE_TESTS = {None: 0, Level.STUDY: 1, Level.SERIES: 2}


def page_statement(shape: Shape) -> Select[Any]:
    """Select the answers from number ``first`` on, at most ``number`` of them.

    What is found by a condition comes in any order: then ids are sorted and cut before the JSON, which is large, is
    read, so that the memory a search takes does not depend on how much matches.
    """
    if _comes_in_order(shape):
        return _page(_select(shape, *map(column_named, shape.columns)), shape)
    chosen = _page(_select(without_columns(shape), LEVEL_TABLES[shape.level].c.id), shape).subquery()
    rows = _select(without_tests(shape), *map(column_named, shape.columns))
    rows = rows.where(LEVEL_TABLES[shape.level].c.id.in_(select(chosen.c.id)))
    return rows.order_by(*map(_ordered, shape.order))


def _comes_in_order(shape: Shape) -> bool:
    """Say whether the index of the order finds the rows too: by the scope, or by the first column of the order."""
    tests = shape.tests[_SCOPE_TESTS[shape.scope] :]
    return not tests or (shape.scope is None and {*_columns_of(tests)} == {shape.order[0].lstrip("-")})


def without_columns(shape: Shape) -> Shape:
    """The shape of the same query, with nothing to return."""
    return replace(shape, columns=())


def without_tests(shape: Shape) -> Shape:
    """The shape of a query for the same columns of anything."""
    return replace(shape, tests=())


def _page(statement: Select[Any], shape: Shape) -> Select[Any]:
    first, number = bindparam("first", type_=Integer()), bindparam("number", type_=Integer())
    return statement.order_by(*map(_ordered, shape.order)).limit(number).offset(first)


def count_statement(shape: Shape) -> Select[Any]:
    """Select the number of all matches."""
    return _select(without_columns(shape), func.count())


def candidates_statement(shape: Shape) -> Select[Any]:
    """Select the ids of at most ``number`` rows that the tests let through, in the order of answers."""
    ids = _select(without_columns(shape), LEVEL_TABLES[shape.level].c.id)
    ordered = ids.order_by(*map(_ordered, shape.order))
    return ordered.limit(bindparam("number", type_=Integer()))


def rows_statement(shape: Shape, number: int) -> Select[Any]:
    """Select rows by ``number`` ids, the parameters i0, i1, ...; the id comes first."""
    row_id = LEVEL_TABLES[shape.level].c.id
    wanted = [bindparam(f"i{place}", type_=BigInteger()) for place in range(number)]
    return _select(without_tests(shape), row_id, *map(column_named, shape.columns)).where(row_id.in_(wanted))


def _select(shape: Shape, *columns: ColumnElement[Any]) -> Select[Any]:
    names = [*shape.columns, *shape.order, *_columns_of(shape.tests)]
    return select(*columns).select_from(_joined(shape.level, names)).where(*map(render, shape.tests))


def _ordered(name: str) -> ColumnElement[Any]:
    return column_named(name[1:]).desc() if name.startswith("-") else column_named(name)


def _columns_of(tests: tuple[Any, ...]) -> Iterator[str]:
    """Give the names of the columns that tests are on."""
    for part in tests:
        if isinstance(part, tuple):
            yield from ("series.id",) if part[0] == "request" else _columns_of(part[1:])
        elif isinstance(part, Level):
            yield f"{part.name.lower()}.id"
        elif isinstance(part, str):
            yield part


def _joined(level: Level, names: list[str]) -> FromClause:
    """Join the tables of the levels above, as far up as one of the columns asks for."""
    tables = {name.lstrip("-").partition(".")[0] for name in names}
    joined: FromClause = LEVEL_TABLES[level]
    if level is Level.INSTANCE and tables & {"series", "study"}:
        joined = joined.join(series, series.c.id == instance.c.series_row)
    if level >= Level.SERIES and "study" in tables:
        joined = joined.join(study, study.c.id == series.c.study_row)
    return joined
