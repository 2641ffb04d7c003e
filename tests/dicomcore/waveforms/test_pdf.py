from __future__ import annotations

import base64
import re
import zlib

import numpy as np
import pytest

from dicomcore.waveforms.drawing import Area, Curve, Page, Pen, Words, straight_lines
from dicomcore.waveforms.pdf import pdf_of

PEN = Pen((255, 0, 0), 0.2)


def content(pdf: bytes) -> str:
    """What the first page is drawn with: reportlab writes it deflated, as Ascii85."""
    stream = re.search(rb"<<\s*/Filter [^>]*/Length \d+\s*>>\s*stream\r?\n(.*?)endstream", pdf, re.DOTALL)
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


def test_words_are_letters_of_our_own_typeface() -> None:
    pdf = pdf_of([Page(50, 50, (Words(10, 10, "Müller Жук", 3), Words(10, 20, "II", 3, is_bold=True)))])
    assert re.findall(rb"/BaseFont /\w+\+(DejaVuSans[-\w]*)", pdf) == [b"DejaVuSans", b"DejaVuSans-Bold"]
    assert b"/Image" not in pdf.replace(b"/ImageB", b"").replace(b"/ImageC", b"").replace(b"/ImageI", b"")


@pytest.mark.parametrize("text", ["山田", "דוד", "محمد", "x\u0323"])
@pytest.mark.parametrize(("anchor", "share"), [("start", 0.0), ("middle", 0.5), ("end", 1.0)])
def test_words_that_reportlab_does_not_lay_out_are_a_picture_at_their_place(
    text: str, anchor: str, share: float
) -> None:
    drawn = content(pdf_of([Page(100, 50, (Words(50, 20, text, 4, (0, 0, 120), anchor),))]))
    found = re.search(r"([\d.]+) 0 0 ([\d.]+) ([\d.]+) ([\d.]+) cm\s+/\S+ Do", drawn)
    assert found is not None, drawn[:500]
    width, height, left, bottom = (float(number) * 25.4 / 72 for number in found.groups())
    assert left + 4 + (width - 8) * share == pytest.approx(50, abs=0.1)  # there is room of a letter around it
    assert bottom < 50 - 20 < bottom + height


def test_words_without_letters_are_nothing() -> None:
    assert pdf_of([Page(50, 50, (Words(10, 10, "\x00\x1b", 3), Words(10, 20, "", 3)), "山田")]).startswith(b"%PDF-")


def test_a_single_point_is_drawn() -> None:
    assert pdf_of([Page(10, 10, (Curve(np.array([[1, 1]], np.float32), PEN),))]).startswith(b"%PDF-")


def test_the_same_pages_make_the_same_bytes() -> None:
    page = Page(50, 50, (Words(1, 2, "II", 3),))
    assert pdf_of([page]) == pdf_of([page])
