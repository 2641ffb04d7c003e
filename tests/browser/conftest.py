"""A browser and a running server for the tests of a module, and pages that fail a test when something goes wrong."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from chromium import DESKTOP, Watched, open_browser
from playwright.sync_api import Browser, Page
from running_server import RunningServer, start_server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """An Isocenter with an empty archive, for all tests of the module."""
    started = start_server(tmp_path_factory.mktemp("server") / "data")
    yield started
    started.stop()


@pytest.fixture
def watched() -> Iterator[Watched]:
    """What went wrong in the browser; fails the test at its end, unless the test allowed it."""
    noted = Watched()
    yield noted
    noted.check()


@pytest.fixture
def page(browser: Browser, server: RunningServer, watched: Watched) -> Iterator[Page]:
    """A page of 1440 by 900; paths are below the server's address."""
    context = browser.new_context(base_url=server.url, viewport=DESKTOP)
    opened = context.new_page()
    watched.watch(opened)
    yield opened
    context.close()


@pytest.fixture
def server_url(server: RunningServer) -> str:
    """Where the server is, without a slash at the end."""
    return server.url
