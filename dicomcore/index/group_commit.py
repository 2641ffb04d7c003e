"""Group commit: one thread writes, and each of its transactions takes along everything that waits.

A commit costs a sync of the medium however much is in it, so that under load the work per instance falls and nobody
waits longer than two commits. While others are known to come (`GroupCommit.announce`) it waits for them, but not long.

A database that does not answer takes its time to fail. Whatever waits then fails with it, and so does what comes within
the next second, so that nobody waits for one timeout after the other.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

from dicomcore.errors import DicomError, IndexUnavailable
from dicomcore.index.record import InstanceRecord, Policy, Stored

MAX_GROUP = 512
GATHERING = 0.002  # seconds that a commit waits for those that were announced
PAUSE = 1.0  # seconds without an attempt after one that failed

Store = Callable[[Sequence[InstanceRecord], Sequence[Policy]], list[Stored]]
"""Stores records in one transaction: all of them or, by raising, none."""


@dataclass(frozen=True, slots=True)
class _Submission:
    records: Sequence[InstanceRecord]
    policy: Policy
    future: Future[list[Stored]]


class GroupCommit:
    """Collects records of many callers into transactions."""

    def __init__(self, store: Store, max_group: int = MAX_GROUP, gathering: float = GATHERING) -> None:
        self._store = store
        self._max_group = max_group
        self._gathering = gathering
        self._waiting: queue.SimpleQueue[_Submission | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._is_closed = False
        self._announced = 0
        self._retry_at = 0.0
        self._thread = threading.Thread(target=self._run, name="index-writer", daemon=True)
        self._thread.start()

    def submit(self, records: Sequence[InstanceRecord], policy: Policy) -> Future[list[Stored]]:
        """Hand records in; the future has an answer to each when they are durable.

        Raises:
            IndexUnavailable: the index was closed, or did not answer a moment ago.
        """
        self.check()
        future: Future[list[Stored]] = Future()
        # Once it runs, nobody can cancel it: the caller may go away, what was handed in is stored all the same.
        future.set_running_or_notify_cancel()
        with self._lock:
            if self._is_closed:
                raise IndexUnavailable("the index is closed", is_unchanged=True)
            self._waiting.put(_Submission(records, policy, future))
        return future

    @contextmanager
    def announce(self) -> Iterator[None]:
        """Say that a record is being made, and will be submitted before the context ends unless that fails."""
        with self._lock:
            self._announced += 1
        try:
            yield
        finally:
            with self._lock:
                self._announced -= 1

    def check(self) -> None:
        """Raise `IndexUnavailable` if the database did not answer a moment ago."""
        if time.monotonic() < self._retry_at:
            raise _not_tried()

    def close(self) -> None:
        """Commit what was handed in, and end the thread."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            group, is_last = self._collect(first)
            if time.monotonic() < self._retry_at:
                _fail(group, _not_tried())
            else:
                self._commit(group)
            if is_last:
                return

    def _collect(self, first: _Submission) -> tuple[list[_Submission], bool]:
        """Take what waits behind ``first``, and what was announced and comes soon, up to the size of a group."""
        group, count = [first], len(first.records)
        until = time.monotonic() + self._gathering
        while count < self._max_group:
            patience = until - time.monotonic() if self._announced else 0.0
            try:
                following = self._waiting.get(timeout=patience) if patience > 0 else self._waiting.get_nowait()
            except queue.Empty:
                break
            if following is None:
                return group, True
            group.append(following)
            count += len(following.records)
        return group, False

    def _commit(self, group: Sequence[_Submission]) -> None:
        records = [record for submission in group for record in submission.records]
        policies = [submission.policy for submission in group for _ in submission.records]
        try:
            answers = iter(self._store(records, policies))
        except BaseException as error:
            self._commit_apart(group, error)
            return
        for submission in group:
            submission.future.set_result([next(answers) for _ in submission.records])

    def _commit_apart(self, group: Sequence[_Submission], error: BaseException) -> None:
        """Let a submission that cannot be stored fail alone; without a database all fail, before each has waited."""
        if len(group) > 1 and not isinstance(error, IndexUnavailable):
            for submission in group:
                self._commit([submission])
            return
        failure: BaseException = error
        if isinstance(error, IndexUnavailable):
            self._retry_at = time.monotonic() + PAUSE
        elif not isinstance(error, DicomError):
            failure = IndexUnavailable(f"the index failed: {error!r}")
            failure.__cause__ = error
        _fail(group, failure)


def _not_tried() -> IndexUnavailable:
    return IndexUnavailable("the index did not answer a moment ago", is_unchanged=True)


def _fail(group: Sequence[_Submission], failure: BaseException) -> None:
    for submission in group:
        submission.future.set_exception(failure)
