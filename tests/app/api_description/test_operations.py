"""The table of operations is sound in itself."""

from app.api_description.components import ERRORS
from app.api_description.document import PARAMETER_TABLES
from app.api_description.operations import OPERATIONS, SERVER_OPERATIONS, TAGS

ALL = (*OPERATIONS, *SERVER_OPERATIONS)


def test_no_method_of_a_path_is_described_twice() -> None:
    assert len({(operation.method, operation.path) for operation in ALL}) == len(ALL)


def test_every_tag_is_explained_and_used() -> None:
    assert {operation.tag for operation in ALL} == TAGS.keys()


def test_every_error_is_a_component_and_no_other_response_has_its_code() -> None:
    for operation in ALL:
        assert set(operation.errors) <= ERRORS.keys()
        assert not set(operation.errors) & operation.responses.keys()


def test_parameters_are_components_or_matching_keys() -> None:
    names = {name for operation in ALL for name in operation.parameters}
    known = {name for table in PARAMETER_TABLES for name in table}
    assert {name for name in names if not name.startswith("key.")} <= known


def test_a_store_takes_instances_and_metadata_with_bulk_data() -> None:
    store = next(operation for operation in OPERATIONS if operation.name == "storeInstances")
    assert list(store.body["content"]) == [
        "application/dicom",
        'multipart/related; type="application/dicom"',
        'multipart/related; type="application/dicom+json"',
        'multipart/related; type="application/dicom+xml"',
    ]
    assert {"200", "202", "409"} == store.responses.keys()
