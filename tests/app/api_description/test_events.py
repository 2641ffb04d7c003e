"""What is said of changes is what they have."""

from app.api_description.events import CHANGE, EVENT_OPERATIONS, EVENT_PARAMETERS, EVENT_SCHEMAS
from app.change_documents import change_document
from dicomcore.delivery import ChangeEntry, ChangeKind
from dicomcore.resources import Resource


def test_every_member_of_a_change_is_described() -> None:
    document = change_document(ChangeEntry(1, ChangeKind.STORED, Resource("1.2"), 0))
    assert document.keys() == EVENT_SCHEMAS[CHANGE]["properties"].keys() == set(EVENT_SCHEMAS[CHANGE]["required"])


def test_kinds_and_levels_are_listed() -> None:
    properties = EVENT_SCHEMAS[CHANGE]["properties"]
    assert properties["kind"]["enum"] == ["stored", "replaced", "deleted"]
    assert properties["level"]["enum"] == ["study", "series", "instance"]


def test_both_paths_are_described_with_their_parameters() -> None:
    named = {one.path: [EVENT_PARAMETERS[name]["name"] for name in one.parameters] for one in EVENT_OPERATIONS}
    assert named == {"/events": ["since", "level", "Last-Event-ID"], "/changes": ["since", "level", "limit"]}
