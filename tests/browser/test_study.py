"""Study, series and instance pages in Chromium: thumbnails, what is shown in place, what happens while one looks."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import httpx
import numpy as np
import pydicom
import pytest
from builders import JPEG_BASELINE, ct_dataset, ct_instance, encapsulated, part10
from chromium import DESKTOP, PHONE, Watched, accessibility_problems, until
from dicomweb_bodies import related
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from pydicom.data import get_testdata_file
from running_server import RunningServer
from shown_instances import HOSTILE_NAME, clinical_document_instance, pdf_instance, video_instance
from volume_builders import ball, slice_file

BALL = "1.2.5.1"
LONG = "1.2.5.2"
SHOWN = "1.2.5.3"
SLICES = 230


def store(server: RunningServer, *instances: bytes) -> None:
    body, headers = related("application/dicom", *instances)
    answer = httpx.post(f"{server.base}/studies", content=body, headers=headers, timeout=60)
    assert answer.is_success, answer.text


def uids(study: str, number: int = 1) -> dict[str, str]:
    return {
        "StudyInstanceUID": study,
        "SeriesInstanceUID": f"{study}.{number}",
        "SOPInstanceUID": f"{study}.{number}.1",
    }


def shipped(name: str, study: str, number: int) -> bytes:
    """A file that pydicom ships, in a study of these tests."""
    dataset = pydicom.dcmread(str(get_testdata_file(name)), force=True)
    for keyword, uid in uids(study, number).items():
        setattr(dataset, keyword, uid)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    target = io.BytesIO()
    dataset.save_as(target)
    return target.getvalue()


@pytest.fixture(scope="module", autouse=True)
def studies(server: RunningServer) -> None:
    """A ball in a volume, a long series, and one instance of each kind that is shown in place."""
    for number, voxels in enumerate(ball(24), 1):
        one = {**uids(BALL), "SOPInstanceUID": f"{BALL}.1.{number}", "InstanceNumber": str(number)}
        store(server, slice_file(voxels, (0, 0, 2 * number), **one))
    long = {"StudyInstanceUID": LONG, "SeriesInstanceUID": f"{LONG}.1"}
    numbers = range(1, SLICES + 1)
    store(server, *(ct_instance(**long, SOPInstanceUID=f"{LONG}.1.{one}", InstanceNumber=str(one)) for one in numbers))
    store(
        server,
        pdf_instance(**uids(SHOWN, 1)),
        video_instance(**uids(SHOWN, 2)),
        shipped("reportsi.dcm", SHOWN, 3),
        shipped("waveform_ecg.dcm", SHOWN, 4),
        shipped("CT_small.dcm", SHOWN, 5),
        ct_instance(**uids(SHOWN, 6)),
    )


def pixels(shown: Page | Locator) -> NDArray[np.int16]:
    return np.asarray(Image.open(io.BytesIO(shown.screenshot())).convert("RGB")).astype(np.int16)


def wait_for_picture(image: Locator) -> None:
    image.scroll_into_view_if_needed()
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("image => image.naturalWidth") > 0


def instance_page(number: int) -> str:
    return f"/ui/studies/{SHOWN}/series/{SHOWN}.{number}/instances/{SHOWN}.{number}.1"


def test_thumbnails_show_the_images(page: Page) -> None:
    page.goto(f"/ui/studies/{BALL}")
    thumb = page.locator(".thumb").first
    wait_for_picture(thumb.locator("img"))
    shown = pixels(thumb)
    middle, corner = shown[shown.shape[0] // 2, shown.shape[1] // 2], shown[3, 3]
    assert middle.mean() > corner.mean() + 60  # a bright ball in the dark
    expect(page.get_by_role("heading", name="Doe, Jane")).to_be_visible()
    page.get_by_role("link", name="Axial 5 mm", exact=True).click()
    expect(page.locator(".instance-card")).to_have_count(24)
    expect(page.get_by_text("Distance of slices")).to_be_visible()


def test_instances_and_their_thumbnails_come_as_one_scrolls(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/thumbnail" in request.url else None)
    page.goto(f"/ui/studies/{LONG}/series/{LONG}.1")
    wait_for_picture(page.locator(".instance-card img").first)
    assert page.locator(".instance-card").count() == 100
    assert len(asked) < SLICES
    page.locator(".instance-more").scroll_into_view_if_needed()
    expect(page.locator(".instance-card")).to_have_count(200)
    page.locator(".instance-more").scroll_into_view_if_needed()
    expect(page.locator(".instance-card")).to_have_count(SLICES)
    assert page.locator(".instance-more").count() == 0
    wait_for_picture(page.locator(".instance-card img").last)


def test_an_image_is_shown_in_place_and_leads_to_the_image_view(page: Page) -> None:
    page.goto(instance_page(5))
    image = page.locator(".shown-picture img")
    wait_for_picture(image)
    assert pixels(image).std() > 20
    assert f"/ui/view/{SHOWN}" in str(page.locator(".shown-picture a").get_attribute("href"))


def test_a_pdf_is_shown_in_place(page: Page) -> None:
    page.goto(instance_page(1))
    frame = page.locator("iframe.shown-document")
    expect(frame).to_be_visible()
    loaded = "() => performance.getEntriesByType('resource').some(one => one.name.includes('rendered'))"
    until(page, lambda: page.evaluate(loaded), "the document")
    blue = 0
    for _attempt in range(50):  # the viewer of PDF says to nobody when it has drawn
        shown = pixels(frame)
        blue = int(((shown[..., 2] > 200) & (shown[..., 0] < 60) & (shown[..., 1] < 60)).sum())
        if blue > 5_000:
            break
        page.wait_for_timeout(100)
    assert blue > 5_000


def test_a_video_plays_in_place(page: Page) -> None:
    page.goto(instance_page(2))
    video = page.locator("video")
    until(page, lambda: video.evaluate("video => video.readyState") >= 2, "the video")
    assert video.evaluate("video => [video.videoWidth, video.videoHeight]") == [128, 96]
    assert abs(video.evaluate("video => video.duration") - 2) < 0.2
    before = pixels(video)
    video.evaluate("video => new Promise(done => { video.onseeked = done; video.currentTime = 1.9; })")
    page.wait_for_timeout(100)
    after = pixels(video)
    row, column = before.shape[0] // 3, before.shape[1] // 2
    assert after[row, column, 0] > before[row, column, 0] + 100  # it has become red


def test_a_report_is_shown_in_place_and_runs_nothing(page: Page) -> None:
    page.goto(instance_page(3))
    inside = page.frame_locator("iframe.shown-document")
    expect(inside.get_by_role("heading").first).to_be_visible()
    assert page.locator("iframe.shown-document").get_attribute("sandbox") == ""


CLINICAL_DOCUMENT = """<?xml version="1.0"?>
<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Discharge summary</title><component><structuredBody>
<component><section><title>Findings</title><text><paragraph>No <content>fracture</content>.</paragraph>
<list><item>First</item></list><script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>
<img xmlns="http://www.w3.org/1999/xhtml" src="x" onerror="alert(2)"/></text></section></component>
</structuredBody></component></ClinicalDocument>"""


def test_a_clinical_document_is_read_in_place_and_runs_nothing(page: Page, server: RunningServer) -> None:
    study = "1.2.5.7"
    store(server, clinical_document_instance(CLINICAL_DOCUMENT, **uids(study)))
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    page.goto(f"/ui/studies/{study}/series/{study}.1/instances/{study}.1.1")
    shown = page.locator(".shown-xml")
    expect(shown.get_by_role("heading", name="Findings")).to_be_visible()
    expect(shown).to_contain_text("No fracture.")
    expect(shown.get_by_role("listitem")).to_have_text("First")
    assert shown.locator("script, img").count() == 0
    assert accessibility_problems(page) == []


def test_a_clinical_document_that_is_none_is_shown_as_it_is(
    page: Page, server: RunningServer, watched: Watched
) -> None:
    watched.allow("Applying inline style")  # Chromium describes what is wrong with it in an element with a style
    study = "1.2.5.8"
    store(server, clinical_document_instance("<a><b>not closed", **uids(study)))
    page.goto(f"/ui/studies/{study}/series/{study}.1/instances/{study}.1.1")
    expect(page.locator(".shown-xml")).to_contain_text("<b>not closed")


def test_a_picture_that_cannot_be_made_says_so(page: Page, server: RunningServer, watched: Watched) -> None:
    watched.allow("422")
    broken = part10(
        ct_dataset(**uids("1.2.5.9"), PixelData=None) + encapsulated([b"no JPEG at all"]),
        JPEG_BASELINE,
        sop_instance="1.2.5.9.1.1",
    )
    store(server, broken)
    page.goto("/ui/studies/1.2.5.9/series/1.2.5.9.1/instances/1.2.5.9.1.1")
    expect(page.get_by_text("This picture cannot be shown.")).to_be_visible()


def test_an_electrocardiogram_is_shown_in_place(page: Page) -> None:
    page.goto(instance_page(4))
    drawing = page.locator(".shown-drawing img")
    wait_for_picture(drawing)
    shown = pixels(page.locator(".shown-drawing"))
    paper = (shown[..., 0] > 220) & (shown[..., 1] < 225) & (shown[..., 2] < 225)
    ink = shown.max(axis=2) < 90
    assert paper.sum() > 5_000
    assert ink.sum() > 2_000


@pytest.mark.parametrize("what", ["", f"/series/{SHOWN}.6", f"/series/{SHOWN}.6/instances/{SHOWN}.6.1"])
def test_pages_are_accessible_in_light_and_dark_at_both_sizes(page: Page, what: str) -> None:
    page.goto(f"/ui/studies/{SHOWN}{what}")
    page.wait_for_load_state("networkidle")
    for viewport in (DESKTOP, PHONE):
        page.set_viewport_size(viewport)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert accessibility_problems(page) == []
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], "the page is wider than the screen"


def test_names_are_text_wherever_they_are_shown(page: Page, server: RunningServer) -> None:
    study = "1.2.5.4"
    store(server, ct_instance(**uids(study), PatientName=HOSTILE_NAME, SeriesDescription=HOSTILE_NAME[:60]))
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    for path in ("", f"/series/{study}.1", f"/series/{study}.1/instances/{study}.1.1"):
        page.goto(f"/ui/studies/{study}{path}")
        expect(page.get_by_text("onerror").first).to_be_visible()
        assert page.locator("img[src='x']").count() == 0


def test_a_study_is_downloaded_as_a_zip_that_opens(page: Page, tmp_path: Path) -> None:
    page.goto(f"/ui/studies/{BALL}")
    page.get_by_text("Download", exact=True).click()
    for name, entry in (("ZIP of all files", f"{BALL}/"), ("ZIP with DICOMDIR, for media", "DICOMDIR")):
        if not page.locator(".menu-list").is_visible():
            page.get_by_text("Download", exact=True).click()
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        target = tmp_path / "study.zip"
        download.value.save_as(target)
        with zipfile.ZipFile(target) as opened:
            assert opened.testzip() is None
            assert any(one.startswith(entry) for one in opened.namelist())
            assert len(opened.namelist()) >= 24


def test_new_series_appear_while_somebody_looks(page: Page, server: RunningServer) -> None:
    study = "1.2.5.5"
    store(server, ct_instance(**uids(study)))
    page.goto(f"/ui/studies/{study}")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    store(server, ct_instance(**uids(study, 2), SeriesDescription="A second series"))
    expect(page.get_by_role("link", name="A second series", exact=True)).to_be_visible()


def test_a_study_that_somebody_else_deletes_is_said_to_be_gone(
    page: Page, server: RunningServer, watched: Watched
) -> None:
    study = "1.2.5.6"
    store(server, ct_instance(**uids(study)))
    page.goto(f"/ui/studies/{study}")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    assert httpx.delete(f"{server.base}/studies/{study}").status_code == 204
    expect(page.get_by_text("This study was deleted.")).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_be_disabled()
    watched.allow("410")
    page.reload()
    expect(page.get_by_role("heading", name="Gone")).to_be_visible()
