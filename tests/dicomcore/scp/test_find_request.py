"""Answers of searches as identifiers of C-FIND responses (PS3.4 §C.4.1.1.3.2)."""

from typing import Any

import orjson
import pytest
from builders import EXPLICIT_LE, ct_instance, element, sequence

from dicomcore.archive import Archive
from dicomcore.data import PLACEHOLDER, Dataset, read_dataset, transfer_syntax, write_dataset
from dicomcore.scp.acceptance import PATIENT_ROOT_FIND, STUDY_ROOT_FIND
from dicomcore.scp.find_request import FindRequest
from dicomcore.scp.identifiers import read_query

ALWAYS = {0x00080052, 0x00080054, 0x00080056}


def request(level: str, *elements: bytes, model: str = STUDY_ROOT_FIND, agreed: bytes = b"") -> FindRequest:
    pieces = sorted(
        [element(0x00080052, "CS", level), *elements], key=lambda piece: (piece[:2][::-1], piece[2:4][::-1])
    )
    return read_query(read_dataset(b"".join(pieces), transfer_syntax(EXPLICIT_LE)), model, agreed)


def answer(**attributes: tuple[str, list[Any]]) -> bytes:
    """``t00100010=("PN", [...])`` as a JSON object."""
    return orjson.dumps({name[1:]: {"vr": vr, "Value": values} for name, (vr, values) in attributes.items()})


def reread(dataset: Dataset) -> Dataset:
    syntax = transfer_syntax(EXPLICIT_LE)
    return read_dataset(b"".join(bytes(piece) for piece in write_dataset(dataset, syntax)), syntax)


async def found(archive: Archive, asked: FindRequest) -> tuple[int, Dataset]:
    (one,) = (await archive.search(asked.query)).objects
    response = asked.response(one, "ISOCENTER")
    return response.status, reread(response.identifier)


async def store(archive: Archive, content: bytes) -> None:
    spool = archive.spool()
    spool.write(content)
    assert (await archive.store(spool)).is_stored


def test_a_response_has_what_was_requested_and_no_more() -> None:
    asked = request("STUDY", element(0x00100020, "LO"), element(0x00080050, "SH", "A1"))
    response = asked.response(
        answer(t00080050=("SH", ["A1"]), t00100020=("LO", ["PID1"]), t00100040=("CS", ["F"])), "ISOCENTER"
    )
    assert response.status == 0xFF00
    assert {one.tag for one in response.identifier} == ALWAYS | {0x00080050, 0x00100020}
    assert response.identifier.text(0x00080052) == "STUDY"
    assert response.identifier.text(0x00080054) == "ISOCENTER"
    assert response.identifier.text(0x00080056) == "ONLINE"
    assert response.identifier.text(0x00100020) == "PID1"


def test_what_is_known_to_have_no_value_is_returned_empty() -> None:
    response = request("STUDY", element(0x00100040, "CS")).response(b'{"00100040":{"vr":"CS"}}', "ISOCENTER")
    assert response.status == 0xFF00
    assert 0x00100040 in response.identifier
    assert response.identifier.texts(0x00100040) == []


def test_what_the_source_does_not_know_is_left_out_and_told() -> None:
    response = request("STUDY", element(0x00080060, "CS", "CT")).response(b"{}", "ISOCENTER")
    assert response.status == 0xFF01
    assert 0x00080060 not in response.identifier


def test_a_source_that_could_not_match_all_keys_is_told() -> None:
    asked = request("STUDY", element(0x00100020, "LO"))
    assert asked.response(answer(t00100020=("LO", ["PID1"])), "ISOCENTER", is_complete=False).status == 0xFF01


def test_a_key_that_nobody_can_match_is_told() -> None:
    assert request("STUDY", element(0x00091002, "LO", "x")).response(b"{}", "ISOCENTER").status == 0xFF01


def test_who_to_retrieve_from_is_what_the_answer_says_first() -> None:
    response = request("STUDY").response(
        answer(t00080054=("AE", ["PACS1", "PACS2"]), t00080056=("CS", ["NEARLINE"])), "ISOCENTER"
    )
    assert response.identifier.texts(0x00080054) == ["PACS1", "PACS2"]
    assert response.identifier.text(0x00080056) == "NEARLINE"


def test_a_url_of_the_web_is_not_told() -> None:
    url = b'{"00081190":{"vr":"UR","Value":["' + PLACEHOLDER + b'/studies/1.2.3"]}}'
    response = request("STUDY", element(0x00081190, "UR")).response(url, "ISOCENTER")
    assert response.status == 0xFF01
    assert 0x00081190 not in response.identifier


def test_uids_above_the_level_come_from_the_request() -> None:
    above = element(0x0020000D, "UI", "1.2.3"), element(0x0020000E, "UI", "1.2.3.1")
    response = request("IMAGE", *above, element(0x00080018, "UI")).response(
        answer(t00080018=("UI", ["1.2.3.4"])), "ISOCENTER"
    )
    assert response.status == 0xFF00
    assert [response.identifier.text(tag) for tag in (0x00080052, 0x0020000D, 0x0020000E, 0x00080018)] == [
        "IMAGE",
        "1.2.3",
        "1.2.3.1",
        "1.2.3.4",
    ]


STEPS = [
    {"00400009": {"vr": "SH", "Value": ["STEP1"]}, "00400007": {"vr": "LO", "Value": ["Head"]}},
    {"00400009": {"vr": "SH", "Value": ["STEP2"]}, "00400007": {"vr": "LO", "Value": ["Neck"]}},
]


def test_a_sequence_has_the_items_that_match_with_what_was_requested_of_them() -> None:
    step = element(0x00400009, "SH", "STEP2") + element(0x00401001, "SH")
    asked = request("SERIES", element(0x0020000D, "UI", "1.2.3"), sequence(0x00400275, step))
    response = asked.response(answer(t00400275=("SQ", STEPS)), "ISOCENTER")
    (item,) = response.identifier.items(0x00400275)
    assert {one.tag: item.texts(one.tag) for one in item} == {0x00400009: ["STEP2"], 0x00401001: []}


def test_a_sequence_without_keys_comes_whole() -> None:
    asked = request("SERIES", element(0x0020000D, "UI", "1.2.3"), sequence(0x00400275))
    response = asked.response(answer(t00400275=("SQ", STEPS)), "ISOCENTER")
    assert [item.text(0x00400007) for item in response.identifier.items(0x00400275)] == ["Head", "Neck"]


def test_a_sequence_that_is_empty_stays_empty() -> None:
    step = element(0x00400009, "SH")
    asked = request("SERIES", element(0x0020000D, "UI", "1.2.3"), sequence(0x00400275, step))
    response = asked.response(b'{"00400275":{"vr":"SQ"}}', "ISOCENTER")
    assert response.identifier.items(0x00400275) == ()
    assert response.status == 0xFF00


def test_a_moment_in_a_sequence_is_matched_in_its_items() -> None:
    step = element(0x00400002, "DA", "20240101-20240131") + element(0x00400003, "TM", "0800-1200")
    asked = request("SERIES", element(0x0020000D, "UI", "1.2.3"), sequence(0x00400275, step), agreed=b"\0\1")
    dates = [{"00400002": {"vr": "DA", "Value": [day]}} for day in ("20231231", "20240115")]
    response = asked.response(answer(t00400275=("SQ", dates)), "ISOCENTER")
    (item,) = response.identifier.items(0x00400275)
    assert item.text(0x00400002) == "20240115"


def test_a_private_attribute_is_returned_in_the_block_that_was_asked_for() -> None:
    asked = request("STUDY", element(0x00090010, "LO", "ACME 1.0"), element(0x00091002, "LO"))
    stored = answer(t00090011=("LO", ["ACME 1.0"]), t00091102=("LO", ["secret"]), t00090010=("LO", ["OTHER"]))
    response = asked.response(stored, "ISOCENTER")
    assert response.status == 0xFF00
    assert response.identifier.text(0x00090010) == "ACME 1.0"
    assert response.identifier.text(0x00091002) == "secret"


def test_a_private_attribute_whose_creator_is_not_there_is_left_out() -> None:
    asked = request("STUDY", element(0x00090010, "LO", "ACME 1.0"), element(0x00091002, "LO"))
    response = asked.response(answer(t00091002=("LO", ["of another"])), "ISOCENTER")
    assert response.status == 0xFF01
    assert {one.tag for one in response.identifier} == ALWAYS


NAME = answer(t00100010=("PN", [{"Alphabetic": "Müller^Jörg"}]))


@pytest.mark.parametrize(
    ("asked_in", "answered_in"),
    [
        ([], ["ISO_IR 192"]),
        (["ISO_IR 192"], ["ISO_IR 192"]),
        (["ISO_IR 100"], ["ISO_IR 100"]),
        (["ISO_IR 144"], ["ISO_IR 192"]),
        (["", "ISO 2022 IR 100"], ["", "ISO 2022 IR 100"]),
    ],
)
def test_the_character_set_is_the_requestors_if_it_has_all_characters(
    asked_in: list[str], answered_in: list[str]
) -> None:
    asked = request("STUDY", element(0x00080005, "CS", asked_in), element(0x00100010, "PN"))
    identifier = reread(asked.response(NAME, "ISOCENTER").identifier)
    assert identifier.texts(0x00080005) == answered_in
    assert identifier.text(0x00100010) == "Müller^Jörg"


def test_ascii_needs_no_character_set() -> None:
    asked = request("STUDY", element(0x00080005, "CS", "ISO_IR 100"), element(0x00100020, "LO"))
    assert 0x00080005 not in asked.response(answer(t00100020=("LO", ["PID1"])), "ISOCENTER").identifier


@pytest.mark.parametrize(("meaning", "answered_in"), [("Schädel", "ISO_IR 100"), ("頭", "ISO_IR 192")])
def test_text_in_sequences_is_in_the_same_character_set(meaning: str, answered_in: str) -> None:
    codes = [{"00080104": {"vr": "LO", "Value": [meaning]}, "00080100": {"vr": "SH", "Value": ["T-1"]}}]
    asked = request("STUDY", element(0x00080005, "CS", "ISO_IR 100"), sequence(0x00081032))
    identifier = reread(asked.response(answer(t00081032=("SQ", codes)), "ISOCENTER").identifier)
    assert identifier.text(0x00080005) == answered_in
    assert [item.text(0x00080104) for item in identifier.items(0x00081032)] == [meaning]


@pytest.mark.parametrize(
    ("level", "above", "tags"),
    [
        ("STUDY", [], {0x00080061, 0x00100010, 0x00201208}),
        ("SERIES", [element(0x0020000D, "UI", "1.2.3")], {0x00080060, 0x0020000D, 0x00201209}),
        (
            "IMAGE",
            [element(0x0020000D, "UI", "1.2.3"), element(0x0020000E, "UI", "1.2.3.1")],
            {0x00080018, 0x0020000D, 0x0020000E, 0x00180050},
        ),
    ],
)
async def test_an_archive_answers_at_every_level(
    archive: Archive, level: str, above: list[bytes], tags: set[int]
) -> None:
    await store(archive, ct_instance())
    vrs = {0x00080061: "CS", 0x00100010: "PN", 0x00201208: "IS", 0x00080060: "CS", 0x00201209: "IS", 0x00180050: "DS"}
    keys = [element(tag, vrs.get(tag, "UI")) for tag in tags - {0x0020000D, 0x0020000E}]
    status, identifier = await found(archive, request(level, *above, *keys))
    assert status == 0xFF00
    assert {one.tag for one in identifier} == ALWAYS | tags
    assert all(identifier.text(tag) for tag in tags)


async def test_an_archive_answers_about_patients(archive: Archive) -> None:
    await store(archive, ct_instance())
    keys = element(0x00100010, "PN", "doe*"), element(0x00100020, "LO"), element(0x00201200, "IS")
    status, identifier = await found(archive, request("PATIENT", *keys, model=PATIENT_ROOT_FIND))
    assert (status, identifier.text(0x00080052)) == (0xFF00, "PATIENT")
    assert [identifier.text(tag) for tag in (0x00100010, 0x00100020, 0x00201200)] == ["Doe^Jane", "PID1", "1"]


async def test_an_archive_does_not_know_what_is_below_the_level(archive: Archive) -> None:
    await store(archive, ct_instance())
    asked = request("STUDY", element(0x00080060, "CS", "MR"), element(0x00100020, "LO", "PID1"))
    status, identifier = await found(archive, asked)
    assert status == 0xFF01
    assert {one.tag for one in identifier} == ALWAYS | {0x00100020}
