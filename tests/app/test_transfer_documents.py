import orjson
import pytest

from app.transfer_documents import document_of, wanted_of
from dicomcore.errors import DicomError, InvalidParameter, InvalidUid
from dicomcore.resources import Resource
from dicomcore.transfer import Transfer, TransferKind, TransferState

ASKED = {"kind": "send", "node": "PACS", "resources": [{"study_instance_uid": "1.2"}]}


def test_three_members_are_what_is_wanted() -> None:
    wanted = wanted_of(orjson.dumps(ASKED))
    assert (wanted.kind, wanted.node, wanted.resources) == (TransferKind.SEND, "PACS", (Resource("1.2"),))


def test_resources_are_studies_series_and_instances() -> None:
    given = [
        {"study_instance_uid": "1", "series_instance_uid": None, "sop_instance_uid": None},
        {"study_instance_uid": "1", "series_instance_uid": "1.1"},
        {"study_instance_uid": "1", "series_instance_uid": "1.1", "sop_instance_uid": "1.1.1"},
    ]
    wanted = wanted_of(orjson.dumps(ASKED | {"resources": given}))
    assert wanted.resources == (Resource("1"), Resource("1", "1.1"), Resource("1", "1.1", "1.1.1"))


def test_what_is_shown_has_the_fields_of_a_transfer() -> None:
    resource = Resource("1", "1.1")
    transfer = Transfer(
        "a", TransferKind.SEND, "PACS", (resource,), TransferState.FAILED, None, 3, 1, ("1.1.1: no",), 5, 6, 2
    )
    assert document_of(transfer) == {
        "id": "a",
        "kind": "send",
        "node": "PACS",
        "resources": [{"study_instance_uid": "1", "series_instance_uid": "1.1", "sop_instance_uid": None}],
        "state": "failed",
        "total": None,
        "completed": 3,
        "failed": 1,
        "problems": ["1.1.1: no"],
        "created": 5,
        "changed": 6,
        "attempts": 2,
    }


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"", "body"),
        (b"[]", "body"),
        (b'"send"', "body"),
        (orjson.dumps(ASKED | {"when": "now"}), "when"),
        (orjson.dumps(ASKED | {"kind": "copy"}), "kind"),
        (orjson.dumps(ASKED | {"kind": ["send"]}), "kind"),
        (orjson.dumps(ASKED | {"node": 7}), "node"),
        (orjson.dumps(ASKED | {"node": "*"}), "node"),
        (orjson.dumps(ASKED | {"node": "SEVENTEEN_LETTERS"}), "node"),
        (orjson.dumps(ASKED | {"resources": {}}), "resources"),
        (orjson.dumps(ASKED | {"resources": ["1.2"]}), "resources"),
        (orjson.dumps(ASKED | {"resources": [{"study": "1.2"}]}), "study"),
        (orjson.dumps(ASKED | {"resources": [{"study_instance_uid": 12}]}), "study_instance_uid"),
        (orjson.dumps(ASKED | {"resources": [{"study_instance_uid": "../etc"}]}), "study_instance_uid"),
        (b'{"kind": "send", "resources": []}', "node"),
    ],
)
def test_a_member_that_cannot_be_is_named(body: bytes, name: str) -> None:
    with pytest.raises(DicomError) as refused:
        wanted_of(body)
    assert isinstance(refused.value, InvalidParameter | InvalidUid)
    assert refused.value.name == name
