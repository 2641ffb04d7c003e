"""What is done with studies, in Chromium: sent to another archive, retrieved from it, deleted after a question."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from builders import ct_instance
from chromium import PHONE, Watched, accessibility_problems, until
from playwright.sync_api import Page, Route, expect
from running_server import RunningServer, start_server
from shown_instances import HOSTILE_NAME

OTHER = "OTHER"


def store(server: RunningServer, study: str, count: int = 1, **attributes: object) -> None:
    for number in range(1, count + 1):
        uids = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1", "SOPInstanceUID": f"{study}.1.{number}"}
        content = ct_instance(**uids, InstanceNumber=str(number), **attributes)
        answer = httpx.post(f"{server.base}/studies", content=content, headers={"Content-Type": "application/dicom"})
        assert answer.status_code == 200, answer.text


def find_actions(page: Page) -> None:
    """Note where the module is that pages act with."""
    script = page.locator("script[src*='/study.js']").get_attribute("src") or ""
    page.evaluate("address => { window.actions = address; }", script.replace("study.js", "actions.js"))


def count_of(server: RunningServer, study: str) -> int:
    answer = httpx.get(f"{server.base}/studies/{study}/instances")
    return len(answer.json()) if answer.status_code == 200 else 0


@pytest.fixture(scope="module")
def other(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Another archive, which the one under test has as a node."""
    started = start_server(tmp_path_factory.mktemp("other") / "data")
    node = {"ae_title": OTHER, "kind": "dicomweb", "base_url": started.base}
    assert httpx.post(f"{server.url}/nodes", json=node).status_code == 201
    yield started
    started.stop()


def test_deleting_asks_first_and_says_what(page: Page, server: RunningServer) -> None:
    store(server, "1.2.8.1", 2, PatientName="Delete^Me")
    page.goto("/ui/studies/1.2.8.1")
    button = page.get_by_role("button", name="Delete")
    button.click()
    dialog = page.get_by_role("dialog", name="Delete 1 study?")
    expect(dialog).to_contain_text("Delete, Me")
    expect(dialog).to_contain_text("1 series, 2 instances")
    assert accessibility_problems(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(button).to_be_focused()
    assert count_of(server, "1.2.8.1") == 2
    button.click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url(f"{server.url}/")
    assert count_of(server, "1.2.8.1") == 0


def test_a_series_and_an_instance_are_deleted_by_themselves(page: Page, server: RunningServer) -> None:
    store(server, "1.2.8.2", 3)
    page.goto("/ui/studies/1.2.8.2/series/1.2.8.2.1/instances/1.2.8.2.1.3")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url("**/series/1.2.8.2.1")
    assert count_of(server, "1.2.8.2") == 2
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog", name="Delete 1 series?").get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url(f"{server.url}/")  # the study went with its last series
    assert count_of(server, "1.2.8.2") == 0


def test_what_cannot_be_deleted_is_told_by_its_name(page: Page, server: RunningServer, watched: Watched) -> None:
    store(server, "1.2.8.3")
    watched.allow("404", "507")
    page.goto("/ui/studies/1.2.8.3")
    page.route("**/dicom-web/studies/1.2.8.4", lambda route: route.fulfill(status=507, json={"detail": "No room."}))
    find_actions(page)
    page.evaluate(
        """async (name) => {
          const { deleteStudies } = await import(window.actions);
          window.deleted = deleteStudies([
            { study_instance_uid: "1.2.8.3", label: "First" },
            { study_instance_uid: "1.2.8.4", label: name },
            { study_instance_uid: "1.2.8.5", label: "Third" },
          ]);
        }""",
        HOSTILE_NAME,
    )
    page.get_by_role("dialog", name="Delete 3 studies?").get_by_role("button", name="Delete", exact=True).click()
    told = page.get_by_role("dialog", name="Not everything was deleted")
    expect(told).to_contain_text(f"{HOSTILE_NAME}: No room.")
    expect(told).to_contain_text("Third")
    told.get_by_role("button", name="Close").click()
    assert page.evaluate("window.deleted.then(all => all.map(one => one.label))") == ["First"]


def test_without_nodes_sending_leads_to_where_they_are_added(page: Page, server: RunningServer) -> None:
    store(server, "1.2.8.6")
    page.route("**/nodes", lambda route: route.fulfill(json=[]))
    page.goto("/ui/studies/1.2.8.6")
    page.get_by_role("button", name="Send").click()
    dialog = page.get_by_role("dialog", name="Send 1 study")
    expect(dialog).to_contain_text("no nodes yet")
    assert dialog.get_by_role("link", name="Add a node").get_attribute("href") == "/ui/nodes"


def test_a_study_is_sent_to_a_node(page: Page, server: RunningServer, other: RunningServer) -> None:
    store(server, "1.2.8.7", 12, PatientName="Send^Me")
    page.set_viewport_size(PHONE)
    page.goto("/ui/studies/1.2.8.7")
    page.get_by_role("button", name="Send").click()
    asking = page.get_by_role("dialog", name="Send 1 study")
    expect(asking).to_contain_text("Send, Me")
    asking.get_by_label("Send to").select_option(OTHER)
    assert accessibility_problems(page) == []
    asking.get_by_role("button", name="Send", exact=True).click()
    running = page.get_by_role("dialog", name=f"Sending to {OTHER}")
    expect(running).to_contain_text("Completed: 12 of 12 instances", timeout=20_000)
    expect(page.get_by_text(f"12 instances were sent to {OTHER}.")).to_be_visible()
    assert accessibility_problems(page) == []
    running.get_by_role("button", name="Close").click()
    assert count_of(other, "1.2.8.7") == 12


def test_a_series_is_retrieved_from_a_node(page: Page, server: RunningServer, other: RunningServer) -> None:
    store(other, "1.2.8.8", 5, PatientName="Fetch^Me")
    page.goto(f"/ui/studies/1.2.8.8?source={OTHER}")
    expect(page.get_by_role("heading", name="Fetch, Me")).to_be_visible()
    expect(page.get_by_text(f"Read from {OTHER}.")).to_be_visible()
    page.get_by_role("link", name="Axial 5 mm", exact=True).click()
    page.get_by_role("button", name=f"Retrieve from {OTHER}").click()
    running = page.get_by_role("dialog", name=f"Retrieving from {OTHER}")
    expect(running).to_contain_text("Completed: 5", timeout=20_000)
    assert count_of(server, "1.2.8.8") == 5
    expect(running.get_by_role("link", name="Open it in this archive")).to_be_visible()
    expect(running.get_by_role("link", name="All transfers")).to_have_count(0)


def newest_transfer(server: RunningServer) -> dict[str, object]:
    transfers: list[dict[str, object]] = httpx.get(f"{server.url}/transfers").json()
    return transfers[0]


def wait_for_the_end(server: RunningServer, study: str) -> None:
    """Wait until the newest transfer, which is of ``study``, has ended, and has been told to all who watch."""
    deadline = time.monotonic() + 20
    while True:
        transfer = newest_transfer(server)
        assert study in str(transfer["resources"])
        if transfer["state"] == "completed":
            break
        assert time.monotonic() < deadline, transfer
        time.sleep(0.05)
    time.sleep(1)


def test_a_transfer_that_ends_before_it_is_known_to_have_begun_is_shown_completed(
    page: Page, server: RunningServer, other: RunningServer
) -> None:
    store(other, "1.2.8.12", 2)

    def answer_late(route: Route) -> None:
        answer = route.fetch()
        wait_for_the_end(server, "1.2.8.12")
        route.fulfill(response=answer)

    page.route(f"{server.url}/transfers", answer_late)
    page.goto(f"/ui/studies/1.2.8.12?source={OTHER}")
    page.get_by_role("button", name=f"Retrieve from {OTHER}").click()
    expect(page.get_by_role("dialog", name=f"Retrieving from {OTHER}")).to_contain_text("Completed: 2")
    expect(page.locator("#transfers-running")).to_be_hidden()


def test_a_transfer_that_ends_before_the_events_are_there_is_shown_completed(
    page: Page, server: RunningServer, other: RunningServer
) -> None:
    store(other, "1.2.8.13", 2)
    held: list[Route] = []
    page.route(f"{server.url}/events*", lambda route: held.append(route))
    page.goto(f"/ui/studies/1.2.8.13?source={OTHER}")
    page.get_by_role("button", name=f"Retrieve from {OTHER}").click()
    running = page.get_by_role("dialog", name=f"Retrieving from {OTHER}")
    expect(running).to_contain_text("instances")
    wait_for_the_end(server, "1.2.8.13")
    held[0].continue_()
    expect(running).to_contain_text("Completed: 2")


def test_the_page_of_transfers_shows_the_end_that_came_while_it_was_read(
    page: Page, server: RunningServer, other: RunningServer
) -> None:
    store(other, "1.2.8.14", 2)
    resources = [{"study_instance_uid": "1.2.8.14"}]
    waiting: dict[str, object] = {}

    def answer_late(route: Route) -> None:
        given = httpx.post(f"{server.url}/transfers", json={"kind": "retrieve", "node": OTHER, "resources": resources})
        waiting.update(given.json())
        wait_for_the_end(server, "1.2.8.14")
        route.fulfill(json=[waiting])

    page.route(f"{server.url}/transfers", answer_late, times=1)
    with page.expect_response(f"{server.url}/transfers"):
        page.goto("/ui/transfers")
    expect(page.locator(f"[data-transfer='{waiting['id']}']")).to_contain_text("2 of 2 instances")
    assert waiting["state"] == "waiting"


def test_a_transfer_goes_on_when_the_page_is_left(page: Page, server: RunningServer, other: RunningServer) -> None:
    store(other, "1.2.8.9", 3)
    page.goto(f"/ui/studies/1.2.8.9?source={OTHER}")
    page.get_by_role("button", name=f"Retrieve from {OTHER}").click()
    page.get_by_role("dialog").wait_for()
    page.goto("/ui/transfers")
    expect(page.get_by_text(f"Retrieve from {OTHER}").first).to_be_visible()
    expect(page.get_by_text("3 of 3 instances").first).to_be_visible(timeout=20_000)
    assert count_of(server, "1.2.8.9") == 3


def test_pictures_of_another_archive_are_fetched_when_they_are_asked_for(
    page: Page, server: RunningServer, other: RunningServer
) -> None:
    store(other, "1.2.8.10", 2)
    page.goto(f"/ui/studies/1.2.8.10?source={OTHER}")
    page.wait_for_load_state("networkidle")
    assert count_of(server, "1.2.8.10") == 0
    page.get_by_role("button", name="Show pictures").click()
    expect(page.locator(".thumb img")).to_have_js_property("complete", True)
    picture = page.locator(".thumb img").first
    until(page, lambda: picture.evaluate("picture => picture.naturalWidth") > 0, "a picture")


def test_of_everybody_who_has_a_study_one_is_chosen(page: Page, server: RunningServer, other: RunningServer) -> None:
    store(other, "1.2.8.11", 2)
    page.goto("/ui/studies/1.2.8.11?source=*")
    page.get_by_role("button", name="Retrieve").click()
    dialog = page.get_by_role("dialog", name="Retrieve 1 study")
    dialog.get_by_label("Retrieve from").select_option(OTHER)
    dialog.get_by_role("button", name="Retrieve", exact=True).click()
    expect(page.get_by_role("dialog", name=f"Retrieving from {OTHER}")).to_contain_text("Completed: 2", timeout=20_000)


def test_several_studies_are_downloaded_one_by_one(page: Page, server: RunningServer) -> None:
    store(server, "1.2.8.12")
    store(server, "1.2.8.13")
    page.goto("/ui/studies/1.2.8.12")
    downloads: list[str] = []
    page.on("download", lambda download: downloads.append(download.suggested_filename))
    find_actions(page)
    page.evaluate(
        """async () => {
          const { downloadStudies } = await import(window.actions);
          const studies = ["1.2.8.12", "1.2.8.13"].map((uid) => ({ study_instance_uid: uid, label: uid }));
          await downloadStudies(studies, { dicomdir: true });
        }"""
    )
    expect(page.get_by_text("2 downloads were started.")).to_be_visible()
    page.wait_for_timeout(500)
    assert sorted(downloads) == ["1.2.8.12.zip", "1.2.8.13.zip"]
