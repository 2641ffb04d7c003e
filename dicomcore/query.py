"""What a search asks for (PS3.4 §C.2.2.2, PS3.18 §8.3.4 and §10.6), by query string or by C-FIND identifier.

A `Query` holds matching keys (what must match), return keys (what comes back besides) and paging. Values are checked
and normalised before they come here, by ``app/parameters.py`` for the web; ``dicomcore/matching.py`` says what they
mean, and the index says it once more in SQL. Nothing is parsed here, and nothing knows where instances are kept.
"""

from __future__ import annotations

from dataclasses import dataclass

from dicomcore.resources import Level, Resource

ARCHIVE = Resource()
"""The whole archive, as what a search is below."""

Path = tuple[int, ...]
"""Tags from the data set down to an attribute: all but the last are sequences."""


@dataclass(frozen=True, slots=True)
class Universal:
    """Match everything, and return the attribute (PS3.4 §C.2.2.2.3)."""


@dataclass(frozen=True, slots=True)
class Literal:
    """Match any of the values exactly (PS3.4 §C.2.2.2.1; several for Multiple Value Matching, §C.2.2.2.8).

    Dates, times and numbers are in the normal form of `dicomcore.matching.normalize`.
    """

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WildCard:
    """Match any of the patterns, where ``*`` is any text and ``?`` one character (PS3.4 §C.2.2.2.4)."""

    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UidList:
    """Match any of the UIDs (PS3.4 §C.2.2.2.2)."""

    uids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """Match from ``low`` to ``high``, both included; None is no bound (PS3.4 §C.2.2.2.5).

    The bounds are complete: YYYYMMDD, HHMMSS.FFFFFF or YYYYMMDDHHMMSS.FFFFFF in UTC, ``low`` filled up with the
    earliest and ``high`` with the latest moment that its written form covers.
    """

    low: str | None
    high: str | None


@dataclass(frozen=True, slots=True)
class Empty:
    """Match what is absent or has no value (Empty Value Matching, PS3.4 §C.2.2.2.7)."""


Match = Universal | Literal | WildCard | UidList | Range | Empty


@dataclass(frozen=True, slots=True)
class MatchingKey:
    """An attribute and what it must match; keys that share a sequence must match in the same item (PS3.4 §C.2.2.2.6).

    ``private_creator`` reserves the block of every private tag in ``path``, whatever block an instance has it in.
    """

    path: Path
    vr: str
    match: Match
    private_creator: str | None = None


@dataclass(frozen=True, slots=True)
class CombinedRange:
    """A date and a time matched as one moment (PS3.4 §C.2.2.2.5.4, PS3.18 §8.3.4.1.1).

    ``low`` and ``high`` are YYYYMMDDHHMMSS.FFFFFF in the time zone of the query, or None for no bound; ``sequence`` is
    the path of the sequence that both attributes lie in. A stored date without a time matches when its day does.
    """

    date: int
    time: int
    low: str | None
    high: str | None
    sequence: Path = ()


@dataclass(frozen=True, slots=True)
class Period:
    """From one moment to another, both included, in microseconds since 1970-01-01 UTC; None is no bound."""

    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class ReturnKey:
    """An attribute to return besides the required ones: an ``includefield`` (PS3.18 §8.3.4.3)."""

    path: Path
    private_creator: str | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A search at ``level`` within ``resource``: the study or series above the search, or the whole archive.

    ``limit`` None is no limit. ``fuzzy`` asks for fuzzy matching of person names (PS3.18 §8.3.4.2). ``timezone`` is the
    offset from UTC, such as ``+0200``, that the request's dates and times are meant in. In an archive, the last change
    of what is found was within any of the periods ``changed``, or at any time if there are none.
    """

    level: Level
    resource: Resource = ARCHIVE
    keys: tuple[MatchingKey, ...] = ()
    combined: tuple[CombinedRange, ...] = ()
    include: tuple[ReturnKey, ...] = ()
    include_all: bool = False
    limit: int | None = None
    offset: int = 0
    fuzzy: bool = False
    timezone: str | None = None
    changed: tuple[Period, ...] = ()
