from app.parameters import parse_search
from dicomcore.bridge.steps import Step, fixed_above, name_of_path, relational_step, steps_of
from dicomcore.query import ARCHIVE, Query, ReturnKey
from dicomcore.resources import Level, Resource

STUDY = Resource("1.2.3")


def steps(query: str, level: Level, resource: Resource = ARCHIVE) -> list[Step]:
    return steps_of(parse_search(query, level, resource).query)


def test_a_search_for_studies_is_one_step() -> None:
    (step,) = steps("PatientName=Doe", Level.STUDY)
    assert step.level is Level.STUDY
    assert [key.path for key in step.keys] == [(0x00100010,)]


def test_required_attributes_are_asked_for() -> None:
    (step,) = steps("", Level.STUDY)
    assert {0x00080020, 0x00100010, 0x0020000D, 0x00201208} <= set(step.returned)


def test_what_is_made_here_is_not_asked_for() -> None:
    (step,) = steps("includefield=RetrieveURL,RetrieveAETitle", Level.STUDY)
    assert not {0x00080054, 0x00081190} & (set(step.returned) | step.kept)


def test_all_series_are_found_by_way_of_their_studies() -> None:
    assert [step.level for step in steps("Modality=CT", Level.SERIES)] == [Level.STUDY, Level.SERIES]


def test_all_instances_are_found_level_by_level() -> None:
    found = steps("", Level.INSTANCE)
    assert [(step.level, step.shown) for step in found] == [
        (Level.STUDY, True),
        (Level.SERIES, True),
        (Level.INSTANCE, True),
    ]


def test_the_series_of_a_study_are_one_step() -> None:
    assert [step.level for step in steps("Modality=CT", Level.SERIES, STUDY)] == [Level.SERIES]


def test_a_key_of_the_study_makes_a_step_that_is_not_shown() -> None:
    found = steps("PatientName=Doe", Level.SERIES, STUDY)
    assert [(step.level, step.shown) for step in found] == [(Level.STUDY, False), (Level.SERIES, True)]
    assert found[0].kept == {0x00100010}


def test_an_included_attribute_is_asked_for_at_its_level() -> None:
    found = steps("includefield=StudyDescription", Level.INSTANCE, Resource("1.2.3", "1.2.3.1"))
    assert found[0].level is Level.STUDY
    assert 0x00081030 in found[0].kept


def test_an_unknown_attribute_is_asked_for_at_the_level_of_the_search() -> None:
    (step,) = steps("SliceThickness=5", Level.STUDY)
    assert 0x00180050 in step.returned


def test_everything_that_is_known_of_a_level_can_be_asked_for() -> None:
    (step,) = steps("includefield=all", Level.STUDY)
    assert {0x00081030, 0x00101020} <= step.kept


def test_a_private_attribute_brings_its_creator() -> None:
    query = Query(Level.STUDY, include=(ReturnKey((0x00231001,), "ACME"),))
    (step,) = steps_of(query)
    assert step.returned[0x00231001] == "ACME"
    assert 0x00230010 in step.kept


def test_a_moment_is_asked_for_as_date_and_time() -> None:
    (step,) = steps("StudyDate=20240101-20240102&StudyTime=10-11", Level.STUDY)
    assert len(step.combined) == 1
    assert {0x00080020, 0x00080030, 0x00080201} <= set(step.returned)


def test_a_moment_within_a_sequence_asks_for_the_sequence() -> None:
    prefix = "RequestAttributesSequence.ScheduledProcedureStepStart"
    (step,) = steps(f"{prefix}Date=20240101-&{prefix}Time=10-", Level.SERIES, STUDY)
    assert step.combined[0].sequence == (0x00400275,)
    assert 0x00400275 in step.returned


def test_steps_are_joined_for_relational_queries() -> None:
    joined = relational_step(steps("PatientName=Doe&Modality=CT", Level.SERIES))
    assert joined.level is Level.SERIES
    assert {key.path[0] for key in joined.keys} == {0x00100010, 0x00080060}
    assert {0x0020000D, 0x0020000E} <= set(joined.returned)


def test_patients_are_one_step() -> None:
    assert [step.level for step in steps("", Level.PATIENT)] == [Level.PATIENT]


def test_what_lies_above_a_level_is_fixed() -> None:
    assert fixed_above(Level.SERIES, Resource("1", "2")) == Resource("1")
    assert fixed_above(Level.INSTANCE, Resource("1", "2", "3")) == Resource("1", "2")


def test_attributes_are_named_by_keyword_or_tag() -> None:
    assert name_of_path((0x00400275, 0x00400009)) == "RequestAttributesSequence.ScheduledProcedureStepID"
    assert name_of_path((0x00231001,)) == "00231001"
