"""Write C-FIND identifiers for the steps of a search, and read the responses (PS3.4 §C.4.1.1.3, §C.2.2.2).

What an archive can match depends on what was negotiated (PS3.4 §C.5.1.1): `Agreed`. Where it was not, the key is sent
in a wider form and the responses are matched here once more, so that a search means the same everywhere:

- a date and a time that are one moment go as a range of dates, a day wider if there is a time zone;
- several values, and "no value", go as universal matching;
- text that the character set of the archive has not goes with ``?`` in the place of such characters.

A key that the archive answers without its attribute is one that it does not support: it is not matched, and named in a
warning. Person names are matched as the archive does it, since its rules cannot be known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta

import orjson

from dicomcore.bridge.steps import TIMEZONE_OFFSET_FROM_UTC, UNIQUE_KEYS, Step, name_of_path
from dicomcore.data import (
    BulkdataPolicy,
    Charset,
    Dataset,
    dictionary,
    encode_elements,
    join,
    new_dataset,
    private_creator_tag,
)
from dicomcore.errors import DicomError
from dicomcore.matching import INTEGER_VRS, WILD_CARD_VRS, matches_all
from dicomcore.query import (
    CombinedRange,
    Empty,
    Literal,
    Match,
    MatchingKey,
    Query,
    Range,
    UidList,
    Universal,
    WildCard,
)
from dicomcore.resources import Level, Resource
from dicomcore.times import shift

Fragments = dict[int, bytes]
"""Encoded attributes by tag: ``"00080020":{"vr":"DA","Value":["20200101"]}``."""

SPECIFIC_CHARACTER_SET = 0x00080005
QUERY_RETRIEVE_LEVEL = 0x00080052
WIRE_LEVELS: Mapping[Level, str] = {
    Level.PATIENT: "PATIENT",
    Level.STUDY: "STUDY",
    Level.SERIES: "SERIES",
    Level.INSTANCE: "IMAGE",
}
_ALL_IN_PLACE = BulkdataPolicy(b"", 1 << 62)
_BINARY_INTEGERS = INTEGER_VRS - {"IS"}
_ZONES = timedelta(days=2)  # two time zones are at most 26 hours apart


@dataclass(frozen=True, slots=True)
class Agreed:
    """What the archive can match besides (PS3.4 Table C.5-1), in the order of the bytes; the fifth is not used."""

    relational: bool = False
    combined: bool = False
    fuzzy: bool = False
    timezone: bool = False
    multi_frame_conversion: bool = False
    empty: bool = False
    multiple: bool = False

    @classmethod
    def read(cls, information: bytes) -> Agreed:
        """Read what the acceptor answered; what it left out is not supported."""
        return cls(*(byte == 1 for byte in information[: len(fields(cls))]))

    @classmethod
    def wanted(cls, query: Query) -> Agreed:
        """What a query needs, and no more: all of these change what other keys mean on the same association."""
        matches = [key.match for key in query.keys]
        return cls(
            relational=True,
            combined=bool(query.combined),
            fuzzy=query.fuzzy,
            timezone=query.timezone is not None,
            empty=any(isinstance(match, Empty) for match in matches),
            multiple=any(_is_several(match) for match in matches),
        )

    def encode(self) -> bytes:
        """Write the service class application information of the requestor."""
        return bytes(int(getattr(self, each.name)) for each in fields(self))


@dataclass(frozen=True, slots=True)
class Identifiers:
    """Writes identifiers for one archive, and reads its responses."""

    agreed: Agreed
    character_set: str
    timezone: str | None = None

    def write(self, step: Step, above: Resource) -> Dataset:
        """Write the identifier of a step below ``above``, whose UIDs are the unique keys."""
        tree: _Tree = {tag: (dictionary.vr_of(tag), []) for tag in step.returned}
        for tag, creator in step.returned.items():
            if creator is not None:
                tree[private_creator_tag(tag)] = ("LO", [creator])
        for key in step.keys:
            _plant(tree, key.path, key.vr, self._values(key)[0])
        for pair in step.combined:
            for tag, text in self._moments(pair):
                _plant(tree, (*pair.sequence, tag), dictionary.vr_of(tag), [text])
        for level, uid in _uids(above):
            tree[UNIQUE_KEYS[level]] = ("UI", [uid])
        if self.agreed.timezone and self.timezone is not None:
            tree[TIMEZONE_OFFSET_FROM_UTC] = ("SH", [self.timezone])
        tree[QUERY_RETRIEVE_LEVEL] = ("CS", [WIRE_LEVELS[step.level]])
        dataset = new_dataset()
        if not _is_ascii(tree):
            dataset.put(SPECIFIC_CHARACTER_SET, "CS", *self.character_set.split("\\"))
        _write(dataset, tree)
        return dataset

    def read(self, response: Dataset) -> Fragments:
        """Read a response; text without a character set that is not ASCII is taken to be in that of the archive."""
        if SPECIFIC_CHARACTER_SET not in response:
            response.put(SPECIFIC_CHARACTER_SET, "CS", *self.character_set.split("\\"))
        return encode_elements(response, _ALL_IN_PLACE)

    def matches(self, step: Step, found: Fragments, *, query: Query) -> bool:
        """Say whether a response matches, as far as that is ours to say."""
        keys = [key for key in step.keys if self._is_ours(key, found)]
        if not keys and not step.combined:
            return True
        dataset = orjson.loads(join(found.values()))
        combined = [pair for pair in step.combined if (*pair.sequence, pair.date)[0] in found]
        return matches_all(keys, combined, dataset, timezone=query.timezone)

    def unsupported(self, step: Step, found: Fragments) -> list[str]:
        """Name the keys whose attributes an archive has left out of a response."""
        keys = (key for key in step.keys if not isinstance(key.match, Universal) and self._values(key)[1])
        missing = [name_of_path(key.path) for key in keys if key.path[0] not in found]
        pairs = ((*pair.sequence, pair.date) for pair in step.combined)
        return missing + [name_of_path(path) for path in pairs if path[0] not in found]

    def _is_ours(self, key: MatchingKey, found: Fragments) -> bool:
        if isinstance(key.match, Universal):
            return False
        is_exact = self._values(key)[1]
        if is_exact and key.vr == "PN":
            return False
        return not is_exact or key.path[0] in found

    def _values(self, key: MatchingKey) -> tuple[list[str], bool]:
        """The values to send, and whether they say all that the key does."""
        match = key.match
        if isinstance(match, Empty):
            return (['""'], True) if self.agreed.empty else ([], False)
        if _is_several(match) and key.vr != "UI" and not self.agreed.multiple:
            return [], False
        texts = _texts(match, key.vr)
        sent = [self._encodable(text, key.vr) for text in texts]
        return sent, sent == texts

    def _encodable(self, text: str, vr: str) -> str:
        """Put ``?`` for what the character set has not."""
        if text.isascii() or vr not in WILD_CARD_VRS:
            return text
        charset = Charset.of(tuple(self.character_set.split("\\")))
        return "".join(one if _survives(charset, one, vr) else "?" for one in text)

    def _moments(self, pair: CombinedRange) -> list[tuple[int, str]]:
        """A range of dates and one of times, or of dates alone."""
        is_zoned = self.timezone is not None and not self.agreed.timezone
        if self.agreed.combined and not is_zoned:
            return [
                (pair.date, _range(pair.low and pair.low[:8], pair.high and pair.high[:8])),
                (pair.time, _range(pair.low and _time(pair.low[8:]), pair.high and pair.high[8:])),
            ]
        by = _ZONES if is_zoned else timedelta()
        return [(pair.date, _range(_day(pair.low, -by), _day(pair.high, by)))]


_Tree = dict[int, "tuple[str, list[str]] | _Tree"]


def _plant(tree: _Tree, path: Sequence[int], vr: str, values: list[str]) -> None:
    """Put an attribute where its path leads; keys of one sequence share its one item."""
    for tag in path[:-1]:
        below = tree.get(tag)
        if not isinstance(below, dict):
            below = tree[tag] = {}
        tree = below
    if values or path[-1] not in tree:
        tree[path[-1]] = (vr, values)


def _write(dataset: Dataset, tree: _Tree) -> None:
    for tag, what in sorted(tree.items()):
        if isinstance(what, dict):
            item = new_dataset(dataset)
            _write(item, what)
            dataset.put_items(tag, [item])
        else:
            vr, values = what
            dataset.put(tag, vr, *(_NUMBERS.get(vr, str)(value) for value in values))


def _integer_tag(text: str) -> int:
    return int(text, 16)


_NUMBERS: Mapping[str, Callable[[str], object]] = {
    **dict.fromkeys(_BINARY_INTEGERS, int),
    "FL": float,
    "FD": float,
    "AT": _integer_tag,
}


def _is_ascii(tree: _Tree) -> bool:
    return all(
        _is_ascii(what) if isinstance(what, dict) else all(value.isascii() for value in what[1])
        for what in tree.values()
    )


def _survives(charset: Charset, character: str, vr: str) -> bool:
    return charset.decode(charset.encode(character, vr), vr) == character


def _is_several(match: Match) -> bool:
    return len(_plain(match)) > 1


def _plain(match: Match) -> tuple[str, ...]:
    if isinstance(match, Literal):
        return match.values
    if isinstance(match, WildCard):
        return match.patterns
    return match.uids if isinstance(match, UidList) else ()


def _texts(match: Match, vr: str) -> list[str]:
    if isinstance(match, Range):
        shortened = _SHORTER.get(vr, str)
        return [_range(match.low and shortened(match.low), match.high and _FINER.get(vr, str)(match.high))]
    return [_SHORTER.get(vr, str)(text) for text in _plain(match)]


def _range(low: str | None, high: str | None) -> str:
    return f"{low or ''}-{high or ''}"


def _time(text: str) -> str:
    """Leave a fraction of nothing out, which some archives cannot read."""
    return text.removesuffix(".000000")


def _moment(text: str) -> str:
    return f"{_time(text)}+0000"


def _last_moment(text: str) -> str:
    return f"{text}+0000"


# How the normal forms of `dicomcore.matching` are written on the wire.
_SHORTER: Mapping[str, Callable[[str], str]] = {"TM": _time, "DT": _moment}
_FINER: Mapping[str, Callable[[str], str]] = {"DT": _last_moment}


def _day(moment: str | None, by: timedelta) -> str | None:
    if moment is None:
        return None
    return (shift(moment, by) or moment)[:8]


def _uids(above: Resource) -> Iterable[tuple[Level, str]]:
    pairs = ((Level.STUDY, above.study_instance_uid), (Level.SERIES, above.series_instance_uid))
    return [(level, uid) for level, uid in pairs if uid is not None]


def retrieve_identifier(resource: Resource) -> Dataset:
    """Write the identifier of a C-GET or C-MOVE of a resource (PS3.4 §C.4.2.1.4)."""
    if resource.level is None:
        raise DicomError("only a study, a series or an instance can be retrieved")
    dataset = new_dataset()
    dataset.put(QUERY_RETRIEVE_LEVEL, "CS", WIRE_LEVELS[resource.level])
    for level, uid in [*_uids(resource), (Level.INSTANCE, resource.sop_instance_uid)]:
        if uid is not None:
            dataset.put(UNIQUE_KEYS[level], "UI", uid)
    return dataset
