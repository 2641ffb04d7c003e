"""Identifiers of C-MOVE and C-GET (PS3.4 §C.4.2.1.4, §C.4.3.1.3): what is to be retrieved, as `Resource`s.

Unique keys alone count, and whatever else an identifier has is passed over. A study, series or instance that is named
with all that is above it is a resource as it stands; what hangs on a Patient ID, or is named without what is above it
(relational retrieval, §C.5.2.1), is searched for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from dicomcore.data import PLACEHOLDER, Dataset, name_of
from dicomcore.errors import InvalidUid, MissingAttribute
from dicomcore.query import Literal, Match, MatchingKey, Query, UidList
from dicomcore.resources import Level, Resource
from dicomcore.scp.identifiers import HIGHEST, UNIQUE_KEYS, Options, check_unique_keys, level_of, mismatch
from dicomcore.source import Source
from dicomcore.uids import check_uid

_UIDS_AT_ONCE = 500  # that a search is asked for
_PAGE = 500
_FIELDS: Mapping[Level, str] = {
    Level.STUDY: "study_instance_uid",
    Level.SERIES: "series_instance_uid",
    Level.INSTANCE: "sop_instance_uid",
}


@dataclass(frozen=True, slots=True)
class RetrieveRequest:
    """What a retrieve asks for: ``resources``, and whatever ``queries`` find."""

    level: Level
    resources: tuple[Resource, ...] = ()
    queries: tuple[Query, ...] = ()


async def resources_of(identifier: Dataset, sop_class_uid: str, agreed: bytes, source: Source) -> list[Resource]:
    """Name everything that an identifier asks for, in its order or that of the searches it takes.

    Raises what `read_retrieve_identifier` does, and what searches do.
    """
    request = read_retrieve_identifier(identifier, sop_class_uid, agreed)
    found = dict.fromkeys(request.resources)
    for query in request.queries:
        found |= dict.fromkeys([one async for one in _search(query, source)])
    return list(found)


async def _search(query: Query, source: Source) -> AsyncIterator[Resource]:
    offset = 0
    while True:
        objects = (await source.search(replace(query, limit=_PAGE, offset=offset))).objects
        for one in objects:
            yield _resource(one, query.level)
        if len(objects) < _PAGE:
            return
        offset += _PAGE


def read_retrieve_identifier(identifier: Dataset, sop_class_uid: str, agreed: bytes = b"") -> RetrieveRequest:
    """Read the identifier of a C-MOVE or C-GET; ``agreed`` is the outcome of extended negotiation.

    Raises:
        MissingAttribute, AttributeMismatch: status A900; the error names the attribute.
    """
    level, highest = level_of(identifier, sop_class_uid), HIGHEST[sop_class_uid]
    present = {one: values for one in UNIQUE_KEYS if highest <= one <= level and (values := _values(identifier, one))}
    if not Options.of(agreed).relational:
        check_unique_keys(_keys(present), highest, level)
    if level not in present:
        raise MissingAttribute(UNIQUE_KEYS[level], name_of(UNIQUE_KEYS[level]))
    above = [present.get(one, ()) for one in _FIELDS if one < level]
    if Level.PATIENT in present or any(len(uids) != 1 for uids in above):
        return RetrieveRequest(level, queries=tuple(_queries(present, level)))
    named = Resource(*(uids[0] for uids in above))
    return RetrieveRequest(level, tuple(replace(named, **{_FIELDS[level]: uid}) for uid in present[level]))


def _resource(answer: bytes, level: Level) -> Resource:
    members = orjson.loads(answer.replace(PLACEHOLDER, b""))
    return Resource(*(members[f"{UNIQUE_KEYS[one]:08X}"]["Value"][0] for one in _FIELDS if one <= level))


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
