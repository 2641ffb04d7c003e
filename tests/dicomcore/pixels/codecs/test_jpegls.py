from __future__ import annotations

from itertools import product

import jpeg_ls
import numpy as np
import pytest
from images import decoded, image_format, largest_error, noise, smooth

from dicomcore.pixels.codecs.jpegls import decode_jpegls, encode_jpegls
from dicomcore.pixels.encoding import Encoding

LOSSLESS = Encoding()
FORMATS = list(product((2, 6, 8, 10, 12, 16), (False, True), ((), (3,))))


@pytest.mark.parametrize(("bits", "signed", "samples"), FORMATS, ids=str)
def test_lossless_frames_come_back_as_they_were(bits: int, signed: bool, samples: tuple[int, ...]) -> None:
    form = image_format((20, 33, *samples), bits, signed=signed)
    for image in (noise(form), smooth(form)):
        encoded = encode_jpegls(image, form, LOSSLESS)
        assert len(encoded) % 2 == 0
        assert np.array_equal(decode_jpegls(encoded, form).pixels, image.pixels)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (1, 1, 3), (300, 300)])
def test_size_does_not_matter(shape: tuple[int, ...]) -> None:
    form = image_format(shape, 8)
    image = noise(form)
    assert np.array_equal(decode_jpegls(encode_jpegls(image, form, LOSSLESS), form).pixels, image.pixels)


@pytest.mark.parametrize("near", [1, 2, 3, 10])
@pytest.mark.parametrize(("bits", "signed"), [(8, False), (8, True), (12, False), (12, True), (16, False), (16, True)])
def test_no_sample_changes_by_more_than_near_even_at_the_ends(bits: int, signed: bool, near: int) -> None:
    form = image_format((30, 40), bits, signed=signed)
    for image in (noise(form), smooth(form)):
        encoded = encode_jpegls(image, form, Encoding(lossless=False, near=near))
        assert largest_error(decode_jpegls(encoded, form), image) <= near


def test_near_lossless_is_smaller() -> None:
    form = image_format((64, 64), 12)
    image = decoded(smooth(form).pixels // 2 + 500, form)
    lossless = encode_jpegls(image, form, LOSSLESS)
    assert len(encode_jpegls(image, form, Encoding(lossless=False, near=5))) < len(lossless) * 0.7


def test_frames_have_no_spiff_header() -> None:
    form = image_format()
    assert encode_jpegls(smooth(form), form, LOSSLESS).startswith(b"\xff\xd8\xff\xf7")


@pytest.mark.parametrize(("bits", "signed"), [(8, False), (8, True), (12, False), (12, True), (16, False), (16, True)])
def test_another_decoder_reads_what_is_written(bits: int, signed: bool) -> None:
    form = image_format((20, 33), bits, signed=signed)
    image = smooth(form)
    read = jpeg_ls.decode(np.frombuffer(encode_jpegls(image, form, LOSSLESS), np.uint8))
    assert np.array_equal(read.view(form.dtype), image.pixels)


@pytest.mark.parametrize("interleave_mode", [1, 2])
@pytest.mark.parametrize("near", [0, 2])
def test_colour_by_line_and_by_sample_of_another_encoder_is_read(interleave_mode: int, near: int) -> None:
    form = image_format((20, 33, 3), 8, photometric_interpretation="YBR_FULL")
    image = smooth(form)
    encoded = bytes(jpeg_ls.encode_array(image.pixels, interleave_mode=interleave_mode, lossy_error=near))
    read = decode_jpegls(encoded, form)
    assert largest_error(read, image) <= near
    assert read.photometric_interpretation == "YBR_FULL"


def test_colour_by_plane_of_another_encoder_is_read() -> None:
    form = image_format((40, 33, 3), 8)
    image = smooth(form)
    planes = image.pixels.transpose(2, 0, 1).tobytes()
    encoded = jpeg_ls.encode_pixel_data(
        planes,
        rows=40,
        columns=33,
        samples_per_pixel=3,
        bits_allocated=8,
        bits_stored=8,
        photometric_interpretation="RGB",
        pixel_representation=0,
        planar_configuration=1,
        lossy_error=0,
        interleave_mode=0,
    )
    assert np.array_equal(decode_jpegls(bytes(encoded), form).pixels, image.pixels)


@pytest.mark.parametrize("length", [0, 2, 30, 60, -40])
def test_frames_that_are_cut_off_are_refused(length: int) -> None:
    form = image_format()
    with pytest.raises(ValueError):
        decode_jpegls(encode_jpegls(smooth(form), form, LOSSLESS)[:length], form)


def test_a_frame_of_another_size_is_refused_before_it_is_decoded() -> None:
    form = image_format()
    encoded = bytearray(encode_jpegls(smooth(form), form, LOSSLESS))
    encoded[7:11] = b"\xff\xff\xff\xff"
    with pytest.raises(ValueError, match="65535 rows"):
        decode_jpegls(encoded, form)
