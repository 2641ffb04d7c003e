import hashlib

import orjson
import pytest
import zstandard
from builders import EXPLICIT_BE, IMPLICIT_LE, ct_dataset, ct_instance, element, file_meta, part10

from dicomcore.data import PLACEHOLDER, read_file
from dicomcore.errors import DicomError, InvalidUid, MissingAttribute, UnsupportedSopClass
from dicomcore.index import InstanceRecord
from dicomcore.ingest import (
    catalogue,
    content_digest,
    executable_preamble,
    file_meta_of,
    identify,
    meta_mismatch,
)
from dicomcore.resources import Resource


def record(content: bytes, inline_threshold: int = 1024) -> InstanceRecord:
    read = read_file(content)
    return catalogue(
        read,
        identify(read),
        key="key",
        size=len(content),
        sha256=hashlib.sha256(content).digest(),
        checksum=b"checksum",
        digest=b"digest",
        inline_threshold=inline_threshold,
    )


def test_the_data_set_says_who_an_instance_is() -> None:
    identity = identify(read_file(part10(ct_dataset(), sop_instance="9.9", sop_class="9.8")))
    assert identity.resource == Resource("1.2.3", "1.2.3.1", "1.2.3.4")
    assert identity.sop_class_uid == "1.2.840.10008.5.1.4.1.1.2"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (ct_instance(StudyInstanceUID=None), MissingAttribute),
        (ct_instance(SeriesInstanceUID=""), MissingAttribute),
        (ct_instance(SOPClassUID=None), MissingAttribute),
        (ct_instance(StudyInstanceUID="1.a"), InvalidUid),
        (ct_instance(SeriesInstanceUID="1" * 66), InvalidUid),
        (ct_instance(SOPClassUID="1.2.840.10008.1.1"), UnsupportedSopClass),
        (ct_instance(SOPClassUID="1.2.840.10008.5.1.4.1.2.2.1"), UnsupportedSopClass),
    ],
)
def test_what_has_no_identity_is_refused(content: bytes, error: type[DicomError]) -> None:
    with pytest.raises(error):
        identify(read_file(content))


@pytest.mark.parametrize("sop_class", ["1.2.840.10008.5.1.4.1.1.88.11", "1.3.46.670589.5.0.1", "2.25.1"])
def test_storage_classes_and_private_ones_are_taken(sop_class: str) -> None:
    assert identify(read_file(ct_instance(SOPClassUID=sop_class))).sop_class_uid == sop_class


@pytest.mark.parametrize("transfer_syntax", [IMPLICIT_LE, EXPLICIT_BE])
def test_a_record_holds_metadata_with_a_place_for_the_base_uri(transfer_syntax: str) -> None:
    made = record(ct_instance(transfer_syntax))
    metadata = zstandard.decompress(made.metadata).replace(PLACEHOLDER, b"http://h")
    attributes = orjson.loads(metadata)
    assert attributes["00100020"] == {"vr": "LO", "Value": ["PID1"]}
    expected = "http://h/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4/bulkdata/7FE00010"
    assert attributes["7FE00010"]["BulkDataURI"] == expected
    assert made.transfer_syntax_uid == transfer_syntax


@pytest.mark.parametrize(("threshold", "is_inline"), [(100, True), (99, False)])
def test_the_threshold_decides_what_stands_inline(threshold: int, is_inline: bool) -> None:
    made = record(ct_instance(extra=element(0x00660016, "OF", bytes(100))), threshold)
    assert (b"InlineBinary" in made.fragments[0x00660016]) == is_inline


@pytest.mark.parametrize(
    ("content", "is_file"),
    [
        (ct_instance(), True),
        (ct_dataset(), False),
        (file_meta() + ct_dataset(), False),
        (b"DICM" + file_meta() + ct_dataset(), False),
        (bytes(128) + b"DICM" + ct_dataset(), False),
    ],
)
def test_only_what_has_preamble_and_transfer_syntax_is_a_file(content: bytes, is_file: bool) -> None:
    assert record(content).is_file is is_file


def test_two_instances_are_the_same_if_data_set_and_transfer_syntax_are() -> None:
    contents = [
        ct_instance(),
        part10(ct_dataset(), preamble=b"x" * 128, extra_meta=element(0x00020016, "AE", "OTHER")),
        ct_instance(PatientID="other"),
        ct_instance(IMPLICIT_LE),
    ]
    parts = [(read_file(one), one) for one in contents]
    digests = [content_digest(part, [one[part.dataset_start :]]) for part, one in parts]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_a_contradiction_between_meta_and_data_set_is_named() -> None:
    for meta, sentence in (
        ({"sop_instance": "9.9"}, "Media Storage SOP Instance UID (0002,0003) differs from that of the data set"),
        ({"sop_class": "9.9"}, "Media Storage SOP Class UID (0002,0002) differs from that of the data set"),
    ):
        read = read_file(part10(ct_dataset(), **meta))
        assert str(meta_mismatch(read, identify(read))) == sentence
    for content in (ct_instance(), ct_dataset()):
        read = read_file(content)
        assert meta_mismatch(read, identify(read)) is None


@pytest.mark.parametrize(
    ("start", "expected"),
    [(b"MZ\x90", True), (b"#!/bin/sh", True), (b"\xcf\xfa\xed\xfe", True), (b"II*\0", False), (b"", False)],
)
def test_programs_in_the_preamble_are_told_from_other_formats(start: bytes, expected: bool) -> None:
    content = part10(ct_dataset(), preamble=start.ljust(128, b"\0"))
    assert executable_preamble(memoryview(content)) is expected


def test_a_data_set_that_begins_like_a_program_is_none() -> None:
    assert not executable_preamble(memoryview(b"MZ" + bytes(200)))


def test_the_meta_of_a_file_whose_data_set_is_cut_off_can_be_read() -> None:
    assert file_meta_of(memoryview(ct_instance()[:-10])).text(0x00020003) == "1.2.3.4"


@pytest.mark.parametrize("content", [b"", b"x" * 500, bytes(128) + b"DICM", bytes(128) + b"DICM" + bytes(100)])
def test_where_there_is_no_meta_there_is_an_empty_one(content: bytes) -> None:
    assert file_meta_of(memoryview(content)).text(0x00020003) == ""
