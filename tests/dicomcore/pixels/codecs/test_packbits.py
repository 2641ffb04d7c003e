from __future__ import annotations

import pytest

from dicomcore.pixels.codecs import decode_packbits


def test_runs_and_literals_are_decoded() -> None:
    assert decode_packbits(b"\xfe\x07\x01ab\x80", 5).tobytes() == b"\7\7\7ab"


def test_no_more_than_asked_for_is_decoded() -> None:
    assert decode_packbits(b"\x81\x07" * 1000, 10).tobytes() == b"\7" * 10


def test_a_segment_may_hold_less() -> None:
    assert decode_packbits(b"\x01ab", 10).tobytes() == b"ab"


def test_empty_segment_holds_nothing() -> None:
    assert decode_packbits(b"", 4).tobytes() == b""


def test_run_beyond_the_segment_is_refused() -> None:
    with pytest.raises(ValueError, match="beyond"):
        decode_packbits(b"\x05ab", 10)
