"""The archive: a `Source` made of a storage and an index.

The order of writes is the promise (bytes first, row second; on delete row first, bytes second): whatever a crash
interrupts, no row is ever without its bytes. What it leaves behind is an object that no row names, and the sweep at the
next start removes it. An instance is acknowledged when its bytes, its name and its row are on the medium.

Blocking work is done in threads: one brings the bytes of an instance to the medium while it is read; its row goes into
the index's group commit, which takes along whatever else waits, and commits nothing before the bytes are there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from dicomcore import upkeep
from dicomcore.data import Alarm, Part10, read_file
from dicomcore.errors import (
    AttributeMismatch,
    DicomError,
    IndexUnavailable,
    InstanceConflict,
    ResourceGone,
    ResourceNotFound,
    StorageFull,
    StorageUnavailable,
)
from dicomcore.index import DuplicatePolicy, Index, InPlaceOf, InstanceRecord, InstanceRow, Outcome
from dicomcore.ingest import (
    DEFAULT_INLINE_THRESHOLD,
    EMPTY_PREAMBLE,
    STUDY_INSTANCE_UID,
    Identity,
    catalogue,
    content_digest,
    executable_preamble,
    file_meta_of,
    identify,
    inline_size,
    meta_mismatch,
)
from dicomcore.instance import Instance
from dicomcore.metadata_cache import MetadataCache
from dicomcore.query import Query
from dicomcore.resources import Resource
from dicomcore.source import (
    Answer,
    Change,
    FailureReason,
    Metadata,
    StoreOutcome,
    WarningReason,
    claimed_identity,
    failure_reason,
)
from dicomcore.storage import Spool, Storage, new_key
from dicomcore.threads import DEFAULT_THREADS, Threads, must_not_wait
from dicomcore.transcoding import Codecs
from dicomcore.upkeep import Damage, Progress

logger = logging.getLogger(__name__)

_MUCH_METADATA = 1 << 20  # bytes
_PATIENCE_SECONDS = 8.0
_LITTLE = 1 << 20  # bytes

_CHANGES = {
    Outcome.NEW: Change.STORED,
    Outcome.IDENTICAL: Change.IDENTICAL,
    Outcome.REPLACED: Change.REPLACED,
    Outcome.KEPT: Change.KEPT,
}


_WITH_ROW = (Outcome.NEW, Outcome.REPLACED)
_ARRIVED = (Change.STORED, Change.REPLACED)


class _Large(Exception):
    """An instance has much metadata, which take more time and far more memory than the bytes they are written in."""


def _stop() -> None:
    raise _Large


_MANY = Alarm(20_000, _stop)
"""Elements that take megabytes of memory."""
_TOO_MANY_HERE = Alarm(1_000, _stop)
"""Elements that take more than a millisecond."""


class Archive:
    """Instances kept here; see `Source`."""

    def __init__(
        self,
        storage: Storage,
        index: Index,
        *,
        duplicates: DuplicatePolicy = DuplicatePolicy.REPLACE_IF_CHANGED,
        verify_on_read: bool = True,
        inline_threshold: int = DEFAULT_INLINE_THRESHOLD,
        codecs: Codecs | None = None,
    ) -> None:
        self.codecs = codecs
        self.on_arrival: Callable[[Resource], None] = ignore
        """Called with each instance that was stored as new or as another version, when that is durable."""
        self.storage = storage
        self.index = index
        self._duplicates = duplicates
        self._verify_on_read = verify_on_read
        self._inline_threshold = inline_threshold
        self._metadata_cache = MetadataCache()
        self.threads = Threads()
        self._turn = asyncio.Semaphore(1)
        # While one thread waits for the medium, the other reads the instance.
        self._keeping = ThreadPoolExecutor(DEFAULT_THREADS, thread_name_prefix="keeping")

    async def search(self, query: Query) -> Answer:
        """Find what matches."""
        found = await self.threads.soon(self.index.search, query)
        return Answer(found.objects, found.total, found.warnings)

    async def instance(self, resource: Resource) -> Instance:
        """Find one instance; raises `ResourceNotFound` or `ResourceGone`."""
        row = await self.threads.soon(self.index.instance, resource)
        if row is None:
            raise await self.threads(self._missing, resource)
        return self._instance(row)

    async def retrieve(self, resource: Resource) -> AsyncIterator[Instance]:
        """The instances of a resource in order; raises `ResourceNotFound` or `ResourceGone` before the first."""
        rows = await self.threads.soon(lambda: list(self.index.instances(resource)))
        if not rows:
            raise await self.threads(self._missing, resource)
        for row in rows:
            yield self._instance(row)

    async def metadata(self, resource: Resource) -> Metadata:
        """The metadata of all instances of a resource, as it was encoded when they were stored."""
        return await self.threads.soon(self._metadata, resource)

    async def revision(self, resource: Resource) -> str:
        """A word that changes with every change in the resource."""
        revision = await self.threads(self.index.revision, resource)
        if revision is None:
            raise await self.threads(self._missing, resource)
        return str(revision)

    def spool(self) -> Spool:
        """A place for the bytes of an instance that is to be stored."""
        return self.storage.spool()

    async def store(self, spool: Spool, *, study_instance_uid: str | None = None) -> StoreOutcome:
        """Store what was spooled, and close the spool; a refusal is a value.

        Who goes away while it runs does not stop it: a row must not be committed for bytes that were dropped.
        """
        return await asyncio.shield(self._store(_Arrival(spool, study_instance_uid)))

    async def replace(self, instance: Instance, spool: Spool) -> StoreOutcome:
        """Store another form of an instance in its place, unless it was replaced or deleted meanwhile; close the spool.

        The policy for duplicates has no say in that.
        """
        return await asyncio.shield(self._store(_Arrival(spool, None, policy=InPlaceOf(instance.key))))

    async def delete(self, resource: Resource) -> int:
        """Delete a resource: first its rows, then its bytes, which who reads them now reads to the end."""
        keys = await self.threads(self.index.delete, resource)
        if not keys:
            raise await self.threads(self._missing, resource)
        await self.threads(self._discard, keys)
        return len(keys)

    def sweep(self) -> int:
        """Remove what a crash left behind; see `upkeep.sweep`."""
        return upkeep.sweep(self.storage, self.index, self._inline_threshold, self._duplicates)

    def reindex(self, progress: Progress) -> list[Damage]:
        """Make the index anew from the stored objects; returns those that cannot be read."""
        return upkeep.reindex(self.storage, self.index, self._inline_threshold, progress, self._duplicates)

    def verify(self, progress: Progress) -> Iterator[Damage]:
        """Check the digest of every stored object, and find those that no row refers to."""
        return upkeep.verify(self.storage, self.index, progress)

    def close(self) -> None:
        """Commit what waits and let go of storage and index."""
        self.threads.close()
        self._keeping.shutdown()
        self.index.close()
        self.storage.close()

    def _instance(self, row: InstanceRow) -> Instance:
        return Instance(row, self.storage, self.index, self.threads, verify=self._verify_on_read, codecs=self.codecs)

    def _metadata(self, resource: Resource) -> Metadata:
        revision = self.index.revision(resource)
        found = None if revision is None else self._metadata_cache.get(resource, revision)
        if found is None:
            must_not_wait()
            found = self.index.metadata(resource)
            if not found.objects:
                raise self._missing(resource)
            self._metadata_cache.put(resource, found)
        return Metadata(found.objects, str(found.revision), found.array)

    def _missing(self, resource: Resource) -> DicomError:
        return ResourceGone(resource) if self.index.was_deleted(resource) else ResourceNotFound(resource)

    async def _store(self, arrival: _Arrival) -> StoreOutcome:
        try:
            with self.index.announce():
                record = await self._take_in(arrival)
            return arrival.outcome(Change.IDENTICAL) if record is None else await self._commit(arrival, record)
        except StorageFull as error:
            return arrival.refusal(failure_reason(error), str(error))
        except StorageUnavailable:
            raise  # nothing is wrong with the instance: whoever sent it has to send it again
        except DicomError as error:
            return arrival.refusal(failure_reason(error), str(error))
        except Exception:
            # One instance that we cannot deal with must not take down the request that carries others.
            logger.exception("an instance could not be stored")
            return arrival.refusal(FailureReason.PROCESSING_FAILURE, "internal error")
        finally:
            await self._let_go(arrival)

    async def _take_in(self, arrival: _Arrival) -> InstanceRecord | None:
        """Read, check and keep an instance; None if the same one is here already."""
        if arrival.spool.size <= _LITTLE:
            return await self._take_in_little(arrival)
        await self.threads(self._without_executable, arrival)
        try:
            return await self.threads(self._take_in_large, arrival, _MANY)
        except _Large:
            pass
        # One with very much metadata comes alone, after others of its kind.
        try:
            await asyncio.wait_for(self._turn.acquire(), _PATIENCE_SECONDS)
        except TimeoutError as error:
            raise StorageUnavailable("other instances with very much metadata are being taken in") from error
        try:
            return await self.threads(self._take_in_large, arrival, None)
        finally:
            self._turn.release()

    async def _take_in_little(self, arrival: _Arrival) -> InstanceRecord | None:
        """Read an instance on the event loop while a thread brings its bytes to the medium.

        To read it in a thread would take longer, since the two would take the interpreter from each other.
        """
        self._without_executable(arrival)  # this puts the spool together, too, before other threads use it
        self._keep(arrival)
        digests = arrival.spool.sha256, arrival.spool.checksum  # first, since this leaves the interpreter to the thread
        try:
            return self._catalogue(arrival, arrival.examine(_TOO_MANY_HERE), *digests)
        except _Large:
            examined = await self.threads(arrival.examine, None)
            if await self.threads(self.index.is_stored, arrival.resource, examined.digest):
                return None
            return await self.threads(self._catalogue, arrival, examined, *digests)

    def _take_in_large(self, arrival: _Arrival, alarm: Alarm | None) -> InstanceRecord | None:
        """Read an instance, then make the record while its bytes are brought to the medium."""
        examined = arrival.examine(alarm)
        if self.index.is_stored(arrival.resource, examined.digest):
            return None
        self._keep(arrival)
        return self._catalogue(arrival, examined, arrival.spool.sha256, arrival.spool.checksum)

    def _keep(self, arrival: _Arrival) -> None:
        """Begin to bring the bytes to the medium, in a thread."""
        arrival.key = new_key()
        arrival.keeping = self._keeping.submit(self.storage.keep, arrival.spool, arrival.key)

    async def _let_go(self, arrival: _Arrival) -> None:
        """Close the spool; if it was kept and has no row, delete that."""
        keeping = arrival.keeping
        try:
            if keeping is not None and not keeping.done():
                with suppress(Exception):
                    await asyncio.wrap_future(keeping)
            if keeping is not None and not arrival.has_row:
                await self.threads(self._discard, [arrival.key])
        finally:
            arrival.spool.close()

    def _catalogue(self, arrival: _Arrival, examined: _Examined, sha256: bytes, checksum: bytes) -> InstanceRecord:
        return catalogue(
            examined.part10,
            examined.identity,
            key=arrival.key,
            size=arrival.spool.size,
            sha256=sha256,
            checksum=checksum,
            digest=examined.digest,
            inline_threshold=self._inline_threshold,
        )

    def _without_executable(self, arrival: _Arrival) -> None:
        if executable_preamble(arrival.spool.view()):
            arrival.spool.overwrite(0, EMPTY_PREAMBLE)
            arrival.warn(WarningReason.COERCED, "the preamble held an executable and was zeroed")

    async def _commit(self, arrival: _Arrival, record: InstanceRecord) -> StoreOutcome:
        """Make the row; bytes that it replaces are deleted."""
        policy = arrival.policy or self._duplicates
        # The row may be there all the same, its answer lost: then the bytes stay for it, or for the next sweep. That is
        # so, too, if the event loop ends while this waits.
        arrival.has_row = True
        try:
            (stored,) = await asyncio.wrap_future(self.index.submit([record], policy, arrival.keeping))
        except Exception as error:
            arrival.has_row = isinstance(error, IndexUnavailable) and not error.is_unchanged
            raise
        arrival.has_row = stored.outcome in _WITH_ROW
        if stored.outcome is Outcome.REPLACED and stored.replaced_key is not None:
            await self.threads(self._discard, [stored.replaced_key])
        if stored.outcome is Outcome.CONFLICT:
            raise InstanceConflict(arrival.resource)
        if stored.outcome is Outcome.KEPT:
            arrival.warn(WarningReason.ELEMENTS_DISCARDED, "another version is stored already, and was kept")
        outcome = arrival.outcome(_CHANGES[stored.outcome])
        if outcome.change in _ARRIVED and arrival.policy is None:
            self.on_arrival(outcome.resource)
        return outcome

    def _discard(self, keys: list[str]) -> None:
        for key in keys:
            self.storage.delete(key)


def ignore(_resource: Resource) -> None:
    """Do nothing about an instance that arrives."""


@dataclass(frozen=True, slots=True)
class _Examined:
    """An instance that can be stored."""

    part10: Part10
    identity: Identity
    digest: bytes


@dataclass(slots=True)
class _Arrival:
    """An instance on its way in, and what is known of it so far."""

    spool: Spool
    study_instance_uid: str | None
    policy: InPlaceOf | None = None
    key: str = ""
    keeping: Future[str] | None = None
    has_row: bool = False
    resource: Resource = field(default_factory=Resource)
    sop_class_uid: str = ""
    warning: WarningReason | None = None
    details: list[str] = field(default_factory=list)

    def examine(self, alarm: Alarm | None) -> _Examined:
        """Read it, and find out who it is; raises what `read_file` and `identify` raise."""
        part10 = self._read(alarm)
        identity = self._identify(part10)
        return _Examined(part10, identity, content_digest(part10, self.spool.windows(part10.dataset_start)))

    def _read(self, alarm: Alarm | None) -> Part10:
        view = self.spool.view()
        try:
            part10 = read_file(view, alarm)
        except DicomError:
            self.resource, self.sop_class_uid = claimed_identity(file_meta_of(view))
            raise
        if alarm is not None and self.spool.size > _MUCH_METADATA and inline_size(part10.dataset) > _MUCH_METADATA:
            alarm.ring()
        return part10

    def _identify(self, part10: Part10) -> Identity:
        """Find out who it is, as far as it says so, and refuse it if it is not what the sender said."""
        try:
            identity = identify(part10)
        except DicomError:
            self.resource, self.sop_class_uid = claimed_identity(part10.dataset, part10.file_meta)
            raise
        self.resource, self.sop_class_uid = identity.resource, identity.sop_class_uid
        if self.study_instance_uid not in (None, self.resource.study_instance_uid):
            raise AttributeMismatch(STUDY_INSTANCE_UID, "Study Instance UID", "differs from the study of the request")
        mismatch = meta_mismatch(part10, identity)
        if mismatch is not None:
            self.warn(WarningReason.DATA_SET_DOES_NOT_MATCH_SOP_CLASS, str(mismatch))
        return identity

    def warn(self, reason: WarningReason, detail: str) -> None:
        self.warning = reason
        self.details.append(detail)

    def outcome(self, change: Change) -> StoreOutcome:
        detail = "; ".join(self.details)
        return StoreOutcome(self.resource, self.sop_class_uid, change, warning=self.warning, detail=detail)

    def refusal(self, reason: FailureReason, detail: str) -> StoreOutcome:
        return StoreOutcome(self.resource, self.sop_class_uid, failure=reason, detail=detail)
