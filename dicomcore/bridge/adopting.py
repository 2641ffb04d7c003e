"""The archive while a bridge keeps instances in it for a while: what somebody stores here, stays.

An instance that only passes through may be evicted. When the same instance is stored by somebody who relies on the
archive, it is taken out of the notes of the bridge (`Retention`) before the store is acknowledged; if it is being
evicted at that very moment, the store has failed and is to be repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

from dicomcore.bridge.retention import Retention
from dicomcore.errors import ResourceGone, ResourceNotFound
from dicomcore.instance import Instance
from dicomcore.query import Query
from dicomcore.resources import Resource
from dicomcore.source import Answer, FailureReason, Metadata, Source, StoreOutcome
from dicomcore.storage import Spool
from dicomcore.threads import Threads

_AGAIN = "it is just being removed from the cache; send it again"


class Adopting:
    """A `Source` for everybody but the bridge: the archive, whose notes are in ``retention``."""

    def __init__(self, archive: Source, retention: Retention, threads: Threads) -> None:
        self._archive = archive
        self._retention = retention
        self._threads = threads

    async def search(self, query: Query) -> Answer:
        """Find what matches."""
        return await self._archive.search(query)

    async def instance(self, resource: Resource) -> Instance:
        """Find one instance."""
        return self._retention.hold(await self._archive.instance(resource))

    async def retrieve(self, resource: Resource) -> AsyncIterator[Instance]:
        """The instances of a resource, which are not evicted while they are read."""
        async for instance in self._archive.retrieve(resource):
            yield self._retention.hold(instance)

    async def metadata(self, resource: Resource) -> Metadata:
        """The metadata of a resource."""
        return await self._archive.metadata(resource)

    async def revision(self, resource: Resource) -> str:
        """The revision of a resource."""
        return await self._archive.revision(resource)

    def spool(self) -> Spool:
        """A place for an instance."""
        return self._archive.spool()

    async def store(self, spool: Spool, *, study_instance_uid: str | None = None) -> StoreOutcome:
        """Store an instance for good."""
        outcome = await self._archive.store(spool, study_instance_uid=study_instance_uid)
        if not outcome.is_stored or await self._is_adopted(outcome.resource):
            return outcome
        return replace(outcome, change=None, failure=FailureReason.PROCESSING_FAILURE, detail=_AGAIN)

    async def delete(self, resource: Resource) -> int:
        """Delete a resource."""
        return await self._archive.delete(resource)

    async def _is_adopted(self, resource: Resource) -> bool:
        """Say whether it is here, and stays. It may have been evicted since it was found to be here already."""
        if not await self._threads(self._retention.adopt, str(resource.sop_instance_uid)):
            return False
        with suppress(ResourceNotFound, ResourceGone):
            await self._archive.instance(resource)
            return True
        return False


async def evict(archive: Source, retention: Retention, threads: Threads) -> int:
    """Remove what is over the limits of the notes; returns how many instances that were."""
    leaving = await threads(retention.take_leaving)
    for resource in leaving:
        with suppress(ResourceNotFound, ResourceGone):
            await archive.delete(resource)
        await threads(retention.forget, str(resource.sop_instance_uid))
    return len(leaving)


async def keep_evicting(archive: Source, retention: Retention, threads: Threads, *, every: float = 15.0) -> None:
    """Evict from time to time, for as long as the process runs; ``every`` is in seconds."""
    while True:
        if not await evict(archive, retention, threads):
            await asyncio.sleep(every)
