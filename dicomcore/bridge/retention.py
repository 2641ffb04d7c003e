"""What a bridge has put into the archive, and when it may be removed again.

Only what came through a bridge is ever evicted: nothing that somebody has stored here. So an instance is noted before
it is stored, and the note is taken back if it was in the archive already; and whoever stores an instance that is only
kept for a while makes it stay (`Adopting`). The notes are in a small database of their own, which all processes on this
machine share. It is written with the care of an archive: a note that came back after a crash would cost an instance.

Instances that somebody holds are in use; those of another process are, too, as long as it says so now and then.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections import Counter, deque
from pathlib import Path
from typing import Any

from dicomcore.errors import StorageUnavailable
from dicomcore.instance import Instance
from dicomcore.resources import Resource

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
_AT_A_TIME = 500  # instances that are evicted in one go
_FORGOTTEN_SECONDS = 600.0  # after which a mark was left by a process that is no more
_LONGEST_UNUSED = """
SELECT study_instance_uid, series_instance_uid, sop_instance_uid, size, used, is_leaving FROM fetched
WHERE study_instance_uid IS NOT NULL AND (is_leaving = 0 OR used < ?) ORDER BY used LIMIT ?
"""


class Retention:
    """The notes; ``max_bytes`` and ``max_seconds`` since the last use are what may be kept, None is no limit.

    Nothing is evicted within ``grace_seconds`` of its last use. Where several processes share the notes, that has to be
    longer than the time between two calls of `say_what_is_used` in each of them.
    """

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int | None = None,
        max_seconds: float | None = None,
        grace_seconds: float = 0.0,
    ) -> None:
        self.max_bytes = max_bytes
        self.max_seconds = max_seconds
        self.grace_seconds = grace_seconds
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()
        self._touched: set[str] = set()
        self._released: deque[str] = deque()  # by finalizers, which run anywhere and must not wait for a lock
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
        """Keep an instance from being evicted as long as the object is alive, or anything that reads from it."""
        uid = str(instance.resource.sop_instance_uid)
        with self._lock:
            self._held[uid] += 1
            self._touched.add(uid)
        weakref.finalize(instance.stored, self._released.append, uid).atexit = False
        return instance

    def say_what_is_used(self) -> None:
        """Tell other processes what is in use here, and what has been since the last time."""
        with self._lock:
            while self._released:
                uid = self._released.popleft()
                self._held[uid] -= 1
                self._touched.add(uid)
            self._held = +self._held
            uids = self._touched | set(self._held)
            self._touched = set()
        now = time.time()
        for uid in uids:
            self._execute("UPDATE fetched SET used = ? WHERE sop_instance_uid = ? AND is_leaving = 0", now, uid)

    def take_leaving(self, now: float | None = None) -> list[Resource]:
        """Choose what is to be evicted, the longest unused first, and mark it: nobody can adopt it from now on.

        Marks of a process that ended before it had evicted anything are taken over after a while.
        """
        self.say_what_is_used()
        moment = time.time() if now is None else now
        sql = "UPDATE fetched SET is_leaving = 1, used = ? WHERE sop_instance_uid = ? AND used = ?"
        chosen = self._choose(moment)
        return [resource for resource, used in chosen if self._execute(sql, moment, resource.sop_instance_uid, used)]

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    @property
    def size(self) -> int:
        """How many bytes are kept for a while."""
        ((total,),) = self._rows("SELECT COALESCE(SUM(size), 0) FROM fetched")
        return int(total)

    def _choose(self, now: float) -> list[tuple[Resource, float]]:
        excess = 0 if self.max_bytes is None else self.size - self.max_bytes
        chosen = []
        for row in self._rows(_LONGEST_UNUSED, now - _FORGOTTEN_SECONDS, _AT_A_TIME):
            study, series, instance, size, used, is_leaving = row
            is_old = bool(is_leaving) or (self.max_seconds is not None and used <= now - self.max_seconds)
            if not is_old and excess <= 0:
                break
            if used > now - self.grace_seconds and not is_leaving:
                break
            if instance not in self._held:
                excess -= size
                chosen.append((Resource(study, series, instance), used))
        return chosen

    def _execute(self, sql: str, *values: object) -> int:
        with self._lock:
            try:
                return self._database.execute(sql, values).rowcount
            except sqlite3.Error as error:
                raise StorageUnavailable(f"the notes of the bridge cannot be written: {error}") from error

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return list(self._database.execute(sql, values))
            except sqlite3.Error as error:
                raise StorageUnavailable(f"the notes of the bridge cannot be read: {error}") from error
