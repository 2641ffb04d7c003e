from __future__ import annotations

import tracemalloc

import pytest
from builders import DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE, ct_dataset, element, encapsulated, sequence

from dicomcore.data import Dataset, new_dataset, read_dataset, transfer_syntax, write_dataset

SEQUENCE = 0x00081140
NATIVE = [IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_BE]


def encoding(uid: str) -> dict[str, bool]:
    return {"implicit": uid == IMPLICIT_LE, "big_endian": uid == EXPLICIT_BE}


def ordered(uid: str, *, undefined: bool = False) -> bytes:
    ways = encoding(uid)
    inner = sequence(0x00081199, element(0x00081155, "UI", "1.2.3", **ways), undefined=undefined, **ways)
    content = inner + element(0x00280010, "US", 7, **ways)
    return (
        element(0x00080060, "CS", "CT", **ways)
        + sequence(SEQUENCE, content, b"", undefined=undefined, **ways)
        + element(0x00181063, "DS", "1.5", **ways)
        + element(0x00189073, "FD", [1.5, -2.5], **ways)
        + element(0x00209157, "UL", [1, 2, 3], **ways)
        + element(0x00280009, "AT", [0x00181063], **ways)
        + element(0x7FE00010, "OW", b"\0\1\2\3" if not ways["big_endian"] else b"\1\0\3\2", **ways)
    )


def read(encoded: bytes, uid: str = EXPLICIT_LE) -> Dataset:
    return read_dataset(encoded, transfer_syntax(uid))


def write(dataset: Dataset, uid: str = EXPLICIT_LE) -> bytes:
    return b"".join(write_dataset(dataset, transfer_syntax(uid)))


@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize("source", NATIVE)
@pytest.mark.parametrize("target", NATIVE)
def test_every_native_encoding_becomes_every_other(source: str, target: str, undefined: bool) -> None:
    dataset = read(ordered(source, undefined=undefined), source)
    assert write(dataset, target) == ordered(target, undefined=undefined)


def test_deflated_data_set_has_no_zlib_header_and_even_length() -> None:
    deflated = write(read(ordered(EXPLICIT_LE)), DEFLATED_LE)
    assert len(deflated) % 2 == 0
    assert write(read(deflated, DEFLATED_LE)) == ordered(EXPLICIT_LE)


def test_what_nobody_touched_is_copied_to_the_byte() -> None:
    odd = element(0x00080000, "UL", 9999) + element(0x00100010, "PN", b"A^B") + element(0x00100020, "UN", b"P")
    assert write(read(odd)) == odd


def test_untouched_data_set_is_one_view_of_its_buffer() -> None:
    encoded = ct_dataset(PixelData=bytes(100_000))
    pieces = list(write_dataset(read(encoded), transfer_syntax(EXPLICIT_LE)))
    assert len(pieces) == 1
    assert isinstance(pieces[0], memoryview) and pieces[0].obj is encoded


def test_changed_element_leaves_the_others_as_they_came() -> None:
    dataset = read(element(0x00080000, "UL", 10) + element(0x00080060, "CS", "CT") + element(0x00100010, "PN", b"A^B"))
    dataset.put(0x00080060, "CS", "MR")
    assert write(dataset) == element(0x00080060, "CS", "MR") + element(0x00100010, "PN", b"A^B")


def test_change_within_an_item_is_written() -> None:
    dataset = read(element(0x00080000, "UL", 99) + sequence(SEQUENCE, element(0x00080060, "CS", "CT"), undefined=True))
    dataset.items(SEQUENCE)[0].put(0x00080060, "CS", "MR")
    assert write(dataset) == sequence(SEQUENCE, element(0x00080060, "CS", "MR"), undefined=True)


def test_group_lengths_are_left_out_of_another_encoding() -> None:
    dataset = read(element(0x00080000, "UL", 10) + element(0x00080060, "CS", "CT"))
    assert write(dataset, IMPLICIT_LE) == element(0x00080060, "CS", "CT", implicit=True)


def test_odd_values_are_padded_by_their_vr() -> None:
    implicit = element(0x00080018, "UI", b"1.2", implicit=True) + element(0x00100010, "PN", b"A^B", implicit=True)
    assert write(read(implicit, IMPLICIT_LE)) == element(0x00080018, "UI", b"1.2\0") + element(
        0x00100010, "PN", b"A^B "
    )


def test_value_too_long_for_16_bits_becomes_un() -> None:
    value = b"1" * 70_000
    written = write(read(element(0x00181063, "DS", value, implicit=True), IMPLICIT_LE))
    assert written == element(0x00181063, "UN", value)
    assert read(written).elements[0x00181063].vr == "DS"


def test_value_of_65534_bytes_keeps_its_vr() -> None:
    value = b"1" * 65534
    assert write(read(element(0x00181063, "DS", value, implicit=True), IMPLICIT_LE)) == element(0x00181063, "DS", value)


def test_overlong_numbers_are_little_endian_in_un() -> None:
    dataset = new_dataset()
    dataset.put(0x00281201, "US", *([258] * 40_000))
    written = write(dataset, EXPLICIT_BE)
    assert written[4:6] == b"UN"
    assert written[12:16] == b"\2\1\2\1"


def test_un_with_implicit_items_becomes_a_sequence_when_changed() -> None:
    content = element(0x00080060, "CS", "CT", implicit=True)
    dataset = read(sequence(0x00091001, content, vr="UN", undefined=True))
    assert write(dataset) == sequence(0x00091001, content, vr="UN", undefined=True)
    dataset.items(0x00091001)[0].put(0x00080060, "CS", "MR")
    assert write(dataset) == sequence(0x00091001, element(0x00080060, "CS", "MR"), undefined=True)


@pytest.mark.parametrize("target", [EXPLICIT_LE, IMPLICIT_LE])
def test_fragments_stay_fragments(target: str) -> None:
    dataset = new_dataset()
    dataset.put_fragments(0x7FE00010, "OB", [b"", b"abc"])
    expected = encapsulated([b"abc"])
    assert write(dataset, target)[-28:] == expected[12:]
    assert write(read(expected), EXPLICIT_LE) == expected


def test_built_data_set_is_written_in_order() -> None:
    dataset = new_dataset()
    dataset.put(0x00100010, "PN", "A^B")
    dataset.put(0x00080060, "CS", "CT")
    item = new_dataset(dataset)
    item.put(0x00081155, "UI", "1.2")
    dataset.put_items(SEQUENCE, [item])
    assert write(dataset) == (
        element(0x00080060, "CS", "CT")
        + sequence(SEQUENCE, element(0x00081155, "UI", "1.2"))
        + element(0x00100010, "PN", "A^B")
    )


def test_memory_does_not_depend_on_the_size_of_a_value_that_is_swapped() -> None:
    dataset = read(element(0x7FE00010, "OW", bytes(32 << 20)))
    tracemalloc.start()
    try:
        size = sum(len(piece) for piece in write_dataset(dataset, transfer_syntax(EXPLICIT_BE)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert size == (32 << 20) + 12
    assert peak < 8 << 20


def test_pixel_cells_of_32_bits_are_swapped_whole() -> None:
    dataset = read(element(0x00280100, "US", 32) + element(0x7FE00010, "OW", b"\0\1\2\3"))
    assert write(dataset, EXPLICIT_BE)[-4:] == b"\3\2\1\0"
