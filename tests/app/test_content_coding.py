"""Content codings (RFC 9110 §12.5.3; row COM-042)."""

import gzip

import pytest
import zstandard

from app.content_coding import CODINGS, coded_etag, encode, select_coding


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("gzip", "gzip"),
        ("GZIP;Q=1.0", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, zstd;q=0.5", "gzip"),
        ("*", "zstd"),
        ("*, zstd;q=0", "gzip"),
        ("gzip;q=nonsense", "gzip"),
        ("gzip;level=3", "gzip"),
        ("gzip;q=0", ""),
        ("br", ""),
        ("identity", ""),
        ("", ""),
    ],
)
def test_coding_is_chosen_by_weight_then_by_our_order(header: str, coding: str) -> None:
    assert select_coding(header, CODINGS, 10_000) == coding


def test_small_texts_are_not_coded_unless_they_have_to_be() -> None:
    assert select_coding("gzip", CODINGS, 100) == ""
    assert select_coding("gzip, identity;q=0", CODINGS, 100) == "gzip"
    assert select_coding("gzip, *;q=0", CODINGS, 100) == "gzip"


def test_codings_can_be_switched_off() -> None:
    assert select_coding("gzip", (), 10_000) == ""


def test_codings_decode_to_what_was_coded() -> None:
    buffers = [b"[", memoryview(b'{"00080020":{"vr":"DA"}}' * 100), bytearray(b"]")]
    text = b"".join(buffers)
    assert gzip.decompress(encode("gzip", buffers, len(text))) == text
    assert zstandard.decompress(encode("zstd", buffers, len(text))) == text


@pytest.mark.parametrize("coding", CODINGS)
def test_coding_depends_on_the_text_alone(coding: str) -> None:
    assert encode(coding, [b"abc" * 1000], 3000) == encode(coding, [b"abc" * 1000], 3000)


def test_every_coding_has_its_own_etag() -> None:
    assert [coded_etag('"a"', coding) for coding in ("", *CODINGS)] == ['"a"', '"a-zstd"', '"a-gzip"']
