from __future__ import annotations

import pytest
from builders import element, sequence

from dicomcore.data import IMPLICIT_VR_LITTLE_ENDIAN, Dataset, read_dataset
from dicomcore.data.vr_resolution import dictionary_vr, fits, known_vrs

SMALLEST_PIXEL_VALUE = 0x00280106
LUT_DESCRIPTOR = 0x00283002
LUT_DATA = 0x00283006
SHORT = b"\xff\xff"


def read(*elements: bytes) -> Dataset:
    return read_dataset(b"".join(elements), IMPLICIT_VR_LITTLE_ENDIAN)


def implicit(tag: int, value: bytes) -> bytes:
    return element(tag, "UN", value, implicit=True)


@pytest.mark.parametrize(("pixel_representation", "vr"), [(b"\0\0", "US"), (b"\1\0", "SS"), (b"", "US")])
def test_pixel_representation_decides_between_us_and_ss(pixel_representation: bytes, vr: str) -> None:
    dataset = read(implicit(0x00280103, pixel_representation), implicit(SMALLEST_PIXEL_VALUE, SHORT))
    assert dataset.elements[SMALLEST_PIXEL_VALUE].vr == vr


def test_pixel_representation_of_the_data_set_around_counts_for_items_before_it() -> None:
    item = sequence(0x00283010, implicit(LUT_DESCRIPTOR, SHORT * 3), implicit=True)
    dataset = read(sequence(0x00089215, item, implicit=True), implicit(0x00280103, b"\1\0"), implicit(0x00281050, b""))
    nested = dataset.items(0x00089215)[0].items(0x00283010)[0]
    assert nested.elements[LUT_DESCRIPTOR].vr == "SS"


def test_nearest_pixel_representation_counts() -> None:
    item = implicit(0x00280103, b"\0\0") + implicit(SMALLEST_PIXEL_VALUE, SHORT)
    dataset = read(sequence(0x00089215, item, implicit=True), implicit(0x00280103, b"\1\0"))
    assert dataset.items(0x00089215)[0].elements[SMALLEST_PIXEL_VALUE].vr == "US"


@pytest.mark.parametrize(("entries", "vr"), [(b"\1\0", "US"), (b"\2\0", "OW"), (b"", "OW")])
def test_number_of_entries_decides_the_vr_of_lut_data(entries: bytes, vr: str) -> None:
    dataset = read(implicit(LUT_DESCRIPTOR, entries + SHORT * 2 if entries else b""), implicit(LUT_DATA, SHORT))
    assert dataset.elements[LUT_DATA].vr == vr


@pytest.mark.parametrize(("value", "vr"), [(SHORT, "US"), (SHORT * 2, "OW")])
def test_gray_lookup_table_data_of_several_entries_is_ow(value: bytes, vr: str) -> None:
    assert read(implicit(0x00281200, value)).elements[0x00281200].vr == vr


@pytest.mark.parametrize("tag", [0x7FE00010, 0x54001010, 0x60003000, 0x60023000])
def test_ob_or_ow_is_ow_in_implicit_vr(tag: int) -> None:
    assert read(implicit(tag, b"\0\1")).elements[tag].vr == "OW"


def test_private_elements_are_known_by_their_creator() -> None:
    known = read(implicit(0x00190010, b"GEMS_ACQU_01"), implicit(0x00191002, b"\1\0\0\0"))
    unknown = read(implicit(0x00190010, b"ACME"), implicit(0x00191002, b"\1\0\0\0"))
    assert known.elements[0x00190010].vr == unknown.elements[0x00190010].vr == "LO"
    assert known.elements[0x00191002].vr != "UN"
    assert unknown.elements[0x00191002].vr == "UN"


def test_group_lengths_are_ul() -> None:
    dataset = read(implicit(0x00080000, b"\0\0\0\0"), implicit(0x00090000, b"\0\0\0\0"))
    assert [one.vr for one in dataset] == ["UL", "UL"]


def test_only_unambiguous_standard_vrs_are_remembered() -> None:
    dictionary_vr(0x00100010, {})
    for tag in (0x7FE00010, 0x00081140, 0x00090010, 0x00990099):
        dictionary_vr(tag, {})
    assert known_vrs()[0x00100010] == "PN"
    assert not {0x7FE00010, 0x00081140, 0x00090010, 0x00990099} & set(known_vrs())


def test_value_fits_a_vr_of_its_width() -> None:
    assert fits("US", 4) and fits("LO", 3) and not fits("UL", 6) and not fits("ZZ", 2)
