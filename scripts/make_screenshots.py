"""Take pictures of every page for the documentation: ``python scripts/make_screenshots.py [FOLDER]``.

A server of its own is filled with the files that pydicom ships and with a phantom of a head, and looked at by Chromium,
as wide as a desk and as a phone. The pictures go to docs/images unless a folder is named.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from builders import element  # noqa: E402
from chromium import DESKTOP, PHONE, open_browser  # noqa: E402
from corpus import corpus_files  # noqa: E402
from running_server import RunningServer, start_server  # noqa: E402
from volume_builders import slice_file  # noqa: E402

IMAGES = ROOT / "docs" / "images"
WIDTHS = {"desktop": DESKTOP, "phone": PHONE}
NODES = (
    {"ae_title": "PACS", "host": "pacs.hospital.example", "port": 104, "tls": True, "retrieve": "move"},
    {"ae_title": "CLOUD", "kind": "dicomweb", "base_url": "https://dicom.example/dicom-web"},
)
SETTLED = 1500  # milliseconds for thumbnails and pictures to arrive

PHANTOM = {
    "PatientName": "Phantom^Head",
    "PatientID": "PH-0001",
    "StudyDescription": "Head without contrast",
    "SeriesDescription": "Axial 2.0",
    "StudyInstanceUID": "1.2.826.0.1.3680043.10.1.1",
    "SeriesInstanceUID": "1.2.826.0.1.3680043.10.1.1.1",
    "AccessionNumber": "A20261123",
    "StudyDate": "20261123",
}
# Ellipsoids of a head by their half axes, centre (x, y, z, in parts of the half width) and Hounsfield units inside.
ELLIPSOIDS = (
    ((0.72, 0.92, 0.95), (0, 0, 0), 60),
    ((0.69, 0.89, 0.92), (0, 0, 0), 1100),
    ((0.63, 0.83, 0.86), (0, 0, 0), 34),
    ((0.60, 0.80, 0.82), (0, 0.02, 0), 28),
    ((0.09, 0.33, 0.30), (-0.16, -0.05, 0.05), 6),
    ((0.09, 0.33, 0.30), (0.16, -0.05, 0.05), 6),
    ((0.05, 0.10, 0.10), (0, 0.30, 0), 8),
    ((0.20, 0.16, 0.18), (0.30, 0.28, 0.10), 46),
    ((0.10, 0.08, 0.09), (0.31, 0.29, 0.10), 68),
    ((0.04, 0.04, 0.04), (0, -0.45, -0.05), 160),
)
SIZE, SLICES = 320, 80

Visit = Callable[[Page, RunningServer], object]


def head() -> NDArray[np.int16]:
    """Voxels of the phantom: slices, rows, columns."""
    axis = np.linspace(-1, 1, SIZE, dtype=np.float32)
    z = np.linspace(-0.95, 0.95, SLICES, dtype=np.float32)[:, None, None]
    voxels = np.full((SLICES, SIZE, SIZE), -1000, np.float32)
    for half, centre, units in ELLIPSOIDS:
        parts = zip((axis[None, None, :], axis[None, :, None], z), centre, half, strict=True)
        voxels[sum(((place - middle) / length) ** 2 for place, middle, length in parts) <= 1] = units
    noise = np.random.default_rng(1).normal(0, 3, voxels.shape)
    return np.round(voxels + noise).astype(np.int16)


def write_phantom(folder: Path) -> Path:
    folder.mkdir()
    window = (element(0x00281050, "DS", "40"), element(0x00281051, "DS", "120"))
    for number, pixels in enumerate(head(), 1):
        uid = f"{PHANTOM['SeriesInstanceUID']}.{number}"
        choices = {**PHANTOM, "InstanceNumber": str(number), "SOPInstanceUID": uid}
        position = (-112.0, -112.0, 2.0 * number)
        content = slice_file(pixels, position, spacing=(0.7, 0.7), extra=window, **choices)
        (folder / f"{number:03}.dcm").write_bytes(content)
    return folder


def study_with(server: RunningServer, modality: str) -> tuple[str, str, str]:
    """The UIDs of the largest series of a modality, and of one of its instances."""
    found = httpx.get(f"{server.base}/series", params={"Modality": modality, "limit": 1000}).json()
    largest = max(found, key=lambda one: one["00201209"]["Value"][0])
    study, series = (largest[tag]["Value"][0] for tag in ("0020000D", "0020000E"))
    instances = httpx.get(f"{server.base}/studies/{study}/series/{series}/instances").json()
    return study, series, instances[len(instances) // 2]["00080018"]["Value"][0]


def page_of(modality: str, path: str) -> Visit:
    """Visit a page of the largest series of a modality."""

    def visit(page: Page, server: RunningServer) -> object:
        study, series, instance = study_with(server, modality)
        return page.goto(path.format(study=study, series=series, instance=instance))

    return visit


def visit_status(page: Page, server: RunningServer) -> None:
    """Visit the status page, and have the folder say what it would say elsewhere."""
    page.goto("/ui/status")
    page.get_by_text(str(server.data), exact=True).evaluate("folder => { folder.textContent = '/srv/isocenter'; }")


STUDY = "/ui/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"
PAGES: dict[str, Visit] = {
    "studies": lambda page, _: page.goto("/"),
    "search": lambda page, _: page.goto("/?name=phan"),
    "study": page_of("CT", STUDY),
    "series": page_of("CT", SERIES),
    "instance": page_of("CT", INSTANCE),
    "report": page_of("SR", INSTANCE),
    "view": page_of("CT", "/ui/view/{study}?series={series}"),
    "upload": lambda page, _: page.goto("/ui/upload"),
    "nodes": lambda page, _: page.goto("/ui/nodes"),
    "transfers": lambda page, _: page.goto("/ui/transfers"),
    "status": visit_status,
}


def fill(server: RunningServer) -> None:
    """Store the corpus, and name two nodes."""
    files = [str(path) for path in (*corpus_files(), write_phantom(server.data.parent / "phantom"))]
    command = [sys.executable, "-m", "app.cli", "import", "--data", str(server.data), *files]
    subprocess.run(command, capture_output=True)  # it says by its exit code that some files are broken on purpose
    for node in NODES:
        httpx.post(f"{server.url}/nodes", json=node).raise_for_status()


def take(browser: Browser, server: RunningServer, folder: Path) -> None:
    for width, viewport in WIDTHS.items():
        context = browser.new_context(base_url=server.url, viewport=viewport, device_scale_factor=1)
        page = context.new_page()
        for name, visit in PAGES.items():
            visit(page, server)
            page.wait_for_timeout(SETTLED)
            path = folder / f"{name}-{width}.png"
            page.screenshot(path=path)
            reduce(path)
        context.close()


def reduce(path: Path) -> None:
    """Make a picture a few times smaller: 256 colours are enough for pages."""
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        server = start_server(Path(place) / "data", "--dimse-port", "11112")
        try:
            fill(server)
            with open_browser() as browser:
                take(browser, server, folder)
        finally:
            server.stop()
    print(folder)


if __name__ == "__main__":
    main()
