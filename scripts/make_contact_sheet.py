"""Render every file of the corpus onto one page to look at: ``python scripts/make_contact_sheet.py [FILE]``.

The page goes to build/contact-sheet.html unless a file is named. Of images of several frames the first and the one in
the middle are shown; what cannot be rendered is listed with its reason.
"""

import base64
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

from dicomcore.data import read_file
from dicomcore.errors import DicomError
from dicomcore.pixels import frame_index, stored_frame
from dicomcore.rendering.description import describe
from dicomcore.rendering.options import RenderingOptions, Viewport
from dicomcore.rendering.render import render_frame

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from corpus import content_of, corpus_files  # noqa: E402

SHEET = ROOT / "build" / "contact-sheet.html"
OPTIONS = RenderingOptions(media_type="image/png", viewport=Viewport(256, 256))
STYLE = """
body { font: 12px sans-serif; background: #666; color: #fff }
figure { display: inline-block; width: 260px; margin: 6px; vertical-align: top; overflow-wrap: anywhere }
img { display: block; max-width: 256px; max-height: 256px; outline: 1px solid #999 }
"""


@dataclass(frozen=True)
class Cell:
    """One picture of the sheet, or why there is none."""

    caption: str
    picture: bytes = b""
    problem: str = ""


def cells() -> Iterator[Cell]:
    for path in corpus_files():
        name = "/".join(path.parts[-2:])
        try:
            yield from cells_of(name, content_of(path))
        except DicomError as error:
            yield Cell(name, problem=str(error))


def cells_of(name: str, content: bytes) -> Iterator[Cell]:
    part10 = read_file(content)
    frames = frame_index(part10.dataset)
    if not frames.count:
        return
    description = describe(part10.dataset)
    uid = part10.transfer_syntax.uid
    form = description.common.form
    for number in sorted({1, frames.count // 2 + 1}):
        caption = (
            f"{name} frame {number} of {frames.count}, {form.image.columns} x {form.image.rows}, "
            f"{form.photometric_interpretation} {form.bits_stored} bits, {part10.transfer_syntax.name}"
        )
        try:
            frame = stored_frame(frames, part10.dataset.elements[frames.tag].buffer, number)
            yield Cell(caption, render_frame(frame, uid, number, description.frame(number), OPTIONS))
        except DicomError as error:
            yield Cell(caption, problem=str(error))


def figure(cell: Cell) -> str:
    encoded = base64.b64encode(cell.picture).decode("ascii")
    shown = f'<img src="data:image/png;base64,{encoded}" alt="">' if cell.picture else f"<b>{escape(cell.problem)}</b>"
    return f"<figure>{shown}<figcaption>{escape(cell.caption)}</figcaption></figure>\n"


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else SHEET
    target.parent.mkdir(parents=True, exist_ok=True)
    figures = "".join(figure(cell) for cell in cells())
    target.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Contact sheet</title>'
        f"<style>{STYLE}</style>\n{figures}</html>\n",
        encoding="utf-8",
    )
    print(target)


if __name__ == "__main__":
    main()
