import orjson
from index_fixtures import record

from dicomcore.index.levels import SeriesState, StudyState
from dicomcore.index.patients import PatientState
from dicomcore.index.rows import (
    counted_series,
    counted_study,
    instance_row,
    modality,
    name_words,
    patient_row,
    request_items,
    series_row,
    sop_classes_in_study,
    study_row,
)
from dicomcore.index.tables import instance, patient, series, study
from dicomcore.resources import Level


def study_state() -> StudyState:
    state = StudyState(1, "1.1", patient_row=9, series=1, instances=2, modalities={"SR", "CT"}, sop_classes={"1.2"})
    state.merged.absorb((0x00100010, 0x00080060), "k1", record(PatientName="A^B", Modality="CT").fragments)
    return state


def series_state() -> SeriesState:
    state = SeriesState(2, study_state(), "1.2", instances=2)
    state.merged.absorb((0x00080060,), "k1", record(Modality="CT").fragments)
    return state


def test_rows_have_all_columns_of_their_tables() -> None:
    assert set(patient_row(PatientState(1, ("P", "", "")))) == set(patient.c.keys())
    assert set(study_row(study_state())) == set(study.c.keys())
    assert set(series_row(series_state())) == set(series.c.keys())
    assert set(instance_row(record(), 3, 2)) == set(instance.c.keys())


def test_what_is_counted_agrees_with_the_answer() -> None:
    row = counted_study(study_state())
    answer = orjson.loads(row["response"].replace(b"\xff", b""))
    assert row["modalities_in_study"] == "\\CT\\SR\\"
    assert answer["00080061"]["Value"] == ["CT", "SR"]
    assert answer["00201208"]["Value"] == [row["number_of_study_related_instances"]]


def test_modality_of_a_series_is_that_of_its_instances() -> None:
    assert modality(series_state()) == "CT"
    assert "modality" not in counted_series(series_state())


def test_uids_come_from_the_record() -> None:
    row = instance_row(record("1.1", "1.2", "1.3"), 3, 2)
    assert (row["study_instance_uid"], row["series_instance_uid"], row["sop_instance_uid"]) == ("1.1", "1.2", "1.3")


def test_sop_classes_are_in_order() -> None:
    state = study_state()
    state.sop_classes = {"1.9", "1.10"}
    assert sop_classes_in_study(state) == b'"00080062":{"vr":"UI","Value":["1.10","1.9"]}'


def test_rows_of_words_belong_to_their_level() -> None:
    words = list(name_words(Level.STUDY, 1, study_state().merged))
    assert [(row["study_row"], row["tag"], row["word"]) for row in words] == [
        (1, 0x00100010, "a"),
        (1, 0x00100010, "b"),
    ]


def test_a_series_without_requests_has_no_rows_of_them() -> None:
    assert list(request_items(series_state())) == []
