from __future__ import annotations

from dicomcore.waveforms.drawing import Pen, straight_lines


def test_lines_are_ends_in_an_array() -> None:
    lines = straight_lines([(0, 1, 2, 3), (4, 5, 6, 7)], Pen((0, 0, 0), 0.1))
    assert lines.ends.tolist() == [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]


def test_no_lines_are_an_empty_array() -> None:
    assert straight_lines([], Pen((0, 0, 0), 0.1)).ends.shape == (0, 2, 2)
