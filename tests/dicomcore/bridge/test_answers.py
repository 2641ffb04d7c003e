import orjson

from dicomcore.bridge.answers import (
    answer_object,
    fragments_of,
    join_fragments,
    retrieve_url,
    text_of,
    values_of,
    with_values,
)
from dicomcore.data import PLACEHOLDER
from dicomcore.resources import Level, Resource

STUDY = Resource("1.2.3")


def parsed(answer: bytes) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = orjson.loads(answer.replace(PLACEHOLDER, b"http://pacs.test"))
    return found


def test_required_attributes_are_there_without_a_value() -> None:
    answer = parsed(answer_object(Level.STUDY, STUDY, {}, [Level.STUDY], "PACS"))
    assert answer["00100020"] == {"vr": "LO"}
    assert answer["00201208"] == {"vr": "IS"}


def test_where_to_retrieve_is_said_by_us() -> None:
    answer = parsed(answer_object(Level.STUDY, STUDY, {}, [Level.STUDY], "PACS"))
    assert answer["00080054"]["Value"] == ["PACS"]
    assert answer["00081190"]["Value"] == ["http://pacs.test/studies/1.2.3"]


def test_availability_is_not_invented() -> None:
    assert "00080056" not in parsed(answer_object(Level.STUDY, STUDY, {}, [Level.STUDY], "PACS"))


def test_patients_cannot_be_retrieved() -> None:
    assert "00081190" not in parsed(answer_object(Level.PATIENT, Resource(), {}, [Level.PATIENT], "PACS"))


def test_what_was_found_is_kept_as_it_was_written() -> None:
    found = {0x00100020: b'"00100020":{"vr":"LO","Value":["7"]}', 0x00101030: b'"00101030":{"vr":"DS","Value":[70.10]}'}
    answer = answer_object(Level.STUDY, STUDY, found, [Level.STUDY], "PACS")
    assert b"70.10" in answer
    assert parsed(answer)["00100020"]["Value"] == ["7"]


def test_attributes_are_in_ascending_order() -> None:
    answer = answer_object(Level.SERIES, STUDY, {}, [Level.STUDY, Level.SERIES], "PACS")
    assert list(parsed(answer)) == sorted(parsed(answer))


def test_an_answer_can_be_taken_apart_and_joined_again() -> None:
    answer = answer_object(Level.STUDY, STUDY, {}, [Level.STUDY], "PACS")
    assert join_fragments(fragments_of(answer)) == answer


def test_values_are_written_and_read() -> None:
    found = {0x00080061: with_values(0x00080061, ["CT", "MR"])}
    assert values_of(found, 0x00080061) == ["CT", "MR"]
    assert text_of(found, 0x00080061) == "CT"


def test_no_values_are_no_text() -> None:
    assert text_of({0x00080061: with_values(0x00080061, [])}, 0x00080061) == ""
    assert text_of({}, 0x00080061) == ""
    assert text_of({0x00080061: b'"00080061":{"vr":"CS","Value":[null,"CT"]}'}, 0x00080061) == "CT"


def test_a_retrieve_url_is_read_without_the_base_uri() -> None:
    assert text_of({0x00081190: retrieve_url(STUDY)}, 0x00081190) == "/studies/1.2.3"
