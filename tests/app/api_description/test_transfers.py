"""What is said of transfers is what they have."""

from app.api_description.transfers import TRANSFER_OPERATIONS, TRANSFER_PARAMETERS, TRANSFER_SCHEMAS
from app.transfer_documents import document_of
from dicomcore.transfer import Transfer, TransferKind


def test_every_member_that_is_shown_is_described() -> None:
    shown = document_of(Transfer("a", TransferKind.SEND, "PACS", ()))
    described = TRANSFER_SCHEMAS["Transfer"]
    assert described["properties"].keys() == shown.keys() == set(described["required"])
    assert all(member["description"] for name, member in described["properties"].items() if name != "state")


def test_words_that_are_chosen_from_are_listed() -> None:
    properties = TRANSFER_SCHEMAS["Transfer"]["properties"]
    assert properties["kind"]["enum"] == ["send", "retrieve"]
    assert properties["state"]["enum"] == ["waiting", "running", "completed", "failed", "cancelled"]


def test_what_is_sent_here_is_a_part_of_that() -> None:
    assert TRANSFER_SCHEMAS["TransferRequest"]["required"] == ["kind", "node", "resources"]


def test_there_is_an_operation_for_every_verb() -> None:
    assert [(one.method, one.path) for one in TRANSFER_OPERATIONS] == [
        ("get", "/transfers"),
        ("post", "/transfers"),
        ("get", "/transfers/{transfer_id}"),
        ("delete", "/transfers/{transfer_id}"),
        ("post", "/transfers/{transfer_id}/cancel"),
        ("post", "/transfers/{transfer_id}/retry"),
    ]


def test_the_parameters_have_names() -> None:
    assert TRANSFER_PARAMETERS["transfer_id"]["in"] == "path"
    assert TRANSFER_PARAMETERS["limitOfTransfers"]["name"] == "limit"
