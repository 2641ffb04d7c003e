import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

import pytest
from index_fixtures import record

from dicomcore.errors import IndexUnavailable, MalformedDataset, StorageFull
from dicomcore.index.group_commit import PAUSE, GroupCommit
from dicomcore.index.record import DuplicatePolicy, InstanceRecord, Outcome, Stored

REPLACE = DuplicatePolicy.REPLACE_IF_CHANGED


class Transactions:
    """Keeps what each transaction stored; the first one waits until it is let go."""

    def __init__(self) -> None:
        self.stored: list[list[str]] = []
        self.has_begun = threading.Event()
        self.may_go_on = threading.Event()

    def __call__(
        self, records: Sequence[InstanceRecord], _: Sequence[DuplicatePolicy], before_commit: Callable[[], None]
    ) -> list[Stored]:
        self.has_begun.set()
        self.may_go_on.wait(10)
        uids = [one.sop_instance_uid for one in records]
        if "bad" in uids:
            raise MalformedDataset("a bad one")
        if "down" in uids:
            raise IndexUnavailable("the database is down")
        if "bug" in uids:
            raise KeyError("bug")
        before_commit()
        self.stored.append(uids)
        return [Stored(Outcome.NEW, uid) for uid in uids]


def submit(commits: GroupCommit, *uids: str) -> Future[list[Stored]]:
    return commits.submit([record(instance=uid) for uid in uids], REPLACE)


def test_what_waits_is_stored_in_one_transaction_and_each_gets_its_answers() -> None:
    transactions = Transactions()
    commits = GroupCommit(transactions)
    first = submit(commits, "1")
    transactions.has_begun.wait(10)
    others = [submit(commits, "2", "3"), submit(commits, "4")]
    transactions.may_go_on.set()
    answers = [[stored.replaced_key for stored in future.result(10)] for future in (first, *others)]
    commits.close()
    assert transactions.stored == [["1"], ["2", "3", "4"]]
    assert answers == [["1"], ["2", "3"], ["4"]]


def test_a_commit_takes_along_what_was_announced_and_comes_soon() -> None:
    transactions = Transactions()
    transactions.may_go_on.set()
    commits = GroupCommit(transactions, gathering=10.0)
    with commits.announce():
        first = submit(commits, "1")
        second = submit(commits, "2")
    for future in (first, second):
        future.result(10)
    third = submit(commits, "3")
    third.result(10)
    commits.close()
    assert transactions.stored == [["1", "2"], ["3"]]


def test_a_commit_does_not_wait_long_for_what_was_announced_and_does_not_come() -> None:
    transactions = Transactions()
    transactions.may_go_on.set()
    commits = GroupCommit(transactions)
    with commits.announce():
        submit(commits, "1").result(10)
        submit(commits, "2").result(10)
    commits.close()
    assert transactions.stored == [["1"], ["2"]]


def test_a_group_is_not_larger_than_allowed() -> None:
    transactions = Transactions()
    commits = GroupCommit(transactions, max_group=2)
    submit(commits, "0")
    transactions.has_begun.wait(10)
    for uid in "12345":
        submit(commits, uid)
    transactions.may_go_on.set()
    commits.close()
    assert transactions.stored == [["0"], ["1", "2"], ["3", "4"], ["5"]]


@pytest.mark.parametrize(("uid", "error"), [("bad", MalformedDataset), ("bug", IndexUnavailable)])
def test_one_that_cannot_be_stored_does_not_fail_the_others(uid: str, error: type[Exception]) -> None:
    transactions = Transactions()
    commits = GroupCommit(transactions)
    submit(commits, "0")
    transactions.has_begun.wait(10)
    good, bad, other = submit(commits, "1"), submit(commits, uid), submit(commits, "2")
    transactions.may_go_on.set()
    assert [good.result(10)[0].replaced_key, other.result(10)[0].replaced_key] == ["1", "2"]
    with pytest.raises(error):
        bad.result(10)
    commits.close()


def test_without_a_database_all_fail_at_once() -> None:
    transactions = Transactions()
    commits = GroupCommit(transactions)
    submit(commits, "0")
    transactions.has_begun.wait(10)
    futures = [submit(commits, "1"), submit(commits, "down")]
    transactions.may_go_on.set()
    for future in futures:
        with pytest.raises(IndexUnavailable, match="down"):
            future.result(10)
    commits.close()
    assert transactions.stored == [["0"]]


def test_close_stores_what_was_submitted_and_takes_no_more() -> None:
    transactions = Transactions()
    commits = GroupCommit(transactions)
    futures = [submit(commits, str(number)) for number in range(5)]
    transactions.may_go_on.set()
    commits.close()
    commits.close()
    assert all(future.done() for future in futures)
    with pytest.raises(IndexUnavailable, match="closed"):
        submit(commits, "late")


def test_what_waits_for_a_database_that_is_down_fails_with_it_and_is_not_tried() -> None:
    transactions = Transactions()
    commits = GroupCommit(transactions, max_group=1)
    first = submit(commits, "down")
    transactions.has_begun.wait(10)
    waiting = submit(commits, "1")
    transactions.may_go_on.set()
    for future in (first, waiting):
        with pytest.raises(IndexUnavailable):
            future.result(10)
    with pytest.raises(IndexUnavailable, match="a moment ago") as caught:
        submit(commits, "2")
    assert caught.value.is_unchanged
    commits.close()
    assert transactions.stored == []


def test_a_database_that_was_down_is_tried_again_after_a_pause() -> None:
    transactions = Transactions()
    transactions.may_go_on.set()
    commits = GroupCommit(transactions)
    with pytest.raises(IndexUnavailable):
        submit(commits, "down").result(10)
    time.sleep(PAUSE)
    assert [stored.replaced_key for stored in submit(commits, "1").result(10)] == ["1"]
    commits.close()


def submit_before(commits: GroupCommit, kept: Future[str], uid: str) -> Future[list[Stored]]:
    return commits.submit([record(instance=uid)], REPLACE, kept)


def test_the_rows_of_one_that_is_alone_are_made_while_its_bytes_are_on_their_way() -> None:
    transactions = Transactions()
    transactions.may_go_on.set()
    commits, kept = GroupCommit(transactions, patience=10.0), Future[str]()
    future = submit_before(commits, kept, "1")
    assert transactions.has_begun.wait(10)
    assert not future.done()
    kept.set_result("key")
    assert future.result(10)[0].replaced_key == "1"
    commits.close()
    assert transactions.stored == [["1"]]


def test_nothing_is_committed_whose_bytes_cannot_be_kept() -> None:
    transactions = Transactions()
    transactions.may_go_on.set()
    commits, kept = GroupCommit(transactions), Future[str]()
    kept.set_exception(StorageFull("no room"))
    with pytest.raises(StorageFull, match="no room"):
        submit_before(commits, kept, "1").result(10)
    commits.close()
    assert transactions.stored == []


def test_who_keeps_bytes_and_runs_into_a_timeout_of_its_own_is_not_waited_for_again() -> None:
    transactions = Transactions()
    transactions.may_go_on.set()
    commits, kept = GroupCommit(transactions), Future[str]()
    kept.set_exception(TimeoutError("of the volume"))
    with pytest.raises(TimeoutError, match="of the volume"):
        submit_before(commits, kept, "1").result(10)
    commits.close()


def test_no_transaction_stays_open_for_bytes_that_take_long() -> None:
    transactions = Transactions()
    transactions.may_go_on.set()
    commits, kept = GroupCommit(transactions, gathering=0.0, patience=0.001), Future[str]()
    slow = submit_before(commits, kept, "1")
    transactions.has_begun.wait(10)
    submit(commits, "2").result(10)
    assert not slow.done()
    kept.set_result("key")
    slow.result(10)
    commits.close()
    assert transactions.stored == [["2"], ["1"]]


def test_of_a_group_those_whose_bytes_are_there_do_not_wait_for_the_others() -> None:
    transactions = Transactions()
    commits, late, never = GroupCommit(transactions, gathering=0.0), Future[str](), Future[str]()
    first = submit(commits, "0")
    transactions.has_begun.wait(10)
    slow, quick, failed = submit_before(commits, late, "1"), submit(commits, "2"), submit_before(commits, never, "3")
    transactions.may_go_on.set()
    first.result(10)
    quick.result(10)
    late.set_result("key")
    slow.result(10)
    never.set_exception(StorageFull("no room"))
    with pytest.raises(StorageFull):
        failed.result(10)
    commits.close()
    assert transactions.stored == [["0"], ["2"], ["1"]]


class JustInTime(Future[str]):
    """Is done at the very moment at which nobody waits any more."""

    def result(self, timeout: float | None = None) -> str:
        if timeout is None or self.done():
            return super().result(timeout)
        self.set_result("key")
        raise TimeoutError


def test_bytes_that_come_when_patience_ends_have_come() -> None:
    transactions = Transactions()
    transactions.may_go_on.set()
    commits = GroupCommit(transactions)
    assert submit_before(commits, JustInTime(), "1").result(10)[0].replaced_key == "1"
    commits.close()


@pytest.mark.parametrize("error", [None, StorageFull("no room")])
def test_close_waits_for_what_was_put_off(error: Exception | None) -> None:
    transactions = Transactions()
    transactions.may_go_on.set()
    commits, kept = GroupCommit(transactions, gathering=0.0, patience=0.001), Future[str]()
    slow = submit_before(commits, kept, "1")
    submit(commits, "2").result(10)  # so the first was put off
    closing = threading.Thread(target=commits.close)
    closing.start()
    closing.join(0.05)
    if error is None:
        kept.set_result("key")
    else:
        kept.set_exception(error)
    assert slow.exception(10) is error
    closing.join(10)
    assert not closing.is_alive()


def test_bytes_that_were_not_kept_are_told_without_asking_the_database() -> None:
    transactions = Transactions()
    transactions.may_go_on.set()
    commits, kept = GroupCommit(transactions), Future[str]()
    kept.set_exception(StorageFull("no room"))
    with pytest.raises(StorageFull):
        submit_before(commits, kept, "down").result(10)
    assert not transactions.has_begun.is_set()
    commits.close()


def test_what_keeping_bytes_runs_into_is_not_said_of_the_index() -> None:
    transactions = Transactions()
    transactions.may_go_on.set()
    commits, kept = GroupCommit(transactions, patience=10.0), Future[str]()
    future = submit_before(commits, kept, "1")
    transactions.has_begun.wait(10)
    kept.set_exception(MemoryError("no memory"))
    with pytest.raises(MemoryError):
        future.result(10)
    commits.close()
    assert transactions.stored == []


def test_when_the_database_goes_down_while_a_group_is_tried_one_by_one_the_rest_is_not_tried() -> None:
    """Each would wait for the lock as long as the first."""
    transactions = Transactions()
    commits = GroupCommit(transactions)
    submit(commits, "0")
    transactions.has_begun.wait(10)
    bad, down, others = submit(commits, "bad"), submit(commits, "down"), [submit(commits, uid) for uid in "12"]
    transactions.may_go_on.set()
    with pytest.raises(MalformedDataset):
        bad.result(10)
    for future in (down, *others):
        with pytest.raises(IndexUnavailable):
            future.result(10)
    commits.close()
    assert transactions.stored == [["0"]]
