from __future__ import annotations

from struct import pack

import pytest
from builders import element, encapsulated

from dicomcore.data import EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, Dataset, read_dataset
from dicomcore.errors import CorruptFrame, ResourceNotFound
from dicomcore.pixels import FRAMES_PER_PAGE, FrameIndex, frame_index, pixel_data


def image(
    pixels: bytes,
    *,
    frames: int | None = None,
    rows: int = 2,
    columns: int = 2,
    bits: int = 8,
    big_endian: bool = False,
) -> Dataset:
    ways = {"big_endian": big_endian}
    encoded = element(0x00280002, "US", 1, **ways)
    if frames is not None:
        encoded += element(0x00280008, "IS", str(frames), **ways)
    encoded += element(0x00280010, "US", rows, **ways) + element(0x00280011, "US", columns, **ways)
    encoded += element(0x00280100, "US", bits, **ways) + pixels
    return read_dataset(encoded, EXPLICIT_VR_BIG_ENDIAN if big_endian else EXPLICIT_VR_LITTLE_ENDIAN)


def native(value: bytes, vr: str = "OB") -> bytes:
    return element(0x7FE00010, vr, value)


def stored(dataset: Dataset, index: FrameIndex, number: int, page: bytes | None = None) -> list[bytes]:
    found = pixel_data(dataset)
    assert found is not None
    return [bytes(found.buffer[start:end]) for start, end in index.spans(number, page)]


def test_native_frames_are_arithmetic() -> None:
    dataset = image(native(bytes(range(12))), frames=3)
    index = frame_index(dataset)
    assert (index.count, index.declared, index.pages) == (3, 3, ())
    assert [stored(dataset, index, number) for number in (1, 2, 3)] == [
        [b"\0\1\2\3"],
        [b"\4\5\6\7"],
        [b"\x08\x09\x0a\x0b"],
    ]
    assert index.page_number(3) is None


def test_frames_that_are_not_there_are_not_counted() -> None:
    index = frame_index(image(native(bytes(7) + b"\0"), frames=3))
    assert (index.count, index.declared) == (2, 3)
    with pytest.raises(CorruptFrame):
        index.spans(3)
    with pytest.raises(ResourceNotFound):
        index.spans(4)
    with pytest.raises(ResourceNotFound):
        index.spans(0)


def test_single_bits_run_over_byte_boundaries() -> None:
    index = frame_index(image(native(bytes(6)), frames=3, rows=3, columns=5, bits=1))
    offset = index.offset
    assert [index.spans(number)[0] for number in (1, 2, 3)] == [
        (offset, offset + 2),
        (offset + 1, offset + 4),
        (offset + 3, offset + 6),
    ]
    assert [index.bit_offset(number) for number in (1, 2, 3)] == [0, 7, 6]


@pytest.mark.parametrize(("tag", "vr", "length"), [(0x7FE00008, "OF", 16), (0x7FE00009, "OD", 32)])
def test_floating_point_pixels_have_frames(tag: int, vr: str, length: int) -> None:
    index = frame_index(image(element(tag, vr, bytes(2 * length)), frames=2))
    assert index.count == 2
    assert index.spans(2)[0][1] - index.spans(2)[0][0] == length


def test_without_pixel_data_there_are_no_frames() -> None:
    index = frame_index(image(b""))
    assert index.count == 0
    with pytest.raises(ResourceNotFound):
        index.spans(1)
    assert FrameIndex.from_bytes(b"") == index


def test_image_without_size_has_no_frames() -> None:
    assert frame_index(image(native(bytes(4)), rows=0)).count == 0


def test_fragments_are_frames() -> None:
    dataset = image(encapsulated([b"aa", b"bb", b"cc"]), frames=3)
    index = frame_index(dataset)
    assert [stored(dataset, index, number) for number in (1, 2, 3)] == [[b"aa"], [b"bb"], [b"cc"]]


def test_frames_of_several_fragments_have_several_spans() -> None:
    offsets = pack("<3I", 0, 20, 30)
    dataset = image(encapsulated([b"aa", b"bb", b"cc", b"dd"], offset_table=offsets), frames=3)
    index = frame_index(dataset)
    assert [stored(dataset, index, number) for number in (1, 2, 3)] == [[b"aa", b"bb"], [b"cc"], [b"dd"]]


def test_the_length_of_a_frame_is_that_of_all_its_spans() -> None:
    several = frame_index(image(encapsulated([b"ab", b"cdef", b"gh"]), frames=1))
    assert (several.stored_length(1), frame_index(image(native(bytes(12)), frames=3)).stored_length(2)) == (8, 4)
    with pytest.raises(ResourceNotFound):
        several.stored_length(2)


@pytest.mark.parametrize("several", [False, True])
def test_frames_are_looked_up_in_one_page(several: bool) -> None:
    count = FRAMES_PER_PAGE * 2 + 5
    fragments = [pack(">I", number) for number in range(count * (2 if several else 1))]
    table = pack(f"<{count}I", *(24 * number for number in range(count))) if several else b""
    dataset = image(encapsulated(fragments, offset_table=table), frames=count)
    index = frame_index(dataset)
    assert (index.count, len(index.pages)) == (count, 3)
    header = FrameIndex.from_bytes(index.header)
    for number in (1, 2, FRAMES_PER_PAGE, FRAMES_PER_PAGE + 1, count):
        page = header.page_number(number)
        assert page == (number - 1) // FRAMES_PER_PAGE
        first = (number - 1) * (2 if several else 1)
        expected = fragments[first : first + (2 if several else 1)]
        assert stored(dataset, header, number, index.pages[page]) == expected == stored(dataset, index, number)


@pytest.mark.parametrize("big_endian", [False, True])
def test_index_survives_packing(big_endian: bool) -> None:
    index = frame_index(
        image(element(0x7FE00010, "OW", bytes(8), big_endian=big_endian), frames=2, big_endian=big_endian)
    )
    assert FrameIndex.from_bytes(index.header, index.pages) == index
    assert index.words and index.little_endian is not big_endian


def test_header_does_not_grow_with_the_number_of_frames() -> None:
    few = frame_index(image(encapsulated([b"aa"] * 2), frames=2))
    many = frame_index(image(encapsulated([b"aa"] * 3000), frames=3000))
    assert len(few.header) == len(many.header) < 64
