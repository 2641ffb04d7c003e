"""Matching keys as conditions on columns (PS3.4 §C.2.2.2), for SQLite and for PostgreSQL.

A condition is a `Test`: a nested tuple of an operator, columns and the numbers of values. Values are kept apart, so
that queries that differ only in values have equal tests, and the statement compiled for one serves them all.

A pattern that begins with letters is turned into a range of text besides, since that is what both databases can find by
an index even when the value is a parameter: ``Doe*`` is what lies between ``doe`` and ``doe`` followed by the last
character of all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Text,
    and_,
    bindparam,
    exists,
    false,
    not_,
    or_,
    select,
    true,
    union_all,
)

from dicomcore.index.attributes import ABSENT_NUMBER, Attribute
from dicomcore.index.compiled import among
from dicomcore.index.tables import LEVEL_TABLES, NAME_WORD_TABLES, change, series, series_request
from dicomcore.matching import EARLIEST, LATEST
from dicomcore.names import MAX_WORDS, name_patterns, name_words, phonetic
from dicomcore.query import Empty, Literal, Match, Period, Range, UidList, Universal, WildCard
from dicomcore.resources import Level

Test = tuple[Any, ...]
"""An operator, then columns (``study.patient_id``), numbers of values, or tests."""

LAST_CHARACTER = "\U0010ffff"
LIKE_ESCAPE = "~"
_GLOB = str.maketrans({"[": "[[]"})
_LIKE = str.maketrans({"~": "~~", "%": "~%", "_": "~_", "*": "%", "?": "_"})
_WILD_CARD = re.compile(r"[*?]")
_INDEXED = frozenset(
    f"{table.name}.{index.expressions[0].name}"
    for table in LEVEL_TABLES.values()
    for index in table.indexes
    if isinstance(index.expressions[0], Column)
)
_END = 2**63 - 1  # microseconds
NEVER: Test = ("never",)


@dataclass(slots=True)
class Values:
    """The values of the conditions of one query; ``is_sqlite`` says how patterns are written."""

    is_sqlite: bool
    found: list[str | int] = field(default_factory=list)

    def add(self, value: str | int) -> int:
        """Keep a value and return its number."""
        self.found.append(value)
        return len(self.found) - 1

    def glob(self, column: str, pattern: str) -> Test:
        """Test a column for a pattern of ``*`` and ``?``, in the writing of the database."""
        if self.is_sqlite:
            return ("glob", column, self.add(pattern.translate(_GLOB)))
        return ("like", column, self.add(pattern.translate(_LIKE)))


def equal_test(column: str, texts: Sequence[str | int], values: Values) -> Test:
    """Test for any of several values."""
    if len(texts) == 1:
        return ("=", column, values.add(texts[0]))
    return ("in", column, *(values.add(text) for text in texts))


def pattern_test(column: str, pattern: str, values: Values) -> Test:
    """Test for a pattern, or for a text that has no wild cards."""
    head = _WILD_CARD.split(pattern, maxsplit=1)[0]
    if head == pattern:
        return ("=", column, values.add(pattern))
    if not head:
        found = values.glob(column, pattern)
        return ("scan", *found) if column in _INDEXED else found
    within = ("prefix", column, values.add(head), values.add(head + LAST_CHARACTER))
    return within if pattern == head + "*" else ("and", within, values.glob(column, pattern))


def any_of(tests: Sequence[Test]) -> Test:
    """Test for any of several tests."""
    return tests[0] if len(tests) == 1 else ("or", *tests)


def attribute_test(attribute: Attribute, column: str, match: Match, values: Values, *, fuzzy: bool) -> Test | None:
    """Test an attribute column; None for universal matching."""
    if isinstance(match, Universal):
        return None
    if isinstance(match, Empty):
        return equal_test(column, (ABSENT_NUMBER if attribute.is_number else "",), values)
    if isinstance(match, Range):
        return ("between", column, values.add(match.low or EARLIEST), values.add(match.high or LATEST))
    if attribute.is_number:
        return _number_test(column, match, values)
    texts = _texts(match)
    if attribute.is_name and fuzzy:
        return any_of([_words_test(attribute, text, values) for text in texts])
    if attribute.is_name:
        patterns = dict.fromkeys(pattern for text in texts for pattern in name_patterns(text))
        return _patterns_test(f"{column}_key", list(patterns), attribute.many, values)
    if attribute.many or isinstance(match, WildCard):
        return _patterns_test(column, texts, attribute.many, values)
    return equal_test(column, texts, values)


def is_exact(attribute: Attribute, match: Match, *, fuzzy: bool) -> bool:
    """Say whether `attribute_test` lets through nothing but matches.

    In a column of many values a wild card can reach from one value into the next, unless it ends the pattern; and words
    do not tell which of the names they belong to.
    """
    if not attribute.many or isinstance(match, Universal | Empty | Range | UidList):
        return True
    if attribute.is_name and fuzzy:
        return False
    return not any(_WILD_CARD.search(text.removesuffix("*")) for text in _texts(match))


def _texts(match: Match) -> Sequence[str]:
    if isinstance(match, Literal):
        return match.values
    if isinstance(match, WildCard):
        return match.patterns
    return match.uids if isinstance(match, UidList) else ()


def _number_test(column: str, match: Match, values: Values) -> Test:
    """Test a number column; what is no number that a column can hold matches nothing."""
    texts = [text for text in _texts(match) if text.removeprefix("-").isdecimal() and len(text) < 12]
    numbers = [number for number in map(int, texts) if abs(number) < ABSENT_NUMBER]
    return equal_test(column, numbers, values) if numbers else NEVER


def _patterns_test(column: str, patterns: Sequence[str], many: bool, values: Values) -> Test:
    if not many:
        return any_of([pattern_test(column, pattern, values) for pattern in patterns])
    return any_of([values.glob(column, f"*\\{pattern}\\*") for pattern in patterns])


def _words_test(attribute: Attribute, text: str, values: Values) -> Test:
    """Test that each word of a name begins, or sounds like, a word of the stored one."""
    tests = []
    for word in name_words(text)[:MAX_WORDS]:
        slots: tuple[str | int, ...] = (attribute.tag, word, word + LAST_CHARACTER, phonetic(word))
        tests.append(("word", attribute.level, *map(values.add, slots)))
    return ("and", *tests)


def days_test(column: str, low: str | None, high: str | None, values: Values) -> Test:
    """Test a date column for a range of days; None is no bound."""
    return ("between", column, values.add(low or EARLIEST), values.add(high or LATEST))


def changed_test(column: str, period: Period, values: Values) -> Test:
    """Test the number of a change for when it was made."""
    low = 0 if period.low is None else period.low
    return ("changed", column, values.add(low), values.add(_END if period.high is None else period.high))


def render(test: Test) -> ColumnElement[bool]:
    """Write a test in SQLAlchemy; value number n is the parameter ``pn``."""
    operator, *operands = test
    rendered: ColumnElement[bool] = _RENDERERS[operator](*operands)
    return rendered


def column_named(name: str) -> Column[Any]:
    """Return the column of a name such as ``study.patient_id``."""
    table, _, column = name.partition(".")
    if table == series_request.name:
        return series_request.c[column]
    return LEVEL_TABLES[Level[table.upper()]].c[column]


def _parameter(column: ColumnElement[Any], number: int) -> BindParameter[Any]:
    return bindparam(f"p{number}", type_=BigInteger() if isinstance(column.type, BigInteger) else Text())


def _compare(operator: str) -> Callable[[str, int], ColumnElement[bool]]:
    def compare(name: str, number: int) -> ColumnElement[bool]:
        column = column_named(name)
        compared: ColumnElement[bool] = column.op(operator, is_comparison=True)(_parameter(column, number))
        return compared

    return compare


def _in(name: str, *numbers: int) -> ColumnElement[bool]:
    column = column_named(name)
    return column.in_([_parameter(column, number) for number in numbers])


def _between(name: str, low: int, high: int) -> ColumnElement[bool]:
    column = column_named(name)
    return and_(column >= _parameter(column, low), column <= _parameter(column, high))


def _prefix(name: str, low: int, high: int) -> ColumnElement[bool]:
    column = column_named(name)
    return and_(column >= _parameter(column, low), column < _parameter(column, high))


def _words(level: Level, tag: int, low: int, high: int, code: int) -> ColumnElement[bool]:
    words = NAME_WORD_TABLES[level]
    of_tag = select(words.c[f"{level.name.lower()}_row"]).where(words.c.tag == _parameter(words.c.tag, tag))
    begins = and_(words.c.word >= _parameter(words.c.word, low), words.c.word < _parameter(words.c.word, high))
    sounds = words.c.phonetic == _parameter(words.c.phonetic, code)
    # Each by an index of its own.
    return LEVEL_TABLES[level].c.id.in_(union_all(of_tag.where(begins), of_tag.where(sounds)))


def _request(*tests: Test) -> ColumnElement[bool]:
    """Test that one item of the Request Attributes Sequence (0040,0275) has it all."""
    return series.c.id.in_(select(series_request.c.series_row).where(*map(render, tests)))


def _changed(name: str, low: int, high: int) -> ColumnElement[bool]:
    made = change.c.time
    within = and_(made >= _parameter(made, low), made <= _parameter(made, high))
    return exists(change.c.sequence).where(change.c.sequence == column_named(name), within)


def _glob(name: str, number: int) -> ColumnElement[bool]:
    return _pattern("glob", column_named(name), number)


def _like(name: str, number: int) -> ColumnElement[bool]:
    return _pattern("like", column_named(name), number)


def _scan(operator: str, name: str, number: int) -> ColumnElement[bool]:
    """Test all that is in the index of a column: rows are long, and few of them fit on a page."""
    owner, _, column = name.partition(".")
    table = LEVEL_TABLES[Level[owner.upper()]]
    every = table.alias()
    return table.c.id.in_(select(every.c.id).where(_pattern(operator, every.c[column], number)))


def _pattern(operator: str, column: ColumnElement[Any], number: int) -> ColumnElement[bool]:
    parameter = _parameter(column, number)
    if operator == "like":
        return column.like(parameter, escape=LIKE_ESCAPE)
    compared: ColumnElement[bool] = column.op("GLOB", is_comparison=True)(parameter)
    return compared


_RENDERERS: Mapping[str, Callable[..., ColumnElement[bool]]] = {
    **{operator: _compare(operator) for operator in ("=", "<", ">", "<=", ">=")},
    "glob": _glob,
    "like": _like,
    "scan": _scan,
    "in": _in,
    "between": _between,
    "prefix": _prefix,
    "among": lambda name, number: among(column_named(name), f"p{number}"),
    "and": lambda *tests: and_(true(), *map(render, tests)),
    "or": lambda *tests: or_(false(), *map(render, tests)),
    "not": lambda test: not_(render(test)),
    "never": false,
    "changed": _changed,
    "word": _words,
    "request": _request,
}
