"""Where each key of a query goes: to a column, to stored JSON, or to the warnings (PS3.18 §10.6)."""

import pytest

from app.parameters import parse_search
from dicomcore.index.plan import Plan, locate, plan
from dicomcore.resources import Level, Resource

STUDY, SERIES, INSTANCE = Level.STUDY, Level.SERIES, Level.INSTANCE


def planned(query_string: str, level: Level = STUDY, *uids: str) -> Plan:
    return plan(parse_search(query_string, level, Resource(*uids)).query, is_sqlite=True)


@pytest.mark.parametrize(
    ("tag", "level", "found"),
    [
        (0x00100010, STUDY, STUDY),
        (0x00100010, INSTANCE, STUDY),
        (0x00100010, Level.PATIENT, Level.PATIENT),
        (0x00080060, SERIES, SERIES),
        (0x00080060, INSTANCE, SERIES),
        (0x00080060, STUDY, None),
        (0x00080020, Level.PATIENT, None),
        (0x00180050, INSTANCE, INSTANCE),
        (0x00180050, SERIES, None),
        (0x00091001, INSTANCE, INSTANCE),
    ],
)
def test_an_attribute_is_kept_at_one_level(tag: int, level: Level, found: Level | None) -> None:
    assert locate(tag, level) is found


@pytest.mark.parametrize(
    ("level", "uids", "tests"),
    [
        (STUDY, (), ()),
        (SERIES, ("1.2",), (("=", "series.study_instance_uid", 0),)),
        (INSTANCE, ("1.2",), (("=", "series.study_instance_uid", 0),)),
        (
            INSTANCE,
            ("1.2", "1.3"),
            (("=", "instance.series_instance_uid", 0), ("=", "instance.study_instance_uid", 1)),
        ),
    ],
)
def test_the_resource_is_a_condition(level: Level, uids: tuple[str, ...], tests: tuple[object, ...]) -> None:
    assert planned("", level, *uids).shape.tests == tests


@pytest.mark.parametrize(
    ("level", "uids", "columns"),
    [
        (STUDY, (), ("study.response",)),
        (SERIES, ("1.2",), ("series.response",)),
        (SERIES, (), ("study.id", "study.response", "series.id", "series.response")),
        (INSTANCE, ("1.2", "1.3"), ("instance.response",)),
        (INSTANCE, ("1.2",), ("series.id", "series.response", "instance.id", "instance.response")),
    ],
)
def test_rows_have_the_levels_that_the_resource_does_not_fix(
    level: Level, uids: tuple[str, ...], columns: tuple[str, ...]
) -> None:
    assert planned("", level, *uids).shape.columns == columns


@pytest.mark.parametrize("query_string", ["PatientID=1", "PatientName=", "includefield=StudyDate,Modality"])
def test_what_every_answer_has_needs_no_more_columns(query_string: str) -> None:
    assert planned(query_string).shape.columns == ("study.response",)


def test_queries_of_one_form_have_one_shape() -> None:
    assert planned("PatientID=1&limit=1").shape == planned("PatientID=2&offset=7").shape


def test_a_key_without_a_column_is_left_if_something_narrows_the_search() -> None:
    found = planned("PatientID=1&OtherPatientIDs=2")
    assert ([key.path for key in found.residual[STUDY].keys], found.unsupported) == ([(0x00101000,)], ())
    assert found.shape.columns == ("study.id", "study.response", "study.attributes")


def test_a_key_without_a_column_is_given_up_if_nothing_does() -> None:
    found = planned("OtherPatientIDs=2&PatientName=*")
    assert (found.residual, found.unsupported) == ({}, ("OtherPatientIDs",))


def test_keys_of_one_sequence_stay_together() -> None:
    sequence = "RequestAttributesSequence"
    both = planned(f"{sequence}.ScheduledProcedureStepID=1&{sequence}.RequestedProcedureID=2", SERIES)
    assert [test[0] for test in both.shape.tests] == ["request"]
    more = planned(f"{sequence}.ScheduledProcedureStepID=1&{sequence}.AccessionNumber=2", SERIES, "1.2")
    assert (len(more.residual[SERIES].keys), len(more.shape.tests)) == (2, 1)


def test_private_names_are_told_as_tags() -> None:
    assert planned("00230010=Acme&00231001=x", SERIES).unsupported == ("00231001",)


def test_a_moment_in_another_zone_is_narrowed_to_its_days_and_left() -> None:
    found = planned("StudyDate=20200301&TimezoneOffsetFromUTC=%2B0100")
    assert (found.values[:2], len(found.residual[STUDY].combined)) == (("20200229", "20200302\\:"), 1)


def test_moments_are_certain_without_their_json_if_nothing_else_needs_it() -> None:
    zone = "StudyDate=20200301&TimezoneOffsetFromUTC=%2B0100"
    assert planned(zone).certain is not None
    assert planned(f"{zone}&OtherPatientIDs=2").certain is None
    assert planned("PatientID=1&OtherPatientIDs=2").certain is None
    other = "AcquisitionDate=20200101-20200102&AcquisitionTime=10-11"
    assert planned(f"{zone}&{other}", INSTANCE, "1.2").certain is None


def test_moments_at_the_ends_of_the_calendar_are_still_moments() -> None:
    found = planned("StudyDate=00010101-99991231&TimezoneOffsetFromUTC=-0100")
    assert found.values[:2] == ("00010101", "99991231\\:")


def test_a_moment_without_columns_is_left() -> None:
    found = planned("AcquisitionDate=20200101-20200102&AcquisitionTime=10-11", INSTANCE, "1.2")
    assert [pair.date for pair in found.residual[INSTANCE].combined] == [0x00080022]
    assert found.shape.columns[-1] == "instance.metadata"


def test_instances_of_the_fixed_levels_need_them_only_if_asked() -> None:
    found = planned("includefield=PatientName", SERIES, "1.2")
    assert found.shape.columns == ("study.id", "study.response", "study.attributes", "series.id", "series.response")
