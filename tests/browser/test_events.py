"""`events.js` in Chromium: a page is told of every change, whatever happens to its stream."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import httpx
import pytest
from builders import ct_instance
from chromium import Watched, until
from playwright.sync_api import Page
from running_server import RunningServer, start_server

SUBSCRIBE = """async () => {
  const { subscribe } = await import("/ui/static/now/events.js");
  window.seen = [];
  window.states = [];
  subscribe({ change: (change) => seen.push(change.sop_instance_uid), state: (state) => states.push(state) });
}"""
HIDE = """(state) => {
  Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """An Isocenter whose workers are replaced when they die."""
    started = start_server(tmp_path_factory.mktemp("server") / "data", "--workers", "2")
    yield started
    started.stop()


def store(server: RunningServer, *uids: str) -> None:
    with httpx.Client(base_url=server.base, timeout=30, transport=httpx.HTTPTransport(retries=5)) as client:
        for uid in uids:
            content = ct_instance(SOPInstanceUID=uid)
            stored = client.post("/studies", content=content, headers={"Content-Type": "application/dicom"})
            assert stored.status_code == 200


def open_page(page: Page, watched: Watched) -> None:
    """A page without scripts of its own, and without an icon, which subscribes."""
    watched.allow("favicon.ico")
    page.goto("/health/live")
    page.evaluate(SUBSCRIBE)
    wait_for(page, 'states.at(-1) === "live"')


def wait_for(page: Page, condition: str) -> None:
    until(page, lambda: page.evaluate(condition), condition)


def kill_workers(server: RunningServer) -> None:
    for worker in server.workers:
        os.kill(worker, signal.SIGKILL)


def test_changes_are_told(page: Page, server: RunningServer, watched: Watched) -> None:
    open_page(page, watched)
    store(server, "1.2.1.1", "1.2.1.2")
    wait_for(page, "seen.length === 2")
    assert page.evaluate("seen") == ["1.2.1.1", "1.2.1.2"]
    assert page.evaluate("states") == ["connecting", "live"]


def test_a_stream_that_broke_is_resumed_where_it_ended(page: Page, server: RunningServer, watched: Watched) -> None:
    watched.allow("/events", "net::ERR")
    open_page(page, watched)
    store(server, "1.2.2.1")
    wait_for(page, "seen.length === 1")
    kill_workers(server)
    wait_for(page, 'states.includes("lost")')
    store(server, "1.2.2.2")
    wait_for(page, "seen.length === 2")
    assert page.evaluate("seen") == ["1.2.2.1", "1.2.2.2"]
    assert page.evaluate("states.at(-1)") == "live"


def test_a_page_that_was_hidden_is_told_what_it_missed(page: Page, server: RunningServer, watched: Watched) -> None:
    page.clock.install()
    open_page(page, watched)
    page.evaluate(HIDE, "hidden")
    page.clock.run_for(11_000)
    store(server, "1.2.3.1")
    page.evaluate(HIDE, "visible")
    wait_for(page, "seen.length === 1")
    assert page.evaluate("seen") == ["1.2.3.1"]
