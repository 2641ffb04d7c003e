import struct

import pytest

from dicomcore.data.codestream.boxes import boxes, find_box
from dicomcore.errors import MalformedDataset


def test_boxes_are_walked_with_short_long_and_open_lengths() -> None:
    file = (
        struct.pack(">I4s2s", 10, b"aaaa", b"xy") + struct.pack(">I4sQ1s", 1, b"bbbb", 17, b"z") + b"\0\0\0\0ccccrest"
    )
    view = memoryview(file)
    assert [(kind, bytes(view[start:end])) for kind, start, end in boxes(view)] == [
        (b"aaaa", b"xy"),
        (b"bbbb", b"z"),
        (b"cccc", b"rest"),
    ]


def test_a_box_is_found_by_its_path() -> None:
    inner = struct.pack(">I4s1s", 9, b"leaf", b"!")
    view = memoryview(struct.pack(">I4s", 8, b"skip") + struct.pack(">I4s", 17, b"node") + inner)
    assert find_box(view, b"node/leaf") == (24, 25)
    assert find_box(view, b"node/none") is None


@pytest.mark.parametrize("length", [2, 7, 100])
def test_a_box_that_is_shorter_than_its_header_or_longer_than_the_file_is_refused(length: int) -> None:
    with pytest.raises(MalformedDataset):
        list(boxes(memoryview(struct.pack(">I4s", length, b"aaaa") + bytes(4))))
