import pytest
from builders import ct_dataset, ct_instance

from dicomcore import errors
from dicomcore.data import EXPLICIT_VR_LITTLE_ENDIAN, read_dataset, read_file
from dicomcore.resources import Resource
from dicomcore.source import FAILURE_REASONS, FailureReason, StoreOutcome, claimed_identity, failure_reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.NotDicom("x"), 0xC000),
        (errors.MalformedDataset("x"), 0xC000),
        (errors.MissingAttribute(1, "x"), 0xA900),
        (errors.LimitExceeded("x", 1), 0xA700),
        (errors.UnsupportedTransferSyntax("1.2"), 0xC122),
        (errors.UnsupportedSopClass("1.2"), 0x0122),
        (errors.InstanceConflict("x"), 0x0111),
        (errors.StorageFull("x"), 0xA700),
        (errors.IndexUnavailable("x"), 0x0110),
        (errors.InvalidParameter("x", "y"), 0x0110),
        (errors.DicomError("x"), 0x0110),
    ],
)
def test_an_error_tells_the_sender_the_reason_of_its_nearest_class(error: errors.DicomError, reason: int) -> None:
    assert failure_reason(error) == reason


def test_every_error_of_the_data_has_a_reason_that_says_more_than_failure() -> None:
    for error in errors.DataError.__subclasses__():
        assert FAILURE_REASONS[error] is not FailureReason.PROCESSING_FAILURE


def test_an_outcome_without_failure_is_stored() -> None:
    assert StoreOutcome().is_stored
    assert not StoreOutcome(failure=FailureReason.CANNOT_UNDERSTAND).is_stored


def test_a_data_set_claims_its_identity_as_far_as_it_goes() -> None:
    complete = read_dataset(ct_dataset(), EXPLICIT_VR_LITTLE_ENDIAN)
    assert claimed_identity(complete) == (Resource("1.2.3", "1.2.3.1", "1.2.3.4"), "1.2.840.10008.5.1.4.1.1.2")
    partial = read_dataset(ct_dataset(StudyInstanceUID=None, SOPClassUID="1..2"), EXPLICIT_VR_LITTLE_ENDIAN)
    assert claimed_identity(partial) == (Resource(None, "1.2.3.1", "1.2.3.4"), "")


def test_file_meta_information_claims_what_the_data_set_does_not() -> None:
    part10 = read_file(ct_instance())
    assert claimed_identity(part10.file_meta) == (Resource(None, None, "1.2.3.4"), "1.2.840.10008.5.1.4.1.1.2")
    nameless = read_dataset(ct_dataset(SOPInstanceUID=None), EXPLICIT_VR_LITTLE_ENDIAN)
    assert claimed_identity(nameless, part10.file_meta)[0] == Resource("1.2.3", "1.2.3.1", "1.2.3.4")
