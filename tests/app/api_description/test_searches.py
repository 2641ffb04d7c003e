"""Searches: the matching keys that PS3.18 requires are described (Tables 10.6.1-4 and 10.6.1-5)."""

import pytest

from app.api_description.searches import matching_keys, searches
from dicomcore.resources import Level

STUDY = {
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "ModalitiesInStudy",
    "ReferringPhysicianName",
    "PatientName",
    "PatientID",
    "StudyInstanceUID",
    "StudyID",
}
SERIES = {
    "Modality",
    "SeriesInstanceUID",
    "SeriesNumber",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "RequestAttributesSequence.ScheduledProcedureStepID",
    "RequestAttributesSequence.RequestedProcedureID",
}
INSTANCE = {"SOPClassUID", "SOPInstanceUID", "InstanceNumber"}


@pytest.mark.parametrize(
    ("level", "keys"),
    [(Level.STUDY, STUDY), (Level.SERIES, STUDY | SERIES), (Level.INSTANCE, STUDY | SERIES | INSTANCE)],
)
def test_every_required_matching_key_is_described(level: Level, keys: set[str]) -> None:
    assert keys <= set(matching_keys(level))


def test_patients_have_no_keys_of_studies() -> None:
    assert {"PatientName", "PatientID"} <= set(matching_keys(Level.PATIENT))
    assert "StudyDate" not in matching_keys(Level.PATIENT)


def test_no_search_has_keys_of_a_level_below() -> None:
    assert "Modality" not in matching_keys(Level.STUDY)
    assert "SOPInstanceUID" not in matching_keys(Level.SERIES)


def test_an_empty_answer_tells_the_total_all_the_same() -> None:
    assert all("X-Total-Count" in search.responses["204"]["headers"] for search in searches())
