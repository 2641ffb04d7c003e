"""The greys that the browser makes are those of the server: the same frame and window, pixel for pixel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from builders import ct_instance, element, sequence
from chromium import Watched
from corpus import corpus_files
from playwright.sync_api import Browser, Page
from running_server import RunningServer
from view_pages import address_of, difference, opened, rendered, shown, store

BIG = {"width": 1300, "height": 1240}
RAMP = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)

SIDES = {"Rows": 64, "Columns": 64}


@pytest.fixture(scope="module")
def large(browser: Browser, server: RunningServer) -> Iterator[Page]:
    context = browser.new_context(base_url=server.url, viewport=BIG)
    page = context.new_page()
    watched = Watched()
    watched.watch(page)
    yield page
    context.close()
    watched.check()


def synthetic(uid: str, *, extra: bytes = b"", **changes: object) -> bytes:
    """A ramp of 4,096 values in an instance of its own."""
    attributes = {"PixelData": RAMP.tobytes(), "StudyInstanceUID": "1.2.30", "SeriesInstanceUID": f"1.2.30.{uid}"}
    return ct_instance(SOPInstanceUID=f"1.2.30.{uid}.1", extra=extra, **{**SIDES, **attributes, **changes})


def window(center: str, width: str, function: str = "LINEAR") -> bytes:
    return element(0x00281050, "DS", center) + element(0x00281051, "DS", width) + element(0x00281056, "CS", function)


def lut(tag: int, entries: np.ndarray, first: int, bits: int) -> bytes:
    descriptor = element(0x00283002, "US", [len(entries) % 65536, first & 0xFFFF, bits])
    return sequence(tag, descriptor + element(0x00283006, "OW", entries.astype("<u2").tobytes()))


FRAMES = sequence(
    0x52009230,
    *(
        sequence(0x00289132, window(center, "300"))
        + sequence(0x00289145, element(0x00281052, "DS", intercept) + element(0x00281053, "DS", "0.5"))
        for center, intercept in (("100", "-50"), ("900", "10"))
    ),
)
SYNTHETIC: dict[str, Callable[[], bytes]] = {
    "rescaled without window": lambda: synthetic("1"),
    "linear": lambda: synthetic("2", extra=window("40", "400")),
    "width 1": lambda: synthetic("3", extra=window("40", "1")),
    "exact": lambda: synthetic("4", extra=window("40.5", "99.5", "LINEAR_EXACT")),
    "sigmoid": lambda: synthetic("5", extra=window("800", "900", "SIGMOID")),
    "VOI LUT in bulk data": lambda: synthetic("6", extra=lut(0x00283010, np.arange(4096)[::-1] * 16, -1024, 16)),
    "modality LUT": lambda: synthetic(
        "7", RescaleSlope=None, RescaleIntercept=None, extra=lut(0x00283000, np.arange(256) ** 2, 1000, 16)
    ),
    "bits above those stored": lambda: synthetic(
        "8", PixelData=(RAMP | 0xA000).tobytes(), extra=window("1000", "2000")
    ),
    "signed 12 bits": lambda: synthetic("9", PixelRepresentation=1, extra=window("0", "4096")),
    "inverted with padding": lambda: synthetic(
        "10",
        PhotometricInterpretation="MONOCHROME1",
        RescaleIntercept=None,
        RescaleSlope=None,
        extra=element(0x00280120, "US", 0) + element(0x00280121, "US", 700),
    ),
    "8 bits": lambda: synthetic(
        "11",
        BitsAllocated=8,
        BitsStored=8,
        HighBit=7,
        RescaleIntercept=None,
        RescaleSlope=None,
        PixelData=(RAMP & 0xFF).astype(np.uint8).tobytes(),
    ),
    "6 of 8 bits": lambda: synthetic(
        "12",
        BitsAllocated=8,
        BitsStored=6,
        HighBit=5,
        RescaleIntercept=None,
        RescaleSlope=None,
        PixelData=(RAMP & 0x3F).astype(np.uint8).tobytes(),
    ),
    "presentation LUT shape": lambda: synthetic(
        "13", RescaleIntercept=None, extra=element(0x20500020, "CS", "INVERSE")
    ),
    "overlay": lambda: with_overlay(),
}


def with_overlay() -> bytes:
    """A ramp with an overlay plane that begins outside of it."""
    bits = np.packbits(np.indices((20, 30)).sum(axis=0) % 3 == 0, bitorder="little").tobytes()
    plane = (
        element(0x60000010, "US", 20)
        + element(0x60000011, "US", 30)
        + element(0x60000040, "CS", "G")
        + element(0x60000050, "SS", [-3, 50])
        + element(0x60000100, "US", 1)
        + element(0x60000102, "US", 0)
        + element(0x60003000, "OW", bits + b"\0" * (len(bits) & 1))
    )
    return synthetic("14", extra=plane)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_greys_are_those_of_the_server(name: str, large: Page, server: RunningServer) -> None:
    content = SYNTHETIC[name]()
    store(server, content)
    opened(large, address_of(content))
    theirs = rendered(server, content)
    assert len(np.unique(theirs)) > 1
    assert difference(shown(large, 64, 64), theirs) <= 1


def test_each_frame_of_an_enhanced_image_has_its_own_window_and_rescaling(large: Page, server: RunningServer) -> None:
    content = synthetic(
        "20", PixelData=RAMP.tobytes() * 2, extra=element(0x00280008, "IS", "2") + FRAMES, SliceThickness=None
    )
    store(server, content)
    for frame in (1, 2):
        opened(large, address_of(content, frame=frame))
        assert difference(shown(large, 64, 64), rendered(server, content, frame=frame)) <= 1


CORPUS = (
    ("CT_small.dcm", 1),
    ("MR_small_padded.dcm", 1),
    ("MR_small_jp2klossless.dcm", 1),
    ("693_J2KI.dcm", 1),
    ("JPGExtended.dcm", 1),
    ("rtdose_1frame.dcm", 1),
    ("image_dfl.dcm", 1),
    ("examples_jpeg2k.dcm", 1),
    ("examples_palette.dcm", 1),
    ("examples_overlay.dcm", 1),
    ("23x38x3_multiframe_mf.dcm", 2),
    ("MR3_J2KR.dcm", 1),
)


@pytest.mark.parametrize(("name", "frame"), CORPUS)
def test_real_images_are_shown_as_by_the_server(name: str, frame: int, large: Page, server: RunningServer) -> None:
    found: Path | None = next((path for path in corpus_files() if path.name == name), None)
    if found is None:
        return  # of the shared data, which are not everywhere
    content = found.read_bytes()
    store(server, content)
    opened(large, address_of(content, frame=frame))
    theirs = rendered(server, content, frame=frame)
    assert theirs.max() > 40
    assert difference(shown(large, *theirs.shape[:2]), theirs) <= 1
