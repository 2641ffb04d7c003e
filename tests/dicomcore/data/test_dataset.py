from __future__ import annotations

import gc
import weakref

from builders import ct_dataset, element, sequence

from dicomcore.data import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    Buffer,
    Dataset,
    new_dataset,
    read_dataset,
)
from dicomcore.data.dataset import CharacterSetScope

PATIENT_NAME = 0x00100010
CHARACTER_SET = 0x00080005
SEQUENCE = 0x00081140


def read(encoded: Buffer, *, big_endian: bool = False) -> Dataset:
    return read_dataset(encoded, EXPLICIT_VR_BIG_ENDIAN if big_endian else EXPLICIT_VR_LITTLE_ENDIAN)


def test_texts_are_stripped_of_padding() -> None:
    dataset = read(element(0x00080008, "CS", "ORIGINAL \\ PRIMARY ") + element(0x00080018, "UI", "1.2"))
    assert dataset.texts(0x00080008) == ["ORIGINAL", "PRIMARY"]
    assert dataset.text(0x00080018) == "1.2"
    assert dataset.text(0x00100010) == ""


def test_numbers_come_from_binary_and_from_text() -> None:
    dataset = read(
        element(0x00200013, "IS", " 7 ")
        + element(0x00280010, "US", 512)
        + element(0x00280030, "DS", "0.5\\0.25")
        + element(0x00289001, "UL", 4_000_000_000)
    )
    assert [dataset.integer(tag) for tag in (0x00200013, 0x00280010, 0x00289001)] == [7, 512, 4_000_000_000]
    assert dataset.number(0x00280030) == 0.5
    assert dataset.integer(0x00280030) is None
    assert dataset.number(0x00100010) is None


def test_a_number_that_is_none_is_none() -> None:
    dataset = read(element(0x00200013, "IS", "7.5x") + element(0x00280030, "DS", "") + element(0x00280010, "US", b""))
    assert [dataset.number(tag) for tag in (0x00200013, 0x00280030, 0x00280010)] == [None, None, None]


def test_values_have_the_type_of_their_vr() -> None:
    dataset = read(
        element(0x00080008, "CS", "A\\B")
        + sequence(SEQUENCE, element(0x00081150, "UI", "1.2"))
        + element(0x00200013, "IS", "7\\x")
        + element(0x00280009, "AT", [0x00181063])
        + element(0x00281052, "DS", "1.5")
        + element(0x00291001, "UN", b"\0\1")
    )
    assert dataset.values(0x00080008) == ["A", "B"]
    assert dataset.values(SEQUENCE)[0].text(0x00081150) == "1.2"
    assert dataset.values(0x00200013) == [7, "x"]
    assert dataset.values(0x00280009) == [0x00181063]
    assert dataset.values(0x00281052) == [1.5]
    assert dataset.values(0x00291001) == [b"\0\1"]
    assert dataset.values(0x00100010) == []


def test_raw_is_little_endian_in_any_data_set() -> None:
    little, big = read(ct_dataset()), read(ct_dataset(big_endian=True), big_endian=True)
    assert bytes(little.raw(0x00280010)) == bytes(big.raw(0x00280010)) == b"\4\0"
    assert bytes(little.raw(0x7FE00010))[:4] == b"\0\1\2\3"
    assert bytes(big.raw(0x7FE00010))[:4] == b"\1\0\3\2"
    assert bytes(little.raw(0x00100099)) == b""


def test_pixel_cells_of_32_bits_are_swapped_whole() -> None:
    encoded = element(0x00280100, "US", 32, big_endian=True)
    encoded += element(0x7FE00010, "OW", b"\0\1\2\3", big_endian=True)
    dataset = read(encoded, big_endian=True)
    assert bytes(dataset.raw(0x7FE00010)) == b"\3\2\1\0"
    assert dataset.values(0x7FE00010) == [b"\3\2\1\0"]
    dataset.put_raw(0x7FE00010, "OW", b"\3\2\1\0")
    assert bytes(dataset.elements[0x7FE00010].buffer) == b"\0\1\2\3"


def test_nonsense_in_bits_allocated_does_not_matter_to_swapping() -> None:
    encoded = element(0x00280100, "US", 65535, big_endian=True)
    encoded += element(0x7FE00010, "OW", b"\0\1\2\3", big_endian=True)
    assert bytes(read(encoded, big_endian=True).raw(0x7FE00010)) == b"\1\0\3\2"


def test_elements_are_iterated_in_ascending_order() -> None:
    dataset = read(element(0x00100020, "LO", "P") + element(0x00080060, "CS", "CT"))
    assert [one.tag for one in dataset] == [0x00080060, 0x00100020]
    dataset.put(0x00080018, "UI", "1.2")
    assert [one.tag for one in dataset] == [0x00080018, 0x00080060, 0x00100020]
    assert len(dataset) == 3 and 0x00080018 in dataset


def test_items_inherit_the_character_set() -> None:
    inner = sequence(SEQUENCE, element(PATIENT_NAME, "PN", "é".encode()))
    dataset = read(element(CHARACTER_SET, "CS", "ISO_IR 192") + sequence(0x00081115, inner))
    nested = dataset.items(0x00081115)[0].items(SEQUENCE)[0]
    assert nested.text(PATIENT_NAME) == "é"


def test_item_with_its_own_character_set_keeps_it() -> None:
    item = element(CHARACTER_SET, "CS", "ISO_IR 100") + element(PATIENT_NAME, "PN", b"\xe9 ")
    dataset = read(element(CHARACTER_SET, "CS", "ISO_IR 192") + sequence(SEQUENCE, item))
    assert dataset.items(SEQUENCE)[0].text(PATIENT_NAME) == "é"


def test_character_set_that_comes_late_counts_for_items_before_it() -> None:
    encoded = sequence(SEQUENCE, element(PATIENT_NAME, "PN", "é".encode())) + element(CHARACTER_SET, "CS", "ISO_IR 192")
    assert read(encoded).items(SEQUENCE)[0].text(PATIENT_NAME) == "é"


def test_put_encodes_in_the_character_set_and_byte_order_of_the_data_set() -> None:
    dataset = read(element(CHARACTER_SET, "CS", "ISO_IR 192", big_endian=True), big_endian=True)
    dataset.put(PATIENT_NAME, "PN", "Müller^Ö")
    dataset.put(0x00280010, "US", 1, 2)
    assert dataset.text(PATIENT_NAME) == "Müller^Ö"
    assert dataset.values(0x00280010) == [1, 2]
    assert bytes(dataset.elements[0x00280010].buffer) == b"\0\1\0\2"


def test_put_pads_to_even_length() -> None:
    dataset = new_dataset()
    dataset.put(0x00080018, "UI", "1.2")
    dataset.put(0x00100020, "LO", "A", "B")
    dataset.put(0x00201041, "DS", 1 / 3, 2)
    dataset.put(0x00420011, "OB", b"x")
    assert bytes(dataset.raw(0x00080018)) == b"1.2\0"
    assert bytes(dataset.raw(0x00100020)) == b"A\\B "
    assert dataset.texts(0x00201041) == ["0.33333333333333", "2"]
    assert bytes(dataset.raw(0x00420011)) == b"x\0"


def test_put_raw_takes_little_endian_bytes() -> None:
    dataset = read(b"", big_endian=True)
    dataset.put_raw(0x00280010, "US", b"\4\0")
    assert dataset.integer(0x00280010) == 4


def test_new_character_set_reaches_the_items() -> None:
    dataset = read(sequence(SEQUENCE, element(PATIENT_NAME, "PN", "é".encode())))
    dataset.put(CHARACTER_SET, "CS", "ISO_IR 192")
    assert dataset.items(SEQUENCE)[0].text(PATIENT_NAME) == "é"


def test_item_from_another_character_set_brings_it_along() -> None:
    source = read(element(CHARACTER_SET, "CS", "ISO_IR 100") + sequence(SEQUENCE, element(PATIENT_NAME, "PN", b"\xe9")))
    target = new_dataset()
    target.put(CHARACTER_SET, "CS", "ISO_IR 192")
    target.put_items(SEQUENCE, source.items(SEQUENCE))
    item = target.items(SEQUENCE)[0]
    assert item.text(PATIENT_NAME) == "é"
    assert item.text(CHARACTER_SET) == "ISO_IR 100"
    assert CHARACTER_SET not in source.items(SEQUENCE)[0]


def test_item_made_for_its_parent_has_the_parents_character_set() -> None:
    parent = new_dataset()
    parent.put(CHARACTER_SET, "CS", "ISO_IR 192")
    item = new_dataset(parent)
    item.put(PATIENT_NAME, "PN", "é")
    parent.put(SEQUENCE, "SQ", item)
    assert parent.items(SEQUENCE)[0].text(PATIENT_NAME) == "é"
    assert CHARACTER_SET not in parent.items(SEQUENCE)[0]


def test_change_drops_the_group_length() -> None:
    dataset = read(element(0x00080000, "UL", 12) + element(0x00080060, "CS", "CT"))
    dataset.put(0x00080060, "CS", "MR")
    assert 0x00080000 not in dataset


def test_copy_is_changed_on_its_own() -> None:
    dataset = read(ct_dataset())
    copied = dataset.copy()
    copied.remove(PATIENT_NAME)
    copied.remove(0x00100099)
    assert PATIENT_NAME in dataset and PATIENT_NAME not in copied


def test_private_creator_is_that_of_the_block() -> None:
    dataset = read(element(0x00090010, "LO", "ACME 1.0") + element(0x00091001, "LO", "x"))
    assert dataset.private_creator(0x00091001) == "ACME 1.0"
    assert dataset.private_creator(0x00091101) is None
    assert dataset.private_creator(0x00081001) is None


def test_fragments_are_put_with_even_length() -> None:
    dataset = new_dataset()
    dataset.put_fragments(0x7FE00010, "OB", [b"", b"abc"])
    found = dataset.elements[0x7FE00010]
    assert found.fragments is not None and found.has_undefined_length
    assert [bytes(found.buffer[start:end]) for start, end in found.fragments] == [b"", b"abc\0"]


def test_undefined_length_is_known_from_the_header() -> None:
    item = element(0x00081150, "UI", "1.2")
    dataset = read(sequence(SEQUENCE, item) + sequence(0x00081199, item, undefined=True) + element(0x00100020, "LO"))
    assert [one.has_undefined_length for one in dataset] == [False, True, False]


class WeaklyReferable(bytearray):
    pass


def test_data_sets_form_no_cycles() -> None:
    buffer = WeaklyReferable(sequence(SEQUENCE, element(PATIENT_NAME, "PN", "A"), undefined=True))
    reference = weakref.ref(buffer)
    gc.disable()
    try:
        dataset = read(buffer)
        assert isinstance(dataset.items(SEQUENCE)[0].outer_scope, CharacterSetScope)
        del buffer, dataset
        assert reference() is None
    finally:
        gc.enable()
