from __future__ import annotations

from struct import pack

import pytest

from dicomcore.pixels.codecs.boxes import box_content


def box(kind: bytes, content: bytes) -> bytes:
    return pack(">I4s", 8 + len(content), kind) + content


JP2 = box(b"jP  ", b"\r\n\x87\n") + box(b"ftyp", b"jp2 ") + box(b"jp2c", b"codestream")


def test_a_codestream_is_found_in_its_file() -> None:
    assert box_content(JP2, b"jp2c") == b"codestream"


def test_a_last_box_may_have_no_length() -> None:
    file = JP2[: -len(box(b"jp2c", b"codestream"))] + pack(">I4s", 0, b"jp2c") + b"codestream"
    assert box_content(file, b"jp2c") == b"codestream"


def test_a_box_may_have_a_long_length() -> None:
    file = box(b"jP  ", b"\r\n\x87\n") + pack(">I4sQ", 1, b"jp2c", 26) + b"codestream"
    assert box_content(file, b"jp2c") == b"codestream"


def test_what_is_no_file_has_no_boxes() -> None:
    assert box_content(b"\xff\x4f\xff\x51" + bytes(40), b"jp2c") is None


def test_a_file_without_such_a_box_has_no_content() -> None:
    assert box_content(JP2, b"jxlc") is None


@pytest.mark.parametrize("length", [2, 7, 0x7FFFFFFF])
def test_boxes_of_a_wrong_length_are_refused(length: int) -> None:
    file = box(b"jP  ", b"\r\n\x87\n") + pack(">I4s", length, b"ftyp") + box(b"jp2c", b"")[:-1]
    with pytest.raises(ValueError):
        box_content(file, b"jp2c")
