import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from index_fixtures import DATABASES, new_database, open_index, record

from dicomcore.errors import IndexUnavailable, LimitExceeded
from dicomcore.index import Claimed, Index, TransferTable, transfers
from dicomcore.resources import Resource
from dicomcore.transfer import Problems, Transfer, TransferKind, TransferState

US, OTHERS = "host/1/2/us", "host/3/4/others"


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_database(request, tmp_path)


@pytest.fixture
def index(url: str) -> Iterator[Index]:
    with open_index(url) as opened:
        yield opened


@pytest.fixture
def table(index: Index) -> TransferTable:
    return index.transfers


def add(table: TransferTable, name: str) -> Transfer:
    return table.add(Transfer(name, TransferKind.SEND, "PACS", (Resource("1.2", "1.2.3"), Resource("4"))))


def states(table: TransferTable) -> dict[str, str]:
    return {transfer.id: transfer.state.value for transfer in table.all(100)}


def at(claimed: Claimed, state: TransferState = TransferState.RUNNING, completed: int = 0) -> Claimed:
    return replace(claimed, transfer=replace(claimed.transfer, state=state, completed=completed))


def test_a_transfer_comes_back_as_it_was_added(table: TransferTable) -> None:
    added = add(table, "a")
    assert table.get("a") == added
    assert (added.state, added.total, added.problems) == (TransferState.WAITING, None, ())
    assert abs(added.created - time.time() * 1e6) < 60e6
    assert table.get("b") is None


def test_the_newest_comes_first_and_no_more_than_wanted(table: TransferTable) -> None:
    for name in "abc":
        add(table, name)
    assert [one.id for one in table.all(2)] == ["c", "b"]


def test_transfers_are_counted_by_state(table: TransferTable) -> None:
    assert table.counts() == dict.fromkeys((state.value for state in TransferState), 0)
    for name in "abc":
        add(table, name)
    table.claim(US, 1, 0)
    table.cancel("c")
    assert table.counts() == {"waiting": 1, "running": 1, "completed": 0, "failed": 0, "cancelled": 1}


def test_no_two_changes_have_the_same_time(table: TransferTable) -> None:
    for number in range(20):
        add(table, str(number))
    table.cancel("3")
    changes = [one.changed for one in table.changed_since(0)]
    assert (len(changes), changes) == (20, sorted(set(changes)))
    assert [one.id for one in table.changed_since(changes[-2])] == ["3"]


def test_what_waits_is_claimed_in_its_order_and_once(table: TransferTable) -> None:
    for name in "abc":
        add(table, name)
    assert table.is_claimable(0)
    assert [one.transfer.id for one in table.claim(US, 2, 0)] == ["a", "b"]
    assert [one.transfer.id for one in table.claim(OTHERS, 2, 0)] == ["c"]
    assert (table.claim(US, 2, 0), table.is_claimable(0)) == ([], False)
    assert table.running(US) == {("a", 1), ("b", 1)}
    assert table.owners() == {US, OTHERS}


def test_processes_that_claim_at_the_same_time_get_different_ones(url: str, table: TransferTable) -> None:
    for number in range(30):
        add(table, str(number))
    taken: list[str] = []

    def claim(owner: str) -> None:
        other = Index(url)
        while claimed := other.transfers.claim(owner, 1, 0):
            taken.append(claimed[0].transfer.id)
        other.close()

    claimers = [threading.Thread(target=claim, args=(f"host/{number}",)) for number in range(4)]
    for claimer in claimers:
        claimer.start()
    for claimer in claimers:
        claimer.join()
    assert sorted(taken) == sorted(str(number) for number in range(30))


def test_progress_is_written_and_read(table: TransferTable) -> None:
    added = add(table, "a")
    (claimed,) = table.claim(US, 1, 0)
    running = replace(claimed.transfer, total=9, completed=3, failed=2)
    problems = Problems(("one",), 4)
    assert table.put([replace(claimed, transfer=running, problems=problems, position=b"here")]) == set()
    found = table.get("a")
    assert found is not None
    assert (found.state, found.total, found.completed, found.failed) == (TransferState.RUNNING, 9, 3, 2)
    assert (found.problems, found.attempts, found.created) == (("one", "and 4 more"), 1, added.created)
    assert found.changed > claimed.transfer.changed


def test_what_a_process_has_left_is_claimed_by_another_with_its_position(table: TransferTable) -> None:
    add(table, "a")
    (claimed,) = table.claim(US, 1, 0)
    table.put([replace(claimed, position=b"here", problems=Problems(("one",)))])
    assert table.claim(OTHERS, 1, 0) == []
    later = int((time.time() + 60) * 1e6)
    assert table.is_claimable(later)
    (taken,) = table.claim(OTHERS, 1, later)
    assert (taken.position, taken.problems, taken.transfer.attempts) == (b"here", Problems(("one",)), 2)
    assert table.put([at(claimed, TransferState.COMPLETED)]) == {"a"}
    assert states(table) == {"a": "running"}


def test_a_process_that_says_that_it_is_there_keeps_what_it_has(table: TransferTable) -> None:
    add(table, "a")
    table.claim(US, 1, 0)
    moment = int(time.time() * 1e6)
    table.beat(US)
    assert table.claim(OTHERS, 1, moment) == []


def test_what_processes_that_are_no_more_have_left_waits_at_once(table: TransferTable) -> None:
    for name in "ab":
        add(table, name)
    table.claim(US, 1, 0)
    table.claim(OTHERS, 1, 0)
    assert table.release_those_of([US, "nobody"]) == 1
    assert states(table) == {"a": "waiting", "b": "running"}
    assert table.release_those_of([]) == 0


def test_a_transfer_is_cancelled_before_and_while_it_runs_and_its_owner_is_told(table: TransferTable) -> None:
    for name in "ab":
        add(table, name)
    (claimed,) = table.claim(US, 1, 0)
    for name in "ab":
        cancelled = table.cancel(name)
        assert cancelled is not None
        assert cancelled.state is TransferState.CANCELLED
    assert table.put([at(claimed, completed=5)]) == {"a"}
    assert (states(table), table.running(US)) == ({"a": "cancelled", "b": "cancelled"}, set())
    assert table.cancel("c") is None


def test_what_has_ended_is_not_cancelled(table: TransferTable) -> None:
    add(table, "a")
    (claimed,) = table.claim(US, 1, 0)
    table.put([at(claimed, TransferState.COMPLETED)])
    cancelled = table.cancel("a")
    assert cancelled is not None
    assert cancelled.state is TransferState.COMPLETED


def test_a_retry_goes_on_at_the_position_or_begins_anew(table: TransferTable) -> None:
    for name, position in (("a", b"here"), ("b", b"")):
        add(table, name)
        (claimed,) = table.claim(US, 1, 0)
        problems = Problems(("one",), 0, "nobody is there")
        table.put([replace(at(claimed, TransferState.FAILED, completed=5), position=position, problems=problems)])
        retried = table.retry(name)
        assert retried is not None
        assert table.get(name) == retried
        expected = (5, ("one",)) if position else (0, ())
        assert (retried.state, retried.completed, retried.problems) == (TransferState.WAITING, *expected)
        (claimed,) = table.claim(US, 1, 0)
        assert (claimed.transfer.attempts, claimed.position) == (2, position)


def test_what_is_complete_or_under_way_is_not_retried(table: TransferTable) -> None:
    add(table, "a")
    (claimed,) = table.claim(US, 1, 0)
    retried = table.retry("a")
    assert retried is not None
    assert retried.state is TransferState.RUNNING
    table.put([at(claimed, TransferState.COMPLETED)])
    retried = table.retry("a")
    assert retried is not None
    assert retried.state is TransferState.COMPLETED
    assert table.retry("b") is None


def test_an_owner_of_an_earlier_attempt_is_told_too(table: TransferTable) -> None:
    add(table, "a")
    (first,) = table.claim(US, 1, 0)
    table.cancel("a")
    table.retry("a")
    (second,) = table.claim(US, 1, 0)
    assert table.put([at(first, completed=9), at(second, completed=1)]) == {"a"}
    found = table.get("a")
    assert found is not None
    assert found.completed == 1


def test_a_transfer_is_removed_once(table: TransferTable) -> None:
    add(table, "a")
    (claimed,) = table.claim(US, 1, 0)
    assert (table.remove("a"), table.remove("a"), table.get("a")) == (True, False, None)
    assert table.put([claimed]) == {"a"}


def test_what_has_ended_long_ago_is_forgotten(table: TransferTable) -> None:
    for name in "abc":
        add(table, name)
    table.cancel("a")
    (claimed,) = table.claim(US, 1, 0)
    table.put([at(claimed, TransferState.FAILED)])
    table.forget(1)
    assert len(states(table)) == 3
    table.forget(int((time.time() + 60) * 1e6))
    assert states(table) == {"c": "waiting"}


def test_too_many_are_refused(table: TransferTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "MAX_UNFINISHED", 2)
    add(table, "a")
    add(table, "b")
    with pytest.raises(LimitExceeded):
        add(table, "c")
    table.cancel("a")
    add(table, "c")


def test_a_rebuilt_index_knows_the_transfers_still(index: Index) -> None:
    index.store([record()])
    add(index.transfers, "a")
    index.clear()
    assert states(index.transfers) == {"a": "waiting"}


def test_a_database_that_does_not_answer_is_told(tmp_path: Path) -> None:
    index = Index(f"sqlite:///{tmp_path / 'empty.db'}")
    with pytest.raises(IndexUnavailable):
        index.transfers.get("a")
    with pytest.raises(IndexUnavailable):
        add(index.transfers, "a")
    index.close()
