"""What a bridge has put into the archive, and when it may be removed again.

Only what came through a bridge is ever evicted: nothing that somebody has stored here. So an instance is noted before
it is stored, and the note is taken back if it was in the archive already; and whoever stores an instance that is only
kept for a while makes it stay (`Adopting`). The notes are in a small database of their own, which all processes on this
machine share. It is written with the care of an archive: a note that came back after a crash would cost an instance.

Instances that somebody holds are in use; those of another process are, too, as long as it says so now and then.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
import weakref
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from dicomcore.errors import ResourceGone, ResourceNotFound, StorageUnavailable
from dicomcore.instance import Instance
from dicomcore.query import Query
from dicomcore.resources import Resource
from dicomcore.source import Answer, Change, FailureReason, Metadata, Source, StoreOutcome
from dicomcore.storage import Spool
from dicomcore.threads import Threads

_SCHEMA = """
CREATE TABLE IF NOT EXISTS fetched (
    sop_instance_uid TEXT PRIMARY KEY,
    study_instance_uid TEXT,
    series_instance_uid TEXT,
    size INTEGER NOT NULL DEFAULT 0,
    used REAL NOT NULL,
    is_leaving INTEGER NOT NULL DEFAULT 0
) STRICT
"""
_BUSY_SECONDS = 10.0
_AT_A_TIME = 500  # instances evicted between two looks at the clock


class Retention:
    """The notes; ``max_bytes`` and ``max_seconds`` since the last use are what may be kept, None is no limit."""

    def __init__(self, path: Path, *, max_bytes: int | None = None, max_seconds: float | None = None) -> None:
        self.max_bytes = max_bytes
        self.max_seconds = max_seconds
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()
        self._touched: set[str] = set()
        self._database = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute(_SCHEMA)

    def note(self, sop_instance_uid: str) -> bool:
        """Note that an instance is about to be stored by a bridge; False if it was noted before."""
        sql = "INSERT OR IGNORE INTO fetched (sop_instance_uid, used) VALUES (?, ?)"
        return self._execute(sql, sop_instance_uid, time.time()) > 0

    def confirm(self, resource: Resource, size: int) -> None:
        """Complete the note: the instance is stored."""
        sql = """UPDATE fetched SET study_instance_uid = ?, series_instance_uid = ?, size = ?, used = ?
                 WHERE sop_instance_uid = ?"""
        study, series, instance = (resource.study_instance_uid, resource.series_instance_uid, resource.sop_instance_uid)
        self._execute(sql, study, series, size, time.time(), instance)

    def forget(self, sop_instance_uid: str) -> None:
        """Take a note back: the instance belongs to the archive, or is not there."""
        self._execute("DELETE FROM fetched WHERE sop_instance_uid = ?", sop_instance_uid)

    def adopt(self, sop_instance_uid: str) -> bool:
        """Make an instance stay; False if it is being removed at this moment."""
        self._execute("DELETE FROM fetched WHERE sop_instance_uid = ? AND is_leaving = 0", sop_instance_uid)
        return not self._rows("SELECT 1 FROM fetched WHERE sop_instance_uid = ?", sop_instance_uid)

    def hold(self, instance: Instance) -> Instance:
        """Keep an instance from being evicted as long as the object is alive."""
        uid = str(instance.resource.sop_instance_uid)
        with self._lock:
            self._held[uid] += 1
            self._touched.add(uid)
        weakref.finalize(instance, self._release, uid)
        return instance

    def release_all(self) -> None:
        """Say to other processes what is in use here, and what has been since the last time."""
        with self._lock:
            uids = self._touched | set(self._held)
            self._touched.clear()
        now = time.time()
        for uid in uids:
            self._execute("UPDATE fetched SET used = ? WHERE sop_instance_uid = ?", now, uid)

    def take_leaving(self, now: float | None = None) -> list[Resource]:
        """Choose what is to be evicted, the longest unused first, and mark it: nobody can adopt it from now on."""
        self.release_all()
        chosen = self._choose(time.time() if now is None else now)
        marked = []
        for uid, study, series in chosen:
            sql = "UPDATE fetched SET is_leaving = 1 WHERE sop_instance_uid = ?"
            if self._execute(sql, uid):
                marked.append(Resource(study, series, uid))
        return marked

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    @property
    def size(self) -> int:
        """How many bytes are kept for a while."""
        ((total,),) = self._rows("SELECT COALESCE(SUM(size), 0) FROM fetched")
        return int(total)

    def _choose(self, now: float) -> list[tuple[str, str, str]]:
        excess = 0 if self.max_bytes is None else self.size - self.max_bytes
        chosen = []
        for uid, study, series, size, used in self._rows(
            """SELECT sop_instance_uid, study_instance_uid, series_instance_uid, size, used FROM fetched
               WHERE study_instance_uid IS NOT NULL ORDER BY used LIMIT ?""",
            _AT_A_TIME,
        ):
            is_old = self.max_seconds is not None and used <= now - self.max_seconds
            if not is_old and excess <= 0:
                break
            with self._lock:
                is_held = uid in self._held
            if not is_held:
                excess -= size
                chosen.append((uid, study, series))
        return chosen

    def _release(self, uid: str) -> None:
        """Note that nobody here holds an instance any more; runs wherever the last reference went, so without SQL."""
        self._held[uid] -= 1
        if self._held[uid] <= 0:
            del self._held[uid]

    def _execute(self, sql: str, *values: object) -> int:
        with self._lock:
            try:
                return self._database.execute(sql, values).rowcount
            except sqlite3.Error as error:
                raise StorageUnavailable(f"the notes of the bridge cannot be written: {error}") from error

    def _rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with self._lock:
            try:
                return list(self._database.execute(sql, values))
            except sqlite3.Error as error:
                raise StorageUnavailable(f"the notes of the bridge cannot be read: {error}") from error
