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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dicomcore.data import Dataset, Element, is_private, is_private_creator, keyword_of, name_of, vr_of
from dicomcore.errors import AttributeMismatch, InvalidParameter, LimitExceeded, MissingAttribute
from dicomcore.matching_keys import combine, match_of
from dicomcore.query import ARCHIVE, Literal, Match, MatchingKey, Path, Query, UidList, Universal
from dicomcore.resources import Level, Resource
from dicomcore.scp.acceptance import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
)
from dicomcore.scp.find_request import (
    INSTANCE_AVAILABILITY,
    QUERY_RETRIEVE_LEVEL,
    RETRIEVE_AE_TITLE,
    SPECIFIC_CHARACTER_SET,
    WORDS,
    FindRequest,
    RequestedAttribute,
)

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


HIGHEST: Mapping[str, Level] = {
    PATIENT_ROOT_FIND: Level.PATIENT,
    PATIENT_ROOT_MOVE: Level.PATIENT,
    PATIENT_ROOT_GET: Level.PATIENT,
    STUDY_ROOT_FIND: Level.STUDY,
    STUDY_ROOT_MOVE: Level.STUDY,
    STUDY_ROOT_GET: Level.STUDY,
}
"""SOP Class -> the highest level of its information model (PS3.4 §C.6)."""

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


def read_query(identifier: Dataset, sop_class_uid: str, agreed: bytes = b"") -> FindRequest:
    """Read the identifier of a C-FIND; ``agreed`` is the outcome of extended negotiation.

    Raises:
        MissingAttribute, AttributeMismatch: status A900; the error names the attribute.
        LimitExceeded: it has too many keys.
    """
    options = Options.of(agreed)
    level = level_of(identifier, sop_class_uid)
    reading = _Reading(options)
    attributes = reading.read(identifier)
    if not options.relational:
        check_unique_keys(reading.keys, HIGHEST[sop_class_uid], level)
    resource, fixed = _scope(reading.keys, level)
    keys = tuple(key for path, key in reading.keys.items() if path[0] not in fixed)
    matched, combined = combine(keys) if options.combined_datetime else (keys, ())
    query = Query(level, resource, matched, combined, fuzzy=options.fuzzy)
    return FindRequest(query, attributes, identifier.charset, fixed, reading.is_supported)


def level_of(identifier: Dataset, sop_class_uid: str) -> Level:
    """Read Query/Retrieve Level (0008,0052), which has to be one of the information model."""
    word = identifier.text(QUERY_RETRIEVE_LEVEL)
    if not word:
        raise MissingAttribute(QUERY_RETRIEVE_LEVEL, name_of(QUERY_RETRIEVE_LEVEL))
    level = _LEVELS.get(word)
    if level is None or level < HIGHEST[sop_class_uid]:
        raise mismatch(QUERY_RETRIEVE_LEVEL, f"is {word[:16]!r}, which is no level of the information model")
    return level


def check_unique_keys(keys: Mapping[Path, MatchingKey], highest: Level, level: Level) -> None:
    """See that each level above has one value of its unique key: the hierarchical method (§C.4.1.3.1)."""
    for tag in (UNIQUE_KEYS[Level(one)] for one in range(highest, level)):
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
        values = [f"{one:08X}" for one in dataset.values(tag)] if vr == "AT" else dataset.texts(tag)
        if len(values) > 1 and vr not in _LIST_VRS and not self._options.multiple_value:
            raise mismatch(tag, "has several values, for which nothing was agreed on")
        try:
            return match_of(name_of(tag), vr, values, empty=self._options.empty_value)
        except InvalidParameter as error:
            raise mismatch(tag, error.problem) from error
