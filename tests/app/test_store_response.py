import orjson
import pytest

from app.store_response import is_out_of_resources, store_response, store_status, store_warnings
from app.storing import StoreResult
from dicomcore.errors import InvalidParameter
from dicomcore.resources import Resource
from dicomcore.source import Change, FailureReason, StoreOutcome, WarningReason

BASE = "http://pacs.test/dicom-web"
INSTANCE = Resource("1", "1.1", "1.1.1")
STORED = StoreOutcome(INSTANCE, "1.2.840", Change.STORED)
WARNED = StoreOutcome(INSTANCE, "1.2.840", Change.STORED, warning=WarningReason.COERCED, detail="changed")
REFUSED = StoreOutcome(INSTANCE, "1.2.840", failure=FailureReason.CANNOT_UNDERSTAND, detail="not understood")
NAMELESS = StoreOutcome(failure=FailureReason.OUT_OF_RESOURCES, detail="no room")
PROBLEM = InvalidParameter("body", "it breaks off")


@pytest.mark.parametrize(
    ("outcomes", "problem", "status"),
    [
        ([STORED], None, 200),
        ([STORED, STORED], None, 200),
        ([WARNED], None, 202),
        ([STORED, REFUSED], None, 202),
        ([STORED], PROBLEM, 202),
        ([REFUSED], None, 409),
        ([REFUSED, NAMELESS], PROBLEM, 409),
    ],
)
def test_the_status_says_whether_all_some_or_none_were_stored(
    outcomes: list[StoreOutcome], problem: InvalidParameter | None, status: int
) -> None:
    assert store_status(StoreResult(outcomes, problem)) == status


def test_each_outcome_is_in_the_sequence_it_belongs_to() -> None:
    module = orjson.loads(store_response(StoreResult([WARNED, REFUSED, NAMELESS], PROBLEM), BASE))
    uids = {"00081150": {"vr": "UI", "Value": ["1.2.840"]}, "00081155": {"vr": "UI", "Value": ["1.1.1"]}}
    url = {"vr": "UR", "Value": [f"{BASE}/studies/1/series/1.1/instances/1.1.1"]}
    assert module == {
        "00081190": {"vr": "UR", "Value": [f"{BASE}/studies/1"]},
        "00081198": {"vr": "SQ", "Value": [uids | {"00081197": {"vr": "US", "Value": [0xC000]}}]},
        "00081199": {"vr": "SQ", "Value": [uids | {"00081190": url, "00081196": {"vr": "US", "Value": [0xB000]}}]},
        "0008119A": {
            "vr": "SQ",
            "Value": [{"00081197": {"vr": "US", "Value": [0xA700]}}, {"00081197": {"vr": "US", "Value": [0x0110]}}],
        },
    }


def test_attributes_are_in_the_order_of_their_tags() -> None:
    module = orjson.loads(store_response(StoreResult([WARNED, REFUSED, NAMELESS]), BASE))
    assert list(module) == sorted(module)
    for sequence in list(module)[1:]:
        for item in module[sequence]["Value"]:
            assert list(item) == sorted(item)


def test_a_sequence_without_items_is_not_there() -> None:
    assert set(orjson.loads(store_response(StoreResult([STORED]), BASE))) == {"00081190", "00081199"}


def test_the_retrieve_url_is_empty_for_several_studies_or_none() -> None:
    other = StoreOutcome(Resource("2", "2.1", "2.1.1"), "1.2.840", Change.STORED)
    for outcomes in ([STORED, other], [REFUSED]):
        assert orjson.loads(store_response(StoreResult(outcomes), BASE))["00081190"] == {"vr": "UR"}


def test_warnings_are_told_once_and_not_without_end() -> None:
    assert store_warnings(StoreResult([WARNED, REFUSED, WARNED], PROBLEM)) == [
        "changed",
        "not understood",
        "body: it breaks off",
    ]
    many = [StoreOutcome(failure=FailureReason.CANNOT_UNDERSTAND, detail=str(number)) for number in range(100)]
    assert len(store_warnings(StoreResult(many))) == 10


def test_a_lack_of_room_is_seen_in_any_outcome() -> None:
    assert is_out_of_resources(StoreResult([STORED, NAMELESS]))
    assert not is_out_of_resources(StoreResult([STORED, REFUSED]))
