from __future__ import annotations

import numpy as np
from lxml import etree

from dicomcore.waveforms.drawing import Area, Curve, Page, Pen, Words, straight_lines
from dicomcore.waveforms.svg import svg_of

PEN = Pen((255, 0, 0), 0.2)
SVG = "{http://www.w3.org/2000/svg}"


def parsed(*marks: object) -> etree._Element:
    return etree.fromstring(svg_of(Page(297, 210, marks, "An <ECG>")))  # type: ignore[arg-type]


def test_a_page_is_in_millimetres() -> None:
    root = parsed()
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("297mm", "210mm", "0 0 297 210")
    assert root.findtext(f"{SVG}title") == "An <ECG>"


def test_every_mark_has_its_element() -> None:
    curve = Curve(np.array([[1, 2], [3.5, 4]], np.float32), PEN)
    root = parsed(straight_lines([(0, 1, 2, 3)], PEN), curve, Area(1, 2, 3, 4, (0, 0, 255)), Words(1, 2, "II", 3))
    path, line, text = (root.find(f"{SVG}{name}") for name in ("path", "polyline", "text"))
    assert path is not None
    assert path.get("d") == "M0 1L2 3"
    assert line is not None
    assert (line.get("points"), line.get("stroke"), line.get("stroke-width")) == ("1,2 3.5,4", "#ff0000", "0.2")
    assert text is not None
    assert text.text == "II"
    assert root.findall(f"{SVG}rect")[1].get("fill") == "#0000ff"


def test_text_is_never_markup() -> None:
    attack = '</text><script>alert(1)</script>&\x00"'
    root = parsed(Words(1, 2, attack, 3))
    assert root.findtext(f"{SVG}text") == attack.replace("\x00", "\ufffd")
    assert root.find(f".//{SVG}script") is None
