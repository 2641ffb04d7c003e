import pytest

from dicomcore.errors import (
    AttributeMismatch,
    CodecUnavailable,
    CorruptFrame,
    DamagedInstance,
    DataError,
    DicomError,
    InstanceConflict,
    InvalidParameter,
    InvalidUid,
    LimitExceeded,
    MalformedDataset,
    MissingAttribute,
    NotAcceptable,
    RangeNotSatisfiable,
    RequestError,
    ResourceGone,
    ResourceNotFound,
    StorageUnavailable,
    UnsupportedMediaType,
    UnsupportedSopClass,
    UnsupportedTransferSyntax,
)
from dicomcore.resources import Resource


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MalformedDataset("it ends"), "it ends"),
        (MalformedDataset("it ends", offset=17), "it ends at byte 17"),
        (MalformedDataset("it ends", offset=17, tag=0x00100010), "it ends in (0010,0010) at byte 17"),
        (InvalidUid("1..2", "study"), "study is not a valid UID: '1..2'"),
        (MissingAttribute(0x0020000D, "Study Instance UID"), "Study Instance UID (0020,000D) is missing or empty"),
        (AttributeMismatch(0x0020000D, "Study Instance UID", "differs"), "Study Instance UID (0020,000D) differs"),
        (LimitExceeded("parts", 10), "more than the allowed parts (10)"),
        (InvalidParameter("limit", "must be positive"), "limit: must be positive"),
        (ResourceNotFound(Resource("1.2")), "/studies/1.2 is not here"),
        (ResourceGone(Resource("1.2")), "/studies/1.2 has been deleted"),
        (UnsupportedTransferSyntax("1.2"), "transfer syntax 1.2 is not supported"),
        (UnsupportedSopClass("1.2"), "SOP Class 1.2 is not supported"),
        (InstanceConflict(Resource("1.2")), "/studies/1.2 is stored already with other content"),
        (RangeNotSatisfiable(10), "no range asked for lies within the 10 bytes"),
        (CodecUnavailable("1.2"), "no codec for transfer syntax 1.2"),
        (CorruptFrame(3, "too short"), "frame 3 is corrupt: too short"),
        (DamagedInstance(Resource("1.2"), "missing"), "/studies/1.2 is damaged in storage: missing"),
    ],
)
def test_each_error_is_a_sentence_with_its_facts(error: DicomError, sentence: str) -> None:
    assert str(error) == sentence


def test_a_uid_is_shown_in_part_only() -> None:
    assert len(str(InvalidUid("9" * 1000))) < 200


def test_errors_carry_their_facts() -> None:
    malformed = MalformedDataset("it ends", offset=17, tag=0x00100010)
    assert (malformed.offset, malformed.tag) == (17, 0x00100010)
    assert NotAcceptable("no", ["a", "b"]).available == ("a", "b")
    assert UnsupportedMediaType("no", ["a"]).available == ("a",)
    assert (LimitExceeded("parts", 10).limit, LimitExceeded("parts", 10).allowed) == ("parts", 10)
    assert CorruptFrame(3, "x").frame_number == 3


def test_a_branch_says_who_can_do_something_about_it() -> None:
    assert issubclass(MalformedDataset, DataError)
    assert issubclass(ResourceGone, RequestError)
    assert issubclass(DamagedInstance, StorageUnavailable)
