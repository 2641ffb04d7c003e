"""Say whether a data set in the DICOM JSON model matches the keys of a query (PS3.4 §C.2.2.2).

The index does the same in SQL on columns that hold values in the normal forms of `comparable`; a property test holds
the two together. What the standard leaves open is decided here: person names as ``dicomcore/names.py`` says; numbers
match by value (``007`` is 7); everything else is case-sensitive, spaces around a value do not count; a value that is
not what its VR asks for is compared as the text that it is. Wild cards take time in proportion to the text: no regular
expression is ever built from a request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from dicomcore.names import matches_fuzzily, name_patterns, name_words, normalize_name, phonetic, phonetic_codes
from dicomcore.query import CombinedRange, Empty, Literal, Match, MatchingKey, Range, UidList, Universal, WildCard
from dicomcore.times import normalize_date, normalize_datetime, normalize_time, parse_offset, shift

__all__ = [
    "INTEGER_VRS",
    "NUMERIC_VRS",
    "TEMPORAL_VRS",
    "WILD_CARD_VRS",
    "comparable",
    "matches",
    "matches_all",
    "name_patterns",
    "name_words",
    "normalize",
    "normalize_date",
    "normalize_datetime",
    "normalize_name",
    "normalize_time",
    "phonetic",
    "phonetic_codes",
    "wild_card_matches",
]

Json = Mapping[str, Any]
"""A data set in the DICOM JSON model, parsed."""

TEMPORAL_VRS = frozenset(("DA", "TM", "DT"))
INTEGER_VRS = frozenset(("IS", "SL", "SS", "SV", "UL", "US", "UV"))
NUMERIC_VRS = INTEGER_VRS | {"DS", "FD", "FL"}
WILD_CARD_VRS = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"))
EARLIEST, LATEST = "0", ":"
"""Texts before and after every text that begins with a digit: the ends of an open range."""

_TIMEZONE_OFFSET_FROM_UTC = "00080201"
_LEADING_SPACES_COUNT = frozenset(("LT", "ST", "UC", "UR", "UT"))
_LONGEST_NUMBER = 40


def wild_card_matches(pattern: str, text: str) -> bool:
    """Say whether the whole text matches, ``*`` being any text and ``?`` one character."""
    head, *rest = pattern.split("*")
    if not rest:
        return len(head) == len(text) and _fits(head, text, 0)
    *middle, tail = rest
    place, end = len(head), len(text) - len(tail)
    if place > end or not _fits(head, text, 0) or not _fits(tail, text, end):
        return False
    for part in middle:
        place = _find(part, text, place, end)
        if place < 0:
            return False
        place += len(part)
    return True


def _fits(part: str, text: str, place: int) -> bool:
    if "?" not in part:
        return text.startswith(part, place)
    return all(want in ("?", has) for want, has in zip(part, text[place:], strict=False))


def _find(part: str, text: str, start: int, end: int) -> int:
    if "?" not in part:
        return text.find(part, start, end)
    return next((place for place in range(start, end - len(part) + 1) if _fits(part, text, place)), -1)


def _normalize_integer(text: str) -> str | None:
    digits = text.strip()
    if len(digits) > _LONGEST_NUMBER or not digits.removeprefix("-").removeprefix("+").isdecimal():
        return None
    try:
        return str(int(digits))
    except ValueError:
        return None


def _normalize_decimal(text: str) -> str | None:
    if len(text) > _LONGEST_NUMBER:
        return None
    try:
        number = Decimal(text.strip())
        return str(number.normalize() + 0) if number.is_finite() else None
    except ArithmeticError:
        return None


_NORMALIZERS: Mapping[str, Callable[[str], str | None]] = {
    "DA": normalize_date,
    "TM": normalize_time,
    "DT": normalize_datetime,
    "PN": normalize_name,
    **dict.fromkeys(INTEGER_VRS, _normalize_integer),
    **dict.fromkeys(("DS", "FD", "FL"), _normalize_decimal),
}


def normalize(vr: str, text: str) -> str | None:
    """Give the normal form of a value, None if it is not what the VR asks for."""
    normalizer = _NORMALIZERS.get(vr)
    if normalizer is not None:
        return normalizer(text)
    return text.rstrip(" \0") if vr in _LEADING_SPACES_COUNT else text.strip(" \0")


def comparable(vr: str, text: str) -> str:
    """Give the normal form of a value, or the value as it is."""
    normal = normalize(vr, text)
    return text.strip(" \0") if normal is None else normal


@dataclass(frozen=True, slots=True)
class _Context:
    """What holds for a whole data set: how names match, and the two time zones."""

    fuzzy: bool = False
    asked_in: timedelta | None = None
    stored_in: timedelta | None = None


def matches(key: MatchingKey, dataset: Json, *, fuzzy: bool = False, timezone: str | None = None) -> bool:
    """Say whether one key matches the data set of an instance."""
    return matches_all((key,), (), dataset, fuzzy=fuzzy, timezone=timezone)


def matches_all(
    keys: Sequence[MatchingKey],
    combined: Sequence[CombinedRange],
    dataset: Json,
    *,
    fuzzy: bool = False,
    timezone: str | None = None,
) -> bool:
    """Say whether all keys match the data set of an instance; those of one sequence, in the same item of it."""
    stored_in = next(iter(_texts(dataset.get(_TIMEZONE_OFFSET_FROM_UTC, {}))), "")
    context = _Context(fuzzy, parse_offset(timezone or ""), parse_offset(stored_in))
    return _matches_level(keys, combined, dataset, 0, context)


def _matches_level(
    keys: Sequence[MatchingKey], combined: Sequence[CombinedRange], dataset: Json, depth: int, context: _Context
) -> bool:
    """Match what the keys say of the attributes at ``depth`` of their paths, then of the items below."""
    here = (key for key in keys if len(key.path) == depth + 1)
    if not all(_matches_value(key, _element(dataset, key, depth), context) for key in here):
        return False
    ranges = (pair for pair in combined if len(pair.sequence) == depth)
    if not all(_matches_moment(pair, dataset, context) for pair in ranges):
        return False
    below = dict.fromkeys(key.path[depth] for key in keys if len(key.path) > depth + 1)
    below |= dict.fromkeys(pair.sequence[depth] for pair in combined if len(pair.sequence) > depth)
    return all(_matches_items(tag, keys, combined, dataset, depth, context) for tag in below)


def _matches_items(
    tag: int,
    keys: Sequence[MatchingKey],
    combined: Sequence[CombinedRange],
    dataset: Json,
    depth: int,
    context: _Context,
) -> bool:
    """Say whether some item matches all; a sequence without items counts as one empty item, for Empty and Universal."""
    inner = [key for key in keys if len(key.path) > depth + 1 and key.path[depth] == tag]
    pairs = [pair for pair in combined if len(pair.sequence) > depth and pair.sequence[depth] == tag]
    element = _element(dataset, inner[0], depth) if inner else dataset.get(f"{tag:08X}", {})
    items = [item for item in element.get("Value", ()) if isinstance(item, Mapping)] or [{}]
    return any(_matches_level(inner, pairs, item, depth + 1, context) for item in items)


def _element(dataset: Json, key: MatchingKey, depth: int) -> Json:
    tag = resolve(dataset, key.path[depth], key.private_creator)
    found: Json = dataset.get(tag, {}) if tag else {}
    return found


def resolve(dataset: Json, tag: int, private_creator: str | None) -> str | None:
    """Give the name of an attribute in this data set: a private one is in the block that its creator has reserved."""
    name = f"{tag:08X}"
    if private_creator is None or not tag & 0x10000 or tag & 0xFF00 == 0:
        return name
    for block in range(0x10, 0x100):
        creator = dataset.get(f"{name[:4]}00{block:02X}")
        if creator is not None and private_creator in map(str.strip, _texts(creator)):
            return f"{name[:4]}{block:02X}{name[6:]}"
    return None


def _texts(element: Json) -> Iterator[str]:
    """Give the values of an element as text; a name with its groups joined by ``=`` (PS3.5 §6.2.1.1)."""
    for value in element.get("Value", ()):
        if isinstance(value, Mapping):
            groups = (value.get(group, "") for group in ("Alphabetic", "Ideographic", "Phonetic"))
            yield "=".join(groups).rstrip("=")
        else:
            yield "" if value is None else str(value)


def _matches_value(key: MatchingKey, element: Json, context: _Context) -> bool:
    if isinstance(key.match, Universal):
        return True
    values = [value for value in _texts(element) if value.strip(" \0")]
    if isinstance(key.match, Empty):
        return not values and not _holds_more(element)
    vr = element.get("vr", "UN") if key.vr == "UN" else key.vr
    if vr == "SQ":
        return False
    if vr == "DT":
        offset = context.stored_in if context.stored_in is not None else context.asked_in
        return _MATCHERS[type(key.match)](key.match, vr, [normalize_datetime(text, offset) or text for text in values])
    if vr == "PN" and context.fuzzy and isinstance(key.match, Literal | WildCard):
        names = key.match.values if isinstance(key.match, Literal) else key.match.patterns
        return any(matches_fuzzily(name, values) for name in names)
    return _MATCHERS[type(key.match)](key.match, vr, [comparable(vr, text) for text in values])


def _holds_more(element: Json) -> bool:
    """Say whether an element holds what has no text: items or bytes."""
    return (
        "InlineBinary" in element
        or "BulkDataURI" in element
        or bool(element.get("vr") == "SQ" and element.get("Value"))
    )


def _matches_literal(match: Match, vr: str, values: Iterable[str]) -> bool:
    if not isinstance(match, Literal):
        return False
    if vr == "PN":
        return _matches_patterns(match.values, vr, values)
    wanted = {comparable(vr, value) for value in match.values}
    return any(value in wanted for value in values)


def _matches_wild_card(match: Match, vr: str, values: Iterable[str]) -> bool:
    return isinstance(match, WildCard) and _matches_patterns(match.patterns, vr, values)


def _matches_patterns(texts: Sequence[str], vr: str, values: Iterable[str]) -> bool:
    patterns = _all_name_patterns(tuple(texts)) if vr == "PN" else texts
    return any(wild_card_matches(pattern, value) for value in values for pattern in patterns)


@lru_cache(maxsize=64)
def _all_name_patterns(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(pattern for text in texts for pattern in name_patterns(text))


def _matches_uid(match: Match, vr: str, values: Iterable[str]) -> bool:
    return isinstance(match, UidList) and any(value in match.uids for value in values)


def _matches_range(match: Match, vr: str, values: Iterable[str]) -> bool:
    if not isinstance(match, Range):
        return False
    low, high = match.low or EARLIEST, match.high or LATEST
    return any(low <= value <= high for value in values)


_MATCHERS: Mapping[type, Callable[[Match, str, Iterable[str]], bool]] = {
    Literal: _matches_literal,
    WildCard: _matches_wild_card,
    UidList: _matches_uid,
    Range: _matches_range,
}


def _matches_moment(pair: CombinedRange, dataset: Json, context: _Context) -> bool:
    """Match a date and a time as one moment, in the time zone of the query if both zones are known."""
    low, high = pair.low or EARLIEST, pair.high or LATEST
    day = _first(dataset, pair.date, "DA")
    time = _first(dataset, pair.time, "TM")
    if not day:
        return False
    if not time:
        return low[:8] <= day <= high[:8]
    moment = day + time
    if context.asked_in is not None and context.stored_in is not None:
        moment = shift(moment, context.asked_in - context.stored_in) or moment
    return low <= moment <= high


def _first(dataset: Json, tag: int, vr: str) -> str:
    return next((comparable(vr, text) for text in _texts(dataset.get(f"{tag:08X}", {}))), "")
