"""How far a transfer is, while it is carried out; what is noted here is written now and then (`runner`).

The position says where to go on after the process has ended: at which resource, and of a resource that is sent behind
how many of its instances. Instances may have come and gone meanwhile, so that their number alone would not do: a digest
over those that are through says whether they are still the first ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson

from dicomcore.index import Claimed
from dicomcore.transfer import TransferState


@dataclass(frozen=True, slots=True)
class Position:
    """Where to go on: all before ``resource`` is through, and of that the first ``place`` instances.

    ``completed`` and ``failed`` count the instances of the resources before, ``failed_here`` those of the first
    ``place`` that have failed.
    """

    resource: int = 0
    completed: int = 0
    failed: int = 0
    place: int = 0
    failed_here: int = 0
    digest: str = ""

    @classmethod
    def read(cls, content: bytes) -> Position:
        """Read what was written; without content the beginning."""
        return cls(**orjson.loads(content)) if content else cls()

    def write(self) -> bytes:
        """Write it."""
        return orjson.dumps(self)


class Through:
    """Which instances of a resource are through; ``names`` tell them apart, content included."""

    def __init__(self, names: Sequence[bytes], position: Position) -> None:
        self._names = names
        self._done: dict[int, bool] = {}
        self._digest = hashlib.sha256()
        self.place = 0
        self.failed = 0
        self._skip(position)

    def note(self, index: int, *, is_stored: bool) -> None:
        """Note that an instance is through; those before it may still be under way."""
        self._done[index] = is_stored
        while self.place in self._done:
            self.failed += not self._done.pop(self.place)
            self._digest.update(self._names[self.place])
            self.place += 1

    @property
    def digest(self) -> str:
        """What tells whether the first instances are the same as before."""
        return self._digest.hexdigest()

    def _skip(self, position: Position) -> None:
        digest = hashlib.sha256(b"".join(self._names[: position.place]))
        if position.place and position.place <= len(self._names) and digest.hexdigest() == position.digest:
            self.place, self.failed, self._digest = position.place, position.failed_here, digest


class Progress:
    """The counts of one transfer, and what went wrong."""

    def __init__(self, claimed: Claimed) -> None:
        self._claimed = claimed
        self._problems = claimed.problems
        self._through: Through | None = None
        self.transfer = claimed.transfer
        self.position = Position.read(claimed.position)
        self.total = claimed.transfer.total
        self.completed = self.position.completed
        self.failed = self.position.failed
        self.is_news = True

    @property
    def has_problems(self) -> bool:
        """Whether something is missing at the destination."""
        return self.failed > 0 or self._problems.is_with_instances

    def begin(self, names: Sequence[bytes]) -> Through:
        """Begin with a resource that is sent, or go on where it was left."""
        self._through = Through(names, self.position)
        self.completed = self.position.completed + self._through.place - self._through.failed
        self.failed = self.position.failed + self._through.failed
        self.is_news = True
        return self._through

    def end_resource(self) -> None:
        """Go on to the next resource."""
        if self.total is not None:
            self.total = max(self.total, self.completed + self.failed)
        self._through = None
        self.position = Position(self.position.resource + 1, self.completed, self.failed)
        self.is_news = True

    def set_total(self, total: int | None) -> None:
        """Say how many instances there will be, if that is known."""
        self.total = total
        self.is_news = True

    def complete(self, count: int = 1) -> None:
        """Count instances that are where they belong."""
        self.completed += count
        self.is_news = True

    def fail(self, problem: str, count: int = 1) -> None:
        """Count instances that will not be there, and say why."""
        self.failed += count
        self._problems = self._problems.with_one(problem)
        self.is_news = True

    def end(self, problem: str) -> None:
        """Say why nothing more is tried."""
        self._problems = self._problems.with_end(problem)

    def taken(self, state: TransferState = TransferState.RUNNING) -> Claimed:
        """What is to be written; from then on only what is noted later is news.

        A transfer that has failed with single instances begins anew when it is repeated, so it has no position.
        """
        self.is_news = False
        begins_anew = state is TransferState.FAILED and self.has_problems
        transfer = replace(self.transfer, total=self.total, completed=self.completed, failed=self.failed)
        return replace(
            self._claimed,
            transfer=replace(transfer, state=state, problems=self._problems.texts),
            problems=self._problems,
            position=b"" if begins_anew else self._present().write(),
        )

    def _present(self) -> Position:
        if self._through is None:
            return self.position
        through = self._through
        return replace(self.position, place=through.place, failed_here=through.failed, digest=through.digest)
