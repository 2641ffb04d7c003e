"""A timer for whatever a peer owes us, set anew only when it rings: messages come far more often than they are late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

_SOONEST = 0.001  # seconds; clocks of event loops are coarse


class Awaited(NamedTuple):
    """What a peer owes us, for how long it may, and since when (time of the event loop) it does."""

    what: str
    limit: float
    since: float


class Watch:
    """Calls ``expire`` when what ``awaited`` says has not come in time.

    ``shortest`` is the shortest limit there is: by then at the latest it looks again.
    """

    def __init__(
        self, awaited: Callable[[], Awaited | None], expire: Callable[[Awaited], None], shortest: float
    ) -> None:
        self._awaited = awaited
        self._expire = expire
        self._shortest = shortest
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to look."""
        self._look_in(self._shortest)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_in(self, delay: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(max(delay, _SOONEST), self._look)

    def _look(self) -> None:
        self._timer = None
        awaited = self._awaited()
        if awaited is None:
            self._look_in(self._shortest)
            return
        left = awaited.since + awaited.limit - asyncio.get_running_loop().time()
        if left > 0:
            self._look_in(left)
        else:
            self._expire(awaited)
