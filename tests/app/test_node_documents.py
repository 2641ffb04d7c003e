import orjson
import pytest

from app.node_documents import document_of, node_of
from dicomcore.errors import InvalidParameter
from dicomcore.nodes import Kind, Node, Retrieve

PACS = Node("PACS", "pacs.example", 104, username="me", password="secret")


def test_three_members_make_a_node() -> None:
    assert node_of(b'{"ae_title": "PACS", "host": "pacs.example", "port": 104}') == Node("PACS", "pacs.example", 104)


def test_secrets_are_not_shown() -> None:
    shown = document_of(PACS)
    assert "secret" not in orjson.dumps(shown).decode()
    assert (shown["username"], shown["has_password"], shown["has_token"]) == ("me", True, False)


def test_what_was_shown_can_be_sent_back_and_changes_nothing() -> None:
    assert node_of(orjson.dumps(document_of(PACS)), "PACS", PACS) == PACS


def test_a_secret_is_replaced_or_taken_away_when_it_is_mentioned() -> None:
    for given, expected in (("other", "other"), ("", "")):
        body = orjson.dumps(document_of(PACS) | {"password": given})
        assert node_of(body, "PACS", PACS).password == expected


def test_the_path_names_the_node() -> None:
    assert node_of(b'{"host": "pacs.example", "port": 104}', "PACS").ae_title == "PACS"


def test_words_become_what_they_name() -> None:
    node = node_of(b'{"ae_title": "W", "kind": "dicomweb", "base_url": "http://web.example/", "retrieve": "move"}')
    assert (node.kind, node.retrieve, node.base_url) == (Kind.DICOMWEB, Retrieve.MOVE, "http://web.example")


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (b"", "body"),
        (b"[]", "body"),
        (b'"PACS"', "body"),
        (b'{"host": "pacs.example", "port": 104}', "ae_title"),
        (b'{"ae_title": 7, "host": "pacs.example", "port": 104}', "ae_title"),
        (b'{"ae_title": "PACS", "host": "pacs.example", "port": "dicom"}', "port"),
        (b'{"ae_title": "PACS", "host": "pacs.example", "port": 104.5}', "port"),
        (b'{"ae_title": "PACS", "host": "pacs.example", "port": 70000}', "port"),
        (b'{"ae_title": "PACS", "host": "pacs.example", "port": 104, "retrieve": "put"}', "retrieve"),
        (b'{"ae_title": "PACS", "host": "pacs.example", "port": 104, "ssl": true}', "ssl"),
        (b'{"ae_title": "PACS", "host": null, "port": 104}', "host"),
    ],
)
def test_a_member_that_cannot_be_is_named(body: bytes, name: str) -> None:
    with pytest.raises(InvalidParameter) as refused:
        node_of(body)
    assert refused.value.name == name


def test_a_body_for_another_path_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="differs from that of the path"):
        node_of(b'{"ae_title": "OTHER", "host": "pacs.example", "port": 104}', "PACS")
