"""Chromium, driven by Playwright, which notes everything that a page should not have done."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, expect, sync_playwright

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

_PATIENCE = 30_000  # milliseconds until what is expected must be there: other tests run beside
_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
# As root there is no sandbox of its own, and no graphics card in a test: WebGL is drawn by the processor.
_ARGUMENTS = ("--no-sandbox", "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader")


def chromium_path() -> str:
    """Where the system has it; `scripts/install_system_packages.sh` installs it."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise RuntimeError("no Chromium: run scripts/install_system_packages.sh")
    return found


@contextmanager
def open_browser() -> Iterator[Browser]:
    """A browser; not to be kept longer than the tests of a module, since asyncio tests cannot run meanwhile."""
    expect.set_options(timeout=_PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*_ARGUMENTS])
        yield browser
        browser.close()


def until(page: Page, is_so: Callable[[], object], what: str = "") -> None:
    """Wait for something; Playwright's own ``wait_for_function`` is kept out by the policy of our pages."""
    deadline = time.monotonic() + _PATIENCE / 1000
    while time.monotonic() < deadline:
        if is_so():
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"waited in vain: {what} ({page.inner_text('body')})")


@dataclass
class Watched:
    """What went wrong on a page: errors of the console (and of its Content-Security-Policy), answers from 400 on."""

    allowed: tuple[str, ...] = ()
    problems: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Note it from now on."""
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.problems.append(f"error of the page: {error}"))
        page.on("response", self._on_response)
        page.on("requestfailed", self._on_failure)

    def allow(self, *pieces: str) -> None:
        """Overlook problems with any of these words in them: a test that provokes them says so."""
        self.allowed += pieces

    def check(self) -> None:
        """Fail if there was anything."""
        found = [problem for problem in self.problems if not any(piece in problem for piece in self.allowed)]
        assert not found, "\n".join(found)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _on_response(self, response: Response) -> None:
        if response.status >= 400:
            self.problems.append(f"answer: {response.status} {response.request.method} {response.url}")

    def _on_failure(self, request: Request) -> None:
        # A page that is left, and a picture that is not wanted any more, end their requests themselves.
        if "ERR_ABORTED" not in (request.failure or ""):
            self.problems.append(f"request: {request.failure} {request.url}")


def accessibility_problems(page: Page) -> list[str]:
    """What axe-core finds: each rule that is violated, with the elements that do."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: " + "; ".join(str(node["html"])[:160] for node in one["nodes"]) for one in found
    ]
