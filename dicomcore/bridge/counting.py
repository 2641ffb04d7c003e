"""How many instances somebody has of studies, series and instances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from dicomcore.bridge.answers import fragments_of, text_of
from dicomcore.bridge.steps import UNIQUE_KEYS
from dicomcore.query import MatchingKey, Query, UidList
from dicomcore.resources import Level, Resource
from dicomcore.source import Answer

# Number of Study Related Instances, Number of Series Related Instances.
_COUNTS = {Level.STUDY: 0x00201208, Level.SERIES: 0x00201209}
_MAX_DIGITS = 12  # of an Integer String (PS3.5 Table 6.2-1)


class Searched(Protocol):
    """Who can be asked: a source, or a remote archive."""

    async def search(self, query: Query) -> Answer:
        """Find what matches."""


async def number_of_instances(searched: Searched, resource: Resource) -> int | None:
    """How many instances of a resource there are; None if that is not told."""
    level = resource.level
    if level is Level.INSTANCE:
        return 1
    if level is None:
        return None
    uid = resource.study_instance_uid if level is Level.STUDY else resource.series_instance_uid
    above = Resource() if level is Level.STUDY else Resource(resource.study_instance_uid)
    key = MatchingKey((UNIQUE_KEYS[level],), "UI", UidList((uid or "",)))
    answer = await searched.search(Query(level, above, (key,), limit=1))
    if not answer.objects:
        return 0
    count = text_of(fragments_of(answer.objects[0]), _COUNTS[level])
    return int(count) if count.isdecimal() and len(count) <= _MAX_DIGITS else None


def summed(counts: Sequence[int | None]) -> int | None:
    """All of them together; None if one is not known."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
