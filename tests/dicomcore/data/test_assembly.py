import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dicomcore.data.assembly import AssembledInstance, BulkdataPart, instance_from_metadata
from dicomcore.data.file_format import Part10, read_file
from dicomcore.data.json_reader import decode_json
from dicomcore.errors import InvalidUid, MalformedDataset, UnsupportedMediaType, UnsupportedTransferSyntax

EXPLICIT_LE = "1.2.840.10008.1.2.1"
JPEG = "1.2.840.10008.1.2.4."

Attributes = dict[str, dict[str, Any]]

MINIMAL: Attributes = {
    "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.7"]},
    "00080018": {"vr": "UI", "Value": ["1.2.3"]},
}
PIXELS: Attributes = {"7FE00010": {"vr": "OW", "BulkDataURI": "cid:pixels"}}


def described(**values: int) -> Attributes:
    tags = {"rows": "00280010", "columns": "00280011", "samples": "00280002", "allocated": "00280100"}
    return {tags[name]: {"vr": "US", "Value": [value]} for name, value in values.items()}


def assembled(attributes: Attributes, **parts: list[BulkdataPart] | BulkdataPart) -> AssembledInstance:
    decoded = decode_json({**MINIMAL, **attributes})
    by_location = {f"cid:{name}": part if isinstance(part, list) else [part] for name, part in parts.items()}
    return instance_from_metadata(decoded.dataset, decoded.references, by_location)


def stored(attributes: Attributes, **parts: list[BulkdataPart] | BulkdataPart) -> Part10:
    return read_file(b"".join(assembled(attributes, **parts).pieces()))


def octets(value: bytes, transfer_syntax_uid: str | None = None) -> BulkdataPart:
    return BulkdataPart("application/octet-stream", transfer_syntax_uid, value)


def image(kind: str, samples: np.ndarray | None = None, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.zeros((3, 4, 3), np.uint8) if samples is None else samples).save(file, kind, **options)
    return file.getvalue()


GREY_JPEG = image("JPEG", np.zeros((3, 4), np.uint8))
JPEG_LOSSLESS = bytes.fromhex(
    "ffd8ffc4001700010101010000000000000000000000000a090b10ffc3000b100003000401001100ffda0008010000010000eaffd9"
)


def frames(part10: Part10) -> list[bytes]:
    element = part10.dataset.get(0x7FE00010)
    assert element is not None and element.fragments is not None
    return [bytes(element.buffer[start:end]) for start, end in element.fragments[1:]]


def test_native_pixel_data_are_the_octets_that_came() -> None:
    part10 = stored({**described(rows=1, columns=2, samples=1, allocated=16), **PIXELS}, pixels=octets(b"\1\2\3\4"))
    assert part10.transfer_syntax.uid == EXPLICIT_LE
    assert part10.dataset.raw(0x7FE00010) == b"\1\2\3\4"
    assert part10.file_meta.text(0x00020003) == "1.2.3"


def test_native_frames_may_come_one_by_one() -> None:
    attributes = {**described(rows=1, columns=1, samples=1, allocated=8), **PIXELS}
    part10 = stored(attributes, pixels=[octets(b"\1"), octets(b"\2"), octets(b"\3")])
    assert part10.dataset.raw(0x7FE00010) == b"\1\2\3\0"
    assert part10.dataset.get(0x7FE00010).vr == "OB"


def test_a_jpeg_describes_itself() -> None:
    part10 = stored(PIXELS, pixels=BulkdataPart("image/jpeg", None, GREY_JPEG))
    dataset = part10.dataset
    assert part10.transfer_syntax.uid == JPEG + "50"
    assert frames(part10) == [GREY_JPEG + b"\0" * (len(GREY_JPEG) & 1)]
    assert [dataset.integer(tag) for tag in (0x00280010, 0x00280011, 0x00280002, 0x00280100, 0x00280101)] == [
        3,
        4,
        1,
        8,
        8,
    ]
    assert [dataset.integer(tag) for tag in (0x00280102, 0x00280103)] == [7, 0]
    assert dataset.text(0x00280004) == "MONOCHROME2"
    assert dataset.text(0x00282110) == "01"
    assert dataset.text(0x00282114) == "ISO_10918_1"
    assert 0x00280006 not in dataset
    assert 0x00280008 not in dataset


def test_colour_has_a_planar_configuration() -> None:
    part10 = stored(PIXELS, pixels=BulkdataPart("image/jpeg", None, image("JPEG", subsampling=0)))
    assert part10.dataset.integer(0x00280006) == 0
    assert part10.dataset.text(0x00280004) == "YBR_FULL"


def test_what_the_metadata_say_stays() -> None:
    attributes = {
        "00280004": {"vr": "CS", "Value": ["MONOCHROME1"]},
        "00280101": {"vr": "US", "Value": [7]},
        "00282110": {"vr": "CS", "Value": ["00"]},
        **PIXELS,
    }
    dataset = stored(attributes, pixels=BulkdataPart("image/jpeg", None, GREY_JPEG)).dataset
    assert dataset.text(0x00280004) == "MONOCHROME1"
    assert (dataset.integer(0x00280101), dataset.integer(0x00280102)) == (7, 6)
    assert dataset.text(0x00282110) == "00"


@pytest.mark.parametrize("wrong", [{"rows": 4}, {"columns": 3}, {"samples": 3}])
def test_metadata_that_contradict_the_codestream_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(MalformedDataset, match=r"but [134] in the pixel data"):
        assembled({**described(**wrong), **PIXELS}, pixels=BulkdataPart("image/jpeg", None, GREY_JPEG))


def test_several_parts_are_frames_in_their_order_with_an_offset_table() -> None:
    other = image("JPEG", np.full((3, 4), 90, np.uint8))
    parts = [BulkdataPart("image/jpeg", None, value) for value in (GREY_JPEG, other)]
    part10 = stored(PIXELS, pixels=parts)
    element = part10.dataset.get(0x7FE00010)
    first, second = frames(part10)
    table = bytes(element.buffer[slice(*element.fragments[0])])
    assert struct.unpack("<2I", table) == (0, 8 + len(first))
    assert second.startswith(other)
    assert part10.dataset.integer(0x00280008) == 2


def test_a_wrong_number_of_frames_is_refused() -> None:
    parts = [BulkdataPart("image/jpeg", None, GREY_JPEG)] * 2
    with pytest.raises(MalformedDataset, match="Number of Frames is 3"):
        assembled({"00280008": {"vr": "IS", "Value": [3]}, **PIXELS}, pixels=parts)


def test_frames_that_differ_are_refused() -> None:
    other = image("JPEG", np.zeros((3, 5), np.uint8))
    parts = [BulkdataPart("image/jpeg", None, value) for value in (GREY_JPEG, other)]
    with pytest.raises(MalformedDataset, match="differ"):
        assembled(PIXELS, pixels=parts)
    with pytest.raises(MalformedDataset, match="media types"):
        assembled(PIXELS, pixels=[parts[0], BulkdataPart("image/png", None, image("PNG"))])


def test_the_declared_transfer_syntax_counts_if_the_codestream_can_be_it() -> None:
    declared = BulkdataPart("image/jpeg", JPEG + "57", JPEG_LOSSLESS)
    assert assembled(PIXELS, pixels=declared).transfer_syntax.uid == JPEG + "57"
    detected = BulkdataPart("image/jpeg", None, JPEG_LOSSLESS)
    assert assembled(PIXELS, pixels=detected).transfer_syntax.uid == JPEG + "70"


@pytest.mark.parametrize(
    ("media_type", "uid", "value"),
    [
        ("image/jpeg", JPEG + "70", GREY_JPEG),
        ("image/jpeg", JPEG + "50", JPEG_LOSSLESS),
        ("image/jp2", JPEG + "90", GREY_JPEG),
    ],
)
def test_a_declaration_that_the_codestream_contradicts_is_refused(media_type: str, uid: str, value: bytes) -> None:
    with pytest.raises(MalformedDataset, match="declared as"):
        assembled(PIXELS, pixels=BulkdataPart(media_type, uid, value))


def test_an_unknown_transfer_syntax_is_refused() -> None:
    with pytest.raises(UnsupportedTransferSyntax):
        assembled(PIXELS, pixels=BulkdataPart("image/jpeg", "1.2.3", GREY_JPEG))


def test_jpeg_2000_leaves_its_boxes_behind() -> None:
    file = image("JPEG2000", mct=1)
    part10 = stored(PIXELS, pixels=BulkdataPart("image/jp2", None, file))
    assert file.startswith(b"\0\0\0\x0cjP")
    assert frames(part10)[0].startswith(b"\xff\x4f\xff\x51")
    assert part10.transfer_syntax.uid == JPEG + "90"
    assert part10.dataset.text(0x00280004) == "YBR_RCT"
    assert 0x00282110 not in part10.dataset


def test_rle_needs_a_description() -> None:
    rle = BulkdataPart("image/x-dicom-rle", None, struct.pack("<16I", 1, 64, *bytes(14)) + b"\xfd\0")
    with pytest.raises(MalformedDataset, match="Rows is missing"):
        assembled(PIXELS, pixels=rle)
    part10 = stored({**described(rows=2, columns=2, samples=1, allocated=8), **PIXELS}, pixels=[rle, rle])
    assert part10.transfer_syntax.uid == "1.2.840.10008.1.2.5"
    assert len(frames(part10)) == part10.dataset.integer(0x00280008) == 2


def test_octets_with_an_encapsulated_transfer_syntax_are_encapsulated() -> None:
    attributes = {**described(rows=1, columns=2, samples=1, allocated=8), **PIXELS}
    part10 = stored(attributes, pixels=octets(b"\1\2", "1.2.840.10008.1.2.1.98"))
    assert part10.transfer_syntax.uid == "1.2.840.10008.1.2.1.98"
    assert frames(part10) == [b"\1\2"]


def test_elements_after_the_pixel_data_stay_after_them() -> None:
    attributes = {**PIXELS, "FFFCFFFC": {"vr": "OB", "InlineBinary": "AAA="}, "7FE10010": {"vr": "LO", "Value": ["X"]}}
    part10 = stored(attributes, pixels=BulkdataPart("image/jpeg", None, GREY_JPEG))
    assert part10.dataset.text(0x7FE10010) == "X"
    assert list(part10.dataset.elements) == sorted(part10.dataset.elements)


def test_a_png_becomes_native_pixel_data() -> None:
    samples = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    attributes = {"00280100": {"vr": "US", "Value": [16]}, **PIXELS}
    part10 = stored(attributes, pixels=BulkdataPart("image/png", None, image("PNG", samples)))
    assert part10.transfer_syntax.uid == EXPLICIT_LE
    assert part10.dataset.raw(0x7FE00010) == samples.tobytes()
    assert part10.dataset.text(0x00280004) == "RGB"
    assert part10.dataset.integer(0x00280100) == 8


def test_an_animated_gif_becomes_a_timed_multi_frame_image() -> None:
    file = io.BytesIO()
    shots = [Image.new("RGB", (4, 3), (level, 0, 0)) for level in (0, 120, 240)]
    shots[0].save(file, "GIF", save_all=True, append_images=shots[1:], duration=40)
    dataset = stored(PIXELS, pixels=BulkdataPart("image/gif", None, file.getvalue())).dataset
    assert dataset.integer(0x00280008) == 3
    assert dataset.values(0x00280009) == [0x00181063]
    assert dataset.number(0x00181063) == 40


def test_pngs_of_different_size_are_refused() -> None:
    parts = [BulkdataPart("image/png", None, image("PNG", np.zeros((3, width), np.uint8))) for width in (3, 4)]
    with pytest.raises(MalformedDataset, match="differ"):
        assembled(PIXELS, pixels=parts)


def test_a_video_is_one_part() -> None:
    sequence = b"\0\0\1\xb3" + (720 << 12 | 576).to_bytes(3, "big") + b"\x13" + bytes(4)
    extension = b"\0\0\1\xb5" + (1 << 28 | 0x48 << 20).to_bytes(4, "big") + bytes(2)
    stream = BulkdataPart("video/mpeg2", None, sequence + extension + b"\0\0\1\0\1\2\3\4" * 2)
    part10 = stored(PIXELS, pixels=stream)
    assert part10.transfer_syntax.uid == JPEG + "100"
    assert (part10.dataset.integer(0x00280008), part10.dataset.number(0x00181063)) == (2, 40)
    with pytest.raises(MalformedDataset, match="one part"):
        assembled(PIXELS, pixels=[stream, stream])


def test_other_media_types_are_no_pixel_data() -> None:
    with pytest.raises(UnsupportedMediaType):
        assembled(PIXELS, pixels=BulkdataPart("text/html", None, b"x"))


@pytest.mark.parametrize("media_type", ["application/pdf", "text/xml", "model/stl"])
def test_a_document_is_wrapped_with_its_media_type_and_its_length(media_type: str) -> None:
    attributes = {"00420011": {"vr": "OB", "BulkDataURI": "cid:document"}}
    dataset = stored(attributes, document=BulkdataPart(media_type, None, b"%PDF1")).dataset
    assert dataset.raw(0x00420011) == b"%PDF1\0"
    assert dataset.text(0x00420012) == media_type
    assert dataset.integer(0x00420015) == 5


def test_a_media_type_in_the_metadata_stays() -> None:
    attributes = {
        "00420011": {"vr": "OB", "BulkDataURI": "cid:document"},
        "00420012": {"vr": "LO", "Value": ["application/pdf"]},
    }
    assert stored(attributes, document=octets(b"%PDF")).dataset.text(0x00420012) == "application/pdf"


def test_nested_values_are_completed_in_their_items() -> None:
    item = {"00091001": {"vr": "UN", "BulkDataURI": "cid:value"}}
    dataset = stored({"00081140": {"vr": "SQ", "Value": [{}, item]}}, value=octets(b"\1\2\3")).dataset
    assert dataset.items(0x00081140)[1].raw(0x00091001) == b"\1\2\3\0"


def test_text_and_numbers_may_be_bulkdata() -> None:
    attributes = {
        "00091001": {"vr": "FD", "BulkDataURI": "cid:numbers"},
        "00091002": {"vr": "UT", "BulkDataURI": "cid:text"},
    }
    dataset = stored(attributes, numbers=octets(struct.pack("<2d", 0.5, 1)), text=octets(b"abc")).dataset
    assert dataset.values(0x00091001) == [0.5, 1.0]
    assert dataset.raw(0x00091002) == b"abc "


def test_a_missing_part_is_named() -> None:
    with pytest.raises(MalformedDataset, match="7FE00010: no part has the Content-Location 'cid:pixels'"):
        assembled(PIXELS)


def test_a_value_of_the_wrong_kind_number_or_length_is_refused() -> None:
    attributes = {"00091001": {"vr": "FD", "BulkDataURI": "cid:value"}}
    with pytest.raises(MalformedDataset, match="no whole number"):
        assembled(attributes, value=octets(b"123"))
    with pytest.raises(MalformedDataset, match="2 parts"):
        assembled(attributes, value=[octets(bytes(8))] * 2)
    with pytest.raises(UnsupportedMediaType):
        assembled(attributes, value=BulkdataPart("image/png", None, bytes(8)))


def test_an_instance_needs_its_uids() -> None:
    with pytest.raises(InvalidUid, match="SOP Instance UID"):
        assembled({"00080018": {"vr": "UI"}})


def test_metadata_without_bulkdata_are_an_instance() -> None:
    part10 = stored({"00100020": {"vr": "LO", "Value": ["1"]}})
    assert part10.dataset.text(0x00100020) == "1"
    assert part10.file_meta.text(0x00020002) == "1.2.840.10008.5.1.4.1.1.7"


def test_large_values_are_passed_on_and_not_copied() -> None:
    value = bytes(1 << 20)
    attributes = {**described(rows=1024, columns=1024, samples=1, allocated=8), **PIXELS}
    pieces = list(assembled(attributes, pixels=octets(value, "1.2.840.10008.1.2.1.98")).pieces())
    assert any(piece is value for piece in pieces)
