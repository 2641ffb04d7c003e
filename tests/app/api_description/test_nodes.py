"""What is said of nodes is what they have."""

import dataclasses

from app.api_description.nodes import NODE_OPERATIONS, NODE_SCHEMAS, node_schema
from app.node_documents import document_of
from dicomcore.nodes import Node


def test_every_field_of_a_node_is_described() -> None:
    properties = node_schema()["properties"]
    assert {field.name for field in dataclasses.fields(Node)} <= properties.keys()
    assert all(properties[field.name]["description"] for field in dataclasses.fields(Node))


def test_what_is_shown_is_described_and_secrets_are_write_only() -> None:
    properties = node_schema()["properties"]
    shown = document_of(Node("PACS", "pacs.example", 104)).keys()
    assert properties.keys() - shown == {name for name, member in properties.items() if member.get("writeOnly")}


def test_words_that_are_chosen_from_are_listed() -> None:
    assert node_schema()["properties"]["kind"]["enum"] == ["dimse", "dicomweb"]
    assert node_schema()["properties"]["retrieve"]["default"] == "get"


def test_there_is_an_operation_for_every_verb() -> None:
    assert [(one.method, one.path) for one in NODE_OPERATIONS] == [
        ("get", "/nodes"),
        ("post", "/nodes"),
        ("get", "/nodes/{ae_title}"),
        ("put", "/nodes/{ae_title}"),
        ("delete", "/nodes/{ae_title}"),
        ("post", "/nodes/{ae_title}/echo"),
    ]


def test_the_schemas_have_names() -> None:
    assert NODE_SCHEMAS.keys() == {"Node", "Echo"}
