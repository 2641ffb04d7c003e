"""A search as it was sent, made into what is asked of the index (FHIR R4 and R5, search.html). Pure.

Parameters that are not known are ignored, and told in the answer, unless ``Prefer: handling=strict`` refuses them
(§3.1.1.1). A modifier that is not understood is always refused, as it must be (§3.1.1.4.5). What is given twice must
match twice; commas mean any of several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import product

from app.fhir.bundle import OFFSET
from app.fhir.criteria import CRITERIA, Criterion, Keys
from app.fhir.moments import (
    PREFIXES,
    Span,
    all_of,
    any_of,
    index_text,
    microseconds,
    read_moment,
    spans_in_utc,
    spans_of,
    timezone_text,
    zone_of,
)
from app.fhir.search_values import elements_of, plain
from app.fhir.subset import Summary
from dicomcore.errors import InvalidParameter
from dicomcore.query import CombinedRange, Period

DEFAULT_COUNT = 20
MAX_COUNT = 200
MAX_PARAMETERS = 100
MAX_VALUES = 100
MAX_LENGTH = 8_192
MAX_ALTERNATIVES = 20
MAX_PERIODS = 20

_STUDY_DATE, _STUDY_TIME = 0x00080020, 0x00080030
_STARTED, _LAST_UPDATED = "started", "_lastUpdated"
_INCLUDES = frozenset(("ImagingStudy:endpoint", "ImagingStudy:endpoint:Endpoint", "ImagingStudy:*", "*"))
_SORTS = frozenset(("started", "-started"))
_HUGE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """How much is wanted of what a search finds: ``size`` resources from number ``offset`` on, whole or in part.

    The latest come first, or last if ``is_ascending``. ``pairs`` are the parameters that counted, but for the offset;
    ``ignored`` says which did not.
    """

    size: int
    offset: int
    summary: Summary
    elements: tuple[str, ...]
    includes_endpoints: bool
    is_ascending: bool
    pairs: tuple[tuple[str, str], ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StudySearch:
    """What studies are searched for: any group of ``keys``, within any of ``ranges``, which do not overlap.

    Ranges are the latest first, which is the order of answers; None is no bound at all. ``timezone`` is what they are
    meant in. The last change must be within any of the periods ``changed``; none is at any time.
    """

    keys: tuple[Keys, ...]
    ranges: tuple[CombinedRange | None, ...]
    timezone: str | None
    changed: tuple[Period, ...]
    page: Page


def parse_study_search(
    pairs: Sequence[tuple[str, str]], *, strict: bool, now: datetime, zone: tzinfo | None = None
) -> StudySearch:
    """Read a search for ImagingStudy; raises `InvalidParameter`. ``zone`` is where what has no offset is meant in."""
    page, criteria = read_page(pairs, (*CRITERIA, _STARTED, _LAST_UPDATED), strict=strict)
    alternatives: tuple[Keys, ...] = ((),)
    for name, values in criteria:
        if name in CRITERIA:
            alternatives = _both(alternatives, CRITERIA[name](name, values))
    ranges, timezone = _ranges([values for name, values in criteria if name == _STARTED], now, zone)
    changed = _changed([values for name, values in criteria if name == _LAST_UPDATED], now, zone)
    if changed is None:
        return StudySearch((), ranges, timezone, (), page)
    return StudySearch(alternatives, ranges, timezone, changed, page)


def _both(left: Sequence[Keys], right: Criterion) -> tuple[Keys, ...]:
    if len(left) * len(right) > MAX_ALTERNATIVES:
        raise InvalidParameter("identifier", f"the search has more than {MAX_ALTERNATIVES} alternatives")
    return tuple(one + other for one, other in product(left, right))


def _ranges(
    conditions: Sequence[Sequence[str]], now: datetime, zone: tzinfo | None
) -> tuple[tuple[CombinedRange | None, ...], str | None]:
    if not conditions:
        return (None,), None
    texts = [value for values in conditions for value in values]
    written = [read_moment(_STARTED, text[2:] if text[:2] in PREFIXES else text) for text in texts]
    offset = zone_of(written, zone)
    within = [Span(None, None)]
    for values in conditions:
        found = [span for value in values for span in spans_of(_STARTED, value, now, offset)]
        within = all_of(within, any_of(_STARTED, found))
    return tuple(map(_range, within)), timezone_text(offset)


def _range(span: Span) -> CombinedRange:
    return CombinedRange(_STUDY_DATE, _STUDY_TIME, index_text(span.low), index_text(span.high))


def _changed(conditions: Sequence[Sequence[str]], now: datetime, zone: tzinfo | None) -> tuple[Period, ...] | None:
    """Read what ``meta.lastUpdated`` must be; None if nothing can."""
    within = [Span(None, None)]
    for values in conditions:
        found = [span for value in values for span in spans_in_utc(_LAST_UPDATED, value, now, zone)]
        within = all_of(within, found)
        if len(within) > MAX_PERIODS:
            raise InvalidParameter(_LAST_UPDATED, f"names more than {MAX_PERIODS} ranges")
    if not conditions:
        return ()
    return tuple(Period(microseconds(span.low), microseconds(span.high)) for span in within) or None


def read_page(
    pairs: Sequence[tuple[str, str]], names: Sequence[str], *, strict: bool
) -> tuple[Page, list[tuple[str, list[str]]]]:
    """Sort the parameters: those that shape the answer, the criteria called ``names``, and those that are not known."""
    _check_sizes(pairs)
    given = [(name, value) for name, value in pairs if value.strip()]
    controls = {name: value for name, value in given if name in _CONTROLS}
    criteria = [(name, value) for name, value in given if name in names]
    ignored = [_ignored(name, names) for name, _ in given if name not in _CONTROLS and name not in names]
    includes = [value for name, value in given if name == "_include"]
    ignored += [f"_include={value}" for value in includes if value not in _INCLUDES]
    sort = controls.get("_sort")
    ignored += [f"_sort={sort}"] if sort is not None and sort not in _SORTS else []
    if strict and ignored:
        raise InvalidParameter(ignored[0], "is not supported, and was not to be ignored")
    summary = _summary(controls.get("_summary"))
    size = min(_unsigned(controls, "_count", DEFAULT_COUNT), MAX_COUNT)
    page = Page(
        size=0 if summary is Summary.COUNT else size,
        offset=_unsigned(controls, OFFSET, 0),
        summary=summary,
        elements=tuple(plain(one) for one in elements_of(controls.get("_elements", ""))),
        includes_endpoints=any(value in _INCLUDES for value in includes),
        is_ascending=sort == _STARTED,
        pairs=_counted(given, names),
        ignored=tuple(f"The parameter {name} is not supported. It has been ignored." for name in ignored),
    )
    return page, [(name, _listed(name, value)) for name, value in criteria]


_CONTROLS: Mapping[str, bool] = {
    "_count": True,
    OFFSET: False,
    "_summary": True,
    "_elements": True,
    "_include": True,
    "_sort": True,
    "_total": True,
    "_format": True,
    "_pretty": True,
}
"""The parameters that shape the answer, and whether they belong into its links."""


def _check_sizes(pairs: Sequence[tuple[str, str]]) -> None:
    if len(pairs) > MAX_PARAMETERS:
        raise InvalidParameter("query", f"has more than {MAX_PARAMETERS} parameters")
    for name, value in pairs:
        if len(name) > 100 or len(value) > MAX_LENGTH:
            raise InvalidParameter(name[:100], "is too long")
        if any(mark < " " or mark == "\x7f" for mark in value):
            raise InvalidParameter(name, "has control characters")


def _ignored(name: str, names: Sequence[str]) -> str:
    known, colon, modifier = name.partition(":")
    if colon and known in names:
        raise InvalidParameter(name, f"the modifier {modifier} is not supported")
    return name


def _counted(given: Sequence[tuple[str, str]], names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    kept = [
        (name, value)
        for name, value in given
        if name in names or (_CONTROLS.get(name) and (name != "_include" or value in _INCLUDES))
    ]
    return tuple((name, value) for name, value in kept if name != "_sort" or value in _SORTS)


def _listed(name: str, value: str) -> list[str]:
    found = elements_of(value)
    if len(found) > MAX_VALUES:
        raise InvalidParameter(name, f"has more than {MAX_VALUES} values")
    if not found:
        raise InvalidParameter(name, "has no value")
    return [one.strip() for one in found]


def _summary(text: str | None) -> Summary:
    try:
        return Summary(text or "false")
    except ValueError as error:
        raise InvalidParameter("_summary", f"must be one of {', '.join(Summary)}") from error


def _unsigned(controls: Mapping[str, str], name: str, default: int) -> int:
    text = controls.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal()):
        raise InvalidParameter(name, "must be an unsigned integer")
    return int(text) if len(text) < 10 else _HUGE
