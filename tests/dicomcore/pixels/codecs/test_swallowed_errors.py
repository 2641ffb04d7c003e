from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from images import image_format, smooth

from dicomcore.pixels.codecs.jpeg2000 import decode_htj2k, encode_htj2k
from dicomcore.pixels.codecs.swallowed_errors import raised_in
from dicomcore.pixels.encoding import Encoding


class Broken:
    """What is raised while an object goes away is swallowed, as it is in a function of Cython that raises nothing."""

    def __del__(self) -> None:
        raise KeyError("lost")


def hooks() -> tuple[object, object]:
    return sys.unraisablehook, sys.excepthook


def test_a_swallowed_error_is_raised_after_the_block() -> None:
    finished = []
    with pytest.raises(RuntimeError, match="lost"), raised_in("Broken"):
        Broken()
        finished.append(True)
    assert finished


def test_nothing_is_raised_where_nothing_was_swallowed() -> None:
    before, finished = sys.unraisablehook, []
    with raised_in("Broken"):
        finished.append(True)
    assert finished and sys.unraisablehook is before


def test_what_others_swallow_is_reported_as_ever() -> None:
    reported = []
    before = sys.unraisablehook
    sys.unraisablehook = lambda unraisable: reported.append(str(unraisable.exc_value))
    try:
        with raised_in("another library"):
            Broken()
    finally:
        sys.unraisablehook = before
    assert reported == ["'lost'"]


def test_an_error_of_the_block_comes_out_and_the_hooks_are_put_back() -> None:
    before = hooks()
    with pytest.raises(ValueError, match="own"), raised_in("Broken"):
        raise ValueError("own")
    assert hooks() == before


def test_damage_is_seen_by_the_thread_whose_frame_it_is_in() -> None:
    form = image_format((64, 64), 8)
    good = encode_htj2k(smooth(form), form, Encoding())
    third = len(good) // 3
    broken = good[:third] + b"\xff" * (len(good) - third - 2) + good[-2:]

    def is_refused(number: int) -> bool:
        try:
            decode_htj2k(broken if number % 2 else good, form)
        except ValueError:
            return True
        return False

    before = hooks()
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(is_refused, range(200))) == [False, True] * 100
    assert hooks() == before
