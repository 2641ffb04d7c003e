"""What tests of the image view need: a page at an instance, the pixels of its canvas, those of the server."""

from __future__ import annotations

import base64
import io
import math

import httpx
import numpy as np
import pydicom
from chromium import until
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page
from running_server import RunningServer

Picture = NDArray[np.uint8]

_READ = """() => {
  const canvas = document.getElementById("canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let text = "";
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return [canvas.width, canvas.height, btoa(text)];
}"""


def store(server: RunningServer, *files: bytes) -> None:
    """Store files, none of which may be refused."""
    for content in files:
        answer = httpx.post(
            f"{server.base}/studies", content=content, headers={"Content-Type": "application/dicom"}, timeout=60
        )
        assert answer.status_code in (200, 202), answer.text  # 202: stored, with a warning about what is odd in it


def address_of(content: bytes, *, frame: int = 1) -> str:
    """The page of the image view at an instance."""
    dataset = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True, force=True)
    query = f"series={dataset.SeriesInstanceUID}&instance={dataset.SOPInstanceUID}&frame={frame}"
    return f"/ui/view/{dataset.StudyInstanceUID}?{query}"


def opened(page: Page, address: str) -> None:
    """Open the image view, and wait for its picture."""
    page.goto(address)
    until(page, lambda: page.inner_text("#zoom-text"), "a picture")


def canvas_of(page: Page) -> Picture:
    """The pixels of the canvas, (rows, columns, 3)."""
    width, height, data = page.evaluate(_READ)
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)[..., :3]


def shown(page: Page, rows: int, columns: int) -> Picture:
    """The picture, one pixel of the image for one of the canvas."""
    page.keyboard.press("1")
    until(page, lambda: page.inner_text("#zoom-text") == "Zoom 100%", "one pixel for one")
    canvas = canvas_of(page)
    left, top = (
        math.floor((all_of - part) / 2 + 0.5) for all_of, part in zip(canvas.shape[1::-1], (columns, rows), strict=True)
    )
    assert left >= 0 and top >= 0, "the page is too small for the picture"
    return canvas[top : top + rows, left : left + columns]


def rendered(server: RunningServer, content: bytes, *, frame: int = 1, query: str = "") -> Picture:
    """The same frame as the server shows it."""
    dataset = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True, force=True)
    path = f"/studies/{dataset.StudyInstanceUID}/series/{dataset.SeriesInstanceUID}/instances/{dataset.SOPInstanceUID}"
    answer = httpx.get(
        f"{server.base}{path}/frames/{frame}/rendered{query}", headers={"Accept": "image/png"}, timeout=60
    )
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))


def difference(one: Picture, other: Picture) -> int:
    """The largest difference, in grey levels."""
    assert one.shape == other.shape
    return int(np.abs(one.astype(np.int16) - other).max())
