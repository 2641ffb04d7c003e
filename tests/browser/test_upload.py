"""Uploading as a person does it: files dropped on the page or chosen on it, of which everything is to be seen."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import httpx
import pytest
from builders import ct_instance
from chromium import DESKTOP, PHONE, Watched, accessibility_problems
from playwright.sync_api import Page, Request, expect
from pydicom import dcmread
from pydicom.data import get_testdata_file
from running_server import RunningServer

REAL = ("CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "reportsi.dcm", "waveform_ecg.dcm", "SC_rgb_rle.dcm")
REFUSED = "409"  # what Chromium says of an answer that refuses a file


def drop(page: Page, *paths: Path, x: int = 700, y: int = 500) -> None:
    """Drop files and folders, as the desktop does it."""
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": data})
    session.detach()


def wait_until_done(page: Page) -> None:
    page.wait_for_selector('[data-phase="finished"]', timeout=60_000)


def counts(page: Page) -> dict[str, int]:
    """What became of the files, as the page counts them."""
    badges = page.locator(".upload-counts [data-count]").all()
    return {str(one.get_attribute("data-count")): int(one.inner_text().split()[-1].replace(",", "")) for one in badges}


def stores(page: Page) -> list[Request]:
    """The requests that send a file, from now on."""
    noted: list[Request] = []
    page.on("request", lambda one: noted.append(one) if one.url.endswith("/dicom-web/studies") else None)
    return noted


def write_slices(folder: Path, study: str, number: int, **attributes: str) -> Path:
    folder.mkdir(parents=True)
    for place in range(number):
        uids = {"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1", "SOPInstanceUID": f"{study}.1.{place}"}
        (folder / f"slice{place}.dcm").write_bytes(ct_instance(**uids, **attributes))
    return folder


@pytest.fixture
def real_files(tmp_path: Path) -> Path:
    """A folder of real files, some of them further down."""
    folder = tmp_path / "disc"
    for place, name in enumerate(REAL):
        path = folder / ("DICOM" if place % 2 else "") / f"IM{place:06}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(Path(str(get_testdata_file(name))).read_bytes())
    (folder / "autorun.inf").write_text("[autorun]")
    return folder


def test_a_folder_of_real_files_arrives_by_drop_and_is_not_sent_again(
    page: Page, server: RunningServer, real_files: Path
) -> None:
    page.goto("/ui/upload")
    drop(page, real_files)
    wait_until_done(page)
    assert counts(page) == {"stored": len(REAL), "left-out": 1}
    expected = {dcmread(path).StudyInstanceUID for path in real_files.rglob("IM*")}
    found = httpx.get(f"{server.base}/studies", headers={"accept": "application/dicom+json"}).json()
    assert expected <= {study["0020000D"]["Value"][0] for study in found}
    links = [link.get_attribute("href") for link in page.locator(".upload-studies a").all()]
    assert {f"/ui/studies/{uid}" for uid in expected} == set(links)
    expect(page.locator(".upload-studies")).to_contain_text("CompressedSamples, CT1")

    sent = stores(page)
    page.reload()
    drop(page, real_files)
    wait_until_done(page)
    assert counts(page) == {"there": len(REAL), "left-out": 1}
    assert sent == []


def test_a_folder_with_more_files_than_a_browser_gives_at_once_is_walked(page: Page, tmp_path: Path) -> None:
    page.goto("/ui/upload")
    drop(page, write_slices(tmp_path / "a" / "b" / "c", "1.77", 205).parents[1])
    wait_until_done(page)
    assert counts(page) == {"stored": 205}
    expect(page.locator(".upload-rows li").first).to_contain_text("a/b/c/slice")
    assert page.locator(".upload-rows li").count() < 60


def test_a_zip_archive_is_opened_in_the_browser(page: Page, server: RunningServer, tmp_path: Path) -> None:
    files = write_slices(tmp_path / "slices", "1.78", 6)
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for place, path in enumerate(sorted(files.iterdir())):
            compression = zipfile.ZIP_DEFLATED if place % 2 else zipfile.ZIP_STORED
            opened.write(path, f"DICOM/ST0/SE{place % 2}/{path.name}", compression)
        opened.writestr("README.txt", "hello")
    page.goto("/ui/upload")
    page.locator("#upload-files").set_input_files(archive)
    wait_until_done(page)
    assert counts(page) == {"stored": 6, "left-out": 1}
    stored = httpx.get(f"{server.base}/studies/1.78/instances", headers={"accept": "application/dicom+json"}).json()
    assert len(stored) == 6
    expect(page.locator(".upload-rows")).to_contain_text("export.zip/DICOM/ST0/SE0/slice0.dcm")


def test_a_broken_file_says_why_it_was_refused(page: Page, watched: Watched, tmp_path: Path) -> None:
    watched.allow(REFUSED)
    folder = write_slices(tmp_path / "disc", "1.79", 2)
    (folder / "broken.dcm").write_bytes(ct_instance(SOPInstanceUID="1.79.9")[:480])
    (folder / "empty.dcm").write_bytes(b"")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/ui/upload")
    page.locator("#upload-folder").set_input_files(folder)
    wait_until_done(page)
    assert counts(page) == {"stored": 2, "refused": 2}
    page.get_by_role("button", name=re.compile("^Problems")).click()
    rows = page.locator(".upload-rows li")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("(0010,0010) at byte 466 (C000: cannot understand)")
    page.get_by_role("button", name="Copy problems as text").click()
    expect(page.locator(".toast")).to_have_text("2 lines copied.")
    copied = str(page.evaluate("navigator.clipboard.readText()")).splitlines()
    assert [line.split("\t")[:2] for line in copied] == [
        ["disc/broken.dcm", "Refused"],
        ["disc/empty.dcm", "Refused"],
    ]


def test_another_version_replaces_what_is_there_and_says_so(page: Page, tmp_path: Path) -> None:
    page.goto("/ui/upload")
    page.locator("#upload-folder").set_input_files(write_slices(tmp_path / "old", "1.80", 2))
    wait_until_done(page)
    page.reload()
    page.locator("#upload-folder").set_input_files(write_slices(tmp_path / "new", "1.80", 3, PatientID="changed"))
    wait_until_done(page)
    assert counts(page) == {"stored": 1, "replaced": 2}


def test_a_pause_holds_the_upload_and_it_goes_on_where_it_was(page: Page, tmp_path: Path) -> None:
    page.goto("/ui/upload")
    sent = stores(page)
    page.locator("#upload-folder").set_input_files(write_slices(tmp_path / "disc", "1.81", 150))
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".upload-facts")).not_to_contain_text("still being sent")
    expect(page.locator(".upload-head h2")).to_contain_text("Paused")
    held = len(sent)
    assert held < 150
    page.wait_for_timeout(400)
    assert len(sent) == held
    page.get_by_role("button", name="Resume").click()
    wait_until_done(page)
    assert counts(page) == {"stored": 150}
    assert len(sent) == 150


def test_a_cancelled_upload_stops_and_can_be_taken_up_again(page: Page, tmp_path: Path) -> None:
    page.goto("/ui/upload")
    page.locator("#upload-folder").set_input_files(write_slices(tmp_path / "disc", "1.82", 150))
    page.get_by_role("button", name="Cancel").click()
    wait_until_done(page)
    found = counts(page)
    assert found["cancelled"] + found.get("stored", 0) == 150
    page.get_by_role("button", name="Try again").click()
    page.wait_for_selector('.upload-panel:not([data-phase="finished"])')
    wait_until_done(page)
    found = counts(page)
    assert found.get("stored", 0) + found.get("there", 0) == 150


def test_who_leaves_in_the_middle_of_it_is_asked_first(page: Page, tmp_path: Path) -> None:
    page.goto("/ui/upload")
    asked: list[str] = []

    def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", stay)
    page.locator("#choose-files").focus()
    page.keyboard.press("Tab")  # a page that nobody has touched may not ask
    page.locator("#upload-folder").set_input_files(write_slices(tmp_path / "disc", "1.83", 150))
    page.get_by_role("button", name="Pause").click()
    page.evaluate("() => { location.href = '/ui/nodes'; }")
    page.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert page.url.endswith("/ui/upload")
    page.get_by_role("button", name="Resume").click()
    wait_until_done(page)
    page.goto("/ui/nodes")
    assert asked == ["beforeunload"]


def test_names_are_text_whatever_is_in_them(page: Page, tmp_path: Path) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    names = {"PatientName": "<b>Bold</b>", "StudyDescription": hostile}
    folder = write_slices(tmp_path / f"{hostile}&amp;", "1.84", 1, **names)
    page.goto("/ui/upload")
    drop(page, folder)
    wait_until_done(page)
    expect(page.locator(".upload-studies a")).to_have_text("<b>Bold</b>")
    expect(page.locator(".upload-studies")).to_contain_text(hostile)
    expect(page.locator(".upload-path").first).to_contain_text(f"{hostile}&amp;/slice0.dcm")
    assert page.locator("#upload img, #upload b").count() == 0


def test_another_page_takes_a_drop_and_stays_where_it_is(page: Page, server: RunningServer, tmp_path: Path) -> None:
    page.goto("/ui/nodes")
    page.evaluate(
        """async () => {
          const base = document.querySelector('script[src$="/site.js"]').src;
          const module = await import(new URL("./upload_drop.js", base).href);
          module.acceptDrops(document.getElementById("content"));
        }"""
    )
    drop(page, write_slices(tmp_path / "disc", "1.85", 20), y=300)
    wait_until_done(page)
    assert counts(page) == {"stored": 20}
    assert page.url.endswith("/ui/nodes")
    page.get_by_role("button", name="Details").click()
    expect(page.locator(".upload-dock .upload-studies a")).to_have_text("Doe, Jane")
    assert accessibility_problems(page) == []
    page.get_by_role("button", name="Close the upload").click()
    expect(page.locator(".upload-dock")).to_be_hidden()
    drop(page, write_slices(tmp_path / "more", "1.86", 3), y=300)
    expect(page.locator(".upload-dock")).to_be_visible()
    wait_until_done(page)


def test_a_drop_of_text_is_none_of_ours(page: Page) -> None:
    page.goto("/ui/upload")
    session = page.context.new_cdp_session(page)
    data = {"items": [{"mimeType": "text/plain", "data": "hello"}], "files": [], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 700, "y": 300, "data": data})
    expect(page.locator(".upload-panel")).to_be_hidden()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_before_and_after_an_upload(
    page: Page, watched: Watched, tmp_path: Path, size: dict[str, int], scheme: str
) -> None:
    watched.allow(REFUSED)
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto("/ui/upload")
    assert accessibility_problems(page) == []
    folder = write_slices(tmp_path / "disc", "1.87", 30)
    (folder / "broken.dcm").write_bytes(b"broken")
    (folder / "readme.txt").write_text("hello")
    page.locator("#upload-folder").set_input_files(folder)
    wait_until_done(page)
    assert accessibility_problems(page) == []
    page.get_by_role("button", name=re.compile("^Problems")).click()
    assert accessibility_problems(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(page.locator('.upload-progress [role="status"]')).to_contain_text("Done: 32 files")
