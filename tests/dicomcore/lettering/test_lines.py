from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageDraw

from dicomcore.lettering import Anchor, ascent_of, printable, width_of, write

SIZE = 40


def written(
    line: str, anchor: Anchor = "la", place: tuple[float, float] = (100, 60), **options: int
) -> npt.NDArray[np.bool_]:
    """What is marked of a sheet of 400 by 160 pixels on which a line was written."""
    sheet = Image.new("L", (400, 160))
    write(ImageDraw.Draw(sheet), place, line, SIZE, 255, anchor=anchor, **options)
    return np.asarray(sheet) > 128


def extent(marked: npt.NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is marked."""
    rows, columns = np.flatnonzero(marked.any(axis=1)), np.flatnonzero(marked.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


def test_width_grows_with_the_text() -> None:
    assert 0 < width_of("i", 16) < width_of("immmm", 16) < width_of("immmm山", 16)
    assert width_of("", 16) == 1


@pytest.mark.parametrize("line", ["Hello", "Жук", "H山H", "דוד H", "x\u0323山"])
def test_a_line_is_as_wide_as_it_says(line: str) -> None:
    left, _, right, _ = extent(written(printable(line)))
    assert abs((right - left + 1) - width_of(printable(line), SIZE)) <= SIZE // 4
    assert left >= 99


@pytest.mark.parametrize("line", ["HHHH", "HH山山"])
@pytest.mark.parametrize(("anchor", "share"), [("ls", 0.0), ("ms", 0.5), ("rs", 1.0)])
def test_a_line_begins_ends_or_is_centred_at_its_place(line: str, anchor: Anchor, share: float) -> None:
    left, _, right, _ = extent(written(line, anchor, (200, 100)))
    assert abs(left + share * (right - left) - 200) <= 5


def test_all_typefaces_of_a_line_stand_on_its_baseline() -> None:
    alone, together = extent(written("H", "ls", (100, 100))), written("H山H", "ls", (100, 100))
    first, last = together[:, : alone[2] + 2], together[:, extent(together)[2] - (alone[2] - alone[0]) :]
    assert extent(first)[1::2] == extent(last)[1::2] == alone[1::2]
    assert alone[3] in (99, 100)


def test_the_top_of_a_line_is_above_its_capitals_by_the_rest_of_the_ascent() -> None:
    top, baseline = extent(written("H", "la", (100, 60))), extent(written("H", "ls", (100, 60 + ascent_of(SIZE))))
    assert top == baseline


def test_the_middle_of_a_line_is_between_its_letters() -> None:
    _, top, _, bottom = extent(written("Hg", "mm", (200, 80)))
    assert abs((top + bottom) / 2 - 80) <= SIZE // 8


def test_a_stroke_makes_letters_thicker() -> None:
    assert written("Ж山", stroke_width=2).sum() > 1.3 * written("Ж山").sum()


def test_letters_from_the_right_are_written_from_the_right() -> None:
    last, both = written("ב"), written("אב")
    left, top, right, bottom = extent(last)
    assert (both[top : bottom + 1, left : right + 1] == last[top : bottom + 1, left : right + 1]).all()
    assert extent(both)[2] > right + SIZE // 4


def test_bold_letters_are_bold() -> None:
    regular, bold = written("Lead II"), written("Lead II", is_bold=True)
    assert bold.sum() > 1.2 * regular.sum()
    assert width_of("Lead II", SIZE, is_bold=True) > width_of("Lead II", SIZE)
