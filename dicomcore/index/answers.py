"""Put the answers of a search together from stored JSON, without parsing it (PS3.18 §10.6.3.3, Annex F).

The plain answer is a ``response`` as it is stored. Where levels meet or more was asked for, the fragments of the levels
are merged in ascending order of tags, the lower level winning; what comes from above is taken apart once and serves all
rows below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
import zstandard

from dicomcore.data import dictionary
from dicomcore.index.attributes import ATTRIBUTES
from dicomcore.index.documents import PLACEHOLDER, join_lines, split_lines, split_object
from dicomcore.index.plan import Plan, Returned
from dicomcore.matching import matches_all
from dicomcore.query import Query
from dicomcore.resources import Level
from dicomcore.threads import must_not_wait

_NAME = slice(0, 10)
_LARGE = 64 << 10  # bytes that take longer to take apart than the event loop may be held up
Fragments = dict[bytes, bytes]
"""Fragments by their quoted names, ``"00080020"``."""


class Answers:
    """Makes answers of the rows of a plan; rows have what `Plan.shape.columns` names."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._columns = plan.shape.columns
        self._places = _places(plan)
        # Of the row before only: rows of one study or series follow each other.
        self._above: tuple[tuple[int, ...], Fragments] = ((), {})
        self._parsed: dict[Level, tuple[int, Mapping[str, Any]]] = {}

    def objects(self, rows: Iterable[Sequence[Any]]) -> list[bytes]:
        """Make the answers, in the order of the rows."""
        if len(self._columns) == 1:
            return [bytes(row[0]) for row in rows]
        return [self._object(row) for row in rows]

    def _object(self, row: Sequence[Any]) -> bytes:
        *above, (level, place) = self._places
        ids = tuple(row[at] for _, at in above)
        if ids != self._above[0]:
            merged: Fragments = {}
            for upper, at in above:
                merged |= self._level(upper, row, at)
            self._above = (ids, merged)
        found = self._above[1] | self._level(level, row, place)
        return join_lines(sorted(found.values()))

    def _level(self, level: Level, row: Sequence[Any], place: int) -> Fragments:
        """Take what is returned of one level, whose columns begin at ``place``."""
        returned = self._plan.returned.get(level)
        if returned is None:
            return {}
        response = _by_name(split_lines(bytes(row[place + 1])))
        if not returned.needs_attributes:
            return response
        return (response if returned.shown else {}) | _more(level, returned, _stored(level, row[place + 2]), response)

    def matches(self, query: Query, row: Sequence[Any]) -> bool:
        """Match what the database could not, on the JSON of each level."""
        for level, place in self._places:
            residual = self._plan.residual.get(level)
            if residual is None:
                continue
            dataset = self._dataset(level, row, place)
            if not matches_all(residual.keys, residual.combined, dataset, fuzzy=query.fuzzy, timezone=query.timezone):
                return False
        return True

    def _dataset(self, level: Level, row: Sequence[Any], place: int) -> Mapping[str, Any]:
        if level is self._plan.level:
            return _parse(level, row[place + 1], row[place + 2])
        row_id, known = self._parsed.get(level, (None, {}))
        if row_id != row[place]:
            known = _parse(level, row[place + 1], row[place + 2])
            self._parsed[level] = (row[place], known)
        return known


def _places(plan: Plan) -> list[tuple[Level, int]]:
    """Find where in a row the columns of each level begin."""
    return [
        (level, plan.shape.columns.index(f"{level.name.lower()}.id"))
        for level in plan.levels
        if len(plan.shape.columns) > 1
    ]


def _document(level: Level, stored: bytes) -> bytes:
    return zstandard.decompress(stored) if level is Level.INSTANCE else bytes(stored)


def _stored(level: Level, stored: bytes) -> Fragments:
    if (zstandard.frame_content_size(stored) if level is Level.INSTANCE else len(stored)) > _LARGE:
        must_not_wait()
    document = _document(level, stored)
    return _by_name(split_object(document) if level is Level.INSTANCE else split_lines(document))


def _by_name(fragments: Iterable[bytes]) -> Fragments:
    return {fragment[_NAME]: fragment for fragment in fragments}


def _parse(level: Level, response: bytes, stored: bytes) -> Mapping[str, Any]:
    """Parse all that is known of a level; the Base URI is left out, for want of one."""
    documents = (_document(level, stored), bytes(response))
    known: dict[str, Any] = {}
    for document in documents:
        known |= orjson.loads(document.replace(PLACEHOLDER, b""))
    return known


def _more(level: Level, returned: Returned, stored: Fragments, response: Fragments) -> Fragments:
    """Pick what was asked for; all that is known of the level for ``includefield=all``."""
    picked: Fragments = {}
    if returned.everything:
        known = (b'"%08X"' % tag for tag in ATTRIBUTES[level])
        picked |= {name: stored[name] for name in known if name in stored and name not in response}
    for tag, creator in returned.tags.items():
        if creator is None:
            name = b'"%08X"' % tag
            picked[name] = response.get(name) or stored.get(name) or _absent(name, tag)
        else:
            picked |= _private(tag, creator, stored)
    return picked


def _absent(name: bytes, tag: int) -> bytes:
    return b'%s:{"vr":"%s"}' % (name, dictionary.vr_of(tag).encode())


def _private(tag: int, creator: str, stored: Fragments) -> Fragments:
    """Pick a private attribute from the block that its creator reserved, and the reservation (PS3.18 §10.6.3.3)."""
    group = b"%04X" % (tag >> 16)
    for name, fragment in stored.items():
        if name[1:5] == group and b"0010" <= name[5:9] <= b"00FF" and _has_value(fragment, creator):
            wanted = b'"%s%s%02X"' % (group, name[7:9], tag & 0xFF)
            return {name: fragment} | ({wanted: stored[wanted]} if wanted in stored else {})
    return {}


def _has_value(fragment: bytes, value: str) -> bool:
    element = next(iter(orjson.loads(b"{" + fragment + b"}").values()))
    return value in [text.strip() for text in element.get("Value", ()) if isinstance(text, str)]
