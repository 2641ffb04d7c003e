"""Answers are put together from stored bytes, which come out as they went in (PS3.18 §10.6.3.3)."""

from typing import Any

import orjson
import zstandard

from app.parameters import parse_search
from dicomcore.index.answers import Answers
from dicomcore.index.plan import Plan, plan
from dicomcore.resources import Level, Resource

STUDY = b'{"0020000D":{"vr":"UI","Value":["1.2"]},\n"00201208":{"vr":"IS","Value":[3]}}'
SERIES = b'{"00080060":{"vr":"CS","Value":["CT"]},\n"00081190":{"vr":"UR","Value":["\xff/series"]}}'
INSTANCE = b'{"00080018":{"vr":"UI","Value":["1.2.3"]},\n"00081190":{"vr":"UR","Value":["\xff/instance"]}}'
ATTRIBUTES = b'{"00081030":{"vr":"LO","Value":["Head"]},\n"00101020":{"vr":"DS","Value":[1.50]}}'
METADATA = zstandard.compress(
    b'{"00080008":{"vr":"CS","Value":["A,{\\"","B"]},"00180050":{"vr":"DS","Value":[1.50]},'
    b'"00230011":{"vr":"LO","Value":["Acme "]},"00231101":{"vr":"DS","Value":[2.50]},'
    b'"7FE00010":{"vr":"OW","BulkDataURI":"\xff/bulk"}}'
)


def planned(query_string: str, level: Level, *uids: str) -> Plan:
    return plan(parse_search(query_string, level, Resource(*uids)).query, is_sqlite=True)


def answer(query_string: str, level: Level, uids: tuple[str, ...], row: tuple[Any, ...]) -> bytes:
    (found,) = Answers(planned(query_string, level, *uids)).objects([row])
    return found


def test_a_plain_answer_is_the_stored_response() -> None:
    assert answer("", Level.STUDY, (), (STUDY,)) == STUDY


def test_levels_are_merged_in_the_order_of_tags_and_the_lower_one_wins() -> None:
    found = answer("", Level.INSTANCE, (), (1, STUDY, 2, SERIES, 3, INSTANCE))
    assert found == (
        b'{"00080018":{"vr":"UI","Value":["1.2.3"]},\n"00080060":{"vr":"CS","Value":["CT"]},\n'
        b'"00081190":{"vr":"UR","Value":["\xff/instance"]},\n"0020000D":{"vr":"UI","Value":["1.2"]},\n'
        b'"00201208":{"vr":"IS","Value":[3]}}'
    )


def test_what_is_above_serves_all_rows_below_it() -> None:
    other = INSTANCE.replace(b"1.2.3", b"1.2.4")
    rows = [(1, STUDY, 2, SERIES, 3, INSTANCE), (1, b"never read again", 2, b"nor this", 4, other)]
    first, second = Answers(planned("", Level.INSTANCE)).objects(rows)
    assert second == first.replace(b"1.2.3", b"1.2.4")


def test_attributes_that_are_asked_for_keep_their_bytes() -> None:
    found = answer("includefield=PatientSize,StudyDescription,PatientAge", Level.STUDY, (), (1, STUDY, ATTRIBUTES))
    assert found == (
        b'{"00081030":{"vr":"LO","Value":["Head"]},\n"00101010":{"vr":"AS"},\n"00101020":{"vr":"DS","Value":[1.50]},\n'
        b'"0020000D":{"vr":"UI","Value":["1.2"]},\n"00201208":{"vr":"IS","Value":[3]}}'
    )


def test_all_adds_what_is_known_of_the_level() -> None:
    found = orjson.loads(answer("includefield=all", Level.STUDY, (), (1, STUDY, ATTRIBUTES)))
    assert list(found) == ["00081030", "00101020", "0020000D", "00201208"]


def test_attributes_of_an_instance_come_from_its_metadata() -> None:
    found = answer("includefield=ImageType,SliceThickness", Level.INSTANCE, ("1.2", "1.3"), (3, INSTANCE, METADATA))
    assert b'"00080008":{"vr":"CS","Value":["A,{\\"","B"]},\n' in found
    assert found.endswith(b'"00180050":{"vr":"DS","Value":[1.50]}}')


def test_a_private_attribute_returns_with_its_creator_from_the_block_it_is_in() -> None:
    found = answer("00230010=Acme&includefield=00231001", Level.INSTANCE, ("1.2", "1.3"), (3, INSTANCE, METADATA))
    assert found.endswith(b'"00230011":{"vr":"LO","Value":["Acme "]},\n"00231101":{"vr":"DS","Value":[2.50]}}')


def test_a_private_attribute_of_another_creator_does_not_return() -> None:
    found = answer("00230010=Other&includefield=00231001", Level.INSTANCE, ("1.2", "1.3"), (3, INSTANCE, METADATA))
    assert found == INSTANCE


def test_what_is_left_is_matched_on_the_json_of_its_level() -> None:
    for thickness, expected in (("1.5", True), ("2", False)):
        asked = parse_search(f"SliceThickness={thickness}&PatientSize=1.5", Level.INSTANCE, Resource("1.2", "1.3"))
        answers = Answers(plan(asked.query, is_sqlite=True))
        rows = [(1, STUDY, ATTRIBUTES, number, INSTANCE, METADATA) for number in (3, 4)]
        assert [answers.matches(asked.query, row) for row in rows] == [expected, expected]
