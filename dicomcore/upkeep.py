"""Looking after an archive: the sweep after a crash, the rebuild of the index, the check of every stored byte."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import xxhash

from dicomcore.data import Buffer, read_file
from dicomcore.errors import DicomError, IndexUnavailable
from dicomcore.index import DuplicatePolicy, Index, InstanceRecord, InstanceRow, Outcome, Stored
from dicomcore.ingest import DEFAULT_INLINE_THRESHOLD, catalogue, content_digest, identify
from dicomcore.resources import Resource
from dicomcore.storage import Storage, arrival_of

Progress = Callable[[int], None]
"""Called with the number of objects that have been dealt with since the last call."""

_SWEEP_MARGIN = 600.0  # seconds; keys are older than their commits, and clocks are set
_MAX_ORPHANS = 256  # more than can be on their way into the index at one time
_ON_ITS_WAY = 60.0  # seconds in which an object gets its row
_BATCH = 256
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Damage:
    """An object that is not what it should be. ``resource`` is None when no row refers to it."""

    key: str
    problem: str
    resource: Resource | None = None


def sweep(
    storage: Storage,
    index: Index,
    inline_threshold: int = DEFAULT_INLINE_THRESHOLD,
    duplicates: DuplicatePolicy = DuplicatePolicy.REPLACE_IF_CHANGED,
) -> int:
    """Put away what a crash left: unfinished spools, and objects that were kept but never got their row.

    Only objects since the last sweep are looked at, so that it takes as long as there was work since then. Beside an
    index that has never had a row a few objects get theirs: they are from a crash of the first store, or the index was
    lost. Does nothing while other processes use the storage. Returns how many files were put away.

    Raises:
        IndexUnavailable: the index does not know the objects that are stored, because it is new or an old copy.
    """
    if not storage.is_alone:
        return 0
    is_new = storage.swept > 0 and index.revision(Resource()) == 0
    since = 0.0 if is_new else max(0.0, storage.swept - _SWEEP_MARGIN)
    kept = list(islice(storage.keys(since), _MAX_ORPHANS + 1 if is_new else None))
    known = index.keys(kept[0]) if kept else set()
    orphans = [key for key in kept if key not in known]
    if len(orphans) > _MAX_ORPHANS:
        raise IndexUnavailable(
            f"the index knows nothing of {len(orphans)} stored objects or more; it is new, or a copy from before they "
            "came: run `isocenter reindex`"
        )
    if is_new:
        with ThreadPoolExecutor(_THREADS) as pool:
            orphans = [
                damage.key for damage in _index_objects(storage, index, orphans, inline_threshold, duplicates, pool)
            ]
    removed = storage.sweep(orphans)
    storage.share()
    return removed


def reindex(
    storage: Storage,
    index: Index,
    inline_threshold: int,
    progress: Progress,
    duplicates: DuplicatePolicy = DuplicatePolicy.REPLACE_IF_CHANGED,
) -> list[Damage]:
    """Forget all rows and make them anew from the stored objects alone; returns those that cannot be read.

    Of several objects that hold one instance, which a crash can leave, the policy chooses; the others are returned too.
    """
    index.clear()
    damaged: list[Damage] = []
    keys = storage.keys()
    with ThreadPoolExecutor(_THREADS) as pool:
        while batch := list(islice(keys, _BATCH)):
            damaged += _index_objects(storage, index, batch, inline_threshold, duplicates, pool)
            progress(len(batch))
    return damaged


def _index_objects(
    storage: Storage,
    index: Index,
    keys: Sequence[str],
    inline_threshold: int,
    duplicates: DuplicatePolicy,
    pool: ThreadPoolExecutor,
) -> list[Damage]:
    """Make the rows of objects; returns those that get none."""
    found = list(pool.map(lambda key: _record(storage, key, inline_threshold), keys))
    records = [record for record in found if isinstance(record, InstanceRecord)]
    damaged = [record for record in found if isinstance(record, Damage)]
    return [*damaged, *_superseded(records, index.store(records, duplicates))]


def _superseded(records: Sequence[InstanceRecord], answers: Sequence[Stored]) -> Iterator[Damage]:
    for record, stored in zip(records, answers, strict=True):
        key = stored.replaced_key if stored.outcome is Outcome.REPLACED else record.key
        if stored.outcome is not Outcome.NEW and key is not None:
            yield Damage(key, "another object holds the same instance", record.resource)


def verify(storage: Storage, index: Index, progress: Progress) -> Iterator[Damage]:
    """Read every object and compare its digest with that of its row; then name the objects that no row refers to.

    Stores and deletes may go on meanwhile: what they are dealing with is no damage.
    """
    with ThreadPoolExecutor(_THREADS) as pool:
        rows = index.instances(Resource())
        while batch := list(islice(rows, _BATCH)):
            yield from _found(pool.map(lambda row: _check(storage, index, row), batch))
            progress(len(batch))
    known = index.keys()
    arrived = time.time() - _ON_ITS_WAY
    for key in storage.keys(0.0):
        if key not in known and arrival_of(key) < arrived and _is_there(storage, key):
            yield Damage(key, "no row refers to this object")


def _found(results: Iterator[Damage | None]) -> Iterator[Damage]:
    return (result for result in results if result is not None)


def _is_there(storage: Storage, key: str) -> bool:
    try:
        storage.open(key).close()
    except KeyError:
        return False
    return True


def _check(storage: Storage, index: Index, row: InstanceRow) -> Damage | None:
    try:
        stored = storage.open(row.key)
    except KeyError:
        now = index.instance(row.resource)
        is_damage = now is not None and now.key == row.key
        return Damage(row.key, "the object is missing", row.resource) if is_damage else None
    try:
        digest, _ = _digests(stored.windows())
    finally:
        stored.close()
    return None if digest == row.sha256 else Damage(row.key, "the bytes differ from what was stored", row.resource)


def _record(storage: Storage, key: str, inline_threshold: int) -> InstanceRecord | Damage:
    stored = storage.open(key)
    try:
        view = stored.view()
        part10 = read_file(view)
        sha256, checksum = _digests(stored.windows())
        return catalogue(
            part10,
            identify(part10),
            key=key,
            size=stored.size,
            sha256=sha256,
            checksum=checksum,
            digest=content_digest(part10, stored.windows(part10.dataset_start)),
            inline_threshold=inline_threshold,
        )
    except DicomError as error:
        return Damage(key, str(error))
    finally:
        stored.close()


def _digests(windows: Iterator[Buffer]) -> tuple[bytes, bytes]:
    """The SHA-256 and the checksum of an object."""
    sha256, checksum = hashlib.sha256(), xxhash.xxh3_128()
    for window in windows:
        sha256.update(window)
        checksum.update(window)
    return sha256.digest(), checksum.digest()
