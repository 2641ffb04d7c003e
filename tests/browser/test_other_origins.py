"""What a browser lets pages of other origins send, and what a page of ours sends where it says less about itself."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import httpx
import pytest
from builders import ct_instance
from chromium import chromium_path
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright
from running_server import RunningServer, start_server

NAME = "pacs.example"
ATTACKS = {
    "nothing": "(to) => fetch(to, {method: 'POST', mode: 'no-cors'}).catch(() => null)",
    "text": "(to) => fetch(to, {method: 'POST', mode: 'no-cors', body: 'x'}).catch(() => null)",
    "beacon": "(to) => navigator.sendBeacon(to, new Blob(['x'], {type: 'text/plain'}))",
    "form": "(to) => { const form = document.forms[0]; form.action = to; form.submit(); }",
}
NODE = {"ae_title": "PACS", "host": "127.0.0.1", "port": 1}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that has a name, a node and a study, and no TLS."""
    started = start_server(tmp_path_factory.mktemp("server") / "data", "--allowed-hosts", NAME)
    assert httpx.post(f"{started.url}/nodes", json=NODE).status_code == 201
    headers = {"Content-Type": "application/dicom"}
    assert httpx.post(f"{started.base}/studies", content=ct_instance(), headers=headers).status_code == 200
    yield started
    started.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser to which the name leads here."""
    arguments = ["--no-sandbox", f"--host-resolver-rules=MAP {NAME} 127.0.0.1"]
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium_path(), args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new page."""
    opened = browser.new_page()
    yield opened
    opened.close()


class Form(BaseHTTPRequestHandler):
    """A page with a form, which scripts can send to wherever they like."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b'<form method="post" enctype="multipart/form-data"></form>')

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """The address of a page of another origin."""
    with HTTPServer(("127.0.0.1", 0), Form) as other:
        Thread(target=other.serve_forever, daemon=True).start()
        yield f"http://localhost:{other.server_address[1]}/"
        other.shutdown()


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("host", ["127.0.0.1", NAME])
def test_a_page_of_another_origin_cannot_have_anything_done(
    page: Page, server: RunningServer, elsewhere: str, host: str, attack: str
) -> None:
    page.goto(elsewhere)
    target = f"http://{host}:{server.port}/nodes/PACS/echo"
    with page.expect_response(target, timeout=15_000) as answer:
        page.evaluate(ATTACKS[attack], target)
    assert answer.value.status == 403


def test_a_page_of_ours_works_where_the_browser_tells_only_its_origin(page: Page, server: RunningServer) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.goto(f"http://{NAME}:{server.port}/ui/studies/1.2.3")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url(f"http://{NAME}:{server.port}/*")
    expect(page.get_by_role("heading", name="Studies")).to_be_visible()
    assert httpx.get(f"{server.base}/studies").status_code == 204
    (deletion,) = (one for one in asked if one.method == "DELETE")
    assert deletion.all_headers()["origin"] == f"http://{NAME}:{server.port}"
