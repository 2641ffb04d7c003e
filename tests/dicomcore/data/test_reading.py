from __future__ import annotations

import pytest
from builders import UNDEFINED, element, encapsulated, header, item, sequence, tag_bytes

from dicomcore.data import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    Dataset,
    TransferSyntax,
    read_dataset,
)
from dicomcore.errors import MalformedDataset

SEQUENCE = 0x00081140
MODALITY = element(0x00080060, "CS", "CT")
PATIENT_ID = element(0x00100020, "LO", "P")


def read(encoded: bytes, syntax: TransferSyntax = EXPLICIT_VR_LITTLE_ENDIAN) -> tuple[Dataset, list[str]]:
    warnings: list[str] = []
    return read_dataset(encoded, syntax, warnings=warnings), warnings


def test_wrong_order_is_tolerated_with_one_warning() -> None:
    dataset, warnings = read(PATIENT_ID + MODALITY + element(0x00080050, "SH", "A"))
    assert [one.tag for one in dataset] == [0x00080050, 0x00080060, 0x00100020]
    assert warnings == ["elements are not in ascending order"]


def test_identical_duplicate_is_tolerated() -> None:
    dataset, warnings = read(MODALITY + MODALITY + PATIENT_ID)
    assert len(dataset) == 2
    assert "an element is there twice (0008,0060)" in warnings


@pytest.mark.parametrize("between", [b"", PATIENT_ID, PATIENT_ID + element(0x00080050, "SH", "A")])
def test_duplicate_with_another_value_is_refused(between: bytes) -> None:
    with pytest.raises(MalformedDataset) as caught:
        read(MODALITY + between + element(0x00080060, "CS", "MR"))
    assert caught.value.tag == 0x00080060
    assert caught.value.offset == len(MODALITY + between)


@pytest.mark.parametrize("undefined", [False, True])
def test_duplicate_sequences_are_compared_whole(undefined: bool) -> None:
    one, other = (sequence(SEQUENCE, content, undefined=undefined) for content in (MODALITY, PATIENT_ID))
    assert len(read(one + one)[0]) == 1
    with pytest.raises(MalformedDataset):
        read(one + other)


def test_duplicate_pixel_data_is_refused() -> None:
    with pytest.raises(MalformedDataset):
        read(encapsulated([b"ab"]) + encapsulated([b"cd"]))


@pytest.mark.parametrize("zeros", [1, 2, 7, 8, 9, 10_000])
@pytest.mark.parametrize("syntax", [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN], ids=str)
def test_zeros_after_the_last_element_are_tolerated(zeros: int, syntax: TransferSyntax) -> None:
    last = element(0x00100020, "LO", "P", implicit=not syntax.explicit)
    dataset, warnings = read(last + bytes(zeros), syntax)
    assert list(dataset.elements) == [0x00100020]
    assert warnings == ["zeros after the last element"]


def test_bytes_after_the_last_element_are_refused() -> None:
    with pytest.raises(MalformedDataset):
        read(PATIENT_ID + b"\0\0\0\1")


def test_zeros_in_big_endian_may_be_the_beginning_of_a_tag() -> None:
    with pytest.raises(MalformedDataset):
        read(element(0x00100020, "LO", "P", big_endian=True) + b"\0", EXPLICIT_VR_BIG_ENDIAN)


def test_trailing_padding_is_an_element() -> None:
    dataset, warnings = read(PATIENT_ID + element(0xFFFCFFFC, "OB", bytes(100)))
    assert len(dataset) == 2 and warnings == []


def test_delimiter_at_the_end_of_an_item_of_defined_length_is_tolerated() -> None:
    content = item(MODALITY + tag_bytes(0xFFFEE00D) + bytes(4))
    dataset, warnings = read(header(SEQUENCE, "SQ", len(content)) + content)
    assert len(dataset.items(SEQUENCE)[0]) == 1
    assert warnings == ["an item of defined length ends with a delimiter"]


@pytest.mark.parametrize("tag", [0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD])
@pytest.mark.parametrize("syntax", [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN], ids=str)
def test_stray_delimiter_is_refused(tag: int, syntax: TransferSyntax) -> None:
    with pytest.raises(MalformedDataset):
        read(tag_bytes(tag) + bytes(4) + element(0x00100020, "LO", "P", implicit=not syntax.explicit), syntax)


def test_implicit_unknown_of_undefined_length_is_a_sequence() -> None:
    encoded = sequence(0x00091001, element(0x00080060, "CS", "CT", implicit=True), undefined=True, implicit=True)
    dataset, _ = read(encoded, IMPLICIT_VR_LITTLE_ENDIAN)
    assert dataset.elements[0x00091001].vr == "SQ"
    assert dataset.items(0x00091001)[0].text(0x00080060) == "CT"


def test_implicit_private_sequence_is_known_by_its_creator() -> None:
    creator = element(0x00710010, "LO", "AGFA-AG_HPState", implicit=True)
    content = element(0x00080060, "CS", "CT", implicit=True)
    dataset, _ = read(creator + sequence(0x00711018, content, implicit=True), IMPLICIT_VR_LITTLE_ENDIAN)
    unknown, _ = read(sequence(0x00711018, content, implicit=True), IMPLICIT_VR_LITTLE_ENDIAN)
    assert [len(one) for one in dataset.items(0x00711018)] == [1]
    assert unknown.elements[0x00711018].vr == "UN"


def test_implicit_private_sequence_without_items_stays_unknown() -> None:
    creator = element(0x00710010, "LO", "AGFA-AG_HPState", implicit=True)
    dataset, _ = read(creator + element(0x00711018, "UN", b"12345678", implicit=True), IMPLICIT_VR_LITTLE_ENDIAN)
    assert dataset.elements[0x00711018].vr == "UN"


def test_implicit_pixel_data_may_be_encapsulated() -> None:
    encoded = header(0x7FE00010, "OB", UNDEFINED, implicit=True) + encapsulated([b"abcd"])[12:]
    found = read(encoded, IMPLICIT_VR_LITTLE_ENDIAN)[0].elements[0x7FE00010]
    assert found.vr == "OB"
    assert found.fragments is not None and len(found.fragments) == 2


def test_warnings_are_bounded() -> None:
    one = element(0x00100020, "LO", "P") * 2
    many = b"".join(sequence(tag, one) for tag in range(0x00091001, 0x00091001 + 300))
    twice = b"".join(element(tag, "LO", "P") * 2 for tag in range(0x00111001, 0x00111001 + 300))
    assert len(read(many + twice)[1]) == 100
