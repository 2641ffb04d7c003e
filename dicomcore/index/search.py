"""Answer a query: one SELECT for the page, a second for the total where the page does not tell it.

Where keys are left that the database cannot match, it gives the candidates in order, and they are matched on their
stored JSON, a few hundred at a time; the total is exact all the same, and memory does not depend on it. Where it can
tell some rows for certain, only the others are looked at, and are then named to it by their ids.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from dicomcore.errors import LimitExceeded
from dicomcore.index.answers import Answers
from dicomcore.index.conditions import Test
from dicomcore.index.plan import Plan, plan
from dicomcore.index.prepared import Reader
from dicomcore.index.statements import (
    Shape,
    candidates_statement,
    count_statement,
    page_statement,
    rows_statement,
    without_columns,
    without_tests,
)
from dicomcore.query import Query

MAX_CANDIDATES = 20_000
_UNLIMITED = 2**31 - 1
_CHUNK = 250
_STATEMENTS = 256
Parameters = dict[str, str | int | list[int]]


@dataclass(frozen=True, slots=True)
class Found:
    """Matches as JSON objects with PLACEHOLDER for the Base URI, the number of all matches, and texts of warnings."""

    objects: list[bytes]
    total: int
    warnings: tuple[str, ...] = ()


class Search:
    """Answers queries from one database; safe to be called from several threads at a time.

    ``max_candidates`` is how many rows one search may match on their JSON.
    """

    def __init__(self, reader: Reader, *, max_candidates: int = MAX_CANDIDATES) -> None:
        self._max_candidates = max_candidates
        self._is_sqlite = reader.is_sqlite
        self._page = lru_cache(_STATEMENTS)(lambda shape: reader.prepare(page_statement(shape)))
        self._count = lru_cache(_STATEMENTS)(lambda shape: reader.prepare(count_statement(shape)))
        self._candidates = lru_cache(_STATEMENTS)(lambda shape: reader.prepare(candidates_statement(shape)))
        self._rows = lru_cache(_STATEMENTS)(lambda shape: reader.prepare(rows_statement(shape, _CHUNK)))

    def find(self, query: Query) -> Found:
        """Answer a query; raises `LimitExceeded` if too much would have to be read, `IndexUnavailable`."""
        planned = plan(query, is_sqlite=self._is_sqlite)
        limit = _UNLIMITED if query.limit is None else query.limit
        parameters: Parameters = {f"p{number}": value for number, value in enumerate(planned.values)}
        if planned.certain is not None:
            shape, parameters = self._with_doubtful(query, planned, planned.certain, parameters)
            objects, total = self._find_by_columns(planned, shape, parameters, limit, query.offset)
        elif planned.residual:
            objects, total = self._find_by_json(query, planned, parameters, limit)
        else:
            objects, total = self._find_by_columns(planned, planned.shape, parameters, limit, query.offset)
        return Found(objects, total, tuple(map(_warning, planned.unsupported)))

    def _find_by_columns(
        self, planned: Plan, shape: Shape, parameters: Parameters, limit: int, offset: int
    ) -> tuple[list[bytes], int]:
        rows: Sequence[Any] = ()
        if limit:
            rows = self._page(shape).rows(number=limit, first=offset, **parameters)
        objects = Answers(planned).objects(rows)
        is_last_page = len(rows) < limit and (rows or not offset)
        total = offset + len(rows) if is_last_page else self._count(without_columns(shape)).row(**parameters)[0]
        return objects, total

    def _with_doubtful(
        self, query: Query, planned: Plan, certain: Test, parameters: Parameters
    ) -> tuple[Shape, Parameters]:
        """Make the conditions exact, now that the JSON of those that are not certain has been read."""
        tests = planned.shape.tests
        doubtful = replace(planned.shape, tests=(*tests, ("not", certain)))
        answers = Answers(planned)
        found = [
            row_id for row_id, row in self._rows_of_candidates(doubtful, parameters) if answers.matches(query, row)
        ]
        place = len(planned.values)
        is_found = ("among", f"{planned.level.name.lower()}.id", place)
        exact = replace(planned.shape, tests=(*tests, ("or", certain, is_found)))
        return exact, parameters | {f"p{place}": found}

    def _find_by_json(self, query: Query, planned: Plan, parameters: Parameters, limit: int) -> tuple[list[bytes], int]:
        answers = Answers(planned)
        objects: list[bytes] = []
        total = 0
        for _, row in self._rows_of_candidates(planned.shape, parameters):
            if answers.matches(query, row):
                if query.offset <= total < query.offset + limit:
                    objects += answers.objects([row])
                total += 1
        return objects, total

    def _rows_of_candidates(self, shape: Shape, parameters: Parameters) -> Iterator[tuple[int, Sequence[Any]]]:
        """Give the ids and rows that the tests let through, in order."""
        candidates = self._candidates(without_columns(shape)).rows(number=self._max_candidates + 1, **parameters)
        if len(candidates) > self._max_candidates:
            raise LimitExceeded(
                "instances, series or studies to search for attributes that are not indexed", MAX_CANDIDATES
            )
        ids = [row[0] for row in candidates]
        statement = self._rows(without_tests(shape))
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            wanted = chunk + chunk[-1:] * (_CHUNK - len(chunk))
            found = statement.rows(**{f"i{place}": row_id for place, row_id in enumerate(wanted)})
            by_id = {row[0]: row[1:] for row in found}
            yield from ((row_id, by_id[row_id]) for row_id in chunk if row_id in by_id)


def _warning(name: str) -> str:
    return f"The {name} attribute is not supported as a matching key of this search. It has not been matched."
