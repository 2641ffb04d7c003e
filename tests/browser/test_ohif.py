"""OHIF, installed by the command and opened in Chromium: what it shows is compared with what was stored."""

from __future__ import annotations

import fcntl
import io
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pytest
from chromium import Watched, open_browser
from command_line import isocenter
from dicomweb_bodies import related
from numpy.typing import NDArray
from ohif_studies import (
    SIZE,
    SLICES,
    TILE,
    Study,
    body,
    cine_study,
    ct_study,
    j2k_study,
    lesion,
    pdf_study,
    report_study,
    slide_study,
    stained,
)
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect
from prefix_proxy import prefix_proxy
from pydicom import dcmread
from running_server import RunningServer, free_port, start_server

from app.viewer import viewer_url

pytestmark = pytest.mark.slow

_SECONDS = 120
_SCREEN = {"width": 1100, "height": 700}  # what is drawn without a graphics card is drawn slowly
_NODE = "Elsewhere 1"
# A tour, and the notice that it is no medical device, which come up when somebody is here for the first time.
# Chromium's own page for PDF, in which this is run too, has no storage.
_SEEN = """
localStorage?.setItem("shownTours", JSON.stringify(["basicViewerTour"]));
localStorage?.setItem("investigationalUseDialog", JSON.stringify({expiryDate: "2999-01-01T00:00:00Z"}));
"""
Picture = NDArray[np.float64]


@dataclass
class Viewer:
    """The viewer in a browser, over a server that holds some studies; another server, its node, holds one more."""

    context: BrowserContext
    server: RunningServer
    ct: Study
    j2k: Study
    cine: Study
    report: Study
    pdf: Study
    slide: Study
    remote: Study


@dataclass
class Opened:
    """A page of the viewer, and what it has asked for."""

    page: Page
    origin: str
    watched: Watched = field(default_factory=Watched)
    requests: list[tuple[str, str]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watched.watch(self.page)
        self.page.on("console", lambda message: self.told.append(message.text))
        self.page.on("request", lambda one: self.requests.append((one.url, one.headers.get("accept", ""))))

    @property
    def viewport(self) -> Locator:
        return self.page.locator("[data-cy=viewport-pane]")

    @property
    def canvas(self) -> Locator:
        return self.viewport.locator("canvas.cornerstone-canvas")

    @property
    def position(self) -> tuple[int, int]:
        """The instance number that is shown, and its place in the series."""
        text = self.viewport.locator("[data-cy=viewport-overlay-bottom-right]").inner_text()
        found = re.search(r"(\d+)\s*\((\d+)/\d+\)", text)
        assert found is not None, text
        return int(found[1]), int(found[2])

    def asked(self, words: str) -> list[tuple[str, str]]:
        return [(url, accept) for url, accept in self.requests if words in url]

    def check(self) -> None:
        """Nothing failed, nothing was asked of others, and the viewer complains about nothing."""
        self.watched.check()
        own = (self.origin, "blob:", "data:", "chrome")
        assert not [url for url, _ in self.requests if not url.startswith(own)]
        assert not [text for text in self.told if "Error Boundary" in text or "went wrong" in text]
        expect(self.page.locator("[data-sonner-toast], [role=dialog], [role=alertdialog]")).to_have_count(0)
        expect(self.page.get_by_text(re.compile("something went wrong", re.IGNORECASE))).to_have_count(0)


Opening = Callable[[str], Opened]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The viewer, installed once for all processes of the test run."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "ohif"
    with (shared.parent / "ohif.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            result = isocenter(base / "unused", "viewer", "install", "--viewer", shared)
            assert result.exit_code == 0, result.output
    return shared


@pytest.fixture(scope="module")
def viewer(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    port = free_port()
    there = start_server(elsewhere / "data", "--dimse-port", str(port), "--ae-title", _NODE)
    here = start_server(tmp_path_factory.mktemp("here") / "data", "--viewer", str(folder))
    node = {"ae_title": _NODE, "host": "127.0.0.1", "port": port}
    httpx.post(f"{here.url}/nodes", json=node).raise_for_status()
    studies = [ct_study(), j2k_study(), cine_study(), report_study(), pdf_study(), slide_study()]
    for study in studies:
        _store(here, study)
    remote = ct_study()
    _store(there, remote)
    with open_browser() as browser:
        context = browser.new_context(viewport=_SCREEN)
        context.add_init_script(_SEEN)
        yield Viewer(context, here, *studies, remote)
    here.stop()
    there.stop()


@pytest.fixture
def opening(viewer: Viewer) -> Iterator[Opening]:
    """Opens a URL in a page of its own, which is closed at the end of the test."""
    opened: list[Opened] = []

    def open_page(url: str) -> Opened:
        one = Opened(viewer.context.new_page(), "/".join(url.split("/")[:3]))
        opened.append(one)
        one.page.goto(url)
        return one

    yield open_page
    for one in opened:
        one.page.close()


def test_the_study_list_shows_what_is_stored_and_finds_a_patient(
    viewer: Viewer, opening: Callable[[str], Opened]
) -> None:
    opened = opening(f"{viewer.server.url}/viewer")
    for name in (
        "Slide, Whole",
        "Phantom, Computed",
        "Colour, Wavelet",
        "Cine, Heart",
        "Report, Structured",
        "Document, Portable",
    ):
        expect(opened.page.get_by_text(name, exact=True)).to_be_visible(timeout=_SECONDS * 1000)
    opened.page.locator("input").first.fill("wavel")
    expect(opened.page.get_by_text("Phantom, Computed", exact=True)).to_have_count(0)
    expect(opened.page.get_by_text("Colour, Wavelet", exact=True)).to_be_visible()
    opened.check()


def test_a_ct_series_is_scrolled_through(viewer: Viewer, opening: Opening) -> None:
    opened = opening(_link(viewer, viewer.ct))
    _wait(lambda: _shows_slice(opened))
    first = opened.position
    opened.canvas.hover()
    for _ in range(8):
        opened.page.mouse.wheel(0, 120)
        opened.page.wait_for_timeout(50)
    _wait(lambda: opened.position[1] == first[1] + 8 and _shows_slice(opened))
    _wait(lambda: len({url for url, _ in opened.asked("/frames/")}) == SLICES)
    assert all('transfer-syntax="*"' in accept for _, accept in opened.asked("/frames/"))
    assert opened.asked("/thumbnail")
    opened.check()


def test_a_segmentation_is_laid_over_its_ct(viewer: Viewer, opening: Opening) -> None:
    opened = opening(_link(viewer, viewer.ct))
    _wait(lambda: _shows_slice(opened))
    opened.page.locator("[data-cy=study-browser-thumbnail-no-image]").dblclick()
    expect(opened.page.get_by_text("Do you want to open this Segmentation?")).to_be_visible(timeout=_SECONDS * 1000)
    _wait(lambda: _shows_lesion(opened))
    opened.check()


def test_a_jpeg_2000_picture_is_shown_in_its_colours(viewer: Viewer, opening: Opening) -> None:
    stored = _frames(viewer.j2k)[0]
    opened = opening(_link(viewer, viewer.j2k))
    _wait(lambda: _likeness(_shot(opened.canvas), stored) > 0.9)
    shown = _shot_like(opened, stored)
    glowing = stored[..., 0] - stored[..., 2] > 120
    assert np.mean((shown[..., 0] - shown[..., 2])[glowing] > 60) > 0.9
    opened.check()


def test_a_cine_plays(viewer: Viewer, opening: Opening) -> None:
    stored = _frames(viewer.cine)
    opened = opening(_link(viewer, viewer.cine))
    _wait(lambda: _likeness(_shot(opened.canvas), stored[0]) > 0.9)
    play = opened.page.locator("[data-cy=cine-player-play-pause]")
    play.click()
    for _ in range(4):
        _wait_for_another(lambda: opened.position)
    play.click()
    _wait(lambda: _likeness(_shot(opened.canvas), stored[opened.position[1] - 1]) > 0.9)
    _wait(lambda: len({url for url, _ in opened.asked("/frames/")}) == len(stored))
    opened.check()


def test_a_structured_report_can_be_read(viewer: Viewer, opening: Opening) -> None:
    opened = opening(_link(viewer, viewer.report))
    for words in ("A mass of 3 cm was detected.", "Diagnosis", "1.2.3.4.5"):
        expect(opened.viewport.get_by_text(words).first).to_be_visible(timeout=_SECONDS * 1000)
    opened.check()


def test_a_pdf_is_shown(viewer: Viewer, opening: Opening) -> None:
    opened = opening(_link(viewer, viewer.pdf))
    _wait(lambda: _blue(_shot(opened.viewport)) > 0.1)
    opened.check()


def test_a_slide_is_put_together_from_its_tiles(viewer: Viewer, opening: Opening) -> None:
    stored = np.asarray(Image.fromarray(stained()).resize((TILE, TILE)), np.float64)
    opened = opening(_link(viewer, viewer.slide))
    _wait(lambda: _likeness(_shot(opened.viewport), stored) > 0.8)
    opened.check()


def test_a_study_of_a_node_is_opened_through_the_bridge(viewer: Viewer, opening: Opening) -> None:
    opened = opening(_link(viewer, viewer.remote, _NODE))
    _wait(lambda: _shows_slice(opened))
    frames = opened.asked("/frames/")
    assert frames
    assert all("/dicom-web/aets/Elsewhere%201/studies/" in url for url, _ in frames)
    opened.check()


def test_the_list_of_a_node_is_asked_by_its_ae_title(viewer: Viewer, opening: Opening) -> None:
    opened = opening(f"{viewer.server.url}/viewer?datasources=Elsewhere+1")
    expect(opened.page.get_by_text("Phantom, Computed", exact=True)).to_be_visible(timeout=_SECONDS * 1000)
    expect(opened.page.get_by_text("Colour, Wavelet", exact=True)).to_have_count(0)
    opened.check()


def test_below_a_prefix_everything_is_found(viewer: Viewer, opening: Opening) -> None:
    with prefix_proxy(viewer.server.url, "/pacs/one") as proxied:
        host = proxied.removesuffix("/pacs/one")
        opened = opening(host + viewer_url("/pacs/one", [viewer.ct.uid]))
        _wait(lambda: _shows_slice(opened))
        assert all(url.startswith((f"{proxied}/", "blob:", "data:")) for url, _ in opened.requests)
        opened.check()
        pdf = opening(host + viewer_url("/pacs/one", [viewer.pdf.uid]))
        _wait(lambda: _blue(_shot(pdf.viewport)) > 0.1)
        pdf.check()


def _store(server: RunningServer, study: Study) -> None:
    body_, headers = related("application/dicom", *study.files)
    httpx.post(f"{server.base}/studies", content=body_, headers=headers, timeout=60).raise_for_status()


def _link(viewer: Viewer, study: Study, ae_title: str | None = None) -> str:
    return viewer.server.url + viewer_url("", [study.uid], ae_title)


def _wait(is_so: Callable[[], bool]) -> None:
    """Look again until it is so."""
    end = time.monotonic() + _SECONDS
    while True:
        try:
            if is_so():
                return
            problem = "it never came to be"
        except Exception as exc:  # what is not there yet
            problem = repr(exc)
        assert time.monotonic() < end, problem
        time.sleep(0.4)


def _wait_for_another(value: Callable[[], object]) -> None:
    before = value()
    _wait(lambda: value() != before)


def _shot(place: Locator) -> Picture:
    png = place.screenshot()
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.float64)


def _frames(study: Study) -> list[Picture]:
    pixels = dcmread(io.BytesIO(study.files[0])).pixel_array.astype(np.float64)
    return [*pixels] if pixels.ndim == 4 else [pixels]


def _crop(shot: Picture, rows: int, columns: int) -> Picture:
    """The part of a viewport that an image fills which is fitted into it, at the size that the image has."""
    height, width = shot.shape[:2]
    scale = min(height / rows, width / columns)
    top, left = (height - rows * scale) / 2, (width - columns * scale) / 2
    image = Image.fromarray(shot.astype(np.uint8))
    fitted = image.resize((columns, rows), box=(left, top, left + columns * scale, top + rows * scale))
    return np.asarray(fitted, np.float64)


def _shot_like(opened: Opened, stored: Picture) -> Picture:
    return _crop(_shot(opened.canvas), *stored.shape[:2])


def _likeness(shot: Picture, stored: Picture) -> float:
    """How much a viewport is like an image that fills it: 1 is the same, 0 is anything else.

    The top and the bottom are not looked at: there the viewer lays texts and buttons over the image.
    """
    rows, columns = stored.shape[:2]
    middle = slice(rows // 4, rows * 7 // 8)
    shown = _crop(shot, rows, columns)[middle]
    if shown.std() < 1:
        return 0
    return float(np.corrcoef(shown.ravel(), stored[middle].ravel())[0, 1])


def _shows_slice(opened: Opened) -> bool:
    """Whether the slice is shown that the viewer says it shows, in the window that is stored, at the right size."""
    hounsfield = body()[opened.position[0] - 1]
    stored = np.repeat(np.clip((hounsfield + 160.0) / 400 * 255, 0, 255)[..., np.newaxis], 3, axis=2)
    shown = _shot_like(opened, stored)
    return bool(np.mean(np.abs(shown - stored) < 24) > 0.9)


def _shows_lesion(opened: Opened) -> bool:
    """Whether just those pixels are coloured that are segmented."""
    mask = lesion()[opened.position[0] - 1]
    shown = _crop(_shot(opened.canvas), SIZE, SIZE)
    coloured = (shown[..., 0] - shown[..., 2] > 30) & (shown[..., 0] > 100)
    return bool(mask.any() and np.sum(coloured & mask) / np.sum(coloured | mask) > 0.8)


def _blue(shot: Picture) -> float:
    """The share of blue pixels."""
    return float(np.mean((shot[..., 2] > 150) & (shot[..., 0] < 80)))
