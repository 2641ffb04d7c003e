"""The study list in Chromium: typing, the keyboard, the history, selection, and studies that come by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from builders import ct_instance
from chromium import PHONE, Watched, accessibility_problems
from playwright.sync_api import Locator, Page, expect
from running_server import RunningServer, free_port, start_server

HOSTILE = "<img src=x onerror=alert(1)>"


def store(server: RunningServer, number: int, **attributes: object) -> None:
    uids = {"StudyInstanceUID": f"1.2.{number}", "SeriesInstanceUID": f"1.2.{number}.1"}
    content = ct_instance(SOPInstanceUID=f"1.2.{number}.1.1", **{**uids, "PatientID": f"P{number}", **attributes})
    headers = {"content-type": "application/dicom"}
    httpx.post(f"{server.base}/studies", content=content, headers=headers, timeout=30).raise_for_status()


def delete(server: RunningServer, uid: str) -> None:
    httpx.delete(f"{server.base}/studies/{uid}", timeout=30).raise_for_status()


@pytest.fixture(autouse=True)
def nothing_is_left_of_other_tests(server: RunningServer) -> None:
    found = httpx.get(f"{server.base}/studies", timeout=30)
    for study in found.json() if found.content else ():
        delete(server, study["0020000D"]["Value"][0])


@pytest.fixture(scope="module")
def pacs(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Another archive, the node PACS of the first."""
    port = free_port()
    started = start_server(tmp_path_factory.mktemp("pacs") / "data", "--ae-title", "PACS", "--dimse-port", str(port))
    node = {"ae_title": "PACS", "kind": "dimse", "host": "127.0.0.1", "port": port}
    httpx.post(f"{server.url}/nodes", json=node).raise_for_status()
    yield started
    httpx.delete(f"{server.url}/nodes/PACS").raise_for_status()
    started.stop()


def studies(page: Page) -> Locator:
    return page.locator("tr[data-study] .cell-name")


def live(page: Page) -> None:
    expect(page.locator("#live")).to_have_attribute("data-state", "live")


def test_studies_appear_in_an_empty_archive_and_vanish_by_themselves(page: Page, server: RunningServer) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_visible()
    expect(page.locator("code").first).to_contain_text("isocenter import")
    live(page)
    store(server, 1, PatientName="Doe^Jane")
    expect(studies(page)).to_have_text(["Doe, Jane"])
    expect(page.locator("#announcement")).to_have_text("1 new study")
    store(server, 2, PatientName="Roe^Rita", StudyDate="20260101")
    expect(studies(page)).to_have_text(["Roe, Rita", "Doe, Jane"])
    delete(server, "1.2.2")
    expect(studies(page)).to_have_text(["Doe, Jane"])
    expect(page.locator("#announcement")).to_have_text("1 study removed")


def test_files_are_dropped_anywhere_on_the_page(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "slice.dcm"
    path.write_bytes(ct_instance(PatientName="Dropped^Dora"))
    page.goto("/")
    live(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 700, "y": 600, "data": data})
    expect(studies(page)).to_have_text(["Dropped, Dora"])
    expect(page.get_by_role("heading", name="Nothing here yet")).to_be_hidden()


def test_typing_searches_and_the_address_keeps_it(page: Page, server: RunningServer) -> None:
    store(server, 1, PatientName="Doe^Jane", StudyDescription="CT Chest")
    store(server, 2, PatientName="Roe^Rita", StudyDescription="MR Brain", Modality="MR")
    page.goto("/")
    page.get_by_label("Patient name").press_sequentially("jan", delay=20)
    expect(studies(page)).to_have_text(["Doe, Jane"])
    expect(page).to_have_url(re.compile(r"/\?name=jan$"))
    expect(page.locator("#announcement")).to_have_text("1 study")
    page.reload()
    expect(page.get_by_label("Patient name")).to_have_value("jan")
    expect(studies(page)).to_have_text(["Doe, Jane"])
    page.get_by_label("Patient name").fill("")
    page.locator("label.chip", has_text="MR").click()
    expect(studies(page)).to_have_text(["Roe, Rita"])
    page.get_by_label("Study description").fill("nothing like it")
    expect(page.get_by_role("heading", name="No study matches")).to_be_visible()
    page.get_by_role("button", name="Clear the search").click()
    expect(studies(page)).to_have_count(2)
    expect(page).to_have_url(re.compile(r"/$"))


def test_a_search_that_was_not_answered_is_asked_again_when_the_server_is_back(
    page: Page, server: RunningServer, watched: Watched
) -> None:
    watched.allow("ERR_", "Failed to fetch", "503")
    store(server, 1, PatientName="Doe^Jane")
    store(server, 2, PatientName="Roe^Richard")
    page.route("**/events?*", lambda route: route.fulfill(status=503))
    page.goto("/")
    page.route("**/ui/parts/studies?*", lambda route: route.abort())
    page.get_by_label("Patient name").fill("roe")
    expect(page.locator("#toasts")).to_contain_text("What is shown is of the search before.")
    expect(studies(page)).to_have_count(2)
    page.unroute_all()
    live(page)
    expect(studies(page)).to_have_text(["Roe, Richard"])


def test_the_longest_identifiers_leave_the_page_its_width(page: Page, server: RunningServer) -> None:
    store(server, 1, PatientID="P" * 64, PatientName="W" * 64, AccessionNumber="A" * 16, StudyDescription="X" * 64)
    for width in (1440, PHONE["width"]):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto("/")
        expect(studies(page)).to_have_count(1)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
        expect(page.get_by_role("link", name="View")).to_be_in_viewport(ratio=1)


def test_days_are_chosen_and_a_mistake_is_told_at_its_field(page: Page, server: RunningServer) -> None:
    store(server, 1, StudyDate="20240131")
    page.goto("/")
    expect(page.get_by_label("From")).to_be_hidden()
    page.get_by_label("Study date").first.select_option("From / to")
    page.get_by_label("From").fill("2024-02-01")
    expect(page.get_by_role("heading", name="No study matches")).to_be_visible()
    page.get_by_label("To", exact=True).fill("2024-01-01")
    expect(page.locator("#error-to")).to_have_text("The last day is before the first.")
    expect(page.get_by_label("To", exact=True)).to_have_attribute("aria-invalid", "true")
    page.get_by_label("From").fill("2023-12-31")
    expect(page.locator("#error-to")).to_be_empty()
    page.get_by_label("To", exact=True).fill("2024-01-31")
    expect(studies(page)).to_have_count(1)


def test_the_keyboard_goes_to_the_search_and_through_the_studies(page: Page, server: RunningServer) -> None:
    store(server, 1, PatientName="Doe^Jane", StudyDate="20250101")
    store(server, 2, PatientName="Roe^Rita", StudyDate="20240101")
    page.goto("/")
    page.keyboard.press("/")
    expect(page.get_by_label("Patient name")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Doe, Jane", exact=True)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="Roe, Rita", exact=True)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Patient name")).to_be_focused()
    page.keyboard.type("a/b")
    expect(page.get_by_label("Patient name")).to_have_value("a/b")
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/ui/studies/1\.2\.1$"))


def test_pages_are_leafed_through_and_back_leads_back(page: Page, server: RunningServer) -> None:
    for number in range(27):
        store(server, number, StudyDate=f"202401{number + 1:02d}")
    page.goto("/?size=25")
    expect(page.locator("#summary")).to_have_text("1 to 25 of 27 studies")
    page.locator("#bottom-next").click()
    expect(page.locator("#summary")).to_have_text("26 to 27 of 27 studies")
    expect(page).to_have_url(re.compile(r"/\?size=25&page=2$"))
    page.go_back()
    expect(page.locator("#summary")).to_have_text("1 to 25 of 27 studies")
    page.go_forward()
    expect(page.locator("#summary")).to_have_text("26 to 27 of 27 studies")
    page.get_by_label("Studies a page").select_option("50")
    expect(page.locator("#summary")).to_have_text("27 studies")


def test_selection_and_focus_stay_when_a_study_arrives(page: Page, server: RunningServer) -> None:
    store(server, 1, PatientName="Doe^Jane", StudyDate="20240101")
    page.goto("/")
    live(page)
    box = page.get_by_role("checkbox", name=re.compile("Select Doe, Jane"))
    box.check()
    expect(page.locator("#selection-count")).to_have_text("1 study selected")
    store(server, 2, PatientName="Roe^Rita", StudyDate="20250101")
    expect(studies(page)).to_have_text(["Roe, Rita", "Doe, Jane"])
    expect(box).to_be_checked()
    expect(box).to_be_focused()
    expect(page.locator("#selection-count")).to_have_text("1 study selected")
    page.get_by_role("checkbox", name="Select all studies of this page").check()
    expect(page.locator("#selection-count")).to_have_text("2 studies selected")
    page.get_by_role("button", name="Clear selection").click()
    expect(page.locator("#selection")).to_be_hidden()
    expect(box).not_to_be_checked()


def test_selected_studies_are_deleted_after_a_question(page: Page, server: RunningServer) -> None:
    for number, name in enumerate(("Doe^Jane", "Roe^Rita", "Poe^Paul")):
        store(server, number, PatientName=name, StudyDate=f"2024010{3 - number}")
    page.goto("/")
    page.get_by_role("checkbox", name=re.compile("Select Doe, Jane")).check()
    page.get_by_role("checkbox", name=re.compile("Select Poe, Paul")).check()
    page.locator("#selection").get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Doe, Jane")
    dialog.get_by_role("button", name="Cancel").click()
    expect(studies(page)).to_have_count(3)
    page.locator("#selection").get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(studies(page)).to_have_text(["Roe, Rita"])
    expect(page.locator("#selection")).to_be_hidden()


def test_what_comes_from_data_is_text(page: Page, server: RunningServer) -> None:
    store(server, 1, PatientName="x", PatientID=HOSTILE, StudyDescription=HOSTILE, AccessionNumber=HOSTILE)
    page.goto("/")
    expect(page.locator("tr[data-study] .cell-description")).to_have_text(HOSTILE)
    expect(page.locator("#results img")).to_have_count(0)


def test_a_node_is_searched_after_three_characters_or_at_once_by_enter(
    page: Page, server: RunningServer, pacs: RunningServer
) -> None:
    store(server, 1, PatientName="Doe^Jane", StudyDate="20250101")
    store(pacs, 1, PatientName="Doe^Jane", StudyDate="20250101")
    store(pacs, 2, PatientName="Doe^John", StudyDate="20240101")
    page.goto("/")
    page.get_by_label("Search in").select_option("PACS")
    expect(page.get_by_role("heading", name="What are you looking for at PACS?")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/ui/parts/" in request.url else None)
    name = page.get_by_label("Patient name")
    name.press_sequentially("do")
    page.wait_for_timeout(500)
    assert asked == []
    name.press("Enter")
    expect(studies(page)).to_have_text(["Doe, Jane", "Doe, John"])
    expect(page.locator(".cell-where")).to_have_text([re.compile(r"Here\s+PACS"), re.compile(r"^\s*PACS\s*$")])
    assert len(asked) == 1
    name.press_sequentially("e jo")
    expect(studies(page)).to_have_text(["Doe, John"])
    expect(page.get_by_role("link", name="Doe, John", exact=True)).to_have_attribute(
        "href", "/ui/studies/1.2.2?source=PACS"
    )
    page.get_by_label("Search in").select_option("*")
    expect(page).to_have_url(re.compile(r"source=\*|source=%2A"))
    page.get_by_role("checkbox", name=re.compile("Select Doe, John")).check()
    expect(page.locator("#selection").get_by_role("button", name="Retrieve")).to_be_visible()
    expect(page.locator("#selection").get_by_role("button", name="Delete")).to_be_hidden()


def test_on_a_phone_studies_are_cards_and_filters_unfold(page: Page, server: RunningServer) -> None:
    store(server, 1, PatientName="Doe^Jane", StudyDescription="A description longer than a phone is wide, by far")
    page.set_viewport_size(PHONE)
    page.goto("/")
    expect(page.get_by_label("Study description")).to_be_hidden()
    page.get_by_role("button", name="More filters").click()
    page.get_by_label("Study description").fill("description")
    expect(page).to_have_url(re.compile("description=description"))
    expect(studies(page)).to_have_text(["Doe, Jane"])
    assert page.evaluate("() => document.documentElement.scrollWidth") == PHONE["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_the_list_is_accessible(page: Page, server: RunningServer, watched: Watched, scheme: str, width: int) -> None:
    watched.allow("400")
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 900})
    for path in ("/", "/?name=nobody", "/?date=range&from=2026-02-01&to=2026-01-01"):
        page.goto(path)
        assert accessibility_problems(page) == []
    store(server, 1, PatientName="Doe^Jane")
    page.goto("/?modality=CT")
    page.locator("tr[data-study] input").check()
    assert accessibility_problems(page) == []


def test_nothing_of_a_patient_is_kept_in_the_browser(page: Page, server: RunningServer) -> None:
    store(server, 1, PatientName="Doe^Jane")
    page.goto("/")
    page.get_by_label("Patient name").press_sequentially("jane")
    expect(page).to_have_url(re.compile("name=jane"))
    assert page.evaluate("() => localStorage.length + sessionStorage.length") == 0
