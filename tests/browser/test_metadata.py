"""The tree of metadata in Chromium: read, searched, opened, copied."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from chromium import PHONE, accessibility_problems
from playwright.sync_api import Page, expect
from pydicom.data import get_testdata_file
from running_server import RunningServer
from shown_instances import coded_instance, enhanced_instance, wide_instance

CT = (
    "/ui/studies/1.3.6.1.4.1.5962.1.2.1.20040119072730.12322/series/1.3.6.1.4.1.5962.1.3.1.1.20040119072730.12322"
    "/instances/1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
)
CODED = "/ui/studies/1.2.6.1/series/1.2.6.1.1/instances/1.2.6.1.1.1"
ENHANCED = "/ui/studies/1.2.6.2/series/1.2.6.2.1/instances/1.2.6.2.1.1"
WIDE = "/ui/studies/1.2.6.3/series/1.2.6.3.1/instances/1.2.6.3.1.1"
FRAMES = 2_000


def uids(study: str) -> dict[str, str]:
    return {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1", "SOPInstanceUID": f"{study}.1.1"}


@pytest.fixture(scope="module", autouse=True)
def instances(server: RunningServer) -> None:
    """A CT of a real scanner, an image with codes and private attributes, an image of many frames."""
    real = Path(str(get_testdata_file("CT_small.dcm"))).read_bytes()
    coded, wide = coded_instance(**uids("1.2.6.1")), wide_instance(**uids("1.2.6.3"))
    for content in (real, coded, wide, enhanced_instance(FRAMES, **uids("1.2.6.2"))):
        answer = httpx.post(f"{server.base}/studies", content=content, headers={"Content-Type": "application/dicom"})
        assert answer.status_code == 200, answer.text


def test_private_attributes_of_a_scanner_have_their_names(page: Page) -> None:
    page.goto(CT)
    row = page.locator("[data-path='00191002']")
    expect(row).to_contain_text("Detector Channel")
    expect(row).to_contain_text("GEMS_ACQU_01")
    expect(row).to_contain_text("912")
    assert page.locator(".tree-row").count() > 250
    assert page.locator(".tree-creator").count() > 150


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("detector channel", "00191002"),
        ("(0008,0060)", "00080060"),
        ("00080060", "00080060"),
        ("SliceThickness", "00180050"),
    ],
)
def test_a_search_shows_what_has_the_words_and_how_many_there_are(page: Page, words: str, found: str) -> None:
    page.goto(CT)
    page.get_by_label("Search the attributes").fill(words)
    expect(page.locator("#tree-count")).to_have_text("1 found")
    assert page.locator(".tree-row:visible").count() == 1
    assert page.locator(".tree-row:visible").get_attribute("data-path") == found
    marked = page.evaluate("[...(CSS.highlights.get('found') ?? [])].map(range => range.toString().toLowerCase())")
    assert set(marked) <= set(words.lower().split())
    page.get_by_label("Search the attributes").fill("")
    expect(page.locator("#tree-count")).to_have_text("")
    assert page.locator(".tree-row:visible").count() > 250


def test_a_search_opens_the_sequences_that_have_it(page: Page) -> None:
    page.goto(CODED)
    expect(page.locator("[data-path='00082218']")).to_contain_text("Chest (T-D3000, SRT)")
    assert not page.get_by_text("Code Meaning").is_visible()
    page.get_by_label("Search the attributes").fill("code meaning")
    expect(page.get_by_text("Code Meaning")).to_be_visible()
    assert page.locator("[data-path='00082218/0/00080100']").is_hidden()


def test_sequences_are_folded_and_unfolded_by_keyboard(page: Page) -> None:
    page.goto(CODED)
    branch = page.locator("[data-path='00082218'] > details")
    branch.locator("> summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Code Meaning")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Code Meaning")).to_be_hidden()
    page.get_by_role("button", name="Open all").click()
    expect(page.get_by_text("Code Meaning")).to_be_visible()
    page.get_by_role("button", name="Close all").click()
    expect(page.get_by_text("Code Meaning")).to_be_hidden()


def test_a_long_value_is_shortened_until_it_is_asked_for(page: Page) -> None:
    page.goto(CODED)
    row = page.locator("[data-path='00204000']")
    assert len(row.inner_text()) < 400
    row.get_by_text("Show all 1,599 characters").click()
    assert len(row.inner_text()) > 1_500


def test_a_value_is_copied(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(CODED)
    row = page.locator("[data-path='0020000D']")
    row.hover()
    row.get_by_role("button", name="Copy the value of Study Instance UID").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "1.2.6.1"


def test_bulk_data_can_be_fetched(page: Page) -> None:
    page.goto(CODED)
    link = page.locator("[data-path='00E11002'] a")
    expect(link).to_have_text("5,000 bytes")
    with page.expect_download() as download:
        link.click()
    assert Path(download.value.path()).stat().st_size >= 5_000


def test_items_of_thousands_of_frames_come_when_they_are_wanted(page: Page) -> None:
    page.goto(ENHANCED)
    assert page.locator(".tree-item").count() < 400
    branch = page.locator("[data-path='52009230']")
    branch.locator("> details > summary").click()
    expect(branch.locator(".tree-item").first).to_be_visible()
    branch.get_by_role("button", name="Show the next items (1,900 more)").click()
    expect(branch.get_by_text("Item 200", exact=True)).to_be_visible()
    expect(branch.get_by_role("button", name="(1,800 more)")).to_be_visible()


def test_an_item_beyond_what_a_page_holds_is_loaded_when_it_is_opened(page: Page) -> None:
    page.goto(WIDE)
    assert page.locator(".tree-row").count() < 2_000
    page.locator("[data-path='00E11001'] > details > summary").click()
    last = page.locator(".tree-item").last
    last.locator("summary").click()
    expect(last.get_by_text("Value 59")).to_be_visible()
    expect(last.get_by_text("Loading")).to_have_count(0)


def test_a_search_finds_what_is_not_on_the_page_yet(page: Page) -> None:
    page.goto(ENHANCED)
    page.get_by_label("Search the attributes").fill(f"0\\0\\{2 * FRAMES - 2}")
    expect(page.locator("#tree-count")).to_have_text("1 found")
    expect(page.get_by_text(f"Item {FRAMES}", exact=True)).to_be_visible()
    assert page.locator(".tree-row:visible").count() == 1
    page.get_by_label("Search the attributes").fill("")
    expect(page.locator("[data-path='00080018']")).to_be_visible()


def test_the_metadata_of_a_real_file_are_accessible_on_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto(CODED)
    page.get_by_role("button", name="Open all").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert accessibility_problems(page) == []
