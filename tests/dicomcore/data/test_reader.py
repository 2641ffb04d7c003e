from __future__ import annotations

import mmap
import struct
from pathlib import Path

import pytest
from builders import UNDEFINED, ct_dataset, deflated, element, encapsulated, header, item, sequence, tag_bytes

from dicomcore.data import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    VRS,
    Alarm,
    Dataset,
    TransferSyntax,
    read_dataset,
)
from dicomcore.errors import LimitExceeded, MalformedDataset

SEQUENCE = 0x00081140
UID = 0x00081150
CODE_VALUE = element(0x00080100, "SH", "A")


def read(encoded: bytes, syntax: TransferSyntax = EXPLICIT_VR_LITTLE_ENDIAN) -> Dataset:
    return read_dataset(encoded, syntax)


@pytest.mark.parametrize("vr", sorted(set(VRS) - {"SQ", "UN"}))
def test_every_vr_has_its_header(vr: str) -> None:
    value = b"\1" * 16
    found = read(element(0x00110099, vr, value) + element(0x00130099, "US", 7))
    assert found.elements[0x00110099].vr == vr
    assert bytes(found.raw(0x00110099)) == value
    assert found.integer(0x00130099) == 7


@pytest.mark.parametrize("big_endian", [False, True])
def test_explicit_vr_is_read_in_both_byte_orders(big_endian: bool) -> None:
    syntax = EXPLICIT_VR_BIG_ENDIAN if big_endian else EXPLICIT_VR_LITTLE_ENDIAN
    dataset = read(ct_dataset(big_endian=big_endian), syntax)
    assert len(dataset) == 34
    assert dataset.text(0x00100020) == "PID1"
    assert dataset.integer(0x00280010) == 4


def test_implicit_vr_comes_from_the_dictionary() -> None:
    dataset = read(ct_dataset(implicit=True), IMPLICIT_VR_LITTLE_ENDIAN)
    assert dataset.elements[0x00100010].vr == "PN"
    assert dataset.elements[0x7FE00010].vr == "OW"
    assert dataset.integer(0x00280010) == 4


def test_spans_lie_in_the_buffer() -> None:
    encoded = element(0x00080060, "CS", "CT") + element(0x00280010, "US", 7)
    found = read(encoded).elements[0x00280010]
    assert (found.header, found.start, found.end) == (10, 18, 20)
    assert found.buffer is encoded


def test_memory_map_is_read_in_place(tmp_path: Path) -> None:
    path = tmp_path / "dataset"
    path.write_bytes(ct_dataset())
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert read_dataset(mapped, EXPLICIT_VR_LITTLE_ENDIAN).text(0x00100020) == "PID1"


def test_part_of_a_buffer_is_read() -> None:
    encoded = b"before" + CODE_VALUE + b"behind"
    dataset = read_dataset(encoded, EXPLICIT_VR_LITTLE_ENDIAN, start=6, end=6 + len(CODE_VALUE))
    assert [one.tag for one in dataset] == [0x00080100]


@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize("implicit", [False, True])
def test_sequences_nest(undefined: bool, implicit: bool) -> None:
    content = element(UID, "UI", "1.2", implicit=implicit)
    for tag in range(0x00081198, SEQUENCE - 1, -8):
        content = sequence(0x00081115, content, b"", undefined=undefined, implicit=implicit)
        assert tag
    syntax = IMPLICIT_VR_LITTLE_ENDIAN if implicit else EXPLICIT_VR_LITTLE_ENDIAN
    dataset = read(content + element(0x00100020, "LO", "P", implicit=implicit), syntax)
    assert dataset.text(0x00100020) == "P"
    depth = 0
    while 0x00081115 in dataset:
        first, second = dataset.items(0x00081115)
        assert len(second) == 0
        dataset, depth = first, depth + 1
    assert depth == 12
    assert dataset.text(UID) == "1.2"


def test_sequence_of_defined_length_may_have_items_of_undefined_length() -> None:
    content = item(CODE_VALUE, undefined=True) + item(b"", undefined=True) + item(CODE_VALUE)
    dataset = read(header(SEQUENCE, "SQ", len(content)) + content + element(0x00100020, "LO", "P"))
    assert [len(one) for one in dataset.items(SEQUENCE)] == [1, 0, 1]
    assert dataset.text(0x00100020) == "P"


def test_span_of_a_sequence_ends_before_its_delimiter() -> None:
    encoded = sequence(SEQUENCE, CODE_VALUE, undefined=True)
    found = read(encoded).elements[SEQUENCE]
    assert (found.start, found.end) == (12, len(encoded) - 8)


def test_empty_sequences_have_no_items() -> None:
    assert read(sequence(SEQUENCE)).items(SEQUENCE) == ()
    assert read(sequence(SEQUENCE, undefined=True)).elements[SEQUENCE].items == ()


def test_fragments_are_spans_with_the_offset_table_first() -> None:
    encoded = encapsulated([b"abcd", b"efgh"], offset_table=bytes(8))
    found = read(encoded).elements[0x7FE00010]
    assert found.fragments is not None
    assert [encoded[start:end] for start, end in found.fragments] == [bytes(8), b"abcd", b"efgh"]
    assert found.end == len(encoded) - 8


def test_deflated_data_set_is_inflated() -> None:

    dataset = read(deflated(ct_dataset()), DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
    assert dataset.text(0x00100020) == "PID1"


def test_odd_lengths_are_read() -> None:
    dataset = read(element(0x00100010, "PN", b"A^B") + element(0x00100020, "LO", "P"))
    assert dataset.text(0x00100010) == "A^B"
    assert dataset.text(0x00100020) == "P"


@pytest.mark.parametrize(
    ("encoded", "offset", "tag"),
    [
        (CODE_VALUE + element(0x00100020, "LO", "P", length=400), 10, 0x00100020),
        (CODE_VALUE + element(0x7FE00010, "OW", b"\0\0", length=4), 10, 0x7FE00010),
        (element(0x00420011, "OB", b"", length=UNDEFINED - 1), 0, 0x00420011),
        (element(0x00080060, "CS", b"", length=0)[:6], 6, None),
        (header(SEQUENCE, "SQ", 100) + item(CODE_VALUE), 0, SEQUENCE),
        (header(SEQUENCE, "SQ", 18) + item(CODE_VALUE)[:4] + b"\x0c\0\0\0" + CODE_VALUE, 12, SEQUENCE),
        (header(SEQUENCE, "SQ", UNDEFINED) + item(CODE_VALUE), 30, SEQUENCE),
        (header(SEQUENCE, "SQ", UNDEFINED) + item(CODE_VALUE, undefined=True)[:-8], 30, None),
        (header(SEQUENCE, "SQ", 10) + CODE_VALUE, 12, SEQUENCE),
        (header(SEQUENCE, "SQ", 8) + tag_bytes(0xFFFEE0DD) + bytes(4), 12, SEQUENCE),
        (encapsulated([b"ab"])[:-8], 0, None),
        (encapsulated([b"ab"])[:-9], 0, None),
        (header(0x7FE00010, "OB", UNDEFINED) + item(b"") + CODE_VALUE, 20, 0x7FE00010),
        (header(0x00400100, "UT", UNDEFINED), 0, 0x00400100),
    ],
)
def test_lying_structure_is_refused_with_tag_and_offset(encoded: bytes, offset: int, tag: int | None) -> None:
    with pytest.raises(MalformedDataset) as caught:
        read(encoded)
    if tag is not None:
        assert (caught.value.offset, caught.value.tag) == (offset, tag)


@pytest.mark.parametrize(
    "encoded",
    [
        element(0x00100020, "LO", "P", implicit=True, length=400),
        struct.pack("<HHI", 0x0010, 0x0020, UNDEFINED),
        sequence(SEQUENCE, b"", implicit=True)[:-2],
        sequence(SEQUENCE, b"", implicit=True, undefined=True)[:-8],
        element(SEQUENCE, "SQ", b"12345678", implicit=True),
    ],
)
def test_lying_implicit_structure_is_refused(encoded: bytes) -> None:
    with pytest.raises(MalformedDataset):
        read(encoded, IMPLICIT_VR_LITTLE_ENDIAN)


def nested(levels: int, *, undefined: bool) -> bytes:
    content = b""
    for _ in range(levels):
        content = sequence(SEQUENCE, content, undefined=undefined)
    return content


@pytest.mark.parametrize("undefined", [False, True])
def test_64_levels_are_read_and_65_refused(undefined: bool) -> None:
    assert len(read(nested(64, undefined=undefined))) == 1
    with pytest.raises(LimitExceeded) as caught:
        read(nested(65, undefined=undefined))
    assert caught.value.allowed == 64


def test_a_hundred_thousand_levels_are_refused_quickly() -> None:
    opening = header(SEQUENCE, "SQ", UNDEFINED) + tag_bytes(0xFFFEE000) + b"\xff\xff\xff\xff"
    with pytest.raises(LimitExceeded):
        read(opening * 100_000)


def test_more_than_a_million_elements_are_refused() -> None:
    content = item(b"") * 1_000_001
    with pytest.raises(LimitExceeded) as caught:
        read(header(SEQUENCE, "SQ", len(content)) + content)
    assert caught.value.limit == "elements"


def test_more_than_a_million_fragments_are_refused() -> None:
    with pytest.raises(LimitExceeded) as caught:
        read(header(0x7FE00010, "OB", UNDEFINED) + item(b"") * 1_000_001)
    assert caught.value.limit == "fragments"


def test_a_data_set_of_many_elements_rings_the_alarm_once() -> None:
    rung: list[str] = []
    content = header(0x00400275, "SQ", 8 * 50_000) + item(b"") * 50_000
    read_dataset(content, EXPLICIT_VR_LITTLE_ENDIAN, alarm=Alarm(20_000, lambda: rung.append("large")))
    small = element(0x00080060, "CS", "CT")
    read_dataset(small, EXPLICIT_VR_LITTLE_ENDIAN, alarm=Alarm(20_000, lambda: rung.append("small")))
    assert rung == ["large"]


def test_an_alarm_may_stop_the_reading() -> None:
    def stop() -> None:
        raise KeyError

    content = header(0x00400275, "SQ", 8 * 50) + item(b"") * 50
    with pytest.raises(KeyError):
        read_dataset(content, EXPLICIT_VR_LITTLE_ENDIAN, alarm=Alarm(50, stop))
    assert len(read_dataset(content, EXPLICIT_VR_LITTLE_ENDIAN, alarm=Alarm(1000, stop))) == 1
