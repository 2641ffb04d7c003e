"""Whoever follows the changes of a real server misses nothing: of any worker, over kill -9, and when it stops."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from builders import ct_instance
from running_server import RunningServer, start_server
from server_sent_events import Event, events_of

WORKERS = ("--workers", "2")
DICOM = {"Content-Type": "application/dicom"}
STREAMS = 3  # of one worker


def store(server: RunningServer, *uids: str) -> None:
    """Store instances, each through a connection of its own, so that both workers get some."""
    with httpx.Client(base_url=server.base, headers={**DICOM, "Connection": "close"}, timeout=60) as client:
        for uid in uids:
            assert client.post("/studies", content=ct_instance(SOPInstanceUID=uid)).status_code == 200


@contextmanager
def following(server: RunningServer, query: str = "", **headers: str) -> Iterator[Iterator[Event]]:
    with httpx.stream("GET", f"{server.url}/events{query}", headers=headers, timeout=60) as answer:
        assert answer.status_code == 200
        yield events_of(answer.iter_lines())


def take(events: Iterator[Event], count: int) -> list[Event]:
    """The next ``count`` changes."""
    found: list[Event] = []
    while len(found) < count:
        found += [event for event in (next(events),) if event.name == "change"]
    return found


def instances(events: list[Event]) -> list[str]:
    return [event.data["sop_instance_uid"] for event in events]


def newest(server: RunningServer) -> int:
    return int(httpx.get(f"{server.url}/changes?limit=1", timeout=60).json()["newest"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    data = tmp_path_factory.mktemp("server") / "data"
    started = start_server(data, *WORKERS, ISOCENTER_MAX_EVENT_STREAMS=str(STREAMS))
    yield started
    started.stop()


def test_changes_of_all_workers_arrive_in_order(server: RunningServer) -> None:
    start = newest(server)
    uids = [f"1.2.1.{number}" for number in range(20)]
    with following(server) as events:
        assert next(events) == Event("position", {"sequence": start}, str(start))
        store(server, *uids)
        found = take(events, 20)
    assert [event.last_event_id for event in found] == [str(start + number) for number in range(1, 21)]
    assert instances(found) == uids


def test_who_connects_again_gets_the_same_once_more(server: RunningServer) -> None:
    start = newest(server)
    store(server, "1.2.2.1", "1.2.2.2", "1.2.2.3")
    with following(server, f"?since={start}") as events:
        first = take(events, 3)
    with following(server, f"?since={start}") as events:
        assert take(events, 3) == first
    with following(server, f"?since={start}", **{"Last-Event-ID": str(start + 2)}) as events:
        assert take(events, 1) == first[2:]


def test_the_pages_are_the_stream(server: RunningServer) -> None:
    start = newest(server)
    store(server, *(f"1.2.3.{number}" for number in range(7)))
    url = httpx.URL(f"{server.url}/changes?limit=3&since={start}")
    pages = []
    while not pages or pages[-1]["next"] is not None:
        url = url.join(pages[-1]["next"]) if pages else url
        pages.append(httpx.get(url, timeout=60).json())
    with following(server, f"?since={start}") as events:
        assert [event.data for event in take(events, 7)] == [change for page in pages for change in page["changes"]]
    assert [len(page["changes"]) for page in pages] == [3, 3, 1]


def test_a_place_is_given_back_when_a_client_leaves(server: RunningServer) -> None:
    """Who of the two workers answers is not known: of more streams than both may have some are refused."""
    with httpx.Client(timeout=60) as client:
        request = client.build_request("GET", f"{server.url}/events")
        answers = [client.send(request, stream=True) for _ in range(2 * STREAMS + 1)]
        refused = [answer for answer in answers if answer.status_code == 503]
        for answer in answers:
            answer.close()
        assert refused
        assert all(answer.headers["retry-after"] == "10" for answer in refused)
    for _ in range(4 * STREAMS):
        open_and_leave(server)


def open_and_leave(server: RunningServer) -> None:
    """Open a stream, as soon as there is a place: those who left may not have been noticed yet."""
    while True:
        with httpx.stream("GET", f"{server.url}/events", timeout=60) as answer:
            if answer.status_code == 200:
                return


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[RunningServer]:
    """A server that a test may kill."""
    started = start_server(tmp_path / "data", *WORKERS)
    yield started
    if started.process.poll() is None:
        started.kill()


@pytest.fixture
def successor(mortal: RunningServer) -> Iterator[list[RunningServer]]:
    """Servers that were started after it; a test puts them in."""
    started: list[RunningServer] = []
    yield started
    for server in started:
        if server.process.poll() is None:
            server.kill()


@pytest.mark.slow
def test_nothing_is_missed_over_kill_9(mortal: RunningServer, successor: list[RunningServer]) -> None:
    acknowledged: list[str] = []

    def send() -> None:
        with suppress(httpx.TransportError), httpx.Client(base_url=mortal.base, headers=DICOM, timeout=60) as client:
            for uid in (f"1.2.4.{number}" for number in range(10_000)):
                client.post("/studies", content=ct_instance(SOPInstanceUID=uid)).raise_for_status()
                acknowledged.append(uid)

    sender = threading.Thread(target=send)
    with following(mortal) as events:
        sender.start()
        seen = take(events, 10)
        mortal.kill()
        sender.join()
    successor.append(start_server(mortal.data, *WORKERS))
    [again] = successor
    store(again, "1.2.5")
    with following(again, **{"Last-Event-ID": seen[-1].last_event_id}) as events:
        while seen[-1].data["sop_instance_uid"] != "1.2.5":
            seen += take(events, 1)
        # An open stream does not hold the server up.
        again.stop()
        assert list(events) == []
    assert "timeout graceful shutdown exceeded" not in again.log
    assert again.process.returncode == 0
    assert [event.data["sequence"] for event in seen] == list(range(1, len(seen) + 1))
    assert set(acknowledged) <= set(instances(seen))
