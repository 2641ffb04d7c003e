"""Hostile text in Chromium: whatever an instance, a node or a file is called, it is text, and nothing of it acts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from builders import ct_dataset, ct_instance, element, part10, sequence
from chromium import DESKTOP, PHONE, Watched, accessibility_problems
from playwright.sync_api import Page, expect
from running_server import RunningServer

ACTS = "document.title='acted';alert(1)"
TEXTS = {
    "1.2.1": f"<img src=x onerror={ACTS}>",
    "1.2.2": f"</script><script>{ACTS}</script>",
    "1.2.3": f"\"' onmouseover='{ACTS}' autofocus onfocus='{ACTS}",
    "1.2.4": "{{7*7}}${7*7}<%= 7*7 %>{% raw %}",
    "1.2.5": "</style><style>body{display:none}</style>",
    "1.2.6": "\N{RIGHT-TO-LEFT OVERRIDE}gnihtyna\N{COMBINING GRAPHEME JOINER}" + "\N{COMBINING ACUTE ACCENT}" * 20,
    "1.2.7": "javascript:" + ACTS,
    "1.2.8": "W" * 10_000,
}
"""By the study that has the text in all its attributes."""
SERIES, SOP = "{}.1", "{}.1.1"


def instance(study: str, text: str) -> bytes:
    """A picture whose every text is hostile, with a private attribute and a sequence."""
    names = ("PatientName", "PatientID", "AccessionNumber", "StudyID", "StudyDescription", "SeriesDescription")
    others = ("ReferringPhysicianName", "PatientSex", "Modality")
    # A backslash would part values, and a caret or an equals sign a name.
    values: dict[str, Any] = {name: text.encode() for name in (*names, *others)} | {
        "SpecificCharacterSet": "ISO_IR 192"
    }
    extra = (
        element(0x00180015, "CS", text.encode())
        + element(0x00181030, "LO", text.encode())
        + element(0x00290010, "LO", text.encode())
        + element(0x00291001, "LO", text.encode())
        + sequence(0x0040A730, element(0x00080104, "LO", text.encode()) + element(0x0040A160, "UT", text.encode()))
    )
    uids = {"StudyInstanceUID": study, "SeriesInstanceUID": SERIES.format(study), "SOPInstanceUID": SOP.format(study)}
    return ct_instance(extra=extra, **values, **uids)


def paths(study: str) -> list[str]:
    """Every page about a study."""
    series = f"/ui/studies/{study}/series/{SERIES.format(study)}"
    return [f"/ui/studies/{study}", series, f"{series}/instances/{SOP.format(study)}", f"/ui/view/{study}"]


@pytest.fixture(scope="module", autouse=True)
def studies(server: RunningServer) -> None:
    """One for each text."""
    for study, text in TEXTS.items():
        content = instance(study, text)
        answer = httpx.post(f"{server.base}/studies", content=content, headers={"Content-Type": "application/dicom"})
        assert answer.is_success, answer.text


@pytest.fixture(autouse=True)
def nothing_acts(page: Page) -> None:
    """Fail when a page asks something, which only a text that acts would do."""
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog: {dialog.message}"))


def check(page: Page) -> None:
    """The page is as it was made: no element of a text in it, nothing that acts, and no wider than the window."""
    assert page.title() != "acted"
    assert page.evaluate("document.querySelectorAll('img[src=x], [onerror], [onfocus], [onmouseover]').length") == 0
    assert page.evaluate("document.querySelectorAll('script:not([src]), style:not([media])').length") == 0
    assert page.evaluate("getComputedStyle(document.body).display") != "none"
    assert page.evaluate("[...document.links].filter(one => one.protocol === 'javascript:').length") == 0
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 1


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_study_list_shows_texts_as_texts(page: Page, size: dict[str, int]) -> None:
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    page.goto("/")
    for study in TEXTS:
        expect(page.locator(f"a[href*='/ui/studies/{study}']").first).to_be_attached()
    expect(page.get_by_text(TEXTS["1.2.1"]).first).to_be_attached()
    expect(page.get_by_text("{{7*7}}").first).to_be_attached()
    check(page)
    assert accessibility_problems(page) == []


@pytest.mark.parametrize("study", TEXTS)
def test_pages_about_a_study_show_texts_as_texts(page: Page, study: str) -> None:
    for path in paths(study):
        page.goto(path, wait_until="load")
        expect(page.locator("h1").first).to_be_attached()
        for opened in page.locator("details:not([open]) > summary").all()[:20]:
            if opened.is_visible():
                opened.click()
        for size in (PHONE, DESKTOP):
            page.set_viewport_size({"width": size["width"], "height": size["height"]})
            check(page)


def test_a_search_for_markup_shows_it_as_text(page: Page, watched: Watched) -> None:
    watched.allow("400")  # there is no such node
    page.goto("/?name=%3Cimg+src%3Dx+onerror%3D1%3E&description=%22%3E%3Cscript%3E&source=%3Cb%3E", wait_until="load")
    check(page)


def test_addresses_that_are_markup_are_told_as_text(page: Page, watched: Watched) -> None:
    watched.allow("400", "404")
    for path in ("/ui/studies/%3Cimg%20src=x%20onerror=alert(1)%3E", "/ui/studies/1.2.1?source=%3Cscript%3E"):
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        check(page)


def test_nodes_and_transfers_of_hostile_names_are_shown(page: Page, server: RunningServer) -> None:
    titles = ("<b onclick=x>", "\"'><svg>", "{{7*7}}", "../..", "javascript:x")
    for title in titles:
        node = {"ae_title": title, "host": "127.0.0.1", "port": 1, "connect_timeout": 0.1}
        httpx.post(f"{server.url}/nodes", json=node).raise_for_status()
        wanted = {"kind": "send", "node": title, "resources": [{"study_instance_uid": "1.2.1"}]}
        httpx.post(f"{server.url}/transfers", json=wanted).raise_for_status()
    for path in ("/ui/nodes", "/ui/transfers", "/", "/ui/status"):
        page.goto(path, wait_until="load")
        if path != "/ui/status":
            expect(page.locator("main")).to_contain_text("{{7*7}}")
        check(page)
    for transfer in httpx.get(f"{server.url}/transfers").json():
        httpx.delete(f"{server.url}/transfers/{transfer['id']}")


def test_uploads_of_hostile_names_are_listed(page: Page, watched: Watched, tmp_path: Path) -> None:
    watched.allow("409")  # the first file is no instance
    names = ("<img src=x onerror=alert(1)>.dcm", "{{7*7}}.dcm", "\N{RIGHT-TO-LEFT OVERRIDE}mcd.dcm", "a'\"b.dcm")
    for number, name in enumerate(names):
        content = ct_instance(StudyInstanceUID="1.2.9", SOPInstanceUID=f"1.2.9.{number}") if number else b"no DICOM"
        (tmp_path / name).write_bytes(content)
    page.goto("/ui/upload")
    page.locator("#upload-files").set_input_files([tmp_path / name for name in names])
    expect(page.locator("body")).to_contain_text(names[0])
    check(page)


def test_a_stored_page_does_not_act_when_it_is_opened(page: Page, server: RunningServer, watched: Watched) -> None:
    watched.allow("sandbox", "Content Security Policy", "Content-Security-Policy", "ERR_BLOCKED")
    sop_class = "1.2.840.10008.5.1.4.1.1.104.2"
    html = f"<html xmlns='http://www.w3.org/1999/xhtml'><body>x<script>{ACTS}</script></body></html>".encode()
    for number, media_type in enumerate(("text/html", "application/xhtml+xml", "text/xml", "image/svg+xml"), 1):
        uid = f"1.2.10.{number}"
        dataset = ct_dataset(SOPClassUID=sop_class, StudyInstanceUID="1.2.10", SOPInstanceUID=uid, PixelData=None)
        dataset += element(0x00420011, "OB", html + b" " * (len(html) & 1)) + element(0x00420012, "LO", media_type)
        content = part10(dataset, sop_class=sop_class, sop_instance=uid)
        httpx.post(f"{server.base}/studies", content=content, headers={"Content-Type": "application/dicom"})
        path = f"studies/1.2.10/series/1.2.3.1/instances/{uid}"
        page.goto(f"/ui/{path}", wait_until="load")
        check(page)
        page.goto(f"/dicom-web/{path}/rendered", wait_until="load")
        assert page.title() != "acted"
        asked = f"{server.base}/{path}/bulkdata/00420011?accept={media_type.replace('+', '%2B')}"
        page.goto(asked, wait_until="load")
        assert page.title() != "acted"
        assert page.evaluate("window.origin") == "null"
