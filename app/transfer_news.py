"""Transfers that have changed, for all who watch them: asked for once in a while, however many watch.

Whichever process moves a transfer on, it is in the index, with a time that grows from one change to the next, of
whatever transfer (`dicomcore.transfer.Transfer.changed`). So who watches remembers the last of these.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

from dicomcore.transfer import Transfer

PACE = 0.25  # seconds for which an answer is new enough
MOST = 1000  # transfers that are looked at when somebody begins to watch


class TransferLog(Protocol):
    """What of the transfers is needed here; see `dicomcore.delivery.Transfers`."""

    async def all(self, limit: int = 100) -> list[Transfer]:
        """The newest transfers, the newest first."""

    async def changed_since(self, time: int) -> list[Transfer]:
        """The transfers that changed after a time, in the order of their changes."""


class TransferNews:
    """The transfers that have changed lately, as all watchers of this process share them."""

    def __init__(self, transfers: TransferLog, *, pace: float = PACE) -> None:
        self._transfers = transfers
        self._pace = pace
        self._lock = asyncio.Lock()
        self._asked = float("-inf")
        self._start: int | None = None
        self._changed: Sequence[Transfer] = ()

    def watch(self) -> Watch:
        """Begin to watch."""
        return Watch(self)

    async def all(self) -> list[Transfer]:
        """The transfers that there are, the oldest first."""
        return list(reversed(await self._transfers.all(MOST)))

    async def since(self, last: int) -> Sequence[Transfer]:
        """The transfers that changed after a time; for who is up to date from the last look, which is shared."""
        async with self._lock:
            if time.monotonic() >= self._asked + self._pace:
                start = _last(self._changed, last if self._start is None else self._start)
                self._changed = await self._transfers.changed_since(start)
                self._start, self._asked = start, time.monotonic()
        if self._start is None or last < self._start:
            return await self._transfers.changed_since(last)
        return [transfer for transfer in self._changed if transfer.changed > last]


class Watch:
    """One watcher: how far it has been told."""

    def __init__(self, news: TransferNews) -> None:
        self._news = news
        self._last: int | None = None

    async def news(self) -> Sequence[Transfer]:
        """What has changed since the last call; at the first what has not ended yet."""
        if self._last is None:
            known = await self._news.all()
            self._last = _last(known, 0)
            return [transfer for transfer in known if not transfer.state.is_ended]
        changed = await self._news.since(self._last)
        self._last = _last(changed, self._last)
        return changed


def _last(transfers: Sequence[Transfer], otherwise: int) -> int:
    return max((transfer.changed for transfer in transfers), default=otherwise)
