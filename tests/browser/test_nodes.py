"""The page of nodes in Chromium, against DCMTK's archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import ct_instance
from chromium import PHONE, Watched, accessibility_problems
from peers import Program, dcmqrscp
from playwright.sync_api import Page, expect


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Another archive, with one instance."""
    with dcmqrscp(tmp_path_factory.mktemp("pacs") / "archive", [ct_instance(PatientName="Remote^Rita")]) as program:
        yield program


def add(page: Page, ae_title: str, host: str, port: int) -> None:
    page.get_by_role("button", name="Add a node").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("AE title").fill(ae_title)
    dialog.get_by_label("Host").fill(host)
    dialog.get_by_label("Port").fill(str(port))
    dialog.get_by_role("button", name="Save and test").click()


def remove_all(page: Page) -> None:
    for node in page.request.get("/nodes").json():
        page.request.delete(f"/nodes/{node['ae_title']}")


@pytest.fixture(autouse=True)
def no_nodes(page: Page) -> None:
    """Begin without nodes."""
    remove_all(page)


def test_a_node_that_is_added_is_tested_at_once(page: Page, pacs: Program) -> None:
    page.goto("/ui/nodes")
    expect(page.get_by_text("No nodes yet")).to_be_visible()
    add(page, pacs.node.ae_title, pacs.node.host, pacs.node.port)
    row = page.get_by_role("row", name=pacs.node.ae_title)
    expect(row.locator(".node-test")).to_contain_text("answers in")
    page.reload()
    expect(row).to_contain_text(f"{pacs.node.host}:{pacs.node.port}")


def test_a_node_that_does_not_answer_says_why(page: Page, pacs: Program, watched: Watched) -> None:
    watched.allow("502", "echo")
    page.goto("/ui/nodes")
    add(page, "NOBODY", "127.0.0.1", 1)
    cell = page.get_by_role("row", name="NOBODY").locator(".node-test")
    expect(cell).to_contain_text("failed")
    expect(cell).to_contain_text("127.0.0.1")


def test_what_is_wrong_with_a_node_is_said_in_the_form(page: Page, watched: Watched) -> None:
    watched.allow("400", "Bad Request")
    page.goto("/ui/nodes")
    add(page, "PACS", "not a host", 104)
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Host: ")
    expect(page.get_by_label("Host")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_title_that_is_taken_is_said_in_the_form(page: Page, watched: Watched) -> None:
    watched.allow("409")
    page.request.post("/nodes", data={"ae_title": "PACS", "host": "127.0.0.1", "port": 104})
    page.goto("/ui/nodes")
    add(page, "PACS", "127.0.0.1", 105)
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text("There is a node called PACS already.")


def test_what_a_test_has_said_stays_when_another_node_is_removed(page: Page, pacs: Program) -> None:
    page.request.post("/nodes", data={"ae_title": "OTHER", "host": "127.0.0.1", "port": 104})
    page.goto("/ui/nodes")
    add(page, pacs.node.ae_title, pacs.node.host, pacs.node.port)
    cell = page.get_by_role("row", name=pacs.node.ae_title).locator(".node-test")
    expect(cell).to_contain_text("answers in")
    page.get_by_role("button", name="Remove OTHER").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("row", name="OTHER")).to_be_hidden()
    expect(cell).to_contain_text("answers in")


def test_a_node_is_edited_and_keeps_what_was_not_touched(page: Page, pacs: Program, watched: Watched) -> None:
    watched.allow("503")  # DCMTK's archive is called otherwise
    page.request.post(
        "/nodes",
        data={
            "ae_title": "PACS",
            "host": pacs.node.host,
            "port": pacs.node.port,
            "password": "kept",
            "username": "u",
            "idle_timeout": 33,
        },
    )
    page.goto("/ui/nodes")
    page.get_by_role("button", name="Edit PACS").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("AE title")).not_to_be_editable()
    dialog.get_by_label("Retrieve by").select_option("move")
    dialog.get_by_role("button", name="Save and test").click()
    expect(page.get_by_role("row", name="PACS")).to_contain_text("C-MOVE")
    node = page.request.get("/nodes/PACS").json()
    assert (node["retrieve"], node["has_password"], node["idle_timeout"]) == ("move", True, 33)


def test_a_dicomweb_server_is_added_by_its_url(page: Page, server_url: str) -> None:
    page.goto("/ui/nodes")
    page.get_by_role("button", name="Add a node").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("DICOMweb").check()
    expect(dialog.get_by_label("Host")).to_be_hidden()
    dialog.get_by_label("AE title").fill("WEB")
    dialog.get_by_label("Base URL").fill(f"{server_url}/dicom-web")
    dialog.get_by_role("button", name="Save and test").click()
    row = page.get_by_role("row", name="WEB")
    expect(row).to_contain_text("WADO-RS")
    expect(row.locator(".node-test")).to_contain_text("answers in")


def test_a_node_is_removed_after_a_question(page: Page, pacs: Program) -> None:
    page.request.post("/nodes", data={"ae_title": "PACS", "host": "127.0.0.1", "port": pacs.node.port})
    page.goto("/ui/nodes")
    page.get_by_role("button", name="Remove PACS").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("row", name="PACS")).to_be_visible()
    page.get_by_role("button", name="Remove PACS").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No nodes yet")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_page_is_accessible(page: Page, scheme: str, width: int) -> None:
    page.request.post("/nodes", data={"ae_title": "PACS", "host": "127.0.0.1", "port": 104, "tls": True})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": PHONE["height"]})
    page.goto("/ui/nodes")
    assert accessibility_problems(page) == []
    page.get_by_role("button", name="Edit PACS").click()
    page.get_by_text("More settings").click()
    assert accessibility_problems(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_pages_of_status_and_transfers_are_accessible(page: Page) -> None:
    for path in ("/ui/status", "/ui/transfers"):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(path)
            assert accessibility_problems(page) == [], (path, scheme)


def test_the_status_page_follows_what_is_stored(page: Page, tmp_path: Path) -> None:
    page.goto("/ui/status")
    expect(page.get_by_role("list", name="What is stored")).to_contain_text("0 instances")
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + ct_instance() + b"\r\n--b--\r\n"
    content_type = 'multipart/related; type="application/dicom"; boundary=b'
    assert page.request.post("/dicom-web/studies", data=body, headers={"content-type": content_type}).ok
    expect(page.get_by_role("list", name="What is stored")).to_contain_text("1 instances")
