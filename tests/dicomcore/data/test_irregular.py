from __future__ import annotations

import pytest
from builders import UNDEFINED, element, encapsulated, header, item, sequence, tag_bytes

from dicomcore.data import EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, Dataset, read_dataset, write_dataset
from dicomcore.errors import LimitExceeded, MalformedDataset

SEQUENCE = 0x00081140
IMPLICIT_CONTENT = element(0x00080060, "CS", "CT", implicit=True)
PATIENT_ID = element(0x00100020, "LO", "P")


def read(encoded: bytes) -> tuple[Dataset, list[str]]:
    warnings: list[str] = []
    return read_dataset(encoded, EXPLICIT_VR_LITTLE_ENDIAN, warnings=warnings), warnings


def test_un_of_undefined_length_holds_items_in_implicit_vr() -> None:
    encoded = sequence(0x00091001, IMPLICIT_CONTENT, IMPLICIT_CONTENT, vr="UN", undefined=True)
    dataset, warnings = read(encoded + PATIENT_ID)
    assert dataset.elements[0x00091001].vr == "SQ"
    assert [one.text(0x00080060) for one in dataset.items(0x00091001)] == ["CT", "CT"]
    assert not dataset.items(0x00091001)[0].explicit
    assert dataset.text(0x00100020) == "P"
    assert warnings == []


def test_un_of_undefined_length_may_by_mistake_hold_items_in_explicit_vr() -> None:
    encoded = sequence(0x00091001, element(0x00080060, "CS", "CT"), vr="UN", undefined=True)
    dataset, warnings = read(encoded + PATIENT_ID)
    assert dataset.items(0x00091001)[0].text(0x00080060) == "CT"
    assert warnings == ["a sequence with VR UN holds items in explicit VR (0009,1001)"]


def test_un_of_undefined_length_without_items_is_refused() -> None:
    with pytest.raises(MalformedDataset) as caught:
        read(header(0x00091001, "UN", UNDEFINED) + b"12345678")
    assert caught.value.tag == 0x00091001


def test_un_of_a_standard_sequence_is_read_as_one() -> None:
    dataset, _ = read(sequence(SEQUENCE, IMPLICIT_CONTENT, vr="UN"))
    assert dataset.elements[SEQUENCE].vr == "SQ"
    assert dataset.items(SEQUENCE)[0].text(0x00080060) == "CT"


def test_un_of_a_standard_sequence_that_is_none_stays_un() -> None:
    dataset, warnings = read(element(SEQUENCE, "UN", b"12345678"))
    assert dataset.elements[SEQUENCE].vr == "UN"
    assert warnings == []


@pytest.mark.parametrize(
    ("tag", "value", "vr"),
    [
        (0x00100010, b"A^B ", "PN"),
        (0x00280010, b"\4\0", "US"),
        (0x00280010, b"\4\0\0", "UN"),
        (0x00280106, b"\xff\xff", "US"),
        (0x7FE00010, b"\0\1\2\3", "OW"),
        (0x00091001, b"abcd", "UN"),
        (0x00090010, b"ACME", "LO"),
    ],
)
def test_un_has_the_vr_of_the_dictionary_if_its_value_fits(tag: int, value: bytes, vr: str) -> None:
    dataset, _ = read(element(tag, "UN", value))
    assert dataset.elements[tag].vr == vr
    assert bytes(dataset.raw(tag)) == value


def test_un_in_big_endian_stays_un() -> None:
    encoded = element(0x00280010, "UN", b"\4\0", big_endian=True)
    assert read_dataset(encoded, EXPLICIT_VR_BIG_ENDIAN).elements[0x00280010].vr == "UN"


def test_element_in_implicit_vr_is_read_if_the_dictionary_knows_it() -> None:
    dataset, warnings = read(element(0x00080060, "CS", "CT", implicit=True) + PATIENT_ID)
    assert dataset.text(0x00080060) == "CT"
    assert dataset.text(0x00100020) == "P"
    assert warnings == ["an element in implicit VR within explicit VR (0008,0060)"]


@pytest.mark.parametrize("undefined", [False, True])
def test_sequence_in_implicit_vr_is_written_in_explicit_vr(undefined: bool) -> None:
    encoded = sequence(SEQUENCE, IMPLICIT_CONTENT, implicit=True, undefined=undefined) + PATIENT_ID
    dataset, _ = read(encoded)
    assert dataset.items(SEQUENCE)[0].text(0x00080060) == "CT"
    written = b"".join(write_dataset(dataset, EXPLICIT_VR_LITTLE_ENDIAN))
    assert written == sequence(SEQUENCE, element(0x00080060, "CS", "CT")) + PATIENT_ID


def test_element_in_implicit_vr_that_could_end_anywhere_is_refused() -> None:
    with pytest.raises(MalformedDataset):
        read(element(0x00100020, "LO", "PQ", implicit=True) + element(0x00080060, "CS", "CT"))


@pytest.mark.parametrize("vr", [b"ZZ", b"??", b"  ", b"\0\0", b"zz"])
def test_unknown_vr_is_read_in_the_form_with_32_bits(vr: bytes) -> None:
    encoded = tag_bytes(0x00091001) + vr + b"\0\0\4\0\0\0abcd"
    dataset, warnings = read(encoded + PATIENT_ID)
    assert dataset.elements[0x00091001].vr == "UN"
    assert bytes(dataset.raw(0x00091001)) == b"abcd"
    assert warnings == ["an element with an unknown VR (0009,1001)"]


def test_unknown_vr_is_read_in_the_form_with_16_bits_if_only_that_fits() -> None:
    dataset, _ = read(tag_bytes(0x00091001) + b"ZZ\4\0abcd" + PATIENT_ID)
    assert bytes(dataset.raw(0x00091001)) == b"abcd"
    assert dataset.text(0x00100020) == "P"


def test_unknown_vr_that_fits_in_no_form_is_refused() -> None:
    with pytest.raises(MalformedDataset):
        read(tag_bytes(0x00091001) + b"ZZ\x40\0abcdefgh")


def test_pixel_data_with_vr_un_may_be_encapsulated() -> None:
    encoded = header(0x7FE00010, "UN", UNDEFINED) + encapsulated([b"abcd"])[12:]
    found = read(encoded)[0].elements[0x7FE00010]
    assert found.fragments is not None and len(found.fragments) == 2


def test_depth_counts_through_un() -> None:
    content = b""
    for _ in range(40):
        content = sequence(SEQUENCE, content, implicit=True, undefined=True)
    content = sequence(0x00091001, content, vr="UN", undefined=True)
    for _ in range(40):
        content = sequence(SEQUENCE, content)
    with pytest.raises(LimitExceeded):
        read(content)


def test_un_that_reaches_too_far_is_refused() -> None:
    with pytest.raises(MalformedDataset) as caught:
        read(PATIENT_ID + element(0x00291001, "UN", b"ab", length=3))
    assert (caught.value.tag, caught.value.offset) == (0x00291001, len(PATIENT_ID))


def test_duplicate_of_an_element_in_another_form_is_refused() -> None:
    with pytest.raises(MalformedDataset):
        read(element(0x00080060, "CS", "CT", implicit=True) + element(0x00080060, "CS", "CT"))


def test_un_within_items_is_restored() -> None:
    content = item(element(0x00100010, "UN", b"A^B "))
    dataset, _ = read(header(SEQUENCE, "SQ", len(content)) + content)
    assert dataset.items(SEQUENCE)[0].elements[0x00100010].vr == "PN"
