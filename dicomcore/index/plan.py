"""Sort out how a query is answered (PS3.18 §10.6, PS3.4 §C.4.1): what the database matches, what is left, what returns.

A key of a level above the search is matched on that level, even where PS3.18 §10.6.1.2.1 does not ask for it; one of a
level below is not supported. A key without a column is matched on stored JSON, but only if something else narrows the
search, else it would read the whole archive; what cannot be matched is told in `Plan.unsupported`.

An attribute that is asked for (by a key or an ``includefield``) comes back whole: of a sequence all items with all they
hold. One that is known at its level but absent comes back without a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dicomcore.data import dictionary
from dicomcore.index.attributes import ATTRIBUTES, RESPONSE, Attribute
from dicomcore.index.conditions import Test, Values, any_of, attribute_test, changed_test, is_exact
from dicomcore.index.moments import certain_test, moment_test, possible_test
from dicomcore.index.statements import Shape
from dicomcore.query import CombinedRange, Literal, MatchingKey, Query, ReturnKey, Universal, WildCard
from dicomcore.resources import Level

_RETRIEVE_URL = 0x00081190
_REQUEST_ATTRIBUTES_SEQUENCE = 0x00400275
_REQUEST_COLUMNS = {
    0x00400009: "series_request.scheduled_procedure_step_id",
    0x00401001: "series_request.requested_procedure_id",
}
# Columns that are not in the table of their attribute's level, or not named in `attributes`: they save a join.
_OTHER_COLUMNS: Mapping[tuple[Level, int], str] = {
    (Level.SERIES, 0x0020000D): "series.study_instance_uid",
    (Level.INSTANCE, 0x0020000D): "instance.study_instance_uid",
    (Level.INSTANCE, 0x0020000E): "instance.series_instance_uid",
    (Level.INSTANCE, 0x00083002): "instance.transfer_syntax_uid",
}


@dataclass(slots=True)
class Residual:
    """What is to be matched on the JSON of one level."""

    keys: list[MatchingKey] = field(default_factory=list)
    combined: list[CombinedRange] = field(default_factory=list)


@dataclass(slots=True)
class Returned:
    """What an answer has of one level: its ``response`` if ``shown``, and more attributes with their creators."""

    shown: bool
    everything: bool = False
    tags: dict[int, str | None] = field(default_factory=dict)

    @property
    def needs_attributes(self) -> bool:
        """Whether the response is not enough."""
        return self.everything or bool(self.tags)


@dataclass(frozen=True, slots=True)
class Plan:
    """How a query is answered; ``values`` are the parameters p0, p1, ... of its statements.

    Rows that are ``certain`` match the ``residual`` keys too, whatever their JSON says.
    """

    level: Level
    shape: Shape
    values: tuple[str | int, ...]
    residual: Mapping[Level, Residual]
    certain: Test | None
    returned: Mapping[Level, Returned]
    unsupported: tuple[str, ...]

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels that rows bring something of, from the top; the first columns of a row are theirs."""
        return tuple(sorted({*self.returned, *self.residual}))


def plan(query: Query, *, is_sqlite: bool) -> Plan:
    """Plan the answer to a query."""
    planner = _Planner(query, Values(is_sqlite))
    planner.take_scope()
    planner.take_keys()
    planner.take_combined()
    planner.take_changed()
    planner.drop_residual_of_everything()
    certain = planner.what_is_certain()
    returned = _returned(query)
    columns = _columns(returned, planner.residual)
    scope = query.resource.level
    shape = Shape(query.level, scope, tuple(planner.tests), columns)
    unsupported = tuple(dict.fromkeys(planner.unsupported))
    values = tuple(planner.values.found)
    return Plan(query.level, shape, values, planner.residual, certain, returned, unsupported)


class _Planner:
    def __init__(self, query: Query, values: Values) -> None:
        self.query = query
        self.values = values
        self.tests: list[Test] = []
        self.certain: list[Test] = []
        self.residual: dict[Level, Residual] = {}
        self.unsupported: list[str] = []

    def take_scope(self) -> None:
        """Stay below the study and series that the resource names."""
        study, series = self.query.resource.study_instance_uid, self.query.resource.series_instance_uid
        # The instances of a study are found, and come in order, by way of its series.
        below_study = "series" if self.query.level is Level.INSTANCE and series is None else _table(self.query.level)
        if series is not None:
            self.tests.append(("=", f"{_table(self.query.level)}.series_instance_uid", self.values.add(series)))
        if study is not None:
            self.tests.append(("=", f"{below_study}.study_instance_uid", self.values.add(study)))

    def take_keys(self) -> None:
        """Find each key its place; those of one sequence stay together."""
        sequences: dict[int, list[MatchingKey]] = {}
        for key in self.query.keys:
            if len(key.path) > 1:
                sequences.setdefault(key.path[0], []).append(key)
            elif not isinstance(key.match, Universal):
                self._take_key(key)
        combined = {pair.sequence[0] for pair in self.query.combined if pair.sequence}
        for tag, keys in sequences.items():
            matched = [key for key in keys if not isinstance(key.match, Universal)]
            if matched and not (tag not in combined and self._take_request(tag, matched)):
                self._leave(tag, keys=matched)

    def _take_key(self, key: MatchingKey) -> None:
        tag = key.path[0]
        found = locate(tag, self.query.level)
        attribute = ATTRIBUTES[found].get(tag) if found is not None else None
        column = _column(tag, found, attribute, self.query.level)
        if found is None or attribute is None or not column:
            self._leave(tag, keys=[key])
            return
        test = attribute_test(attribute, column, key.match, self.values, fuzzy=self.query.fuzzy)
        if test is not None:
            self.tests.append(test)
        if not is_exact(attribute, key.match, fuzzy=self.query.fuzzy):
            self._leave(tag, keys=[key])

    def _take_request(self, tag: int, keys: Sequence[MatchingKey]) -> bool:
        """Match the two required keys of the Request Attributes Sequence in their table (PS3.18 Table 10.6.1-5)."""
        columns = [_REQUEST_COLUMNS.get(key.path[1]) if len(key.path) == 2 else None for key in keys]
        matches = [key.match for key in keys]
        is_plain = all(isinstance(match, Literal | WildCard) for match in matches) and None not in columns
        if tag != _REQUEST_ATTRIBUTES_SEQUENCE or self.query.level < Level.SERIES or not is_plain:
            return False
        tests = [
            attribute_test(_REQUEST_ATTRIBUTE, column, match, self.values, fuzzy=False)
            for column, match in zip(columns, matches, strict=True)
            if column is not None
        ]
        self.tests.append(("request", *tests))
        return True

    def take_combined(self) -> None:
        """Match moments; where zones or missing columns get in the way, the database only matches the days."""
        timezone = self.query.timezone
        for pair in self.query.combined:
            found = locate(pair.date, self.query.level)
            if pair.sequence or found is None:
                self._leave((pair.sequence or (pair.date,))[0], combined=[pair])
                continue
            attributes = [ATTRIBUTES[found].get(tag) for tag in (pair.date, pair.time)]
            date, time = (f"{_table(found)}.{one.column}" if one and one.column else "" for one in attributes)
            if date and time and timezone is None:
                self.tests.append(moment_test(pair, date, time, self.values))
                continue
            if date:
                self.tests.append(possible_test(pair, timezone, date, self.values))
            if date and time:
                self.certain.append(certain_test(pair, timezone, date, time, self.values))
            self._leave(pair.date, combined=[pair])

    def take_changed(self) -> None:
        """Match when the last change was made."""
        level = self.query.level
        column = f"{_table(level)}.{'id' if level is Level.INSTANCE else 'revision'}"
        if self.query.changed:
            self.tests.append(any_of([changed_test(column, one, self.values) for one in self.query.changed]))

    def what_is_certain(self) -> Test | None:
        """Say of which rows no JSON has to be read; None if of none."""
        pairs = sum(len(residual.combined) for residual in self.residual.values())
        has_keys = any(residual.keys for residual in self.residual.values())
        return ("and", *self.certain) if self.certain and not has_keys and pairs == len(self.certain) else None

    def _leave(self, tag: int, *, keys: Iterable[MatchingKey] = (), combined: Iterable[CombinedRange] = ()) -> None:
        """Leave keys to be matched on JSON, or say that they cannot be."""
        found = locate(tag, self.query.level)
        if found is None or tag == _RETRIEVE_URL:
            self.unsupported += [_name(key.path) for key in keys]
            self.unsupported += [_name((*pair.sequence, part)) for pair in combined for part in (pair.date, pair.time)]
            return
        residual = self.residual.setdefault(found, Residual())
        residual.keys += keys
        residual.combined += combined

    def drop_residual_of_everything(self) -> None:
        """Give up what would have to be matched on every JSON of the archive."""
        if self.tests:
            return
        for residual in self.residual.values():
            self.unsupported += [_name(key.path) for key in residual.keys]
            for pair in residual.combined:
                self.unsupported += [_name((*pair.sequence, part)) for part in (pair.date, pair.time)]
        self.residual = {}


_REQUEST_ATTRIBUTE = Attribute(Level.SERIES, 0x00400009, "SH", "ScheduledProcedureStepID")


def locate(tag: int, level: Level) -> Level | None:
    """Find the level that an attribute is kept at, for a search at ``level``; None if it has it not.

    An instance has every attribute that is not one of the levels above.
    """
    above = (Level.PATIENT,) if level is Level.PATIENT else range(level, Level.PATIENT, -1)
    found = next((Level(each) for each in above if tag in ATTRIBUTES[Level(each)]), None)
    return Level.INSTANCE if found is None and level is Level.INSTANCE else found


def _column(tag: int, found: Level | None, attribute: Attribute | None, level: Level) -> str:
    other = _OTHER_COLUMNS.get((level, tag))
    if other or found is None or attribute is None or not attribute.column:
        return other or ""
    return f"{_table(found)}.{attribute.column}"


def _table(level: Level) -> str:
    return level.name.lower()


def _name(path: Sequence[int]) -> str:
    return ".".join(dictionary.keyword_of(tag) or f"{tag:08X}" for tag in path)


def _shown(query: Query) -> tuple[Level, ...]:
    """The levels whose required attributes an answer has (PS3.18 §10.6.3.3): those that the resource does not fix."""
    if query.level in (Level.PATIENT, Level.STUDY):
        return (query.level,)
    fixed = query.resource.level
    first = Level.STUDY if fixed is None else Level(min(fixed + 1, query.level))
    return tuple(Level(level) for level in range(first, query.level + 1))


def _returned(query: Query) -> dict[Level, Returned]:
    """Say what comes back of each level: required attributes, matching keys, return keys (PS3.18 §10.6.3.3.1-3)."""
    returned = {level: Returned(True, query.include_all) for level in _shown(query)}
    asked: dict[int, str | None] = {}
    wanted: tuple[MatchingKey | ReturnKey, ...] = (*query.keys, *query.include)
    for key in wanted:
        asked.setdefault(key.path[0], key.private_creator)
    for pair in query.combined:
        asked.setdefault((pair.sequence or (pair.date,))[0], None)
    for tag, creator in asked.items():
        level = locate(tag, query.level)
        if level is None or (level in returned and tag in _RESPONSE_TAGS[level]):
            continue
        returned.setdefault(level, Returned(False)).tags[tag] = creator
    return returned


_RESPONSE_TAGS = {level: frozenset(attribute.tag for attribute in RESPONSE[level]) for level in Level}


def _columns(returned: Mapping[Level, Returned], residual: Mapping[Level, Residual]) -> tuple[str, ...]:
    """Name the columns of a row: id, response and, where they are needed, all attributes of each level."""
    levels = sorted({*returned, *residual})
    if len(levels) == 1 and not residual and not returned[levels[0]].needs_attributes:
        return (f"{_table(levels[0])}.response",)
    columns = []
    for level in levels:
        columns += [f"{_table(level)}.id", f"{_table(level)}.response"]
        if level in residual or returned[level].needs_attributes:
            columns.append(f"{_table(level)}.{'metadata' if level is Level.INSTANCE else 'attributes'}")
    return tuple(columns)
