"""Identifiers of C-MOVE and C-GET (PS3.4 §C.4.2.1.4, §C.4.3.1.3, §Y.4): what is to be retrieved, as `Resource`s.

Unique keys alone count, and whatever else an identifier has is passed over. A study, series or instance that is named
with all that is above it is a resource as it stands; what hangs on a Patient ID, or is named without what is above it
(relational retrieval, §C.5.2.1), is searched for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from dicomcore.data import PLACEHOLDER, Dataset, name_of
from dicomcore.errors import InvalidUid, MissingAttribute
from dicomcore.query import Literal, Match, MatchingKey, Query, UidList
from dicomcore.resources import Level, Resource
from dicomcore.scp.identifiers import UNIQUE_KEYS, Model, Options, check_unique_keys, level_of, mismatch
from dicomcore.source import Source
from dicomcore.uids import check_uid

_UIDS_AT_ONCE = 500  # that a search is asked for
_PAGE = 500
_UID_LEVELS = (Level.STUDY, Level.SERIES, Level.INSTANCE)


@dataclass(frozen=True, slots=True)
class RetrieveRequest:
    """What a retrieve asks for: ``resources``, and whatever ``queries`` find."""

    level: Level
    resources: tuple[Resource, ...] = ()
    queries: tuple[Query, ...] = ()


def read_retrieve_identifier(identifier: Dataset, model: Model, options: Options = Options()) -> RetrieveRequest:
    """Read the identifier of a C-MOVE or C-GET.

    Raises:
        MissingAttribute, AttributeMismatch: status A900; the error names the attribute.
    """
    level = level_of(identifier, model)
    matches = {one: _values(identifier, one) for one in UNIQUE_KEYS if model.value <= one <= level}
    present = {one: values for one, values in matches.items() if values}
    check_unique_keys(_keys(present), level, model, options)
    if level not in present:
        raise MissingAttribute(UNIQUE_KEYS[level], name_of(UNIQUE_KEYS[level]))
    above = [present.get(one, ()) for one in _UID_LEVELS if one < level]
    if level is Level.PATIENT or Level.PATIENT in present or any(len(values) != 1 for values in above):
        return RetrieveRequest(level, queries=tuple(_queries(present, level)))
    return RetrieveRequest(level, tuple(Resource(*(uids[0] for uids in above), uid) for uid in present[level]))


async def resolve(request: RetrieveRequest, source: Source) -> list[Resource]:
    """Name everything that is to be retrieved, in the order of the identifier or of the searches."""
    found = dict.fromkeys(request.resources)
    for query in request.queries:
        offset = 0
        while objects := (await source.search(replace(query, limit=_PAGE, offset=offset))).objects:
            found |= dict.fromkeys(_resource(one, query.level) for one in objects)
            offset += _PAGE
    return list(found)


def _resource(answer: bytes, level: Level) -> Resource:
    members = orjson.loads(answer.replace(PLACEHOLDER, b""))
    return Resource(*(members[f"{UNIQUE_KEYS[one]:08X}"]["Value"][0] for one in _UID_LEVELS if one <= level))


def _values(identifier: Dataset, level: Level) -> tuple[str, ...]:
    """The values of a unique key: one Patient ID, or any number of UIDs."""
    tag = UNIQUE_KEYS[level]
    values = tuple(dict.fromkeys(value for value in identifier.texts(tag) if value))
    if level is Level.PATIENT:
        if len(values) > 1 or any(mark in value for value in values for mark in "*?"):
            raise mismatch(tag, "must have a single value")
        return values
    try:
        return tuple(check_uid(value, name_of(tag)) for value in values)
    except InvalidUid as error:
        raise mismatch(tag, "has a value that is not a UID") from error


def _match(level: Level, values: Sequence[str]) -> Match:
    return Literal(tuple(values)) if level is Level.PATIENT else UidList(tuple(values))


def _keys(present: Mapping[Level, Sequence[str]]) -> dict[tuple[int, ...], MatchingKey]:
    return {
        (UNIQUE_KEYS[level],): MatchingKey(
            (UNIQUE_KEYS[level],), "LO" if level is Level.PATIENT else "UI", _match(level, values)
        )
        for level, values in present.items()
    }


def _queries(present: Mapping[Level, Sequence[str]], level: Level) -> Iterator[Query]:
    """Search for what is asked for, some of the UIDs at a time; a patient by its studies."""
    searched = max(level, Level.STUDY)
    values = present[level]
    for start in range(0, len(values), _UIDS_AT_ONCE):
        keys = _keys({**present, level: values[start : start + _UIDS_AT_ONCE]})
        yield Query(searched, keys=tuple(keys.values()))
