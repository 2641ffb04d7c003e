"""What can be asked of another archive, whatever it speaks: the other side of a bridge.

A `Remote` holds nothing here and promises nothing about what it sends; `CachingBridge` makes a `Source` of it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from dicomcore.query import Query
from dicomcore.resources import Resource
from dicomcore.source import Answer, StoreOutcome
from dicomcore.storage import Spool


class Remote(Protocol):
    """Another archive; every call raises a `NetworkError` if it does not answer as it should."""

    @property
    def ae_title(self) -> str:
        """What it is called here."""

    @property
    def arrives_elsewhere(self) -> bool:
        """Whether instances that are fetched may arrive at another process of ours, which stores them."""

    async def search(self, query: Query) -> Answer:
        """Find what matches; `Answer.total` may be a number that there are at least."""

    def fetch(self, resource: Resource, spool: Callable[[], Spool]) -> AsyncGenerator[Spool, None]:
        """Get the instances of a resource as they arrive, each a complete PS3.10 file, which the caller closes.

        The next one is not taken before it is asked for. Closing the generator cancels what is still to come.

        Raises:
            ResourceNotFound: before the first instance: there is none.
            DimseFailure: behind the last instance: others could not be had.
        """

    async def store(self, spool: Spool) -> StoreOutcome:
        """Send an instance that was spooled; the spool stays open. A refusal is a value."""

    async def echo(self) -> float:
        """Ask whether it is there; the seconds that its answer took."""

    async def close(self) -> None:
        """Leave it."""
