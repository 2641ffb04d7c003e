"""Group commit: one thread writes, and each of its transactions takes along everything that waits.

A commit costs a sync of the medium however much is in it, so that under load the work per instance falls and nobody
waits longer than two commits. While others are known to come (`GroupCommit.announce`) it waits for them, but not long.

No row is committed before the bytes that it is about are on the medium. Of several submissions those are taken whose
bytes are there. One that is alone need not wait for that: its rows are made meanwhile, and only the commit waits; not
long, since it keeps other processes from writing.

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
PATIENCE = 0.05  # seconds that a transaction is kept open for the bytes of its instance

Store = Callable[[Sequence[InstanceRecord], Sequence[Policy], Callable[[], None]], list[Stored]]
"""Stores records in one transaction: all of them or, by raising, none; calls the function before it commits."""


class _NotYet(Exception):
    """The bytes of an instance are not on the medium yet."""


@dataclass(frozen=True, slots=True)
class _Submission:
    records: Sequence[InstanceRecord]
    policy: Policy
    future: Future[list[Stored]]
    kept: Future[str] | None

    @property
    def is_kept(self) -> bool:
        """Whether the bytes are on the medium, or will never be."""
        return self.kept is None or self.kept.done()

    @property
    def why_not_kept(self) -> BaseException | None:
        """Why the bytes will never be on the medium, if that is so."""
        return self.kept.exception() if self.kept is not None and self.kept.done() else None

    def check_kept(self, patience: float) -> None:
        """Wait so many seconds for the bytes; raises `_NotYet`, or why they could not be kept."""
        if self.kept is None:
            return
        try:
            self.kept.result(patience)
        except TimeoutError:
            if not self.kept.done():
                raise _NotYet from None
            self.kept.result()  # they came just now, or whoever kept them ran into a timeout of its own


class GroupCommit:
    """Collects records of many callers into transactions."""

    def __init__(
        self, store: Store, max_group: int = MAX_GROUP, gathering: float = GATHERING, patience: float = PATIENCE
    ) -> None:
        self._store = store
        self._patience = patience
        self._max_group = max_group
        self._gathering = gathering
        self._waiting: queue.SimpleQueue[_Submission | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._is_closed = False
        self._announced = 0
        self._put_off_count = 0
        self._retry_at = 0.0
        self._thread = threading.Thread(target=self._run, name="index-writer", daemon=True)
        self._thread.start()

    def submit(
        self, records: Sequence[InstanceRecord], policy: Policy, kept: Future[str] | None = None
    ) -> Future[list[Stored]]:
        """Hand records in; the future has an answer to each when they are durable.

        With ``kept``, which is done when the bytes are on the medium, they are not committed before, and fail with it.

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
            self._waiting.put(_Submission(records, policy, future, kept))
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
                self._waiting.put(None)  # this wakes the thread
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over():
            first = self._waiting.get()
            if first is not None:
                self._commit_kept(self._collect(first))

    def _is_over(self) -> bool:
        with self._lock:
            return self._is_closed and not self._put_off_count and self._waiting.empty()

    def _commit_kept(self, group: Sequence[_Submission]) -> None:
        """Commit those whose bytes are on the medium, or one that is alone; others come again when theirs are."""
        ready = []
        for submission in group:
            if (failure := submission.why_not_kept) is not None:
                _fail([submission], failure)
            elif len(group) == 1 or submission.is_kept:
                ready.append(submission)
            else:
                self._put_off(submission)
        if ready:
            self._commit(ready)

    def _put_off(self, submission: _Submission) -> None:
        """Let a submission come again when its bytes are on the medium; until then it counts as announced."""

        def come(_kept: Future[str]) -> None:
            with self._lock:
                self._put_off_count -= 1
                self._waiting.put(submission)

        with self._lock:
            self._put_off_count += 1
        if submission.kept is not None:
            submission.kept.add_done_callback(come)

    def _collect(self, first: _Submission) -> list[_Submission]:
        """Take what waits behind ``first``, and what was announced and comes soon, up to the size of a group."""
        group, count = [first], len(first.records)
        until = time.monotonic() + self._gathering
        while count < self._max_group:
            patience = until - time.monotonic() if self._announced or self._put_off_count else 0.0
            try:
                following = self._waiting.get(timeout=patience) if patience > 0 else self._waiting.get_nowait()
            except queue.Empty:
                break
            if following is None:
                break
            group.append(following)
            count += len(following.records)
        return group

    def _commit(self, group: Sequence[_Submission]) -> None:
        if time.monotonic() < self._retry_at:
            _fail(group, _not_tried())
            return
        records = [record for submission in group for record in submission.records]
        policies = [submission.policy for submission in group for _ in submission.records]

        def check_kept() -> None:
            for submission in group:
                submission.check_kept(self._patience)

        try:
            answers = iter(self._store(records, policies, check_kept))
        except _NotYet:
            for submission in group:
                self._put_off(submission)
            return
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
        elif not isinstance(error, DicomError) and error is not group[0].why_not_kept:
            failure = IndexUnavailable(f"the index failed: {error!r}")
            failure.__cause__ = error
        _fail(group, failure)


def _not_tried() -> IndexUnavailable:
    return IndexUnavailable("the index did not answer a moment ago", is_unchanged=True)


def _fail(group: Sequence[_Submission], failure: BaseException) -> None:
    for submission in group:
        submission.future.set_exception(failure)
