from builders import EXPLICIT_LE, element, encapsulated, sequence

from dicomcore.data import Dataset, read_dataset, transfer_syntax
from dicomcore.pixels.icons import encapsulated_icons, replaced_icons, with_native_pixels

ICON = element(0x00280010, "US", 1) + element(0x00280011, "US", 2)
ENCAPSULATED = ICON + encapsulated([b"ab"])
NATIVE = ICON + element(0x7FE00010, "OB", b"ab")


def read(content: bytes) -> Dataset:
    return read_dataset(content, transfer_syntax(EXPLICIT_LE))


def test_icons_are_found_at_any_depth() -> None:
    dataset = read(sequence(0x00081140, sequence(0x00880200, ENCAPSULATED)) + sequence(0x00880200, ENCAPSULATED))
    assert len(list(encapsulated_icons(dataset))) == 2


def test_native_icons_and_the_image_itself_are_no_encapsulated_icons() -> None:
    assert list(encapsulated_icons(read(sequence(0x00880200, NATIVE) + encapsulated([b"cd"])))) == []


def test_a_data_set_without_such_icons_is_returned_itself() -> None:
    dataset = read(sequence(0x00880200, NATIVE))
    assert replaced_icons(dataset, lambda item: item) is dataset


def test_icons_are_replaced_and_nothing_else() -> None:
    dataset = read(sequence(0x00880200, ENCAPSULATED) + encapsulated([b"cd"]))
    changed = replaced_icons(dataset, lambda item: with_native_pixels(item, 8, [b"a", b"b"]))
    (icon,) = changed.items(0x00880200)
    assert bytes(icon.raw(0x7FE00010)) == b"ab"
    assert icon.elements[0x7FE00010].fragments is None
    assert changed.elements[0x7FE00010] == dataset.elements[0x7FE00010]
    assert [one.fragments is None for one in (next(encapsulated_icons(dataset)).elements[0x7FE00010],)] == [False]


def test_native_pixels_are_padded_and_of_the_right_vr() -> None:
    odd = with_native_pixels(read(ENCAPSULATED), 8, [b"abc"]).elements[0x7FE00010]
    assert (odd.vr, bytes(odd.buffer)) == ("OB", b"abc\0")
    assert with_native_pixels(read(ENCAPSULATED), 16, [b"ab"]).elements[0x7FE00010].vr == "OW"
