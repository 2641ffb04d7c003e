from __future__ import annotations

import base64
import re
import zlib

import numpy as np

from dicomcore.waveforms.drawing import Area, Curve, Page, Pen, Words, straight_lines
from dicomcore.waveforms.pdf import pdf_of

PEN = Pen((255, 0, 0), 0.2)


def content(pdf: bytes) -> str:
    """What the first page is drawn with: reportlab writes it deflated, as Ascii85."""
    stream = re.search(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL)
    coded = b"" if stream is None else b"<~" + stream[1].strip()
    return zlib.decompress(base64.a85decode(coded, adobe=True)).decode("latin-1")


def test_pages_have_their_true_size() -> None:
    pdf = pdf_of([Page(297, 210, ()), Page(297, 210, ())])
    assert pdf.startswith(b"%PDF-")
    boxes = re.findall(rb"/MediaBox \[ 0 0 ([\d.]+) ([\d.]+) \]", pdf)
    assert len(boxes) == 2
    assert [round(float(side) * 25.4 / 72, 2) for side in boxes[0]] == [297.0, 210.0]


def test_marks_are_drawn_upright() -> None:
    marks = (
        straight_lines([(0, 0, 25.4, 0)], PEN),
        Curve(np.array([[0, 25.4], [25.4, 25.4]], np.float32), PEN),
        Area(0, 0, 25.4, 25.4, (0, 0, 255)),
    )
    drawn = content(pdf_of([Page(254, 254, marks)]))
    assert re.search(r"0 720 m 72(\.0+)? 720 l", drawn)
    assert re.search(r"0 648 m 72(\.0+)? 648 l", drawn)
    assert "0 648 72 72 re" in drawn


def test_words_of_any_script_are_set() -> None:
    words = [
        Words(10, 10 * at, text, 3, is_bold=at > 1) for at, text in enumerate(("II", "Müller", "山田", "\x00\x1b"), 1)
    ]
    assert pdf_of([Page(50, 50, tuple(words), "山田")]).startswith(b"%PDF-")


def test_a_single_point_is_drawn() -> None:
    assert pdf_of([Page(10, 10, (Curve(np.array([[1, 1]], np.float32), PEN),))]).startswith(b"%PDF-")


def test_the_same_pages_make_the_same_bytes() -> None:
    page = Page(50, 50, (Words(1, 2, "II", 3),))
    assert pdf_of([page]) == pdf_of([page])
