from dataclasses import replace
from fractions import Fraction

import pytest
from builders import EXPLICIT_LE, ct_dataset, element

from dicomcore.data import Dataset, read_dataset, transfer_syntax
from dicomcore.pixels import Encoding, PixelFormat
from dicomcore.pixels.corrected import Coding, correct

ROOT = "1.2.840.10008.1.2.4"
JPEG_BASELINE, JPEG_LS, NEAR_LOSSLESS = f"{ROOT}.50", f"{ROOT}.80", f"{ROOT}.81"
LOSSY = Encoding(lossless=False)


def read(**overrides: object) -> Dataset:
    return read_dataset(ct_dataset(PixelData=None, **overrides), transfer_syntax(EXPLICIT_LE))


def corrected(dataset: Dataset, source: str, target: str, encoding: Encoding | None = None, **coded: object) -> Dataset:
    form = PixelFormat.of(dataset)
    changed = replace(form, **coded)  # type: ignore[arg-type]
    copy = dataset.copy()
    correct(copy, Coding(source, target, form, changed, encoding or Encoding(), Fraction(32, 5)))
    return copy


def test_what_is_still_true_is_not_touched() -> None:
    dataset = read()
    assert not corrected(dataset, EXPLICIT_LE, JPEG_LS).is_modified


def test_color_and_bits_are_those_of_the_coded_frames() -> None:
    dataset = read(SamplesPerPixel=3, PhotometricInterpretation="RGB", BitsAllocated=8, BitsStored=7, HighBit=7)
    changed = corrected(
        dataset,
        EXPLICIT_LE,
        JPEG_BASELINE,
        LOSSY,
        photometric_interpretation="YBR_FULL_422",
        bits_stored=8,
        high_bit=7,
    )
    assert changed.text(0x00280004) == "YBR_FULL_422"
    assert (changed.integer(0x00280101), changed.integer(0x00280102)) == (8, 7)
    assert changed.integer(0x00280006) == 0
    assert dataset.text(0x00280004) == "RGB"


def test_gray_images_get_no_planar_configuration() -> None:
    assert 0x00280006 not in corrected(read(), EXPLICIT_LE, JPEG_LS).elements


@pytest.mark.parametrize(
    ("target", "method"),
    [
        (JPEG_BASELINE, "ISO_10918_1"),
        (NEAR_LOSSLESS, "ISO_14495_1"),
        (f"{ROOT}.91", "ISO_15444_1"),
        (f"{ROOT}.203", "ISO_15444_15"),
        (f"{ROOT}.112", "ISO_18181_1"),
    ],
)
def test_loss_is_told_with_its_method_and_ratio(target: str, method: str) -> None:
    changed = corrected(read(), EXPLICIT_LE, target, LOSSY)
    assert changed.text(0x00282110) == "01"
    assert changed.texts(0x00282114) == [method]
    assert changed.texts(0x00282112) == ["6.4"]


def test_a_second_loss_is_added_to_the_first() -> None:
    earlier = element(0x00282110, "CS", "01") + element(0x00282112, "DS", "10.5")
    dataset = read_dataset(
        ct_dataset(PixelData=None) + earlier + element(0x00282114, "CS", "ISO_10918_1 "), transfer_syntax(EXPLICIT_LE)
    )
    changed = corrected(dataset, EXPLICIT_LE, NEAR_LOSSLESS, LOSSY)
    assert changed.texts(0x00282112) == ["10.5", "6.4"]
    assert changed.texts(0x00282114) == ["ISO_10918_1", "ISO_14495_1"]


def test_lossless_coding_of_what_was_lossy_keeps_the_mark_and_adds_nothing() -> None:
    marked = read_dataset(ct_dataset(PixelData=None) + element(0x00282110, "CS", "01"), transfer_syntax(EXPLICIT_LE))
    assert not corrected(marked, JPEG_BASELINE, JPEG_LS).is_modified


@pytest.mark.parametrize(("source", "mark"), [(JPEG_BASELINE, "01"), (JPEG_LS, ""), (f"{ROOT}.91", "")])
def test_what_was_never_marked_is_marked_if_its_compression_is_lossy_always(source: str, mark: str) -> None:
    assert corrected(read(), source, EXPLICIT_LE).text(0x00282110) == mark
