"""Build matching keys from the texts of a query, VR by VR (PS3.4 §C.2.2.2), and combine dates with their times.

The texts come from a query string or a C-FIND identifier; what cannot be a value of its VR is an `InvalidParameter`.
Wild cards in a VR that has none are refused, except ``*`` alone, which is universal matching everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from dicomcore.errors import InvalidParameter, InvalidUid
from dicomcore.matching import NUMERIC_VRS, comparable, normalize
from dicomcore.query import CombinedRange, Empty, Literal, Match, MatchingKey, Range, UidList, Universal, WildCard
from dicomcore.times import normalize_date, normalize_datetime, normalize_time, split_range
from dicomcore.uids import check_uid

MAX_UIDS = 1_000
MAX_VALUES = 100
MAX_WILD_CARDS = 16

# Dates and times that are one moment (PS3.4 §C.2.2.2.5.4, PS3.18 §8.3.4.1.1).
DATE_TIME_PAIRS: Mapping[int, int] = {
    0x00080012: 0x00080013,  # Instance Creation
    0x00080020: 0x00080030,  # Study
    0x00080021: 0x00080031,  # Series
    0x00080022: 0x00080032,  # Acquisition
    0x00080023: 0x00080033,  # Content
    0x00100030: 0x00100032,  # Patient's Birth
    0x00400002: 0x00400003,  # Scheduled Procedure Step Start
    0x00400004: 0x00400005,  # Scheduled Procedure Step End
    0x00400244: 0x00400245,  # Performed Procedure Step Start
    0x00400250: 0x00400251,  # Performed Procedure Step End
    0x00700082: 0x00700083,  # Presentation Creation
    0x30060008: 0x30060009,  # Structure Set
    0x300A0006: 0x300A0007,  # RT Plan
    0x30080250: 0x30080251,  # Treatment
}
_EARLIEST_TIME, _LATEST_TIME = "000000.000000", "235959.999999"
_FORMS = {"DA": "a date", "TM": "a time", "DT": "a date and time"}
_MATCH_EMPTY = '""'


def match_of(
    name: str, vr: str, values: Sequence[str], *, empty: bool = False, offset: timedelta | None = None
) -> Match:
    """Give what an attribute must match, any of ``values``; ``name`` is for the error.

    ``empty`` asks for Empty Value Matching of ``""`` (§C.2.2.2.7). ``offset`` is the time zone of the request.
    """
    given = [value for value in values if value.strip(" ")]
    if not given or any(not value.strip("* ") for value in given):
        return Universal()
    if vr != "UI" and len(set(given)) > MAX_VALUES:
        raise InvalidParameter(name, f"has more than {MAX_VALUES} values")
    if empty and _MATCH_EMPTY in given:
        if len(given) > 1:
            raise InvalidParameter(name, "cannot ask for no value and for a value at once")
        return Empty()
    if vr in _FORMS:
        return _temporal(name, vr, given, offset)
    return _BUILDERS.get(vr, _text)(name, vr, given)


def _text(name: str, vr: str, values: Sequence[str]) -> Match:
    texts = tuple(dict.fromkeys(value if vr == "PN" else comparable(vr, value) for value in values))
    if any(text.count("*") + text.count("?") > MAX_WILD_CARDS for text in texts):
        raise InvalidParameter(name, f"has more than {MAX_WILD_CARDS} wild cards")
    return WildCard(texts) if any(mark in text for text in texts for mark in "*?") else Literal(texts)


def _exact(name: str, vr: str, values: Sequence[str]) -> Match:
    return Literal(tuple(dict.fromkeys(comparable(vr, value) for value in values)))


def _uids(name: str, vr: str, values: Sequence[str]) -> Match:
    if len(values) > MAX_UIDS:
        raise InvalidParameter(name, f"has more than {MAX_UIDS} UIDs")
    try:
        return UidList(tuple(dict.fromkeys(check_uid(value, name) for value in values)))
    except InvalidUid as error:
        raise InvalidParameter(name, "has a value that is not a UID") from error


def _numbers(name: str, vr: str, values: Sequence[str]) -> Match:
    normal = [normalize(vr, value) for value in values]
    if None in normal:
        raise InvalidParameter(name, f"must be a number ({vr})")
    return Literal(tuple(dict.fromkeys(value for value in normal if value is not None)))


def _tags(name: str, vr: str, values: Sequence[str]) -> Match:
    tags = [value.upper() for value in values]
    if any(len(tag) != 8 or set(tag) - set("0123456789ABCDEF") for tag in tags):
        raise InvalidParameter(name, "must be a tag of eight hexadecimal digits")
    return Literal(tuple(tags))


def _sequence(name: str, vr: str, values: Sequence[str]) -> Match:
    raise InvalidParameter(name, "is a sequence; name the attribute in it that is to match")


_BUILDERS: Mapping[str, Callable[[str, str, Sequence[str]], Match]] = {
    "UI": _uids,
    "AT": _tags,
    "AS": _exact,
    "SQ": _sequence,
    **dict.fromkeys(NUMERIC_VRS, _numbers),
}


def _temporal(name: str, vr: str, values: Sequence[str], offset: timedelta | None) -> Match:
    if len(values) == 1 and (sides := split_range(vr, values[0])) is not None and any(sides):
        low, high = sides
        return Range(
            _moment(name, vr, low, offset) if low.strip() else None,
            _moment(name, vr, high, offset, latest=True) if high.strip() else None,
        )
    return Literal(tuple(dict.fromkeys(_moment(name, vr, value, offset) for value in values)))


def _moment(name: str, vr: str, text: str, offset: timedelta | None, *, latest: bool = False) -> str:
    if vr == "DA":
        normal = normalize_date(text)
    elif vr == "TM":
        normal = normalize_time(text, latest=latest)
    else:
        normal = normalize_datetime(text, offset, latest=latest)
    if normal is None:
        raise InvalidParameter(name, f"must be {_FORMS[vr]} ({vr}), or a range of them")
    return normal


def combine(
    keys: Sequence[MatchingKey], timezone: str | None = None
) -> tuple[tuple[MatchingKey, ...], tuple[CombinedRange, ...]]:
    """Take date and time ranges of the same form together; their keys stay as universal ones, to be returned.

    With a time zone a date alone is a moment too, since its days begin at another time elsewhere, and so is a single
    date with a time. A date and a time of different forms are matched one by one.
    """
    by_path = {key.path: key for key in keys}
    combined = []
    for key in keys:
        time = DATE_TIME_PAIRS.get(key.path[-1])
        if time is None or key.private_creator is not None:
            continue
        partner = by_path.get((*key.path[:-1], time))
        bounds = _bounds(key.match, partner.match if partner else Universal(), timezone is not None)
        if bounds is None:
            continue
        combined.append(CombinedRange(key.path[-1], time, *bounds, key.path[:-1]))
        by_path[key.path] = replace(key, match=Universal())
        if partner is not None:
            by_path[partner.path] = replace(partner, match=Universal())
    return tuple(by_path.values()), tuple(combined)


def _bounds(date: Match, time: Match, zoned: bool) -> tuple[str | None, str | None] | None:
    """Join two ranges of the same form; None when they stay apart."""
    if zoned:
        date, time = _as_range(date), _as_range(time)
        if isinstance(date, Range) and isinstance(time, Universal):
            time = Range(date.low and _EARLIEST_TIME, date.high and _LATEST_TIME)
        if isinstance(date, Range) and date.low == date.high and isinstance(time, Range):
            time = Range(time.low or _EARLIEST_TIME, time.high or _LATEST_TIME)
    if not isinstance(date, Range) or not isinstance(time, Range):
        return None
    if (date.low is None, date.high is None) != (time.low is None, time.high is None):
        return None
    return date.low and date.low + (time.low or ""), date.high and date.high + (time.high or "")


def _as_range(match: Match) -> Match:
    if isinstance(match, Literal) and len(match.values) == 1:
        return Range(match.values[0], match.values[0])
    return match
