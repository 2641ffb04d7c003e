"""The image view in a browser: scrolled, windowed, measured, reformatted; by mouse, keys and fingers."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import httpx
import numpy as np
import pydicom
import pytest
from builders import JPEG_BASELINE, ct_elements, element, encapsulated, part10
from chromium import DESKTOP, PHONE, Watched, accessibility_problems, until
from playwright.sync_api import Browser, Page, Route, expect
from rendering_archive import content_of, presentation_state
from running_server import RunningServer, start_server
from view_pages import address_of, canvas_of, opened, store
from volume_builders import slice_file

STUDY, SERIES = "1.2.40", "1.2.40.1"
SLICES = 12
ADDRESS = f"/ui/view/{STUDY}?series={SERIES}"
HOSTILE = "<img src=y onerror=alert(1)>"


def ct_slice(number: int) -> bytes:
    """A slice of a block of 200 HU in air, with a corner that says which slice it is."""
    pixels = np.full((64, 64), -1000, np.int16)
    pixels[16:48, 16:48] = 200
    pixels[:8, :8] = 30 * number - 150
    window = [element(0x00281050, "DS", ["40", "-600"]), element(0x00281051, "DS", ["400", "1500"])]
    names = element(0x00281055, "LO", ["SOFT", "LUNG"])
    uids = {"StudyInstanceUID": STUDY, "SeriesInstanceUID": SERIES, "SOPInstanceUID": f"{SERIES}.{number}"}
    # Numbers run from the head to the feet, and are stored in no order.
    return slice_file(
        pixels,
        (-16, -16, 100 - 3 * number),
        spacing=(0.5, 0.5),
        extra=[*window, names],
        InstanceNumber=str(number),
        PatientName=HOSTILE.replace("=", ""),
        SeriesDescription=HOSTILE,
        **uids,
    )


@pytest.fixture(scope="module", autouse=True)
def _volume(server: RunningServer) -> None:
    store(server, *(ct_slice(number) for number in sorted(range(1, SLICES + 1), key=lambda one: one % 5)))


@pytest.fixture(scope="module")
def view(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """The volume, open for all tests that leave it as it was."""
    context = browser.new_context(base_url=server.url, viewport=DESKTOP)
    page = context.new_page()
    watched = Watched()
    watched.watch(page)
    opened(page, ADDRESS)
    yield page
    context.close()
    watched.check()


@pytest.fixture
def volume(view: Page) -> Iterator[Page]:
    """The volume at its middle slice, as it was opened."""
    view.keyboard.press("Escape")
    view.select_option("#mode", "images")
    view.locator("#viewport").focus()
    for key in ("Home", *["ArrowDown"] * 6, "0", "w", "x"):
        view.keyboard.press(key)
    is_there(view, 7)
    until(view, lambda: view.inner_text("#window-text") == "W 400 L 40 SOFT", "the window of the image")
    until(view, lambda: view.inner_text("#edge-top") == "A", "upright")
    return view


def is_there(page: Page, number: int, count: int = SLICES) -> None:
    """Wait until an image of the stack is on the canvas."""
    text = f"{number} / {count}"
    until(page, lambda: page.inner_text("#slider-text") == text and page.is_hidden("#busy"), text)


def middle(page: Page) -> tuple[float, float]:
    box = page.locator("#canvas").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, across: float, down: float, *, start: tuple[float, float] = (0, 0)) -> None:
    x, y = middle(page)
    x, y = x + start[0], y + start[1]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + across / 2, y + down / 2)
    page.mouse.move(x + across, y + down)
    page.mouse.up()


def changes(page: Page, before: np.ndarray, what: str) -> None:
    until(page, lambda: not np.array_equal(canvas_of(page), before), what)


def measured(page: Page) -> str:
    until(page, lambda: page.locator(".measurement text").count(), "a measurement")
    return " ".join(page.locator(".measurement text").all_text_contents())


def test_it_opens_in_the_middle_with_picture_texts_and_letters(volume: Page) -> None:
    canvas = canvas_of(volume)
    assert canvas.max() > 200
    assert canvas[:, :20].max() == 0
    assert volume.inner_text("#place-text") == "axial, 79.0 mm, 5 mm thick"
    assert volume.inner_text("#window-text") == "W 400 L 40 SOFT"
    edges = [volume.inner_text(f"#edge-{edge}") for edge in ("left", "right", "top", "bottom")]
    assert edges == ["R", "L", "A", "P"]


def test_what_comes_from_data_is_text(volume: Page) -> None:
    assert HOSTILE in volume.inner_text("#series-text")
    assert volume.locator("#view img[src=y]").count() == 0


def test_wheel_keys_and_slider_change_the_picture(volume: Page) -> None:
    before = canvas_of(volume)
    volume.mouse.move(*middle(volume))
    volume.mouse.wheel(0, 100)
    is_there(volume, 8)
    changes(volume, before, "another picture")
    volume.keyboard.press("End")
    is_there(volume, 12)
    volume.keyboard.press("PageUp")
    is_there(volume, 2)
    volume.locator("#slider").fill("5")
    is_there(volume, 5)


def test_a_drag_changes_the_window_the_right_way_round(volume: Page) -> None:
    before = canvas_of(volume)
    drag(volume, 150, 0)
    until(volume, lambda: "W 659" in volume.inner_text("#window-text"), "a wider window")
    changes(volume, before, "other greys")
    assert "L 40" in volume.inner_text("#window-text")
    drag(volume, 0, 100)
    until(volume, lambda: "L 260" in volume.inner_text("#window-text"), "a higher center")
    volume.keyboard.press("ArrowDown")
    is_there(volume, 8)
    assert "L 260" in volume.inner_text("#window-text")


def test_presets_of_the_image_and_of_ct_can_be_chosen(volume: Page) -> None:
    names = volume.locator("#presets option").all_text_contents()
    assert names[:3] == ["SOFT (400/40)", "LUNG (1500/-600)", "Soft tissue (400/40)"]
    volume.select_option("#presets", label="LUNG (1500/-600)")
    until(volume, lambda: volume.inner_text("#window-text") == "W 1500 L -600 LUNG", "a stored window")
    volume.select_option("#presets", label="Bone (2500/480)")
    until(volume, lambda: volume.inner_text("#window-text") == "W 2500 L 480 Bone", "a window of CT")
    volume.select_option("#presets", label="Full range")
    until(volume, lambda: volume.inner_text("#window-text") == "W 1201 L -399.5", "all values")


def test_inverted_turned_and_flipped(volume: Page) -> None:
    before = canvas_of(volume)
    volume.keyboard.press("i")
    changes(volume, before, "inverted")
    y, x = (side // 2 for side in before.shape[:2])
    assert canvas_of(volume)[y, x, 0] == 255 - before[y, x, 0]
    volume.keyboard.press("o")
    until(volume, lambda: volume.inner_text("#edge-top") == "R", "turned")
    assert volume.inner_text("#edge-right") == "A"
    volume.keyboard.press("h")
    until(volume, lambda: volume.inner_text("#edge-right") == "P", "flipped")
    volume.keyboard.press("0")
    until(volume, lambda: np.array_equal(canvas_of(volume), before), "as before")


def test_a_length_is_in_mm_and_moves_by_keys(volume: Page) -> None:
    volume.keyboard.press("1")
    until(volume, lambda: volume.inner_text("#zoom-text") == "Zoom 100%", "one pixel for one")
    volume.keyboard.press("l")
    drag(volume, 24, 0, start=(-12, 0))
    assert measured(volume) == "12.0 mm"
    volume.locator(".handle").last.focus()
    volume.keyboard.press("Shift+ArrowRight")
    until(volume, lambda: measured(volume) == "17.0 mm", "moved")
    volume.keyboard.press("Delete")
    until(volume, lambda: not volume.locator(".measurement").count(), "removed")


def test_a_region_has_statistics_in_hounsfield_units(volume: Page) -> None:
    volume.keyboard.press("1")
    until(volume, lambda: volume.inner_text("#zoom-text") == "Zoom 100%", "one pixel for one")
    volume.keyboard.press("r")
    drag(volume, 20, 10, start=(-10, -5))
    assert measured(volume) == "Area 50.0 mm² Mean 200 HU, SD 0 Min 200, Max 200"
    volume.keyboard.press("x")
    volume.keyboard.press("e")
    volume.locator("#viewport").focus()
    volume.keyboard.press("Enter")
    assert "Mean" in measured(volume)


def test_the_value_under_the_pointer_is_told(volume: Page) -> None:
    volume.mouse.move(*middle(volume))
    until(volume, lambda: "200 HU" in volume.inner_text("#value-text"), "a value")


def test_cine_runs_and_stops(volume: Page) -> None:
    volume.keyboard.press(" ")
    until(volume, lambda: volume.inner_text("#slider-text") == f"9 / {SLICES}", "the ninth image")
    assert volume.get_attribute("[data-action=play]", "aria-pressed") == "true"
    volume.keyboard.press(" ")
    assert volume.get_attribute("[data-action=play]", "aria-pressed") == "false"


def letters(page: Page) -> str:
    return f"{page.inner_text('#edge-top')} {page.inner_text('#edge-right')}"


def test_sections_and_projections_of_the_volume(volume: Page) -> None:
    for mode, edges in (("coronal", "H L"), ("sagittal", "H P"), ("mip", "H L")):
        volume.select_option("#mode", mode)
        until(volume, lambda edges=edges: letters(volume) == edges, mode)  # type: ignore[misc]
        assert canvas_of(volume).max() > 100
    volume.select_option("#mode", "images")
    is_there(volume, 7)


def test_help_lists_the_keys(volume: Page) -> None:
    volume.keyboard.press("?")
    assert volume.locator("#help").is_visible()
    assert accessibility_problems(volume) == []
    volume.keyboard.press("Escape")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(scheme: str, volume: Page) -> None:
    volume.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    volume.keyboard.press("l")
    drag(volume, 100, 0)
    measured(volume)
    assert accessibility_problems(volume) == []


def test_the_address_leads_back_to_the_image(volume: Page) -> None:
    volume.keyboard.press("End")
    until(volume, lambda: f"instance={SERIES}.12" in volume.url, "the address")
    opened(volume, volume.url)
    is_there(volume, 12)


def test_on_a_phone_a_finger_scrolls(browser: Browser, server: RunningServer, watched: Watched) -> None:
    context = browser.new_context(base_url=server.url, viewport=PHONE, has_touch=True, is_mobile=True)
    page = context.new_page()
    watched.watch(page)
    opened(page, ADDRESS)
    is_there(page, 7)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    x, y = middle(page)
    session = context.new_cdp_session(page)

    def touch(kind: str, *points: tuple[float, float]) -> None:
        given = [{"x": across, "y": down, "id": number} for number, (across, down) in enumerate(points)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": given})

    touch("touchStart", (x, y))
    touch("touchMove", (x, y + 40))
    touch("touchEnd")
    until(page, lambda: page.inner_text("#slider-text") != "7 / 12", "scrolled")
    zoom = page.inner_text("#zoom-text")
    touch("touchStart", (x, y), (x + 40, y))
    touch("touchMove", (x - 30, y), (x + 70, y))
    touch("touchEnd")
    until(page, lambda: page.inner_text("#zoom-text") != zoom, "zoomed")
    assert accessibility_problems(page) == []
    context.close()


def test_a_presentation_state_is_applied_by_the_server(page: Page, server: RunningServer) -> None:
    image = content_of("CT_small.dcm")
    store(server, image, presentation_state(pydicom.dcmread(io.BytesIO(image))))
    opened(page, address_of(image))
    before = canvas_of(page)
    page.select_option("#states", label="Presentation state")
    changes(page, before, "the presentation state")
    until(page, lambda: "Presentation state" in page.inner_text("#moment-text"), "its name")
    page.select_option("#states", "")
    until(page, lambda: np.array_equal(canvas_of(page), before), "the image again")


def test_a_multi_frame_colour_image_plays_at_its_own_rate(page: Page, server: RunningServer) -> None:
    content = content_of("examples_ybr_color.dcm")
    store(server, content)
    opened(page, address_of(content))
    canvas = canvas_of(page).astype(int)
    assert np.abs(canvas[..., 0] - canvas[..., 2]).max() > 20
    assert page.locator("#presets").is_disabled()
    assert page.input_value("#rate") != "10"


def test_many_series_leave_the_picture_in_sight(page: Page, server: RunningServer) -> None:
    for number in range(1, 31):
        uids = {"SeriesInstanceUID": f"1.2.41.{number}", "SOPInstanceUID": f"1.2.41.{number}.1"}
        store(server, slice_file(np.zeros((8, 8), np.int16), (0, 0, 0), StudyInstanceUID="1.2.41", **uids))
    opened(page, "/ui/view/1.2.41")
    for part in ("#viewport", "#slider"):
        box = page.locator(part).bounding_box()
        assert box is not None and box["y"] + box["height"] <= DESKTOP["height"], part


def test_there_is_a_sign_of_life_before_the_first_picture(page: Page) -> None:
    held: list[Route] = []
    page.route("**/metadata*", lambda route: held.append(route))
    page.goto(ADDRESS)
    expect(page.locator("#busy")).to_be_visible()
    until(page, lambda: held, "the series is asked for")
    for route in held:
        route.continue_()
    page.unroute_all()
    until(page, lambda: page.inner_text("#zoom-text"), "a picture")
    expect(page.locator("#busy")).to_be_hidden()


def test_no_other_picture_stands_where_one_cannot_be_had(page: Page, watched: Watched) -> None:
    watched.allow("ERR_FAILED")
    page.route(re.compile(r"/instances/(?!1\.2\.40\.1\.7/).*/frames/"), lambda route: route.abort())
    opened(page, ADDRESS)
    until(page, lambda: page.inner_text("#number-text") == f"Image 7 / {SLICES}", "the middle")
    page.locator("#viewport").focus()
    page.keyboard.press("Home")
    expect(page.get_by_role("alert")).to_contain_text("The server does not answer.")
    expect(page.locator("#canvas")).to_be_hidden()
    page.unroute_all()
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#canvas")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_broken_frame_says_what_is_wrong(page: Page, server: RunningServer, watched: Watched) -> None:
    watched.allow("500", "422", "400", "404", "409", "502")
    attributes = ct_elements(SOPInstanceUID="1.2.41.1.1", StudyInstanceUID="1.2.41", SeriesInstanceUID="1.2.41.1")
    attributes.pop(0x7FE00010)
    dataset = b"".join(element(tag, vr, value) for tag, (vr, value) in sorted(attributes.items()))  # type: ignore[arg-type]
    content = part10(dataset + encapsulated([b"no JPEG"]), JPEG_BASELINE, sop_instance="1.2.41.1.1")
    store(server, content)
    page.goto(address_of(content))
    until(page, lambda: page.is_visible("#message"), "a message")
    assert "cannot be shown" in page.inner_text("#message")
    assert len(page.inner_text("#message-detail")) > 10
    assert page.is_visible("#message-retry")


def test_a_remote_study_is_seen_through_the_bridge(
    page: Page, server: RunningServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = start_server(tmp_path_factory.mktemp("other") / "data")
    try:
        content = content_of("MR_small.dcm")
        store(other, content)
        node = {"ae_title": "OTHER", "kind": "dicomweb", "base_url": other.base}
        assert httpx.post(f"{server.url}/nodes", json=node).status_code == 201
        opened(page, f"{address_of(content)}&source=OTHER")
        assert canvas_of(page).max() > 100
        until(page, lambda: "source=OTHER" in page.url and "instance=" in page.url, "the address")
    finally:
        other.stop()
