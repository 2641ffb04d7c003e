from __future__ import annotations

import pytest
from builders import (
    CT_IMAGE_STORAGE,
    DEFLATED_LE,
    EXPLICIT_BE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    JPEG_BASELINE,
    ct_dataset,
    ct_instance,
    element,
    encapsulated,
    file_meta,
    part10,
)

from dicomcore.data import encode_file_meta, file_header, guess_transfer_syntax, read_file
from dicomcore.errors import MalformedDataset, NotDicom, UnsupportedTransferSyntax

NATIVE = [IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_BE]


@pytest.mark.parametrize("uid", [*NATIVE, DEFLATED_LE])
def test_file_is_read_in_its_transfer_syntax(uid: str) -> None:
    found = read_file(ct_instance(uid))
    assert found.transfer_syntax.uid == uid
    assert found.dataset.text(0x00100020) == "PID1"
    assert found.file_meta.text(0x00020003) == "1.2.3.4"
    assert found.warnings == ()
    assert found.preamble == bytes(128)


def test_dataset_start_is_the_offset_of_the_first_element() -> None:
    buffer = ct_instance()
    assert buffer[read_file(buffer).dataset_start :] == ct_dataset()


def test_any_preamble_is_given_back() -> None:
    preamble = b"II*\0" + bytes(range(124))
    assert read_file(part10(ct_dataset(), preamble=preamble)).preamble == preamble


@pytest.mark.parametrize("uid", NATIVE)
def test_data_set_alone_is_read_by_its_first_element(uid: str) -> None:
    encoded = ct_dataset(implicit=uid == IMPLICIT_LE, big_endian=uid == EXPLICIT_BE)
    found = read_file(encoded)
    assert found.transfer_syntax.uid == uid
    assert found.preamble is None
    assert len(found.warnings) == 3
    assert found.dataset.text(0x00100020) == "PID1"


def test_prefix_without_preamble_is_tolerated() -> None:
    found = read_file(ct_instance()[128:])
    assert found.preamble is None
    assert found.warnings == ("there is no preamble before the prefix",)


def test_file_meta_without_preamble_and_prefix_is_tolerated() -> None:
    found = read_file(ct_instance()[132:])
    assert found.transfer_syntax.uid == EXPLICIT_LE
    assert found.dataset.text(0x00100020) == "PID1"


def test_prefix_without_file_meta_is_tolerated() -> None:
    found = read_file(bytes(128) + b"DICM" + ct_dataset(implicit=True))
    assert found.transfer_syntax.uid == IMPLICIT_LE
    assert len(found.file_meta) == 0


def test_file_meta_in_implicit_vr_is_tolerated() -> None:
    meta = element(0x00020000, "UL", 28, implicit=True) + element(0x00020010, "UI", EXPLICIT_LE, implicit=True)
    found = read_file(bytes(128) + b"DICM" + meta + ct_dataset())
    assert found.transfer_syntax.uid == EXPLICIT_LE
    assert "File Meta Information is in implicit VR" in found.warnings


@pytest.mark.parametrize("group_length", [0, 4, 10_000])
def test_wrong_group_length_of_file_meta_is_tolerated(group_length: int) -> None:
    buffer = bytearray(ct_instance())
    buffer[140:144] = group_length.to_bytes(4, "little")
    found = read_file(bytes(buffer))
    assert found.dataset.text(0x00100020) == "PID1"
    assert found.warnings == ("the group length of File Meta Information is wrong",)


def test_missing_group_length_of_file_meta_is_tolerated() -> None:
    found = read_file(bytes(128) + b"DICM" + file_meta()[12:] + ct_dataset())
    assert found.warnings == ("File Meta Information lacks its group length",)


@pytest.mark.parametrize(("declared", "actual"), [(EXPLICIT_LE, IMPLICIT_LE), (IMPLICIT_LE, EXPLICIT_LE)])
def test_data_set_in_another_encoding_than_declared_is_read(declared: str, actual: str) -> None:
    found = read_file(part10(ct_dataset(implicit=actual == IMPLICIT_LE), declared))
    assert found.dataset.text(0x00100020) == "PID1"
    assert found.dataset.explicit == (actual == EXPLICIT_LE)
    assert len(found.warnings) == 1


def test_missing_transfer_syntax_is_told_from_the_data_set() -> None:
    meta = element(0x00020001, "OB", b"\0\1")
    found = read_file(bytes(128) + b"DICM" + meta + ct_dataset(big_endian=True))
    assert found.transfer_syntax.uid == EXPLICIT_BE


def test_missing_transfer_syntax_is_the_default_if_nothing_tells() -> None:
    meta = element(0x00020001, "OB", b"\0\1")
    found = read_file(bytes(128) + b"DICM" + meta + element(0x00091001, "UN", b"ab", implicit=True))
    assert found.transfer_syntax.uid == IMPLICIT_LE


def test_unknown_transfer_syntax_is_unsupported() -> None:
    with pytest.raises(UnsupportedTransferSyntax) as caught:
        read_file(part10(ct_dataset(), "1.2.3"))
    assert caught.value.uid == "1.2.3"


@pytest.mark.parametrize(
    "buffer",
    [
        b"",
        b"DICM",
        bytes(1000),
        b"GIF89a" + bytes(500),
        b"\x89PNG\r\n\x1a\n" + bytes(500),
        b"hello world, this is text",
    ],
)
def test_something_else_is_not_dicom(buffer: bytes) -> None:
    with pytest.raises(NotDicom):
        read_file(buffer)


def test_prefix_alone_is_not_dicom() -> None:
    with pytest.raises(NotDicom):
        read_file(bytes(128) + b"DICM")


def test_cut_file_meta_is_malformed() -> None:
    with pytest.raises(MalformedDataset):
        read_file(ct_instance()[:200])


def test_encapsulated_file_keeps_its_fragments() -> None:
    buffer = part10(ct_dataset(PixelData=None) + encapsulated([b"\xff\xd8"]), JPEG_BASELINE)
    found = read_file(buffer).dataset.elements[0x7FE00010]
    assert found.fragments is not None and len(found.fragments) == 2


def test_file_header_is_complete() -> None:
    header = file_header(
        sop_class_uid=CT_IMAGE_STORAGE,
        sop_instance_uid="1.2.3.4",
        transfer_syntax_uid=EXPLICIT_LE,
        source="MODALITY",
    )
    found = read_file(header + ct_dataset())
    assert header[:132] == bytes(128) + b"DICM"
    assert [one.tag & 0xFFFF for one in found.file_meta] == [0, 1, 2, 3, 0x10, 0x12, 0x13, 0x16]
    assert found.file_meta.text(0x00020002) == CT_IMAGE_STORAGE
    assert found.file_meta.text(0x00020016) == "MODALITY"
    assert found.warnings == ()


def test_file_header_takes_a_preamble() -> None:
    header = file_header(
        sop_class_uid="1.2", sop_instance_uid="1.3", transfer_syntax_uid=EXPLICIT_LE, preamble=b"x" * 128
    )
    assert header[:132] == b"x" * 128 + b"DICM"


def test_group_length_of_file_meta_is_computed() -> None:
    found = read_file(ct_instance())
    changed = found.file_meta.copy()
    changed.put(0x00020010, "UI", IMPLICIT_LE)
    encoded = encode_file_meta(changed)
    assert encode_file_meta(found.file_meta) == file_meta()
    assert encoded == file_meta(IMPLICIT_LE)


@pytest.mark.parametrize(
    ("encoded", "uid"),
    [
        (element(0x00080005, "CS", "ISO_IR 100"), EXPLICIT_LE),
        (element(0x00080005, "CS", "ISO_IR 100", implicit=True), IMPLICIT_LE),
        (element(0x00080005, "CS", "ISO_IR 100", big_endian=True), EXPLICIT_BE),
        (element(0x00080000, "UL", 100), EXPLICIT_LE),
        (element(0x00080005, "CS", b"", length=1000, implicit=True), None),
        (b"\x08\0\x05\0", None),
        (bytes(16), None),
    ],
)
def test_transfer_syntax_is_guessed_from_a_plausible_first_element(encoded: bytes, uid: str | None) -> None:
    guessed = guess_transfer_syntax(encoded, 0)
    assert (guessed.uid if guessed else None) == uid
