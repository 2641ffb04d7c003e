"""Server-sent events (the `text/event-stream` of the WHATWG HTML standard, §9.2): what happens here, as it happens.

A stream of changes can be taken up again where it ended: each event has the number of its change as its id, and the
event `position` says where the stream stands at its beginning, and wherever changes were left out. Transfers have no
number; what they are now is told, at the beginning of all that have not ended.

The next batch is read when the client has taken the last one, so a slow client costs no memory. Streams have no end of
their own: they end when the client leaves, when the server stops, or when the index does not answer.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager

import orjson
import structlog
from starlette.exceptions import HTTPException

from app.change_documents import at_level, change_document
from app.errors import RETRY_AFTER_SECONDS
from app.transfer_documents import document_of as transfer_document
from app.transfer_news import TransferNews, Watch
from dicomcore.delivery import ChangeEntry, ChangeFeed
from dicomcore.errors import DicomError
from dicomcore.resources import Level

CONTENT_TYPE = "text/event-stream"
HEADERS = (
    ("cache-control", "no-store, no-transform"),
    ("x-accel-buffering", "no"),  # nginx would gather what it passes on
    ("x-content-type-options", "nosniff"),
)
RETRY = 2000  # milliseconds after which a browser connects again
KEEP_ALIVE = 15.0  # seconds without an event after which something is sent all the same

_QUIET = b": keep-alive\n\n"


def event(name: str, document: object, number: int | None = None) -> bytes:
    """Write one event; ``document`` is its data, as JSON on one line."""
    start = b"" if number is None else b"id: %d\n" % number
    return b"%sevent: %s\ndata: %s\n\n" % (start, name.encode(), orjson.dumps(document))


class EventStreams:
    """The streams of one process, of which ``limit`` may be open at a time."""

    def __init__(
        self, feed: ChangeFeed, transfers: TransferNews, *, limit: int, keep_alive: float = KEEP_ALIVE
    ) -> None:
        self._feed = feed
        self._transfers = transfers
        self._limit = limit
        self._keep_alive = keep_alive
        self._is_ending = False
        self.open = 0

    def end(self) -> None:
        """Let all streams come to their end: the server stops."""
        self._is_ending = True

    async def stream(self, sequence: int, level: Level | None = None) -> AsyncGenerator[bytes, None]:
        """Give the events after change number ``sequence``; raises `HTTPException` if too many streams are open."""
        with self._place():
            watch = self._transfers.watch()
            yield b"retry: %d\n\n" % RETRY + await _transfers(watch) + _position(sequence)
            sent = time.monotonic()
            async with aclosing(self._blocks(sequence, level, watch)) as blocks:
                async for block in blocks:
                    if block or time.monotonic() >= sent + self._keep_alive:
                        yield block or _QUIET
                        sent = time.monotonic()

    async def _blocks(self, sequence: int, level: Level | None, watch: Watch) -> AsyncGenerator[bytes, None]:
        """What each look at the index brings, which may be nothing."""
        try:
            async with aclosing(self._feed.follow(sequence)) as batches:
                async for entries in batches:
                    if self._is_ending:
                        return
                    yield _changes(entries, level) + await _transfers(watch)
        except DicomError as error:
            # The client connects again, and is told then if it is still so.
            structlog.get_logger().warning("an event stream ends", problem=str(error))

    @contextmanager
    def _place(self) -> Iterator[None]:
        if self.open >= self._limit:
            problem = f"{self._limit} event streams are open, which is as many as there may be; try again later"
            raise HTTPException(503, problem, {"retry-after": str(RETRY_AFTER_SECONDS)})
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1


def _changes(entries: Sequence[ChangeEntry], level: Level | None) -> bytes:
    if not entries:
        return b""
    shown = at_level(entries, level)
    last = entries[-1].sequence
    events = b"".join(event("change", change_document(entry), entry.sequence) for entry in shown)
    return events if shown and shown[-1].sequence == last else events + _position(last)


def _position(sequence: int) -> bytes:
    return event("position", {"sequence": sequence}, sequence)


async def _transfers(watch: Watch) -> bytes:
    return b"".join(event("transfer", transfer_document(transfer)) for transfer in await watch.news())
