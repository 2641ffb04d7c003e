"""What is done before the modules of a page have come, which may be seconds on a slow line, is done when they have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from builders import ct_instance
from chromium import Watched
from playwright.sync_api import Page, Route, expect
from running_server import RunningServer


@pytest.fixture(autouse=True)
def two_studies(server: RunningServer) -> None:
    for number, name in enumerate(["Early^Eve", "Later^Leo"], start=1):
        study = f"1.2.9.{number}"
        uids = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1", "SOPInstanceUID": f"{study}.1.1"}
        content = ct_instance(**uids, PatientName=name)
        headers = {"Content-Type": "application/dicom"}
        assert httpx.post(f"{server.base}/studies", content=content, headers=headers).status_code == 200


def open_without(page: Page, path: str, module: str) -> Callable[[], None]:
    """Open a page whose module is held back; what is answered lets it come."""
    held: list[Route] = []
    page.route(f"**/{module}", lambda route: held.append(route))
    with page.expect_request(f"**/{module}"):
        page.goto(path, wait_until="commit")
    expect(page.get_by_role("contentinfo")).to_be_visible()

    def let_come() -> None:
        [route] = held
        route.continue_()

    return let_come


def test_a_button_that_was_pressed_early_acts_once(page: Page) -> None:
    let_come = open_without(page, "/ui/studies/1.2.9.1", "site.js")
    button = page.get_by_role("button", name="Delete")
    button.click()
    button.click()
    let_come()
    expect(page.get_by_role("dialog", name="Delete 1 study?")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    button.click()
    expect(page.get_by_role("dialog")).to_have_count(1)


def test_a_study_that_was_ticked_early_is_selected(page: Page) -> None:
    let_come = open_without(page, "/", "study_list.js")
    page.get_by_role("row", name="Early, Eve").get_by_role("checkbox").click()
    let_come()
    expect(page.get_by_role("row", name="Early, Eve").get_by_role("checkbox")).to_be_checked()
    expect(page.get_by_text("1 study selected")).to_be_visible()


def test_what_was_typed_early_is_searched_for(page: Page) -> None:
    let_come = open_without(page, "/", "htmx.min.js")
    page.get_by_label("Patient name").fill("Later")
    let_come()
    expect(page.get_by_role("link", name="Early, Eve", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="Later, Leo", exact=True)).to_be_visible()


def test_files_are_chosen_by_a_button_that_was_pressed_early(page: Page, tmp_path: Path) -> None:
    (tmp_path / "one.dcm").write_bytes(ct_instance(StudyInstanceUID="1.2.9.3"))
    let_come = open_without(page, "/ui/upload", "upload.js")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
        let_come()
    chooser.value.set_files(tmp_path / "one.dcm")
    expect(page.locator(".upload-studies a")).to_have_count(1)


def test_a_page_whose_module_never_comes_stays_usable(page: Page, watched: Watched) -> None:
    watched.allow("ERR_FAILED")
    page.route("**/study_list.js", lambda route: route.abort())
    page.goto("/")
    page.get_by_label("Patient name").fill("Later")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Early, Eve", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="Later, Leo", exact=True)).to_be_visible()
