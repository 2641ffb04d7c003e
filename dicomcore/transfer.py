"""Transfers between the archive and nodes: what was asked for, and how far it has come.

They are carried out in the background (`dicomcore.delivery`) and kept in the index (`dicomcore.index.transfers`).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from dicomcore.resources import Resource

MAX_RESOURCES = 1_000
"""Studies, series and instances of one transfer."""

MAX_PROBLEMS = 50
"""What went wrong is told for so many instances; of the others how many they are."""

_MAX_TEXT = 1_000  # characters of a problem, which a peer may have worded


class TransferKind(enum.StrEnum):
    """Which way instances go: from here to a node, or from there to here."""

    SEND = "send"
    RETRIEVE = "retrieve"


class TransferState(enum.StrEnum):
    """What becomes of a transfer; one that has failed or was cancelled may be begun again."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_ended(self) -> bool:
        """Whether nothing more happens by itself."""
        return self not in (TransferState.WAITING, TransferState.RUNNING)


@dataclass(frozen=True, slots=True)
class Problems:
    """What went wrong: with single instances or resources, and, in ``end``, with the transfer as a whole."""

    listed: tuple[str, ...] = ()
    more: int = 0
    end: str = ""

    @property
    def is_with_instances(self) -> bool:
        """Whether something is missing at the destination that was tried."""
        return bool(self.listed)

    @property
    def texts(self) -> tuple[str, ...]:
        """All of it as sentences."""
        more = (f"and {self.more:,} more",) if self.more else ()
        return (*self.listed, *more, *((self.end,) if self.end else ()))

    def with_one(self, text: str) -> Problems:
        """Add a problem; the same one is told once."""
        short = _sound(text)
        if short in self.listed:
            return self
        if len(self.listed) < MAX_PROBLEMS:
            return replace(self, listed=(*self.listed, short))
        return replace(self, more=self.more + 1)

    def with_end(self, text: str) -> Problems:
        """Say why all of it has ended."""
        return replace(self, end=_sound(text))


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer; ``total``, ``completed`` and ``failed`` count instances, ``total`` is None while it is not known.

    ``created`` and ``changed`` are in microseconds since 1970-01-01 UTC; ``changed`` is never the same for two changes,
    of whatever transfer, and grows from one to the next. ``attempts`` says how often it was begun, or gone on with.
    """

    id: str
    kind: TransferKind
    node: str
    resources: tuple[Resource, ...]
    state: TransferState = TransferState.WAITING
    total: int | None = None
    completed: int = 0
    failed: int = 0
    problems: tuple[str, ...] = ()
    created: int = 0
    changed: int = 0
    attempts: int = 0


def without_repetition(resources: tuple[Resource, ...]) -> tuple[Resource, ...]:
    """Leave out what is named twice, by itself or by its study or series."""
    named = dict.fromkeys(resources)
    return tuple(resource for resource in named if not any(above in named for above in _above(resource)))


def _sound(text: str) -> str:
    """Cut a text, and replace what UTF-8 cannot write."""
    return text[:_MAX_TEXT].encode("utf-8", "replace").decode("utf-8")


def _above(resource: Resource) -> list[Resource]:
    series = replace(resource, sop_instance_uid=None)
    study = Resource(resource.study_instance_uid)
    return [one for one in (series, study) if one != resource]
