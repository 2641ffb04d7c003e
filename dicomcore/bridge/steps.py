"""Take a search apart into one step per level of the information model, as C-FIND asks for them (PS3.4 §C.4.1.2).

The hierarchical search method needs the unique keys of all levels above the one that is searched. So a search for the
series of all studies is a search for studies, and then for the series of each of them. It begins at the first level
that the resource does not fix, or above that if a key or an ``includefield`` is an attribute of a level above.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dicomcore.data import dictionary, private_creator_tag
from dicomcore.index.attributes import ATTRIBUTES, RESPONSE
from dicomcore.index.plan import locate
from dicomcore.query import CombinedRange, MatchingKey, Query, ReturnKey
from dicomcore.resources import Level, Resource

TIMEZONE_OFFSET_FROM_UTC = 0x00080201
UNIQUE_KEYS: Mapping[Level, int] = {
    Level.PATIENT: 0x00100020,
    Level.STUDY: 0x0020000D,
    Level.SERIES: 0x0020000E,
    Level.INSTANCE: 0x00080018,
}
MADE_HERE = frozenset((0x00080054, 0x00081190))
"""Retrieve AE Title and Retrieve URL: what another archive says of them is of no use to those who ask us."""

_HIDDEN = frozenset((0x00080005, 0x00080052))


@dataclass(slots=True)
class Step:
    """What is asked at one level; ``shown``: answers have its required attributes (PS3.18 §10.6.3.3).

    ``returned`` are the attributes to ask for, by tag, with their Private Creators; ``kept`` those of them that answers
    have, too.
    """

    level: Level
    shown: bool
    keys: list[MatchingKey] = field(default_factory=list)
    combined: list[CombinedRange] = field(default_factory=list)
    returned: dict[int, str | None] = field(default_factory=dict)
    kept: set[int] = field(default_factory=set)

    def want(self, tag: int, creator: str | None = None) -> None:
        """Ask for an attribute, for the answer."""
        if tag in _HIDDEN or tag in MADE_HERE:
            return
        self.returned.setdefault(tag, creator)
        self.kept.add(tag)
        if creator is not None:
            self.kept.add(private_creator_tag(tag))


def steps_of(query: Query) -> list[Step]:
    """Plan a search, from the top."""
    levels = range(_first(query), query.level + 1)
    shown = _first_shown(query)
    steps = {Level(level): Step(Level(level), level >= shown) for level in levels}
    for step in steps.values():
        _want_required(step, query)
    for key in query.keys:
        step = steps[_level_of(key.path[0], query)]
        step.keys.append(key)
        step.want(key.path[0], key.private_creator)
    for pair in query.combined:
        tags = (pair.sequence[0],) if pair.sequence else (pair.date, pair.time)
        step = steps[_level_of(tags[0], query)]
        step.combined.append(pair)
        for tag in tags:
            step.want(tag)
    for wanted in query.include:
        steps[_level_of(wanted.path[0], query)].want(wanted.path[0], wanted.private_creator)
    return list(steps.values())


def relational_step(steps: list[Step]) -> Step:
    """Join the steps of a search for an archive that agreed to relational queries (PS3.4 §C.4.1.2.2)."""
    joined = Step(steps[-1].level, True)
    for step in steps:
        joined.keys += step.keys
        joined.combined += step.combined
        joined.returned |= step.returned
        joined.kept |= step.kept
    return joined


def _want_required(step: Step, query: Query) -> None:
    """Ask for what a level has to return, for what it is known by, and for its time zone."""
    step.returned[UNIQUE_KEYS[step.level]] = None
    if query.timezone is not None or query.combined:
        step.returned[TIMEZONE_OFFSET_FROM_UTC] = None
    if step.shown:
        for attribute in RESPONSE[step.level]:
            step.want(attribute.tag)
        if query.include_all:
            for tag in ATTRIBUTES[step.level]:
                step.want(tag)


def _first(query: Query) -> int:
    wanted: list[MatchingKey | ReturnKey] = [*query.keys, *query.include]
    tags = [one.path[0] for one in wanted] + [(*pair.sequence, pair.date)[0] for pair in query.combined]
    return min([_first_shown(query), *(_level_of(tag, query) for tag in tags)])


def _first_shown(query: Query) -> int:
    """The first level that the resource does not fix."""
    if query.level in (Level.PATIENT, Level.STUDY):
        return query.level
    fixed = query.resource.level
    return Level.STUDY if fixed is None else min(fixed + 1, query.level)


def _level_of(tag: int, query: Query) -> Level:
    """The level to ask for an attribute: its own; that of the search if it is unknown or below."""
    level = locate(tag, query.level)
    return query.level if level is None else level


def fixed_above(level: Level, resource: Resource) -> Resource:
    """What of a resource lies above a level."""
    study, series = resource.study_instance_uid, resource.series_instance_uid
    return Resource(study if level > Level.STUDY else None, series if level > Level.SERIES else None)


def name_of_path(path: tuple[int, ...]) -> str:
    """Write an attribute as a query string names it."""
    return ".".join(dictionary.keyword_of(tag) or f"{tag:08X}" for tag in path)
