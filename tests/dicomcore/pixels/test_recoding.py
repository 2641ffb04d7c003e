"""Files in another transfer syntax; frames are coded here on the spot, as worker processes do."""

from __future__ import annotations

import io
from collections.abc import Iterable

import numpy as np
import pydicom
import pytest
from builders import EXPLICIT_LE, RLE_LOSSLESS, ct_dataset, ct_instance, element, encapsulated, part10, sequence

from dicomcore.data import Part10, read_file
from dicomcore.errors import CodecUnavailable, CorruptFrame
from dicomcore.pixels import Encoding, PixelFormat, Recoding, convert_frame, encoding_of
from dicomcore.pixels.encapsulation import encapsulated_start

ROOT = "1.2.840.10008.1.2.4"
JPEG_BASELINE, JPEG_LS, JPEG_2000, JPEG_2000_LOSSY = f"{ROOT}.50", f"{ROOT}.80", f"{ROOT}.90", f"{ROOT}.91"
COLOR = {
    "SamplesPerPixel": 3,
    "PhotometricInterpretation": "RGB",
    "BitsAllocated": 8,
    "BitsStored": 8,
    "HighBit": 7,
    "PixelData": bytes(range(48)),
}


def frames_of(count: int) -> bytes:
    return element(0x00280008, "IS", f"{count} ")


def recoded(content: bytes, target: str, *, with_table: bool = True, encoding: Encoding | None = None) -> bytes:
    recoding = Recoding(read_file(content), target, encoding or encoding_of(target))

    def convert(frame: object, form: PixelFormat, to: str) -> tuple[bytes, str]:
        converted, interpretation = convert_frame(frame, form, recoding.source_uid, to, 1, recoding.encoding)  # type: ignore[arg-type]
        return converted, interpretation.decode()

    icons = {id(icon.item): convert(icon.frame, icon.form, EXPLICIT_LE) for icon in recoding.icons()}
    frames = [convert(recoding.frame(number + 1), recoding.form, target) for number in range(recoding.count)]
    table = encapsulated_start([len(frame) for frame, _ in frames] if with_table else None)
    pieces = [*recoding.start(frames[0][1], len(frames[0][0]), icons, table)]
    for frame, _ in frames:
        pieces += recoding.wrapped(frame)
    return joined([*pieces, *recoding.end()])


def joined(pieces: Iterable[object]) -> bytes:
    return b"".join(bytes(piece) for piece in pieces)  # type: ignore[call-overload]


def read_by_pydicom(content: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(io.BytesIO(content))


@pytest.mark.parametrize("with_table", [True, False])
def test_a_multi_frame_image_is_read_by_others(with_table: bool) -> None:
    pixels = np.arange(48, dtype="<u2").tobytes()
    made = read_by_pydicom(recoded(ct_instance(extra=frames_of(3), PixelData=pixels), JPEG_LS, with_table=with_table))
    assert made.file_meta.TransferSyntaxUID == JPEG_LS
    assert made.NumberOfFrames == 3
    assert made["PixelData"].VR == "OB"
    assert made.pixel_array.tobytes() == pixels
    assert made.SOPInstanceUID == made.file_meta.MediaStorageSOPInstanceUID == "1.2.3.4"


def test_how_much_is_read_of_a_frame_is_known_beforehand() -> None:
    native = Recoding(read_file(ct_instance()), JPEG_LS, Encoding())
    compressed = Recoding(read_file(recoded(ct_instance(), RLE_LOSSLESS)), JPEG_LS, Encoding())
    assert native.stored_length(1) == 32
    assert compressed.stored_length(1) == len(compressed.frame(1))


def test_the_first_buffer_is_all_that_comes_before_the_data_set() -> None:
    recoding = Recoding(read_file(ct_instance()), JPEG_LS, Encoding())
    first, *rest = recoding.start("MONOCHROME2", 10, {})
    found = read_file(joined([first, *rest]) + element(0xFFFEE0DD, "OB")[:4] + bytes(4))
    assert found.dataset_start == len(first)


def test_nothing_but_the_pixels_is_changed() -> None:
    made = recoded(ct_instance(), JPEG_LS)
    assert read_file(made).dataset_start and ct_dataset(PixelData=None) in made


def test_color_is_transformed_and_comes_back() -> None:
    one = recoded(ct_instance(**COLOR), JPEG_2000)
    assert read_file(one).dataset.text(0x00280004) == "YBR_RCT"
    back = read_file(recoded(one, EXPLICIT_LE)).dataset
    assert (back.text(0x00280004), back.integer(0x00280006)) == ("RGB", 0)
    assert bytes(back.raw(0x7FE00010)) == COLOR["PixelData"]
    assert back.elements[0x7FE00010].vr == "OB"


def test_planes_become_pixels() -> None:
    planes = np.arange(48, dtype=np.uint8)
    content = ct_instance(**{**COLOR, "PixelData": planes.tobytes()})
    content = content.replace(element(0x00280010, "US", 4), element(0x00280006, "US", 1) + element(0x00280010, "US", 4))
    made = read_by_pydicom(recoded(content, JPEG_LS))
    assert made.PlanarConfiguration == 0
    assert np.array_equal(made.pixel_array, planes.reshape(3, 4, 4).transpose(1, 2, 0))


def test_loss_is_written_into_the_data_set() -> None:
    made = read_by_pydicom(recoded(ct_instance(**COLOR), JPEG_BASELINE))
    assert made.PhotometricInterpretation == "YBR_FULL_422"
    assert (made.LossyImageCompression, made.LossyImageCompressionMethod) == ("01", "ISO_10918_1")
    assert float(made.LossyImageCompressionRatio) > 0
    assert made.pixel_array.shape == (4, 4, 3)


def test_bits_beside_the_samples_are_gone_and_the_data_set_says_so() -> None:
    content = ct_instance(BitsStored=12, HighBit=15, PixelData=np.full(16, 0xABCF, "<u2").tobytes())
    made = read_by_pydicom(recoded(content, JPEG_LS))
    assert (made.BitsStored, made.HighBit) == (12, 11)
    assert np.all(made.pixel_array == 0xABC)


def test_between_cells_all_bits_stay() -> None:
    content = ct_instance(BitsStored=12, HighBit=15, PixelData=np.full(16, 0xABCF, "<u2").tobytes())
    made = recoded(content, RLE_LOSSLESS)
    assert read_file(made).dataset.integer(0x00280102) == 15
    assert recoded(made, EXPLICIT_LE) == content


def test_single_bits_follow_each_other_without_padding() -> None:
    bits = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "Rows": 3, "Columns": 3}
    content = ct_instance(extra=frames_of(3), **{**bits, "PixelData": b"\xa5\x5a\x01\x02"})
    made = recoded(content, "1.2.840.10008.1.2.1.98")
    back = read_file(recoded(made, EXPLICIT_LE)).dataset
    assert bytes(back.raw(0x7FE00010)) == b"\xa5\x5a\x01\x02"


def test_odd_native_pixel_data_is_padded() -> None:
    small = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "Rows": 1, "Columns": 3}
    made = recoded(ct_instance(**{**small, "PixelData": b"abc\0"}), JPEG_LS)
    assert bytes(read_file(recoded(made, EXPLICIT_LE)).dataset.raw(0x7FE00010)) == b"abc\0"


def with_icon() -> Part10:
    icon = ct_dataset(PixelData=None, Rows=1, Columns=2, BitsAllocated=8, BitsStored=8, HighBit=7)
    icon = icon[icon.index(element(0x00280002, "US", 1)) : icon.index(element(0x00281052, "DS", "-1024"))]
    form = PixelFormat.of(read_file(ct_instance(Rows=1, Columns=2, BitsAllocated=8, BitsStored=8, HighBit=7)).dataset)
    coded, _ = convert_frame(b"ab", form, EXPLICIT_LE, JPEG_LS, 1, Encoding())
    image = read_file(recoded(ct_instance(), JPEG_LS)).dataset
    start, end = image.elements[0x7FE00010].fragments[1]  # type: ignore[index]
    frame = bytes(image.elements[0x7FE00010].buffer[start:end])
    behind = element(0xFFFCFFFC, "OB", bytes(4))
    dataset = ct_dataset(PixelData=None, extra=b"") + sequence(0x00880200, icon + encapsulated([coded]))
    return read_file(part10(dataset + encapsulated([frame]) + behind, JPEG_LS))


@pytest.mark.parametrize("target", [JPEG_2000, EXPLICIT_LE])
def test_icons_become_native_and_what_comes_behind_the_pixels_stays_there(target: str) -> None:
    found = with_icon()
    recoding = Recoding(found, target, Encoding())
    (icon,) = recoding.icons()
    native, interpretation = convert_frame(icon.frame, icon.form, JPEG_LS, EXPLICIT_LE, 1, Encoding())
    frame, _ = convert_frame(recoding.frame(1), recoding.form, JPEG_LS, target, 1, Encoding())
    icons = {id(icon.item): (native, interpretation.decode())}
    pieces = [*recoding.start("MONOCHROME2", len(frame), icons), *recoding.wrapped(frame), *recoding.end()]
    made = read_file(joined(pieces)).dataset
    assert bytes(made.items(0x00880200)[0].raw(0x7FE00010)) == b"ab"
    assert bytes(made.raw(0xFFFCFFFC)) == bytes(4)


def test_an_instance_without_pixel_data_cannot_be_recoded() -> None:
    with pytest.raises(CodecUnavailable):
        Recoding(read_file(ct_instance(PixelData=None)), JPEG_LS, Encoding())


@pytest.mark.parametrize(("count", "missing"), [(3, 2), (2, 2)])
def test_missing_frames_are_known_before_anything_is_made(count: int, missing: int) -> None:
    with pytest.raises(CorruptFrame) as caught:
        Recoding(read_file(ct_instance(extra=frames_of(count))), JPEG_LS, Encoding())
    assert caught.value.frame_number == missing


def test_offset_tables_of_before_are_gone() -> None:
    made = recoded(ct_instance(), RLE_LOSSLESS)
    tables = element(0x7FE00001, "OV", bytes(8)) + element(0x7FE00002, "OV", bytes(8))
    place = made.index(b"\xe0\x7f\x10\x00")
    again = recoded(made[:place] + tables + made[place:], JPEG_LS)
    assert 0x7FE00001 not in read_file(again).dataset
