"""An upload whose server is killed in the middle of it, and started again: nothing is lost, and nothing comes twice."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
from builders import ct_instance
from chromium import DESKTOP, Watched
from playwright.sync_api import Browser, Page, expect
from running_server import RunningServer, start_server

FILES = 2000
REPLACED = 2


def write_series(folder: Path) -> Path:
    """Files of twenty series."""
    for number in range(FILES):
        path = folder / f"SE{number % 20:03}" / f"IM{number:06}"
        path.parent.mkdir(parents=True, exist_ok=True)
        uids = {"SeriesInstanceUID": f"1.90.{number % 20}", "SOPInstanceUID": f"1.90.{number % 20}.{number}"}
        path.write_bytes(ct_instance(StudyInstanceUID="1.90", InstanceNumber=str(number), **uids))
    return folder


def start_again(killed: RunningServer) -> RunningServer:
    """Start a server on the same port and folder, as whatever watches over it does."""
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(killed.port), "--data", str(killed.data)]
    with (killed.data.parent / f"server-{killed.port}.log").open("ab") as log:
        process = subprocess.Popen(
            command, env=os.environ, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    return RunningServer(process, killed.port, killed.data)


def stored_files(page: Page) -> int:
    badge = page.locator('.upload-counts [data-count="stored"]')
    return int(badge.inner_text().split()[-1].replace(",", "")) if badge.count() else 0


def test_an_upload_of_2000_files_survives_that_the_server_is_killed(
    browser: Browser, watched: Watched, tmp_path: Path
) -> None:
    watched.allow("ERR_CONNECTION", "ERR_SOCKET", "ERR_EMPTY_RESPONSE", "ERR_INCOMPLETE", "503", "ERR_NETWORK")
    folder = write_series(tmp_path / "disc")
    server = start_server(tmp_path / "data")
    context = browser.new_context(base_url=server.url, viewport=DESKTOP)
    try:
        page = context.new_page()
        watched.watch(page)
        page.goto("/ui/upload")
        page.locator("#upload-folder").set_input_files(folder)
        for kills in range(2):
            while stored_files(page) < 300 + 700 * kills:
                page.wait_for_timeout(50)
            server.kill()
            page.wait_for_selector('[data-phase="away"]')
            expect(page.locator(".upload-away")).to_contain_text("Nothing is lost; it goes on by itself.")
            assert stored_files(page) < FILES
            server = start_again(server)
        page.wait_for_selector('[data-phase="finished"]', timeout=120_000)
        assert stored_files(page) == FILES
        assert page.locator(".upload-counts [data-count]").count() == 1
        check_archive(server)
    finally:
        context.close()
        server.stop()


def check_archive(server: RunningServer) -> None:
    answer = httpx.get(f"{server.base}/studies", headers={"accept": "application/dicom+json"})
    (study,) = answer.json()
    assert study["00201208"]["Value"] == [FILES]
    found = set()
    for offset in range(0, FILES, 500):
        query = f"?limit=500&offset={offset}"
        page = httpx.get(f"{server.base}/studies/1.90/instances{query}", headers={"accept": "application/dicom+json"})
        found |= {instance["00080018"]["Value"][0] for instance in page.json()}
    assert found == {f"1.90.{number % 20}.{number}" for number in range(FILES)}
    with sqlite3.connect(server.data / "index.sqlite") as index:
        kinds = dict(index.execute("SELECT kind, count(*) FROM change WHERE sop_instance_uid <> '' GROUP BY kind"))
        files = index.execute("SELECT count(DISTINCT key) FROM instance").fetchone()[0]
    assert kinds == {1: FILES}
    assert files == FILES
