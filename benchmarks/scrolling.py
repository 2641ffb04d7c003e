"""Measure whether scrolling is smooth: ``python -m benchmarks.scrolling``.

A series of 2,000 CT images is stored and opened in the image view in Chromium. Once 50 of its images are there, the
wheel is turned through the series at a steady rate. What counts is the time between pictures that were drawn while
there was something to draw; the limit is 100 ms. Chromium's own trace tells which tasks of the page's main thread took
long. The server and the browser share the machine, and the browser draws without a graphics card.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import time
from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import CDPSession, Page, sync_playwright

from benchmarks import corpus as corpora
from benchmarks import headers
from benchmarks.instance import CT_FRAME, uid
from benchmarks.part10 import EXPLICIT_VR_LITTLE_ENDIAN, encode, encode_native_pixels, file_header
from benchmarks.servers import Isocenter, fresh_directory

LIMIT = 100.0
"""Milliseconds between two pictures."""
_LOADED = 50
_LONG_TASK = 50.0
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ("--no-sandbox", "--disable-gpu")  # a graphics card that is imitated is slower than none
_CATEGORIES = ("devtools.timeline", "toplevel", "v8", "disabled-by-default-v8.gc")
_VARIANTS = 16  # of the pixels: images differ, and need not all be made anew

# Notes when another image is drawn, and when the wheel is turned.
_WATCH = """() => {
  const canvas = document.getElementById("canvas");
  window.drawn = [];
  window.turned = [];
  let last = canvas.dataset.drawn;
  new MutationObserver(() => {
    if (canvas.dataset.drawn !== last) window.drawn.push(performance.now());
    last = canvas.dataset.drawn;
  }).observe(canvas, { attributes: true, attributeFilter: ["data-drawn"] });
  addEventListener("wheel", (event) => window.turned.push(event.timeStamp), { capture: true, passive: true });
}"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; return 1 if a gap was longer than the limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scrolling", description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=2000, help="images of the series (2000)")
    parser.add_argument("--rate", type=float, default=40, help="steps of the wheel a second (40)")
    parser.add_argument("--seconds", type=float, default=30, help="how long the wheel is turned (30)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to this file")
    options = parser.parse_args(arguments)
    directory = fresh_directory(corpora.ROOT)
    server = Isocenter(directory)
    try:
        server.start()
        started = time.monotonic()
        _store(server, options.images)
        print(f"{options.images} images stored in {time.monotonic() - started:.0f} s", flush=True)
        figures = _measured(f"http://127.0.0.1:{server.address.port}", options)
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    for name, value in figures.items():
        print(f"{name:42} {value:10.1f}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))
    return int(figures["longest gap from a turn of the wheel, ms"] > LIMIT)


def _instances(count: int) -> Iterator[bytes]:
    pixels = [encode_native_pixels(_pixels(variant)) for variant in range(_VARIANTS)]
    for number in range(count):
        sop = uid("scrolling", number)
        elements = headers.ct_elements(
            study=uid("scrolling"),
            series=uid("scrolling", "series"),
            sop=sop,
            reference=uid("scrolling", "reference"),
            frame_of_reference=uid("scrolling", "frame of reference"),
            date="20260301",
            minute=number % 1000,
            series_number=1,
            number=number + 1,
            z=-number * 0.5,
            current=300,
            description="AX 0.5",
            name="Zzz^Scrolling",
            patient="SCROLLING",
        )
        header = file_header(headers.CT_IMAGE, sop, EXPLICIT_VR_LITTLE_ENDIAN)
        yield header + encode(elements) + pixels[number % _VARIANTS]


def _pixels(variant: int) -> bytes:
    """A gradient with noise, of 512 by 512 signed values."""
    noise = bytearray(os.urandom(CT_FRAME))
    for place in range(1, CT_FRAME, 2):
        noise[place] = (place // 1024 // 64 + variant) % 6
    return bytes(noise)


def _store(server: Isocenter, count: int) -> None:
    with httpx.Client(timeout=120) as client:
        for content in _instances(count):
            answer = client.post(
                f"http://127.0.0.1:{server.address.port}/dicom-web/studies",
                content=content,
                headers={"Content-Type": "application/dicom"},
            )
            if answer.status_code != 200:
                raise RuntimeError(answer.text)


def _measured(url: str, options: argparse.Namespace) -> dict[str, float]:
    path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if path is None:
        raise RuntimeError("no Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*_ARGUMENTS])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        figures = _opened(page, f"{url}/ui/view/{uid('scrolling')}")
        trace = _Trace(page.context.new_cdp_session(page))
        trace.start()
        drawn, turned = _scrolled(page, options)
        figures |= _gaps(drawn, turned) | trace.stop()
        browser.close()
    return figures


def _opened(page: Page, address: str) -> dict[str, float]:
    """Open the series, and wait for its first picture and for those that scrolling begins with."""
    started = time.monotonic()
    page.goto(address)
    while not page.inner_text("#zoom-text"):
        time.sleep(0.01)
    first = time.monotonic() - started
    while int(page.get_attribute("#canvas", "data-here") or 0) < _LOADED:
        time.sleep(0.02)
    return {"first picture, ms": 1000 * first, f"{_LOADED} images here, ms": 1000 * (time.monotonic() - started)}


def _scrolled(page: Page, options: argparse.Namespace) -> tuple[list[float], list[float]]:
    """Turn the wheel, there and back again; returns when pictures were drawn, and when the wheel was turned."""
    box = page.locator("#canvas").bounding_box()
    if box is None:
        raise RuntimeError("the page has no canvas")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.evaluate(_WATCH)
    place, count = (int(one) for one in page.inner_text("#slider-text").split(" / "))
    direction = 1
    due = time.monotonic()
    end = due + options.seconds
    while time.monotonic() < end:
        if not 2 < place + direction < count - 1:
            direction = -direction
        page.mouse.wheel(0, 100 * direction)
        place += direction
        due = max(due + 1 / options.rate, time.monotonic())
        time.sleep(max(0, due - time.monotonic()))
    page.wait_for_timeout(500)
    return page.evaluate("window.drawn"), page.evaluate("window.turned")


def _gaps(drawn: list[float], turned: list[float]) -> dict[str, float]:
    """Time between pictures that follow each other; where the wheel stood still, from its next turn on."""
    pairs = list(pairwise(drawn))
    turns = [next((one for one in turned[bisect(turned, before) :]), before) for before, _ in pairs]
    gaps = sorted(after - before for before, after in pairs)
    waits = sorted(max(0.0, after - max(before, turn)) for (before, after), turn in zip(pairs, turns, strict=True))
    return {
        "turns of the wheel": len(turned),
        "pictures drawn": len(drawn),
        "median gap between pictures, ms": statistics.median(gaps),
        "99 % of gaps below, ms": gaps[int(len(gaps) * 0.99)],
        "longest gap between pictures, ms": gaps[-1],
        "longest gap from a turn of the wheel, ms": waits[-1],
        f"gaps over {LIMIT:.0f} ms from a turn": sum(one > LIMIT for one in waits),
    }


class _Trace:
    """Chromium's trace of the page while it scrolls."""

    def __init__(self, session: CDPSession) -> None:
        self.session = session
        self.events: list[dict[str, Any]] = []
        self.is_complete = False
        session.on("Tracing.dataCollected", lambda data: self.events.extend(data["value"]))
        session.on("Tracing.tracingComplete", lambda _: setattr(self, "is_complete", True))

    def start(self) -> None:
        self.session.send("Tracing.start", {"categories": ",".join(_CATEGORIES), "transferMode": "ReportEvents"})

    def stop(self) -> dict[str, float]:
        """End it; returns how long the tasks of the main thread were, and what of it was for garbage."""
        self.session.send("Tracing.end")
        while not self.is_complete:
            self.session.send("Browser.getVersion")
        main = {(one["pid"], one["tid"]) for one in self.events if _names_main_thread(one)}
        ours = [one for one in self.events if (one["pid"], one["tid"]) in main and one.get("ph") == "X"]
        tasks = [one["dur"] / 1000 for one in ours if one["name"].endswith("RunTask")]
        work = [one.get("tdur", 0) / 1000 for one in ours if one["name"].endswith("RunTask")]
        garbage = [one["dur"] / 1000 for one in ours if one["name"] in ("MajorGC", "MinorGC")]
        return {
            "longest task of the main thread, ms": max(tasks, default=0.0),
            "of its own processor time, ms": max(work, default=0.0),
            f"tasks over {_LONG_TASK:.0f} ms": sum(task > _LONG_TASK for task in tasks),
            "longest collection of garbage, ms": max(garbage, default=0.0),
        }


def _names_main_thread(event: dict[str, Any]) -> bool:
    return bool(event["name"] == "thread_name" and event["args"].get("name") == "CrRendererMain")


if __name__ == "__main__":
    sys.exit(main())
