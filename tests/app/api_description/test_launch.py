"""What is said of `/launch` is what is read."""

from app.api_description.launch import LAUNCH_OPERATIONS, LAUNCH_PARAMETERS
from app.routers.launch import IHE_PATH, PATH


def test_both_paths_are_described() -> None:
    assert [one.path for one in LAUNCH_OPERATIONS] == [PATH, IHE_PATH]


def test_every_parameter_of_the_profile_is_described() -> None:
    names = {one["name"] for one in LAUNCH_PARAMETERS.values()}
    assert {
        "requestType", "studyUID", "accessionNumber", "patientID", "patientName", "patientBirthDate", "lowerDateTime",
        "upperDateTime", "mostRecentResults", "modalitiesInStudy", "viewerType", "diagnosticQuality", "keyImagesOnly",
        "study", "accession", "patient", "viewer", "source",
    } == names  # fmt: skip
