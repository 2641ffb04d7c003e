"""Identifiers of C-FIND (PS3.4 §C.4.1.1.3): what a requestor's data set says, as a `Query`.

Every attribute of an identifier is a key: it is matched if it has a value, and comes back. In the hierarchical method
(§C.4.1.3.1) the unique keys above the level must have one value each; with relational queries agreed on they need not.
What the standard leaves open, or requestors do all the same:

- keys of other levels are no error: those above are matched, those below are not supported, which the status FF01 says;
- several code strings (CS) match any of them, agreed on or not, as in a query string; other VRs need the agreement;
- a Specific Character Set without a value is as absent;
- a key of an unknown VR is returned and not matched.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from dicomcore.data import Charset, Dataset, Element, is_private, is_private_creator, keyword_of, name_of, vr_of
from dicomcore.errors import AttributeMismatch, InvalidParameter, LimitExceeded, MissingAttribute
from dicomcore.matching_keys import combine, match_of
from dicomcore.query import ARCHIVE, Literal, Match, MatchingKey, Path, Query, UidList, Universal
from dicomcore.resources import Level, Resource

SPECIFIC_CHARACTER_SET = 0x00080005
QUERY_RETRIEVE_LEVEL = 0x00080052
RETRIEVE_AE_TITLE = 0x00080054
INSTANCE_AVAILABILITY = 0x00080056
MAX_KEYS = 500
MAX_DEPTH = 16

_TIMEZONE_OFFSET_FROM_UTC = 0x00080201
# What steers a query or its answer, and is no key: with Query/Retrieve View (0008,0053).
_CONTROLS = frozenset(
    (SPECIFIC_CHARACTER_SET, QUERY_RETRIEVE_LEVEL, 0x00080053, RETRIEVE_AE_TITLE, INSTANCE_AVAILABILITY)
)
_GROUPS_NOT_SEARCHED = frozenset((0x0000, 0x0002, 0xFFFE, 0xFFFF))
_LIST_VRS = frozenset(("UI", "CS"))
_NOT_MATCHED = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))


class Model(enum.Enum):
    """Information models by their highest level (PS3.4 §C.6, §Y.6)."""

    PATIENT_ROOT = Level.PATIENT
    STUDY_ROOT = Level.STUDY
    INSTANCE_ROOT = Level.INSTANCE


WORDS: Mapping[Level, str] = {
    Level.PATIENT: "PATIENT",
    Level.STUDY: "STUDY",
    Level.SERIES: "SERIES",
    Level.INSTANCE: "IMAGE",
}
"""Levels as Query/Retrieve Level (0008,0052) has them."""

UNIQUE_KEYS: Mapping[Level, int] = {
    Level.PATIENT: 0x00100020,
    Level.STUDY: 0x0020000D,
    Level.SERIES: 0x0020000E,
    Level.INSTANCE: 0x00080018,
}
"""The unique key of each level: Patient ID and the UIDs."""

_LEVELS = {word: level for level, word in WORDS.items()}


@dataclass(frozen=True, slots=True)
class Options:
    """What was agreed on by SOP Class Extended Negotiation (PS3.4 Table C.5.1-1; of a retrieve the first alone)."""

    relational: bool = False
    combined_datetime: bool = False
    fuzzy: bool = False
    empty_value: bool = False
    multiple_value: bool = False

    @staticmethod
    def of(information: bytes) -> Options:
        """Read the Service Class Application Information that both sides agree on; what is not there is 0."""
        relational, combined, fuzzy, _, _, empty, multiple = (byte == 1 for byte in information[:7].ljust(7, b"\0"))
        return Options(relational, combined, fuzzy, empty, multiple)


@dataclass(frozen=True, slots=True)
class RequestedAttribute:
    """An attribute that is to be returned; of a sequence what is ``within`` its items, or everything."""

    tag: int
    vr: str
    private_creator: str | None = None
    within: tuple[RequestedAttribute, ...] = ()


@dataclass(frozen=True, slots=True)
class FindRequest:
    """A C-FIND identifier as it is understood.

    ``fixed`` are the unique keys above the level that all answers have in common. ``is_supported`` is false if a key
    cannot be matched at all, whatever the source.
    """

    query: Query
    attributes: tuple[RequestedAttribute, ...]
    charset: Charset
    fixed: Mapping[int, str]
    is_supported: bool = True


def read_find_identifier(identifier: Dataset, model: Model, options: Options = Options()) -> FindRequest:
    """Read the identifier of a C-FIND.

    Raises:
        MissingAttribute, AttributeMismatch: status A900; the error names the attribute.
        LimitExceeded: it has too many keys.
    """
    level = level_of(identifier, model)
    reading = _Reading(options)
    attributes = reading.read(identifier)
    check_unique_keys(reading.keys, level, model, options)
    resource, fixed = _scope(reading.keys, level)
    keys = tuple(key for path, key in reading.keys.items() if path[0] not in fixed)
    matched, combined = combine(keys) if options.combined_datetime else (keys, ())
    query = Query(level, resource, matched, combined, fuzzy=options.fuzzy)
    return FindRequest(query, attributes, identifier.charset, fixed, reading.is_supported)


def level_of(identifier: Dataset, model: Model) -> Level:
    """Read Query/Retrieve Level (0008,0052), which has to be one of the information model."""
    word = identifier.text(QUERY_RETRIEVE_LEVEL)
    if not word:
        raise MissingAttribute(QUERY_RETRIEVE_LEVEL, name_of(QUERY_RETRIEVE_LEVEL))
    level = _LEVELS.get(word)
    if level is None or level < model.value:
        raise mismatch(QUERY_RETRIEVE_LEVEL, f"is {word[:16]!r}, which is no level of the information model")
    return level


def check_unique_keys(keys: Mapping[Path, MatchingKey], level: Level, model: Model, options: Options) -> None:
    """See that each level above has one value of its unique key, unless queries are relational (§C.4.1.2, §C.4.1.3)."""
    above = () if options.relational else range(model.value, level)
    for tag in (UNIQUE_KEYS[Level(one)] for one in above):
        match = keys[(tag,)].match if (tag,) in keys else Universal()
        if isinstance(match, Universal):
            raise MissingAttribute(tag, name_of(tag))
        if single_value(match) is None:
            raise mismatch(tag, "must have a single value above the Query/Retrieve Level")


def single_value(match: Match) -> str | None:
    """The value that is matched exactly, if it is one."""
    values = match.uids if isinstance(match, UidList) else match.values if isinstance(match, Literal) else ()
    return values[0] if len(values) == 1 else None


def mismatch(tag: int, problem: str) -> AttributeMismatch:
    """An error about an attribute of the identifier."""
    return AttributeMismatch(tag, name_of(tag) or keyword_of(tag) or f"{tag:08X}", problem)


def _scope(keys: Mapping[Path, MatchingKey], level: Level) -> tuple[Resource, Mapping[int, str]]:
    """Find the study, or the series, that the search is within; their UIDs need not be matched any more."""
    fixed: dict[int, str] = {}
    for one in range(Level.STUDY, level):
        tag = UNIQUE_KEYS[Level(one)]
        uid = single_value(keys[(tag,)].match) if (tag,) in keys else None
        if uid is None:
            break
        fixed[tag] = uid
    return (Resource(*fixed.values()) if fixed else ARCHIVE), fixed


class _Reading:
    """One run over an identifier: its keys by their paths."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.keys: dict[Path, MatchingKey] = {}
        self.is_supported = True

    def read(self, dataset: Dataset, above: Path = (), creator: str | None = None) -> tuple[RequestedAttribute, ...]:
        """Take the keys of the identifier, or of an item of it, and say what is to be returned."""
        if len(above) > MAX_DEPTH:
            raise LimitExceeded("levels of sequences", MAX_DEPTH)
        return tuple(self._attribute(dataset, element, above, creator) for element in self._elements(dataset, above))

    def _elements(self, dataset: Dataset, above: Path) -> Iterable[Element]:
        for element in dataset:
            tag = element.tag
            if tag & 0xFFFF == 0 or is_private_creator(tag) or (not above and tag in _CONTROLS):
                continue
            if tag >> 16 in _GROUPS_NOT_SEARCHED or (is_private(tag) and dataset.private_creator(tag) is None):
                self.is_supported = False
                continue
            yield element

    def _attribute(
        self, dataset: Dataset, element: Element, above: Path, outer_creator: str | None
    ) -> RequestedAttribute:
        tag, path = element.tag, (*above, element.tag)
        own = dataset.private_creator(tag)
        creator = own or outer_creator
        vr = vr_of(tag, own)
        vr = element.vr if vr == "UN" else vr
        within = self.read(self._item(element), path, creator) if element.items else ()
        if not within:
            if len(self.keys) >= MAX_KEYS:
                raise LimitExceeded("keys of an identifier", MAX_KEYS)
            self.keys[path] = MatchingKey(path, vr, self._match(dataset, tag, vr), creator)
        return RequestedAttribute(tag, vr, own, within)

    def _item(self, element: Element) -> Dataset:
        items = element.items or ()
        if len(items) > 1:
            raise mismatch(element.tag, "has more than one item of keys")
        return items[0]

    def _match(self, dataset: Dataset, tag: int, vr: str) -> Match:
        if vr == "SQ" or tag == _TIMEZONE_OFFSET_FROM_UTC:
            return Universal()
        if vr in _NOT_MATCHED:
            self.is_supported &= not len(dataset.raw(tag))
            return Universal()
        values = dataset.texts(tag)
        if len(values) > 1 and vr not in _LIST_VRS and not self._options.multiple_value:
            raise mismatch(tag, "has several values, for which nothing was agreed on")
        try:
            return match_of(name_of(tag), vr, values, empty=self._options.empty_value)
        except InvalidParameter as error:
            raise mismatch(tag, error.problem) from error


def relative(keys: Iterable[MatchingKey], tag: int) -> tuple[MatchingKey, ...]:
    """The keys within a sequence, as they are for one of its items."""
    return tuple(replace(key, path=key.path[1:]) for key in keys if len(key.path) > 1 and key.path[0] == tag)
