"""Changes of the archive as JSON objects, for `/events` and `/changes`, and their sum by study or series. Pure.

What happens to a study is many changes, one for each instance, and who only wants to know that it is another now can
have them summed up: of each batch the last for each study, with that one's number. So whoever goes on after a number
that was seen gets all that came later, and perhaps once more what it had.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from dicomcore.delivery import ChangeEntry, ChangeKind
from dicomcore.resources import Level, Resource

LEVELS = {level.name.lower(): level for level in (Level.STUDY, Level.SERIES, Level.INSTANCE)}
"""The levels by the names that clients know them by."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def change_document(entry: ChangeEntry) -> dict[str, object]:
    """Give a change as it is shown."""
    resource = entry.resource
    return {
        "sequence": entry.sequence,
        "kind": entry.kind.name.lower(),
        "level": (resource.level or Level.PATIENT).name.lower(),
        "study_instance_uid": resource.study_instance_uid,
        "series_instance_uid": resource.series_instance_uid,
        "sop_instance_uid": resource.sop_instance_uid,
        "time": _time(entry.time),
    }


def at_level(entries: Sequence[ChangeEntry], level: Level | None) -> list[ChangeEntry]:
    """Sum changes up: one for each study or series among them, those of instances alone, or all without a level.

    A study is deleted if that is the last that happened to it, stored if it got an instance, and else replaced: it is
    there and has another content. The sums are in the order of their numbers.
    """
    if level is None:
        return list(entries)
    if level is Level.INSTANCE:
        return [entry for entry in entries if entry.resource.level is level]
    sums: dict[Resource, ChangeEntry] = {}
    for entry in entries:
        above = _above(entry.resource, level)
        if above is not None:
            before = sums.pop(above, None)  # put back at the end, which is its place now
            sums[above] = replace(entry, resource=above, kind=_sum(before, entry, above))
    return list(sums.values())


def _above(resource: Resource, level: Level) -> Resource | None:
    """The study or series that a resource is or belongs to; None for the series of a study."""
    if level is Level.STUDY:
        return Resource(resource.study_instance_uid)
    if resource.series_instance_uid is None:
        return None
    return Resource(resource.study_instance_uid, resource.series_instance_uid)


def _sum(before: ChangeEntry | None, entry: ChangeEntry, above: Resource) -> ChangeKind:
    if entry.kind is ChangeKind.DELETED:
        if entry.resource == above:
            return ChangeKind.DELETED
        return before.kind if before else ChangeKind.REPLACED
    if before is None or before.kind is ChangeKind.REPLACED:
        return entry.kind
    return ChangeKind.STORED


def _time(microseconds: int) -> str:
    return (_EPOCH + timedelta(microseconds=microseconds)).isoformat(timespec="microseconds").replace("+00:00", "Z")
