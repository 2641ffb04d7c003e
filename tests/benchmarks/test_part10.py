"""The writer of the corpus, read back with pydicom."""

import io
import struct

import pydicom

from benchmarks import part10


def read(elements: part10.Elements) -> pydicom.FileDataset:
    header = part10.file_header("1.2.840.10008.5.1.4.1.1.7", "1.2.3", part10.EXPLICIT_VR_LITTLE_ENDIAN)
    return pydicom.dcmread(io.BytesIO(header + part10.encode(elements)))


def test_numbers_are_written_in_their_binary_form() -> None:
    dataset = read([(0x00280010, "US", 512), (0x00209157, "UL", [1, 70000]), (0x00280009, "AT", 0x00181063)])
    assert (dataset.Rows, list(dataset.DimensionIndexValues)) == (512, [1, 70000])
    assert dataset.FrameIncrementPointer == 0x00181063


def test_odd_text_is_padded_to_even_length() -> None:
    assert part10.encode([(0x00100020, "LO", "ABC")]) == b"\x10\0\x20\0LO\x04\0ABC "
    assert part10.encode([(0x0020000D, "UI", "1.2")]) == b"\x20\0\x0d\0UI\x04\x001.2\0"


def test_elements_are_sorted_by_tag() -> None:
    assert [element.tag for element in read([(0x00100020, "LO", "B"), (0x00080060, "CS", "CT")])] == [
        0x00080060,
        0x00100020,
    ]


def test_sequences_hold_their_items() -> None:
    item = [(0x00080100, "SH", "A"), (0x00080104, "LO", "Meaning")]
    dataset = read([(0x0040A043, "SQ", [item, item])])
    assert [code.CodeMeaning for code in dataset.ConceptNameCodeSequence] == ["Meaning", "Meaning"]


def test_fragments_follow_an_offset_table_that_points_at_them() -> None:
    encoded = part10.encode_fragments([b"abc", b"defg"], offset_table=True)
    assert struct.unpack_from("<2I", encoded, 20) == (0, 12)
    assert encoded.endswith(b"abc\0" + struct.pack("<HHI", 0xFFFE, 0xE000, 4) + b"defg\xfe\xff\xdd\xe0\0\0\0\0")


def test_an_offset_table_may_be_empty() -> None:
    assert part10.encode_fragments([], offset_table=False)[12:20] == struct.pack("<HHI", 0xFFFE, 0xE000, 0)


def test_the_data_set_starts_behind_group_2() -> None:
    header = part10.file_header("1.2", "1.2.3", part10.EXPLICIT_VR_LITTLE_ENDIAN)
    assert part10.dataset_start(header + b"data set") == len(header)


def test_nested_elements_are_counted() -> None:
    assert part10.count_elements([(1, "SQ", [[(2, "LO", "x")], [(2, "LO", "y"), (3, "SQ", [])]])]) == 4
