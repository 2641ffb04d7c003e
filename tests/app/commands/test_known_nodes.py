from pathlib import Path

import pytest
import typer

from app.commands.known_nodes import application_entity, known_node, open_nodes
from app.settings import Settings, load_settings
from dicomcore.errors import IndexUnavailable, UnknownNode
from dicomcore.nodes import Kind, Node

PACS = Node("PACS", "pacs.example", 104)
WEB = Node("WEB", kind=Kind.DICOMWEB, base_url="http://web.example")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = load_settings(data=tmp_path / "data")
    with open_nodes(made) as nodes:
        nodes.add(PACS)
        nodes.add(WEB)
    return made


def test_the_database_is_made_where_there_is_none(tmp_path: Path) -> None:
    with open_nodes(load_settings(data=tmp_path / "data")) as nodes:
        assert nodes.all() == []


def test_a_node_is_found_by_its_title(settings: Settings) -> None:
    assert (known_node(settings, "PACS"), known_node(settings, "WEB")) == (PACS, WEB)


def test_an_unknown_title_is_told(settings: Settings) -> None:
    with pytest.raises(UnknownNode, match="no node is called 'pacs'"):
        known_node(settings, "pacs")


def test_a_dicomweb_server_is_no_application_entity(settings: Settings) -> None:
    assert application_entity(settings, "PACS") == PACS
    with pytest.raises(typer.BadParameter, match="WEB is a DICOMweb server"):
        application_entity(settings, "WEB")


def test_a_database_that_does_not_answer_is_an_error_of_ours(tmp_path: Path) -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    with pytest.raises(IndexUnavailable), open_nodes(load_settings(data=tmp_path, database=url)):
        pass
