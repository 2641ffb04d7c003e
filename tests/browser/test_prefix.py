"""All pages behind a reverse proxy that puts them below a prefix."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from builders import ct_instance
from chromium import DESKTOP, Watched
from playwright.sync_api import Browser, Page, expect
from prefix_proxy import prefix_proxy
from running_server import RunningServer

PREFIX = "/pacs/one"
STUDY, SERIES, INSTANCE = "1.2.3.70", "1.2.3.70.1", "1.2.3.70.1.1"


@pytest.fixture(scope="module")
def proxy(server: RunningServer) -> Iterator[str]:
    """The address of the proxy, with the prefix."""
    uids = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES, "SOPInstanceUID": INSTANCE}
    content = ct_instance(**uids, PatientName="Prefix^Pia")
    headers = {"Content-Type": "application/dicom"}
    assert httpx.post(f"{server.base}/studies", content=content, headers=headers).status_code == 200
    with prefix_proxy(server.url, PREFIX) as address:
        yield address


@pytest.fixture
def page(browser: Browser, proxy: str, watched: Watched) -> Iterator[Page]:
    """A page whose paths are below the proxy; whatever it asks for must be below the prefix, too."""
    context = browser.new_context(base_url=proxy.removesuffix(PREFIX), viewport=DESKTOP)
    opened = context.new_page()
    watched.watch(opened)
    yield opened
    context.close()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        f"/ui/studies/{STUDY}",
        f"/ui/studies/{STUDY}/series/{SERIES}",
        f"/ui/studies/{STUDY}/series/{SERIES}/instances/{INSTANCE}",
        f"/ui/view/{STUDY}",
        "/ui/upload",
        "/ui/nodes",
        "/ui/transfers",
        "/ui/status",
    ],
)
def test_a_page_and_all_its_links_are_below_the_prefix(page: Page, proxy: str, path: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{PREFIX}{path}")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    assert [url for url in asked if not url.startswith((f"{proxy}/", "blob:", "data:"))] == []
    links = page.eval_on_selector_all("[href], [src]", "all => all.map((one) => one.href || one.src)")
    assert [link for link in links if link and not link.startswith(f"{proxy}/")] == []


def test_a_study_is_searched_opened_and_deleted_there(page: Page, proxy: str, server: RunningServer) -> None:
    page.goto(f"{PREFIX}/")
    page.get_by_label("Patient name").fill("pre")
    page.get_by_role("link", name="Prefix, Pia", exact=True).click()
    expect(page.get_by_role("heading", name="Prefix, Pia")).to_be_visible()
    expect(page.locator("#live")).to_have_attribute("data-state", "live")  # its scripts are there
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url(f"{proxy}/*")
    assert httpx.get(f"{server.base}/studies").status_code == 204
