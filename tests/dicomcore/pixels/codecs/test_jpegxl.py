from __future__ import annotations

from dataclasses import replace
from itertools import product

import imagecodecs
import numpy as np
import pytest
from images import image_format, noise, smooth

from dicomcore.pixels.codecs.jpeg import decode_jpeg
from dicomcore.pixels.codecs.jpegxl import decode_jpegxl, encode_jpegxl, recompress_jpeg, restore_jpeg
from dicomcore.pixels.encoding import Encoding

LOSSLESS = Encoding()
FORMATS = list(product((2, 6, 8, 10, 12, 16), (False, True), ((), (3,))))


def jpeg(samples: tuple[int, ...] = (3,)) -> bytes:
    return bytes(imagecodecs.jpeg8_encode(smooth(image_format((40, 56, *samples), 8)).pixels, 90))


@pytest.mark.parametrize(("bits", "signed", "samples"), FORMATS, ids=str)
def test_lossless_frames_come_back_as_they_were(bits: int, signed: bool, samples: tuple[int, ...]) -> None:
    form = image_format((20, 33, *samples), bits, signed=signed)
    for image in (noise(form), smooth(form)):
        encoded = encode_jpegxl(image, form, LOSSLESS)
        assert len(encoded) % 2 == 0
        read = decode_jpegxl(encoded, form)
        assert np.array_equal(read.pixels, image.pixels)
        assert read.photometric_interpretation == form.photometric_interpretation


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (1, 1, 3), (130, 70)])
def test_size_does_not_matter(shape: tuple[int, ...]) -> None:
    form = image_format(shape, 8)
    image = noise(form)
    assert np.array_equal(decode_jpegxl(encode_jpegxl(image, form, LOSSLESS), form).pixels, image.pixels)


@pytest.mark.parametrize("bits", [2, 8])
@pytest.mark.parametrize("signed", [False, True])
def test_few_bits_may_be_stored_in_words(bits: int, signed: bool) -> None:
    form = replace(image_format((20, 33), 16, signed=signed), bits_stored=bits, high_bit=bits - 1)
    image = noise(form)
    assert np.array_equal(decode_jpegxl(encode_jpegxl(image, form, LOSSLESS), form).pixels, image.pixels)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_frames_are_codestreams_without_boxes(bits: int) -> None:
    form = image_format(bits=bits)
    assert encode_jpegxl(smooth(form), form, LOSSLESS).startswith(b"\xff\x0a")


@pytest.mark.parametrize("name", ["RGB", "YBR_FULL"])
def test_components_without_loss_are_not_converted(name: str) -> None:
    form = image_format((20, 33, 3), 8, photometric_interpretation=name)
    assert decode_jpegxl(encode_jpegxl(smooth(form), form, LOSSLESS), form).photometric_interpretation == name


@pytest.mark.parametrize(("bits", "samples"), [(8, ()), (8, (3,)), (12, ()), (16, ())])
def test_a_higher_quality_is_larger_and_nearer_to_the_image(bits: int, samples: tuple[int, ...]) -> None:
    form = image_format((128, 128, *samples), bits)
    image = smooth(form)
    sizes, errors = [], []
    for quality in (20, 60, 95):
        encoded = encode_jpegxl(image, form, Encoding(lossless=False, quality=quality))
        sizes.append(len(encoded))
        errors.append(float(np.square(decode_jpegxl(encoded, form).pixels.astype(float) - image.pixels).mean()))
    assert sizes == sorted(sizes)
    assert errors[-1] == min(errors)
    assert errors[-1] < (6 << bits - 8) ** 2


def test_xyb_comes_out_as_rgb() -> None:
    form = image_format((40, 56, 3), 8)
    encoded = encode_jpegxl(smooth(form), form, Encoding(lossless=False))
    stored = image_format((40, 56, 3), 8, photometric_interpretation="XYB")
    assert decode_jpegxl(encoded, stored).photometric_interpretation == "RGB"


@pytest.mark.parametrize(
    "form",
    [image_format(bits=12, signed=True), image_format((20, 33, 3), 8, photometric_interpretation="YBR_FULL")],
    ids=["signed", "YBR_FULL"],
)
def test_what_would_be_wrong_with_loss_is_refused(form) -> None:
    with pytest.raises(ValueError):
        encode_jpegxl(smooth(form), form, Encoding(lossless=False))


@pytest.mark.parametrize("samples", [(), (3,)])
def test_a_jpeg_is_restored_to_the_byte(samples: tuple[int, ...]) -> None:
    original = jpeg(samples)
    recompressed = recompress_jpeg(original)
    assert len(recompressed) % 2 == 0
    assert restore_jpeg(recompressed) == original


@pytest.mark.parametrize("name", ["RGB", "YBR_FULL_422", ""])
def test_a_recompressed_jpeg_has_the_pixels_that_it_had(name: str) -> None:
    samples = (3,) if name else ()
    form = image_format((40, 56, *samples), 8, photometric_interpretation=name)
    for original in (jpeg(samples), without_markers(jpeg(samples))):
        expected, read = decode_jpeg(original, form), decode_jpegxl(recompress_jpeg(original), form)
        assert np.array_equal(read.pixels, expected.pixels)
        assert read.photometric_interpretation == expected.photometric_interpretation


def without_markers(codestream: bytes) -> bytes:
    """A JPEG that does not say what its components are, as many in DICOM."""
    assert codestream[2:4] == b"\xff\xe0"
    return codestream[:2] + codestream[4 + int.from_bytes(codestream[4:6], "big") :]


@pytest.mark.parametrize("shape", [(40, 57, 3), (41, 56, 3), (40, 56)])
def test_a_recompressed_jpeg_of_another_image_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="instead of"):
        decode_jpegxl(recompress_jpeg(jpeg()), image_format(shape, 8))


def test_a_recompressed_jpeg_that_is_cut_off_is_refused() -> None:
    recompressed = recompress_jpeg(jpeg((3,)))
    form = image_format((40, 56, 3), 8)
    for length in range(0, len(recompressed) - 8, 97):
        with pytest.raises(ValueError):
            decode_jpegxl(recompressed[:length], form)


def test_what_is_no_jpeg_is_not_recompressed() -> None:
    with pytest.raises(ValueError):
        recompress_jpeg(b"no codestream at all")


def test_what_was_no_jpeg_is_not_restored() -> None:
    form = image_format()
    with pytest.raises(ValueError):
        restore_jpeg(encode_jpegxl(smooth(form), form, LOSSLESS))


@pytest.mark.parametrize("length", [0, 1, 2, 4, 10, 100])
def test_frames_that_are_cut_off_are_refused(length: int) -> None:
    form = image_format()
    with pytest.raises(ValueError):
        decode_jpegxl(encode_jpegxl(smooth(form), form, LOSSLESS)[:length], form)


def test_a_frame_of_another_size_is_refused_before_it_is_decoded() -> None:
    encoded = encode_jpegxl(smooth(image_format((40, 57))), image_format((40, 57)), LOSSLESS)
    with pytest.raises(ValueError, match="40 rows of 57"):
        decode_jpegxl(encoded, image_format((40, 56)))


def test_another_kind_of_codestream_is_refused() -> None:
    with pytest.raises(ValueError, match="no JPEG XL"):
        decode_jpegxl(jpeg(), image_format((40, 56, 3), 8))
