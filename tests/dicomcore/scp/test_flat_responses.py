"""Responses of the usual kind are byte for byte those that go the long way; whatever is unusual goes that way."""

from typing import Any

import orjson
import pytest
from builders import EXPLICIT_LE, element, sequence

from dicomcore.data import (
    PLACEHOLDER,
    read_dataset,
    write_dataset,
)
from dicomcore.data import transfer_syntax as syntax_of
from dicomcore.scp.acceptance import STUDY_ROOT_FIND
from dicomcore.scp.find_request import FindRequest
from dicomcore.scp.flat_responses import FlatResponses
from dicomcore.scp.identifiers import read_query
from dicomcore.uids import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN

IMPLICIT_LE = "1.2.840.10008.1.2"
USUAL = (
    element(0x00080020, "DA"),
    element(0x00080050, "SH"),
    element(0x00080061, "CS"),
    element(0x00100010, "PN"),
    element(0x00100020, "LO"),
    element(0x0020000D, "UI"),
    element(0x00201208, "IS"),
)


def request(*elements: bytes) -> FindRequest:
    content = element(0x00080052, "CS", "STUDY") + b"".join(elements)
    return read_query(read_dataset(content, syntax_of(EXPLICIT_LE)), STUDY_ROOT_FIND)


def answer(**changes: Any) -> bytes:
    attributes = {
        "00080020": {"vr": "DA", "Value": ["20200101"]},
        "00080050": {"vr": "SH"},
        "00080061": {"vr": "CS", "Value": ["CT", "SR"]},
        "00081190": {"vr": "UR", "Value": ["BASE/studies/1.2.3"]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]},
        "00100020": {"vr": "LO", "Value": ["4711"]},
        "0020000D": {"vr": "UI", "Value": ["1.2.3"]},
        "00201208": {"vr": "IS", "Value": [12]},
    }
    for tag, element_json in changes.items():
        if element_json is None:
            del attributes[tag[1:]]
        else:
            attributes[tag[1:]] = element_json
    return orjson.dumps(attributes).replace(b"BASE", PLACEHOLDER)


def the_long_way(asked: FindRequest, found: bytes, uid: str, *, is_complete: bool = True) -> tuple[int, bytes]:
    response = asked.response(found, "ISOCENTER", is_complete=is_complete)
    return response.status, b"".join(write_dataset(response.identifier, syntax_of(uid)))


@pytest.mark.parametrize("uid", [EXPLICIT_LE, IMPLICIT_LE])
@pytest.mark.parametrize("is_complete", [True, False])
@pytest.mark.parametrize(
    "found",
    [
        answer(),
        answer(t00080054={"vr": "AE", "Value": ["OTHER"]}, t00080056={"vr": "CS", "Value": ["NEARLINE"]}),
        answer(t00080054={"vr": "AE"}),
        answer(t00100010={"vr": "PN"}),
        answer(t00080061={"vr": "CS", "Value": ["CT", None]}),
        answer(t00080050=None),
    ],
)
def test_a_usual_response_is_that_of_the_long_way(uid: str, is_complete: bool, found: bytes) -> None:
    asked = request(*USUAL)
    flat = FlatResponses.of(asked, syntax_of(uid), "ISOCENTER")
    assert flat is not None
    assert flat.response(found, is_complete=is_complete) == the_long_way(asked, found, uid, is_complete=is_complete)


@pytest.mark.parametrize(
    "unusual",
    [
        {"t00100010": {"vr": "PN", "Value": [{"Alphabetic": "M\u00fcller"}]}},
        {"t00100010": {"vr": "PN", "Value": [{"Alphabetic": "A", "Ideographic": "B"}]}},
        {"t00100010": {"vr": "PN", "Value": [{"Alphabetic": "A"}, {"Alphabetic": "B"}]}},
        {"t00201208": {"vr": "IS", "Value": [1.5]}},
        {"t00100020": {"vr": "SH", "Value": ["4711"]}},
        {"t00100020": {"vr": "LO", "InlineBinary": "AAAA"}},
        {"t00100020": {"vr": "LO", "Value": ["x" * 70_000]}},
    ],
)
def test_an_unusual_answer_goes_the_long_way(unusual: dict[str, Any]) -> None:
    flat = FlatResponses.of(request(*USUAL), syntax_of(EXPLICIT_LE), "ISOCENTER")
    assert flat is not None
    assert flat.response(answer(**unusual)) is None


@pytest.mark.parametrize("uid", [EXPLICIT_VR_BIG_ENDIAN, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN])
def test_other_transfer_syntaxes_go_the_long_way(uid: str) -> None:
    assert FlatResponses.of(request(*USUAL), syntax_of(uid), "ISOCENTER") is None


@pytest.mark.parametrize(
    "unusual",
    [
        sequence(0x00081110, element(0x00081150, "UI")),
        element(0x00090010, "LO", "ACME") + element(0x00091001, "LO"),
        element(0x00101020, "DS"),
    ],
)
def test_a_request_for_something_unusual_goes_the_long_way(unusual: bytes) -> None:
    assert FlatResponses.of(request(unusual), syntax_of(EXPLICIT_LE), "ISOCENTER") is None
