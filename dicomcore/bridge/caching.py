"""A remote archive as a `Source`: what is asked for is fetched, kept in our archive, and served from there.

- A search is always answered by the remote.
- An instance that is here is served from here. So is a study or series of which as many instances are here as the
  remote tells that it has; that number is asked for anew after `FRESH_SECONDS`. If the remote cannot be asked, nothing
  is served: what is here could be a part of it.
- Everything else is fetched, by one retrieve for all who want the same resource (`SharedRetrieves`), and each instance
  is given out as soon as it is stored. If instances are missing in the end, readers get a `DimseFailure` behind the
  others.
- What is stored goes to the remote, and is not kept; nothing can be deleted there (DICOM has no service for it).

With `Retention` what was fetched is removed again, when limits of size or age are exceeded.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, suppress
from time import monotonic

from dicomcore.bridge.counting import number_of_instances
from dicomcore.bridge.remote import Remote
from dicomcore.bridge.retention import Retention
from dicomcore.bridge.shared_retrieve import Announce, SharedRetrieves
from dicomcore.data import read_file
from dicomcore.errors import (
    AttributeMismatch,
    DataError,
    DicomError,
    DimseFailure,
    RequestError,
    ResourceGone,
    ResourceNotFound,
)
from dicomcore.ingest import STUDY_INSTANCE_UID, file_meta_of, identify
from dicomcore.instance import Instance
from dicomcore.net.dimse.status import SOME_SUBOPERATIONS_FAILED
from dicomcore.query import Query
from dicomcore.resources import Level, Resource
from dicomcore.source import Answer, Change, Metadata, Source, StoreOutcome, claimed_identity, failure_reason
from dicomcore.storage import Spool
from dicomcore.threads import Threads

FRESH_SECONDS = 30.0
_WATCH_SECONDS = 0.25  # between two looks at what other processes have received
_STORES = 4  # at a time: while one is written, the next one arrives
_MANY = 1_000  # resources whose numbers are remembered
_MEDIA_STORAGE_SOP_INSTANCE_UID = 0x00020003
_MISSING = (ResourceNotFound, ResourceGone)


class CachingBridge:
    """A remote archive, by way of ours; see `Source`. Without ``retention`` everything that was fetched stays."""

    def __init__(
        self,
        remote: Remote,
        archive: Source,
        threads: Threads,
        *,
        retention: Retention | None = None,
        fresh_seconds: float = FRESH_SECONDS,
    ) -> None:
        self.remote = remote
        self._archive = archive
        self._threads = threads
        self._retention = retention
        self._fresh_seconds = fresh_seconds
        self._expected: dict[Resource, tuple[float, int | None]] = {}
        self.retrieves = SharedRetrieves(self._bring)

    async def search(self, query: Query) -> Answer:
        """Find what matches at the remote."""
        return await self.remote.search(query)

    async def instance(self, resource: Resource) -> Instance:
        """Find one instance, here or there."""
        with suppress(*_MISSING):
            return self._held(await self._archive.instance(resource))
        await self.retrieves.finish(resource)
        return self._held(await self._archive.instance(resource))

    async def retrieve(self, resource: Resource) -> AsyncIterator[Instance]:
        """The instances of a resource, in order if they are here, else as they arrive.

        Closing the iterator, if nobody else reads the same resource, cancels the retrieve from the remote.
        """
        if await self._is_here(resource):
            async for instance in self._archive.retrieve(resource):
                yield self._held(instance)
            return
        is_empty = True
        async with aclosing(self.retrieves.read(resource)) as arrived:
            async for one in arrived:
                is_empty = False
                yield self._held(await self._archive.instance(one))
        if is_empty:
            raise ResourceNotFound(resource)

    async def metadata(self, resource: Resource) -> Metadata:
        """The metadata of a resource, when all of it is here."""
        await self._be_here(resource)
        return await self._archive.metadata(resource)

    async def revision(self, resource: Resource) -> str:
        """The revision of a resource, when all of it is here."""
        await self._be_here(resource)
        return await self._archive.revision(resource)

    def spool(self) -> Spool:
        """A place for an instance that is to be sent."""
        return self._archive.spool()

    async def store(self, spool: Spool, *, study_instance_uid: str | None = None) -> StoreOutcome:
        """Send an instance to the remote; what that answers is the outcome."""
        try:
            if study_instance_uid is not None:
                await self._threads(_check_study, spool, study_instance_uid)
            return await self.remote.store(spool)
        except (DataError, RequestError) as error:
            resource, sop_class_uid = claimed_identity(file_meta_of(spool.view()))
            return StoreOutcome(resource, sop_class_uid, failure=failure_reason(error), detail=str(error))
        finally:
            spool.close()

    async def delete(self, resource: Resource) -> int:
        """Refuse: nothing is deleted in another archive."""
        raise RequestError(f"{self.remote.ae_title} cannot be asked to delete anything")

    async def close(self) -> None:
        """Cancel what is under way, and leave the remote."""
        await self.retrieves.close()
        await self.remote.close()

    async def _be_here(self, resource: Resource) -> None:
        if not await self._is_here(resource):
            await self.retrieves.finish(resource)

    async def _is_here(self, resource: Resource) -> bool:
        """Say whether all of a resource is in the archive, as far as that can be told."""
        if resource.level is Level.INSTANCE:
            with suppress(*_MISSING):
                await self._archive.instance(resource)
                return True
            return False
        held = await number_of_instances(self._archive, resource)
        if not held:
            return False
        expected = await self._number_expected(resource)
        return expected is not None and held >= expected

    async def _number_expected(self, resource: Resource) -> int | None:
        """How many instances the remote has; None if it does not tell."""
        moment, expected = self._expected.get(resource, (0.0, None))
        if moment and monotonic() - moment < self._fresh_seconds:
            return expected
        expected = await number_of_instances(self.remote, resource)
        if len(self._expected) >= _MANY:
            self._expected.clear()
        self._expected[resource] = monotonic(), expected
        return expected

    async def _bring(self, resource: Resource, announce: Announce) -> None:
        """Fetch a resource and store what comes; also what other processes of ours receive of it."""
        if not self.remote.arrives_elsewhere:
            await self._take_in(resource, announce)
            return
        watching = asyncio.create_task(self._watch(resource, announce))
        try:
            await self._take_in(resource, announce)
        finally:
            watching.cancel()
            await asyncio.wait([watching])
        await self._announce_held(resource, announce)

    async def _take_in(self, resource: Resource, announce: Announce) -> None:
        """Store instances, a few at a time; readers hear of them in the order in which they came."""
        arriving = _Arriving(self._keep, announce)
        try:
            async with aclosing(self.remote.fetch(resource, self._archive.spool)) as spools:
                async for spool in spools:
                    await arriving.add(spool)
        except DicomError as error:
            arriving.problems.append(error)  # behind what came before
        except BaseException:
            arriving.cancel()
            raise
        await arriving.finish()

    async def _watch(self, resource: Resource, announce: Announce) -> None:
        """Announce what other processes of ours receive, to which the remote may connect as well."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            await self._announce_held(resource, announce)

    async def _announce_held(self, resource: Resource, announce: Announce) -> None:
        with suppress(*_MISSING):
            async for instance in self._archive.retrieve(resource):
                await announce(instance.resource, instance.size)

    async def _keep(self, spool: Spool) -> StoreOutcome:
        """Store what has arrived; with a note, if it is not to stay."""
        if self._retention is None:
            return await self._archive.store(spool)
        retention, size = self._retention, spool.size
        uid = file_meta_of(spool.view()).text(_MEDIA_STORAGE_SOP_INSTANCE_UID)
        try:
            is_noted = await self._threads(retention.note, uid)
        except BaseException:
            spool.close()
            raise
        is_kept = False
        try:
            outcome = await self._archive.store(spool)
            is_kept = outcome.change is Change.STORED and outcome.resource.sop_instance_uid == uid
        finally:
            if is_noted and not is_kept:
                await self._threads(retention.forget, uid)
        if is_kept:
            await self._threads(retention.confirm, outcome.resource, size)
        return outcome

    def _held(self, instance: Instance) -> Instance:
        return instance if self._retention is None else self._retention.hold(instance)


class _Arriving:
    """The stores that are under way; all are waited for in the order of the instances."""

    def __init__(self, keep: Callable[[Spool], Awaitable[StoreOutcome]], announce: Announce) -> None:
        self.problems: list[DicomError] = []
        self._keep = keep
        self._announce = announce
        self._places = asyncio.Semaphore(_STORES)
        self._last: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def add(self, spool: Spool) -> None:
        """Store an instance as soon as there is a place for it."""
        try:
            await self._places.acquire()
        except BaseException:
            spool.close()
            raise
        self._last = asyncio.create_task(self._take(spool, self._last))
        self._tasks.add(self._last)
        self._last.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Wait for the rest, and raise what went wrong."""
        while self._tasks:
            await asyncio.gather(*self._tasks)
        if self.problems:
            raise self.problems[0]

    def cancel(self) -> None:
        """Announce nothing more; what is being stored comes to its end."""
        for task in self._tasks:
            task.cancel()

    async def _take(self, spool: Spool, before: asyncio.Task[None] | None) -> None:
        try:
            size = spool.size
            outcome = await self._keep(spool)
            if before is not None:
                await asyncio.wait([before])
            if outcome.is_stored:
                await self._announce(outcome.resource, size)
            else:
                problem = f"an instance could not be kept: {outcome.detail}"
                self.problems.append(DimseFailure(SOME_SUBOPERATIONS_FAILED, problem))
        except DicomError as error:
            self.problems.append(error)
        finally:
            self._places.release()


def _check_study(spool: Spool, study_instance_uid: str) -> None:
    part10 = read_file(spool.view())
    if identify(part10).resource.study_instance_uid != study_instance_uid:
        raise AttributeMismatch(STUDY_INSTANCE_UID, "Study Instance UID", "differs from the study of the request")
