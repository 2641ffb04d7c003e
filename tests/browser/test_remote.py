"""From end to end with other archives: a node is added, tried, searched and retrieved from; progress outlives pages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from builders import CT_IMAGE_STORAGE, ct_instance
from chromium import Watched
from peers import Program, dcmqrscp, pynetdicom_ae
from playwright.sync_api import Page, expect
from pynetdicom import evt
from running_server import RunningServer

REMOTE_STUDY = "1.2.3.50"
COUNT = 30


def instances_of(study: str, **attributes: object) -> list[bytes]:
    """A series of a study."""
    return [
        ct_instance(
            StudyInstanceUID=study,
            SeriesInstanceUID=f"{study}.1",
            SOPInstanceUID=f"{study}.1.{number}",
            InstanceNumber=str(number),
            **attributes,
        )
        for number in range(1, COUNT + 1)
    ]


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """DCMTK's archive with a study that is nowhere else."""
    files = instances_of(REMOTE_STUDY, PatientName="Remote^Rita", PatientID="R-1")
    with dcmqrscp(tmp_path_factory.mktemp("pacs") / "archive", files) as program:
        yield program


def add_node(page: Page, ae_title: str, port: int) -> None:
    page.goto("/ui/nodes")
    page.get_by_role("button", name="Add a node").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("AE title").fill(ae_title)
    dialog.get_by_label("Host").fill("127.0.0.1")
    dialog.get_by_label("Port").fill(str(port))
    dialog.get_by_role("button", name="Save and test").click()
    expect(page.get_by_role("row", name=ae_title).locator(".node-test")).to_contain_text("answers in")


def test_a_study_of_a_node_is_found_and_retrieved(page: Page, server: RunningServer, pacs: Program) -> None:
    add_node(page, pacs.node.ae_title, pacs.node.port)
    page.get_by_role("link", name=pacs.node.ae_title).click()
    page.get_by_label("Patient name").fill("Remo")
    page.get_by_role("link", name="Remote, Rita", exact=True).click()
    expect(page.get_by_role("heading", name="Remote, Rita")).to_be_visible()
    page.get_by_role("button", name=f"Retrieve from {pacs.node.ae_title}").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("status")).to_contain_text(str(COUNT), timeout=30_000)
    page.goto("/ui/transfers")
    card = page.get_by_role("listitem").filter(has_text=f"Retrieve from {pacs.node.ae_title}")
    expect(card).to_contain_text("completed", timeout=30_000)
    expect(card).to_contain_text(f"{COUNT} of {COUNT} instances")
    page.reload()
    expect(card).to_contain_text(f"{COUNT} of {COUNT} instances")
    found = httpx.get(f"{server.base}/studies/{REMOTE_STUDY}/instances").json()
    assert len(found) == COUNT
    page.goto("/")
    expect(page.get_by_role("link", name="Remote, Rita", exact=True)).to_be_visible()


def store(server: RunningServer, study: str) -> None:
    for content in instances_of(study, PatientName="Sent^Sam"):
        headers = {"Content-Type": "application/dicom"}
        assert httpx.post(f"{server.base}/studies", content=content, headers=headers).status_code == 200


def slow_store(_event: evt.Event) -> int:
    time.sleep(0.2)
    return 0x0000


def test_progress_of_a_send_survives_a_reload(page: Page, server: RunningServer) -> None:
    study = "1.2.3.60"
    store(server, study)
    handlers: list[tuple[Any, ...]] = [(evt.EVT_C_STORE, slow_store)]
    contexts = [CT_IMAGE_STORAGE, "1.2.840.10008.1.1"]
    with pynetdicom_ae(handlers, contexts, ae_title="SLOW") as slow:
        add_node(page, "SLOW", slow.port)
        page.goto(f"/ui/studies/{study}")
        page.get_by_role("button", name="Send").click()
        page.get_by_role("dialog").get_by_label("Send to").select_option("SLOW")
        page.get_by_role("dialog").get_by_role("button", name="Send").click()
        expect(page.get_by_role("dialog").get_by_role("progressbar")).to_be_visible()
        page.reload()
        expect(page.locator("#transfers-running")).to_have_text("1")
        page.goto("/ui/transfers")
        card = page.get_by_role("listitem").filter(has_text="Send to SLOW")
        expect(card).to_contain_text("running")
        page.reload()
        expect(card).to_contain_text("running")
        expect(card).to_contain_text(f"of {COUNT} instances")
        expect(card).to_contain_text(f"{COUNT} of {COUNT} instances", timeout=60_000)
        expect(card).to_contain_text("completed")
        expect(page.locator("#transfers-running")).to_be_hidden()


def test_a_transfer_is_cancelled_and_begun_again(page: Page, server: RunningServer, watched: Watched) -> None:
    study = "1.2.3.61"
    store(server, study)
    with pynetdicom_ae(
        [(evt.EVT_C_STORE, slow_store)], [CT_IMAGE_STORAGE, "1.2.840.10008.1.1"], ae_title="SLOW"
    ) as slow:
        node = {"ae_title": "SLOW", "host": "127.0.0.1", "port": slow.port}
        assert httpx.put(f"{server.url}/nodes/SLOW", json=node).is_success
        wanted = {"kind": "send", "node": "SLOW", "resources": [{"study_instance_uid": study}]}
        page.goto("/ui/transfers")
        assert httpx.post(f"{server.url}/transfers", json=wanted).status_code == 202
        card = page.locator(".transfer").filter(has_text="Send to SLOW").first
        card.get_by_role("button", name="Cancel").click()
        expect(card).to_contain_text("cancelled", timeout=30_000)
        card.get_by_role("button", name="Retry").click()
        expect(card).to_contain_text("completed", timeout=60_000)
        page.get_by_role("button", name="Clear ended").click()
        expect(page.get_by_text("No transfers")).to_be_visible()
