from __future__ import annotations

import numpy as np
import pytest

from dicomcore.pixels.codecs import decode_packbits
from dicomcore.pixels.codecs.packbits import encode_packbits


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


def test_no_run_reaches_into_the_next_row() -> None:
    assert encode_packbits(np.full((2, 4), 7, np.uint8)) == b"\xfd\7\xfd\7"


def test_encoded_segment_is_of_even_length() -> None:
    segment = encode_packbits(np.array([[1, 2]], np.uint8))
    assert segment == b"\1\1\2\0"
    assert decode_packbits(segment, 2).tobytes() == b"\1\2"
