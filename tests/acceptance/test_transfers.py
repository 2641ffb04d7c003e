"""Sends and retrieves in the background between real servers: with kill -9 in their midst, and to DCMTK's programs."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from builders import ct_instance
from narrow_relay import NarrowRelay
from peers import dcmqrscp, storescp
from running_server import RunningServer, free_port, start_server

from dicomcore.uids import new_uid

COUNT = 500
BEGUN = 20
RATE = 2_000_000.0  # bytes per second between the two: all of a study takes 4 seconds, to notice the first does not
PATIENCE = 60.0
OTHER = "OTHER"
_PIXELS = bytes(range(256)) * 64


def content(study: str, number: int) -> bytes:
    return ct_instance(
        StudyInstanceUID=study,
        SeriesInstanceUID=f"{study}.1",
        SOPInstanceUID=f"{study}.1.{number}",
        InstanceNumber=str(number),
        Rows=128,
        Columns=64,
        PixelData=_PIXELS,
    )


def fill(server: RunningServer, count: int = COUNT) -> str:
    """Store a study of so many instances."""
    study = new_uid()
    with httpx.Client(timeout=60) as client:
        for first in range(0, count, 100):
            numbers = range(first, min(first + 100, count))
            parts = (
                b"--b\r\nContent-Type: application/dicom\r\n\r\n" + content(study, one) + b"\r\n" for one in numbers
            )
            headers = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
            answer = client.post(f"{server.base}/studies", content=b"".join(parts) + b"--b--", headers=headers)
            assert answer.status_code == 200
    return study


def held(server: RunningServer, study: str) -> set[str]:
    """The instances of a study that a server has."""
    answer = httpx.get(f"{server.base}/studies/{study}/instances", params={"limit": 10_000}, timeout=30)
    return {one["00080018"]["Value"][0] for one in answer.json()} if answer.status_code == 200 else set()


def all_of(study: str, count: int = COUNT) -> set[str]:
    return {f"{study}.1.{number}" for number in range(count)}


def add(server: RunningServer, kind: str, study: str, node: str = OTHER) -> str:
    """Begin a transfer; where it is."""
    wanted = {"kind": kind, "node": node, "resources": [{"study_instance_uid": study}]}
    answer = httpx.post(f"{server.url}/transfers", json=wanted)
    assert answer.status_code == 202, answer.text
    return str(answer.headers["location"])


def show(server: RunningServer, location: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(server.url + location, timeout=30).json()
    return found


def wait(server: RunningServer, location: str, until: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    """Look at a transfer until it is as wanted."""
    end = time.monotonic() + PATIENCE
    while not until(found := show(server, location)):
        if time.monotonic() > end:
            raise TimeoutError(f"{found}\n{server.log}")
        threading.Event().wait(0.05)
    return found


def has_ended(transfer: Mapping[str, Any]) -> bool:
    return transfer["state"] not in ("waiting", "running")


def has_begun(transfer: Mapping[str, Any]) -> bool:
    return bool(transfer["completed"] >= BEGUN)


@dataclass
class Pair:
    """Two servers that know each other, with little room between them; the first can be ended and started again."""

    first: RunningServer
    other: RunningServer
    dimse_port: int
    relays: Sequence[NarrowRelay]

    def start_again(self) -> RunningServer:
        """Start the first again, with all the room that it wants."""
        for relay in self.relays:
            relay.widen()
        self.first = start_server(self.first.data, "--dimse-port", str(self.dimse_port), "--ae-title", "FIRST")
        return self.first


@pytest.fixture
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    ports = free_port(), free_port()
    first = start_server(tmp_path / "first", "--dimse-port", str(ports[0]), "--ae-title", "FIRST")
    other = start_server(tmp_path / "other", "--dimse-port", str(ports[1]), "--ae-title", OTHER)
    is_dicomweb = request.param == "dicomweb"
    there, back = NarrowRelay(other.port if is_dicomweb else ports[1], RATE), NarrowRelay(ports[0], RATE)
    node: dict[str, Any] = {"ae_title": OTHER, "host": "127.0.0.1", "port": there.port, "retrieve": request.param}
    if is_dicomweb:
        base_url = other.base.replace(str(other.port), str(there.port))
        node = {"ae_title": OTHER, "kind": "dicomweb", "base_url": base_url}
    first_node = {"ae_title": "FIRST", "host": "127.0.0.1", "port": back.port}
    assert httpx.post(f"{first.url}/nodes", json=node).status_code == 201
    assert httpx.post(f"{other.url}/nodes", json=first_node).status_code == 201
    both = Pair(first, other, ports[0], (there, back))
    yield both
    both.first.stop()
    both.other.stop()
    there.close()
    back.close()


@pytest.mark.slow
@pytest.mark.parametrize("pair", ["get", "dicomweb"], indirect=True)
def test_a_send_goes_on_after_kill_9(pair: Pair) -> None:
    study = fill(pair.first)
    location = add(pair.first, "send", study)
    wait(pair.first, location, has_begun)
    pair.first.kill()
    partly = held(pair.other, study)
    assert BEGUN <= len(partly) < COUNT
    done = wait(pair.start_again(), location, has_ended)
    assert (done["state"], done["total"], done["completed"], done["failed"]) == ("completed", COUNT, COUNT, 0)
    assert (done["attempts"], done["problems"]) == (2, [])
    assert held(pair.other, study) == all_of(study)


@pytest.mark.slow
@pytest.mark.parametrize("pair", ["get", "move", "dicomweb"], indirect=True)
def test_a_retrieve_goes_on_after_kill_9(pair: Pair) -> None:
    study = fill(pair.other)
    location = add(pair.first, "retrieve", study)
    begun = wait(pair.first, location, has_begun)
    assert begun["total"] == COUNT
    assert begun["completed"] < COUNT
    pair.first.kill()
    server = pair.start_again()
    done = wait(server, location, has_ended)
    assert (done["state"], done["total"], done["completed"], done["failed"]) == ("completed", COUNT, COUNT, 0)
    assert done["attempts"] == 2
    assert held(server, study) == all_of(study)


@pytest.mark.slow
@pytest.mark.parametrize("pair", ["get"], indirect=True)
def test_a_transfer_that_was_interrupted_in_order_goes_on(pair: Pair) -> None:
    study = fill(pair.first)
    location = add(pair.first, "send", study)
    wait(pair.first, location, has_begun)
    pair.first.stop()
    done = wait(pair.start_again(), location, has_ended)
    assert (done["state"], done["completed"]) == ("completed", COUNT)
    assert held(pair.other, study) == all_of(study)


@pytest.mark.slow
@pytest.mark.parametrize("pair", ["get"], indirect=True)
@pytest.mark.parametrize("kind", ["send", "retrieve"])
def test_a_cancelled_transfer_stops_and_can_be_gone_on_with(pair: Pair, kind: str) -> None:
    source, target = (pair.first, pair.other) if kind == "send" else (pair.other, pair.first)
    study = fill(source)
    location = add(pair.first, kind, study)
    wait(pair.first, location, lambda transfer: transfer["state"] == "running")
    assert httpx.post(f"{pair.first.url}{location}/cancel").json()["state"] == "cancelled"
    for relay in pair.relays:
        relay.widen()
    threading.Event().wait(2)
    assert len(held(target, study)) < COUNT
    assert httpx.post(f"{pair.first.url}{location}/retry").json()["state"] == "waiting"
    assert wait(pair.first, location, has_ended)["completed"] == COUNT
    assert held(target, study) == all_of(study)


@pytest.mark.slow
def test_what_was_retrieved_stays_where_a_bridge_keeps_nothing(tmp_path: Path) -> None:
    port = free_port()
    with ExitStack() as servers:
        other = start_server(tmp_path / "other", "--dimse-port", str(port), "--ae-title", OTHER)
        servers.callback(other.stop)
        server = start_server(tmp_path / "first", "--bridge-keep", "discard", "--workers", "2")
        servers.callback(server.stop)
        node = {"ae_title": OTHER, "host": "127.0.0.1", "port": port}
        assert httpx.post(f"{server.url}/nodes", json=node).status_code == 201
        study = fill(other, 10)
        assert wait(server, add(server, "retrieve", study), has_ended)["state"] == "completed"
        assert held(server, study) == all_of(study, 10)
        assert noted(tmp_path / "first" / "bridge.sqlite") == 0


def noted(path: Path) -> int:
    """How many instances may be removed again."""
    with closing(sqlite3.connect(path)) as database:
        (count,) = database.execute("SELECT COUNT(*) FROM fetched").fetchone()
    return int(count)


def test_a_study_goes_to_storescp_and_comes_from_dcmqrscp(tmp_path: Path) -> None:
    study, remote = new_uid(), new_uid()
    server = start_server(tmp_path / "data")
    files = [content(remote, number) for number in range(20)]
    with storescp(tmp_path / "stored") as store, dcmqrscp(tmp_path / "qr", files) as archive:
        try:
            for peer in (store, archive):
                node = {"ae_title": peer.node.ae_title, "host": "127.0.0.1", "port": peer.node.port}
                assert httpx.post(f"{server.url}/nodes", json=node).status_code == 201
            study = fill(server, 20)
            sent = wait(server, add(server, "send", study, store.node.ae_title), has_ended)
            come = wait(server, add(server, "retrieve", remote, archive.node.ae_title), has_ended)
            assert (sent["state"], sent["completed"], len(store.files)) == ("completed", 20, 20)
            assert (come["state"], come["total"], come["completed"]) == ("completed", 20, 20)
            assert held(server, remote) == all_of(remote, 20)
        finally:
            server.stop()
