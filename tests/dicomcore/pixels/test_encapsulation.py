from struct import pack

from builders import EXPLICIT_LE, element, encapsulated, header

from dicomcore.data import read_dataset, transfer_syntax
from dicomcore.pixels import frame_index
from dicomcore.pixels.encapsulation import END_OF_FRAGMENTS, encapsulated_start, fragment, native_start, needs_extended


def written(frames: list[bytes], *, with_table: bool) -> bytes:
    lengths = [len(frame) + (len(frame) & 1) for frame in frames]
    pieces = [encapsulated_start(lengths if with_table else None)]
    for frame in frames:
        pieces += [bytes(piece) for piece in fragment(frame)]
    return b"".join([*pieces, END_OF_FRAGMENTS])


def test_fragments_have_a_basic_offset_table_where_all_lengths_are_known() -> None:
    frames = [b"one!", b"two", b"three!"]
    expected = encapsulated(frames, offset_table=pack("<3I", 0, 12, 24))
    assert written(frames, with_table=True) == expected


def test_the_offset_table_is_empty_where_lengths_are_not_known() -> None:
    frames = [b"one!", b"two", b"three!"]
    assert written(frames, with_table=False) == encapsulated(frames)


def test_offsets_above_32_bits_make_an_extended_offset_table() -> None:
    gigabytes = 3 << 30
    start = encapsulated_start([gigabytes] * 3)
    tables = element(0x7FE00001, "OV", pack("<3Q", 0, gigabytes + 8, 2 * gigabytes + 16))
    tables += element(0x7FE00002, "OV", pack("<3Q", *[gigabytes] * 3))
    assert start == tables + header(0x7FE00010, "OB", 0xFFFFFFFF) + encapsulated([])[12:20]


def test_the_largest_offset_of_a_basic_table_is_one_below_4_gb() -> None:
    assert encapsulated_start([0xFFFFFFF6, 2])[:4] == pack("<HH", 0x7FE0, 0x0010)
    assert encapsulated_start([0xFFFFFFF8, 2])[:4] == pack("<HH", 0x7FE0, 0x0001)


def test_room_is_left_for_the_table_that_will_be_needed() -> None:
    assert not needs_extended(5000, 200_000)
    assert needs_extended(5000, 500_000)
    for extended in (False, True):
        before, after = (encapsulated_start(lengths, extended=extended) for lengths in ([0] * 5, [2, 4, 6, 8, 10]))
        assert len(before) == len(after)
    assert encapsulated_start([2, 4], extended=True)[:4] == pack("<HH", 0x7FE0, 0x0001)


def test_a_reader_finds_the_frames_again() -> None:
    attributes = element(0x00280008, "IS", "3 ") + element(0x00280010, "US", 1) + element(0x00280011, "US", 1)
    content = attributes + written([b"one!", b"two", b"three!"], with_table=True)
    frames = frame_index(read_dataset(content, transfer_syntax(EXPLICIT_LE)))
    spans = [frames.spans(number)[0] for number in (1, 2, 3)]
    assert [content[start:end] for start, end in spans] == [b"one!", b"two\0", b"three!"]


def test_native_pixel_data_of_more_than_eight_bits_are_words() -> None:
    assert native_start(16, 32) == header(0x7FE00010, "OW", 32)
    assert native_start(8, 32) == native_start(1, 32) == header(0x7FE00010, "OB", 32)
