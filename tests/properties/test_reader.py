"""Whatever bytes come, the reader returns a data set or raises one of our errors."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from builders import (
    DEFLATED_LE,
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    JPEG_BASELINE,
    ct_dataset,
    ct_instance,
    element,
    encapsulated,
    part10,
    sequence,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from dicomcore.data import Dataset, new_dataset, read_dataset, read_file, transfer_syntax, write_dataset
from dicomcore.errors import DicomError
from dicomcore.pixels import frame_index, to_explicit_little_endian

NATIVE = [IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_BE]
NESTED = sequence(0x00081140, element(0x00081150, "UI", "1.2"), sequence(0x00081199, element(0x00100010, "PN", "A^B")))
OPEN = sequence(0x00081140, element(0x00081150, "UI", "1.2"), b"", undefined=True)
SMALL = {
    "explicit": ct_instance(extra=NESTED),
    "undefined": ct_instance(extra=OPEN),
    "implicit": ct_instance(IMPLICIT_LE),
    "big endian": ct_instance(EXPLICIT_BE),
    "deflated": ct_instance(DEFLATED_LE),
    "encapsulated": part10(ct_dataset(PixelData=None) + encapsulated([b"\xff\xd8ab", b"cd"]), JPEG_BASELINE),
}


def read_everything(buffer: bytes) -> None:
    part10 = read_file(buffer)
    decode_all(part10.dataset)
    frames = frame_index(part10.dataset)
    for number in range(1, min(frames.count, 10) + 1):
        frames.spans(number)
    for syntax in NATIVE:
        for _ in write_dataset(part10.dataset, transfer_syntax(syntax)):
            pass
    with contextlib.suppress(DicomError):
        for _ in to_explicit_little_endian(part10):
            pass


def decode_all(dataset: Dataset) -> None:
    for one in dataset:
        dataset.values(one.tag)
        dataset.texts(one.tag)
        dataset.integer(one.tag)
        for item in one.items or ():
            decode_all(item)


@given(st.binary(max_size=400))
def test_random_bytes_never_raise_anything_else(garbage: bytes) -> None:
    with contextlib.suppress(DicomError):
        read_everything(garbage)


@given(st.binary(max_size=400), st.sampled_from([*NATIVE, DEFLATED_LE]))
@example(b"\x08\0\x05\0CS", EXPLICIT_LE)
@example(b"\0\x08\0\x05UN\0\0\xff\xff\xff\xff", EXPLICIT_BE)
def test_random_bytes_behind_a_good_header_never_raise_anything_else(garbage: bytes, syntax: str) -> None:
    with contextlib.suppress(DicomError):
        read_everything(part10(garbage, syntax))


HEADERS = st.sampled_from(
    [
        b"\x08\0\x05\0CS\x04\0",
        b"\x08\0\x40\x11SQ\0\0\xff\xff\xff\xff",
        b"\x08\0\x40\x11SQ\0\0\x10\0\0\0",
        b"\x08\0\x40\x11\xff\xff\xff\xff",
        b"\x08\0\x40\x11UN\0\0\xff\xff\xff\xff",
        b"\xfe\xff\0\xe0\xff\xff\xff\xff",
        b"\xfe\xff\0\xe0\x08\0\0\0",
        b"\xfe\xff\x0d\xe0\0\0\0\0",
        b"\xfe\xff\xdd\xe0\0\0\0\0",
        b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff",
        b"\x09\0\x10\0LO\x02\0AB",
        b"\x09\0\x01\x10??\x02\0AB",
        bytes(8),
    ]
)


@given(st.lists(st.one_of(HEADERS, st.binary(max_size=8)), max_size=12), st.sampled_from([IMPLICIT_LE, EXPLICIT_LE]))
def test_headers_in_any_order_never_raise_anything_else(pieces: list[bytes], syntax: str) -> None:
    with contextlib.suppress(DicomError):
        read_everything(part10(b"".join(pieces), syntax))


@pytest.mark.parametrize("buffer", SMALL.values(), ids=SMALL.keys())
def test_no_truncation_raises_anything_else(buffer: bytes) -> None:
    for end in range(len(buffer)):
        with contextlib.suppress(DicomError):
            read_everything(buffer[:end])


@pytest.mark.parametrize("name", ["explicit", "implicit", "big endian", "undefined", "encapsulated"])
def test_cut_within_an_element_is_always_refused(name: str) -> None:
    whole = SMALL[name]
    part = read_file(whole)
    ends = {one.end for one in part.dataset if one.items is None and one.fragments is None}
    ends |= {one.end + 8 * one.has_undefined_length for one in part.dataset}
    ends |= {part.dataset_start}
    for end in range(part.dataset_start + 1, len(whole)):
        with contextlib.suppress(DicomError):
            read_file(whole[:end])
            assert end in ends, f"cut at {end} was read"


@pytest.mark.parametrize("buffer", SMALL.values(), ids=SMALL.keys())
@settings(max_examples=60)
@given(data=st.data())
def test_no_flipped_bit_raises_anything_else(buffer: bytes, data: st.DataObject) -> None:
    damaged = bytearray(buffer)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(132, len(buffer) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with contextlib.suppress(DicomError):
        read_everything(bytes(damaged))


@pytest.mark.parametrize("name", ["nested_priv_SQ.dcm", "reportsi.dcm", "UN_sequence.dcm", "SC_rgb_rle.dcm"])
def test_no_flipped_bit_of_a_real_file_raises_anything_else(name: str) -> None:
    path = get_testdata_file(name, download=False)
    assert path is not None
    buffer = Path(str(path)).read_bytes()
    for position in range(132, min(len(buffer), 3000), 7):
        damaged = bytearray(buffer)
        damaged[position] ^= 1 << position % 8
        with contextlib.suppress(DicomError):
            read_everything(bytes(damaged))


VALUES = st.one_of(
    st.tuples(st.just("LO"), st.text("abc \\^", max_size=20)),
    st.tuples(st.just("US"), st.integers(0, 0xFFFF)),
    st.tuples(st.just("FD"), st.floats(allow_nan=False)),
    st.tuples(st.just("OW"), st.binary(max_size=20).map(lambda raw: raw + b"\0" * (len(raw) % 2))),
    st.tuples(st.just("AT"), st.integers(0, 0xFFFFFFFF)),
)
TAGS = st.integers(0x00110010, 0x001100FF)


def build(elements: dict[int, tuple[str, object]], items: list[dict[int, tuple[str, object]]]) -> Dataset:
    dataset = new_dataset()
    for tag, (vr, value) in elements.items():
        dataset.put(tag, vr, value)
    if items:
        dataset.put_items(0x00130010, [build(one, []) for one in items])
    return dataset


CONTENTS = st.dictionaries(TAGS, VALUES, max_size=6)


@given(CONTENTS, st.lists(CONTENTS, max_size=3), st.sampled_from([EXPLICIT_LE, EXPLICIT_BE, DEFLATED_LE]))
def test_what_is_written_is_read_again(
    elements: dict[int, tuple[str, object]], items: list[dict[int, tuple[str, object]]], syntax: str
) -> None:
    dataset = build(elements, items)
    encoded = b"".join(write_dataset(dataset, transfer_syntax(syntax)))
    assert len(encoded) % 2 == 0
    assert values_of(read_dataset(encoded, transfer_syntax(syntax))) == values_of(dataset)


def values_of(dataset: Dataset) -> list[object]:
    found: list[object] = []
    for one in dataset:
        if one.items is not None:
            found.append((one.tag, one.vr, [values_of(item) for item in one.items]))
        else:
            found.append((one.tag, one.vr, dataset.values(one.tag)))
    return found
