from __future__ import annotations

from itertools import product
from struct import pack, unpack_from

import imagecodecs
import numpy as np
import openjpeg
import pytest
from images import bounds, decoded, image_format, largest_error, noise, smooth

from dicomcore.pixels.codecs.jpeg2000 import decode_htj2k, decode_jpeg2000, encode_htj2k, encode_jpeg2000
from dicomcore.pixels.encoding import Encoding

LOSSLESS = Encoding()
CODECS = pytest.mark.parametrize(
    ("decode", "encode"), [(decode_jpeg2000, encode_jpeg2000), (decode_htj2k, encode_htj2k)], ids=["jpeg2000", "htj2k"]
)
FORMATS = list(product((2, 6, 8, 10, 12, 16), (False, True), ((), (3,))))


@CODECS
@pytest.mark.parametrize(("bits", "signed", "samples"), FORMATS, ids=str)
def test_lossless_frames_come_back_as_they_were(decode, encode, bits, signed, samples) -> None:
    form = image_format((20, 33, *samples), bits, signed=signed)
    for image in (noise(form), smooth(form)):
        encoded = encode(image, form, LOSSLESS)
        assert len(encoded) % 2 == 0
        read = decode(encoded, form)
        assert np.array_equal(read.pixels, image.pixels)
        assert read.photometric_interpretation == form.photometric_interpretation


@CODECS
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (1, 1, 3), (3, 2, 3), (130, 70)])
def test_size_does_not_matter(decode, encode, shape) -> None:
    form = image_format(shape, 8)
    image = noise(form)
    assert np.array_equal(decode(encode(image, form, LOSSLESS), form).pixels, image.pixels)


@CODECS
@pytest.mark.parametrize(("bits", "signed", "samples"), FORMATS, ids=str)
def test_another_decoder_reads_what_is_written(decode, encode, bits, signed, samples) -> None:
    form = image_format((20, 33, *samples), bits, signed=signed)
    image = smooth(form)
    assert np.array_equal(openjpeg.decode(encode(image, form, LOSSLESS)), image.pixels)


@CODECS
@pytest.mark.parametrize(("name", "is_transformed"), [("RGB", True), ("YBR_FULL", False)])
def test_rgb_is_transformed_and_other_colours_are_not(decode, encode, name, is_transformed) -> None:
    form = image_format((20, 33, 3), 8, photometric_interpretation=name)
    encoded = encode(smooth(form), form, LOSSLESS)
    coding_style = encoded.index(b"\xff\x52")
    assert encoded[coding_style + 8] == is_transformed
    assert decode(encoded, form).photometric_interpretation == name


@CODECS
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_the_codestream_says_bits_stored_and_has_no_boxes(decode, encode, bits) -> None:
    form = image_format(bits=bits, signed=bits == 12)
    encoded = encode(smooth(form), form, LOSSLESS)
    assert encoded.startswith(b"\xff\x4f\xff\x51")
    assert encoded[42] == (bits - 1 | (0x80 if form.signed else 0))


@CODECS
@pytest.mark.parametrize(
    ("bits", "signed", "samples"), [(8, False, ()), (8, False, (3,)), (12, False, ()), (12, True, ())]
)
def test_a_higher_quality_is_larger_and_nearer_to_the_image(decode, encode, bits, signed, samples) -> None:
    form = image_format((128, 128, *samples), bits, signed=signed)
    image = smooth(form)
    sizes, errors = [], []
    for quality in (20, 60, 95):
        encoded = encode(image, form, Encoding(lossless=False, quality=quality))
        sizes.append(len(encoded))
        errors.append(float(np.square(decode(encoded, form).pixels.astype(float) - image.pixels).mean()))
    assert sizes == sorted(sizes)
    assert errors[-1] == min(errors)
    assert errors[-1] < (4 << bits - 8) ** 2


@CODECS
@pytest.mark.parametrize(("bits", "signed"), [(8, False), (8, True), (12, False), (12, True), (16, False), (16, True)])
def test_loss_does_not_turn_white_into_black(decode, encode, bits, signed) -> None:
    form = image_format((64, 64), bits, signed=signed)
    image = decoded(np.where(np.indices((64, 64)).sum(0) % 16 < 8, *bounds(form)), form)
    read = decode(encode(image, form, Encoding(lossless=False, quality=50)), form)
    assert largest_error(read, image) < 1 << bits - 2


@CODECS
@pytest.mark.parametrize("ratio", [5, 10, 20])
def test_a_compression_ratio_is_reached_and_not_by_far_exceeded(decode, encode, ratio) -> None:
    form = image_format((256, 256), 12)
    encoded = encode(smooth(form), form, Encoding(lossless=False, ratio=ratio))
    assert 256 * 256 * 2 / ratio / 2 < len(encoded) <= 256 * 256 * 2 / ratio
    assert decode(encoded, form).pixels.shape == (256, 256)


def main_header(codestream: bytes) -> dict[int, bytes]:
    segments, position = {}, 2
    while True:
        marker, length = unpack_from(">HH", codestream, position)
        if marker == 0xFF90:
            return segments | {0: codestream[:position]}
        segments[marker] = codestream[position + 4 : position + 2 + length]
        position += 2 + length


def tile_part_lengths(codestream: bytes) -> list[int]:
    """What each tile-part says of itself: SOT marker, length of the segment, tile, length of the tile-part."""
    lengths, position = [], len(main_header(codestream)[0])
    while codestream[position : position + 2] == b"\xff\x90":
        (length,) = unpack_from(">I", codestream, position + 6)
        lengths.append(length)
        position += length
    assert codestream[position : position + 2] == b"\xff\xd9"
    return lengths


@pytest.mark.parametrize("shape", [(64, 64), (512, 512), (300, 5000), (100, 130, 3)])
def test_htj2k_has_the_options_of_rpcl(shape: tuple[int, ...]) -> None:
    form = image_format(shape, 12)
    encoded = encode_htj2k(smooth(form), form, LOSSLESS)
    segments = main_header(encoded)
    progression, levels = segments[0xFF52][1], segments[0xFF52][5]
    assert progression == 2
    assert max(shape[:2]) / 2**levels <= 64
    index, sizes = segments[0xFF55][0], segments[0xFF55][1]
    assert (index, sizes) == (0, 0x60)
    lengths = [
        length for _, length in (unpack_from(">HI", segments[0xFF55], at) for at in range(2, len(segments[0xFF55]), 6))
    ]
    assert lengths == tile_part_lengths(encoded)
    assert len(lengths) == levels + 1


def test_a_smaller_resolution_is_where_the_tile_part_lengths_say() -> None:
    form = image_format((512, 512), 12)
    encoded = encode_htj2k(smooth(form), form, LOSSLESS)
    start = len(main_header(encoded)[0])
    thumbnail = encoded[: start + sum(tile_part_lengths(encoded)[:3])] + b"\xff\xd9"
    small = imagecodecs.htj2k_decode(thumbnail, skipres=(3, 3), resilient=True)
    assert small.shape == (64, 64)
    means = smooth(form).pixels.reshape(64, 8, 64, 8).mean((1, 3))
    assert float(np.abs(small - means).mean()) < 40


def test_colours_in_one_column_that_htj2k_would_mix_up_are_refused() -> None:
    form = image_format((7, 1, 3), 8, photometric_interpretation="YBR_FULL")
    with pytest.raises(ValueError):
        encode_htj2k(noise(form), form, LOSSLESS)


def test_mislabelled_htj2k_is_decoded_as_jpeg_2000() -> None:
    form = image_format()
    image = smooth(form)
    assert np.array_equal(decode_jpeg2000(encode_htj2k(image, form, LOSSLESS), form).pixels, image.pixels)


def test_a_file_around_the_codestream_is_tolerated() -> None:
    form = image_format((20, 33, 3), 8)
    image = smooth(form)
    file = imagecodecs.jpeg2k_encode(image.pixels, codecformat="jp2", reversible=True)
    assert file[4:8] == b"jP  "
    assert np.array_equal(decode_jpeg2000(file, form).pixels, image.pixels)


def test_data_after_the_codestream_are_tolerated() -> None:
    form = image_format()
    image = smooth(form)
    assert np.array_equal(decode_jpeg2000(encode_jpeg2000(image, form, LOSSLESS) + bytes(9), form).pixels, image.pixels)


def test_signed_data_in_an_unsigned_codestream_are_signed() -> None:
    form = image_format((20, 33), 12, signed=True)
    image = smooth(form)
    cells = image.pixels.view(np.uint16) & 0xFFF
    encoded = imagecodecs.jpeg2k_encode(cells, codecformat="j2k", reversible=True, bitspersample=12)
    assert np.array_equal(decode_jpeg2000(encoded, form).pixels, image.pixels)


def test_an_unsigned_image_in_a_signed_codestream_has_all_of_its_bits() -> None:
    form = image_format((20, 33), 16, signed=True)
    image = smooth(form)
    encoded = encode_jpeg2000(image, form, LOSSLESS)
    read = decode_jpeg2000(encoded, image_format((20, 33), 16))
    assert np.array_equal(read.pixels, image.pixels.view(np.uint16))


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("excess", [-1, 1])
def test_htj2k_samples_of_more_bits_than_declared_are_damage(signed: bool, excess: int) -> None:
    form = image_format((20, 33), 16, signed=signed)
    middle = 0 if signed else 1 << 15
    pixels = np.full((20, 33), middle)
    pixels[7, 9] += excess * 2049
    encoded = bytearray(encode_htj2k(decoded(pixels, form), form, LOSSLESS))
    encoded[42] = encoded[42] & 0x80 | 12 - 1
    with pytest.raises(ValueError, match="12 bits"):
        decode_htj2k(encoded, form)


def test_a_part_2_codestream_of_several_frames_is_refused() -> None:
    form = image_format((20, 33), 8)
    encoded = imagecodecs.jpeg2k_encode(noise(image_format((20, 33, 3), 8)).pixels, codecformat="j2k", mct=False)
    with pytest.raises(ValueError, match="3 components"):
        decode_jpeg2000(encoded, form)


@CODECS
@pytest.mark.parametrize("length", [0, 2, 30, 60, 90])
def test_frames_that_are_cut_off_are_refused(decode, encode, length) -> None:
    form = image_format()
    with pytest.raises(ValueError):
        decode(encode(smooth(form), form, LOSSLESS)[:length], form)


@CODECS
def test_a_frame_of_another_size_is_refused_before_it_is_decoded(decode, encode) -> None:
    form = image_format()
    encoded = bytearray(encode(smooth(form), form, LOSSLESS))
    encoded[8:16] = pack(">II", 60_000, 60_000)
    with pytest.raises(ValueError, match="60000 rows"):
        decode(encoded, form)


@CODECS
@pytest.mark.parametrize("shape", [(40, 56), (40, 56, 3), (200, 200)])
def test_no_picture_is_made_of_the_first_part_of_a_frame(decode, encode, shape) -> None:
    form = image_format(shape, 8)
    encoded = encode(smooth(form), form, LOSSLESS)
    for length in (len(encoded) // 3, len(encoded) // 2, len(encoded) - 20):
        with pytest.raises(ValueError):
            decode(encoded[:length], form)


@pytest.mark.parametrize("shape", [(40, 56), (40, 56, 3)])
def test_htj2k_that_breaks_while_it_is_decoded_is_refused_and_nothing_is_printed(shape, capfd) -> None:
    form = image_format(shape, 8)
    encoded = bytearray(encode_htj2k(smooth(form), form, LOSSLESS))
    start, end = len(encoded) // 3, encoded.rindex(b"\xff\xd9")
    encoded[start:end] = b"\xff" * (end - start)
    with pytest.raises(ValueError):
        decode_htj2k(encoded, form)
    assert capfd.readouterr() == ("", "")
