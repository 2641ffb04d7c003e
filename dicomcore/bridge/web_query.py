"""Write a `Query` as the query string of QIDO-RS (PS3.18 §8.3.4, §10.6.1): the way back from ``app/parameters.py``.

Dates and times go in the forms that a `Query` has them in; a moment of a date and a time goes as the two ranges that it
came from, with the time zone beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from dicomcore.bridge.steps import name_of_path
from dicomcore.data import dictionary, private_creator_tag
from dicomcore.query import (
    CombinedRange,
    Empty,
    Literal,
    MatchingKey,
    Path,
    Query,
    Range,
    ReturnKey,
    UidList,
    WildCard,
)
from dicomcore.resources import Level, Resource

_PATHS = {Level.PATIENT: "/patients", Level.STUDY: "/studies", Level.SERIES: "/series", Level.INSTANCE: "/instances"}
_SAFE = "*?.:-+^="


def search_path(level: Level, resource: Resource) -> str:
    """The path of a search below the Base URI (PS3.18 Table 10.6.1-1)."""
    return resource.path + _PATHS[level]


def query_string(query: Query) -> str:
    """Write the parameters, each name once."""
    found: dict[str, str] = {}
    for pair in query.combined:
        found[name_of_path((*pair.sequence, pair.date))] = _bounds(pair, slice(0, 8))
        if any(key.path == (*pair.sequence, pair.time) for key in query.keys):  # else it is whole days
            found[name_of_path((*pair.sequence, pair.time))] = _bounds(pair, slice(8, None))
    for key in query.keys:
        found.setdefault(_name(key.path), _value(key))
    creators = dict(_creators(query))
    include = "all" if query.include_all else ",".join(_name(key.path) for key in query.include)
    more = {
        "includefield": include,
        "TimezoneOffsetFromUTC": query.timezone or "",
        "fuzzymatching": "true" if query.fuzzy else "",
        "emptyvaluematching": "true" if any(isinstance(key.match, Empty) for key in query.keys) else "",
        "multiplevaluematching": "true" if any(_is_several(key) for key in query.keys) else "",
        "limit": "" if query.limit is None else str(query.limit),
        "offset": str(query.offset or ""),
    }
    parameters = {**creators, **found, **{name: value for name, value in more.items() if value}}
    return "&".join(f"{quote(name, safe='.')}={_escaped(name, value)}" for name, value in parameters.items())


def _escaped(name: str, value: str) -> str:
    """Escape a value; a comma separates, and was escaped already where it does not."""
    return value if "%" in value else quote(value, safe=_SAFE + ",").replace("+", "%2B")


def _name(path: Path) -> str:
    return name_of_path(path)


def _value(key: MatchingKey) -> str:
    match = key.match
    if isinstance(match, Range):
        return f"{match.low or ''}-{match.high or ''}"
    if isinstance(match, Empty):
        return '""'
    if isinstance(match, UidList):
        return ",".join(match.uids)
    values = match.values if isinstance(match, Literal) else match.patterns if isinstance(match, WildCard) else ()
    if all("," not in value and "%" not in value for value in values):
        return ",".join(values)
    return ",".join(quote(value, safe=_SAFE).replace("+", "%2B") for value in values)


def _bounds(pair: CombinedRange, part: slice) -> str:
    return f"{(pair.low or '')[part]}-{(pair.high or '')[part]}"


def _is_several(key: MatchingKey) -> bool:
    match = key.match
    return key.vr != "UI" and len(getattr(match, "values", getattr(match, "patterns", ()))) > 1


def _creators(query: Query) -> Iterator[tuple[str, str]]:
    """Private Creators, without which a private attribute says nothing (PS3.18 §8.3.4.1)."""
    wanted: list[MatchingKey | ReturnKey] = [*query.keys, *query.include]
    for one in wanted:
        if one.private_creator is not None and not dictionary.is_private_creator(one.path[-1]):
            yield name_of_path((*one.path[:-1], private_creator_tag(one.path[-1]))), one.private_creator
