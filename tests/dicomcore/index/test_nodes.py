from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from index_fixtures import DATABASES, new_database, open_index, record, rows

from dicomcore.errors import IndexUnavailable
from dicomcore.index import Index, StoredNodes, open_engine
from dicomcore.index.nodes import NodeTable
from dicomcore.nodes import Kind, Node, Retrieve
from dicomcore.threads import Threads

PACS = Node("PACS", "pacs.example", 104, tls=True, retrieve=Retrieve.MOVE, password="secret", dimse_timeout=1.5)
WEB = Node("WEB", kind=Kind.DICOMWEB, base_url="https://web.example", token="secret")


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_database(request, tmp_path)


@pytest.fixture
def index(url: str) -> Iterator[Index]:
    with open_index(url) as opened:
        yield opened


def test_a_node_comes_back_as_it_was_added(index: Index) -> None:
    assert (index.nodes.add(PACS), index.nodes.add(WEB)) == (True, True)
    assert (index.nodes.get("PACS"), index.nodes.get("WEB")) == (PACS, WEB)


def test_nodes_are_listed_by_title(index: Index) -> None:
    for title in ("b", "B", "a", "A"):
        index.nodes.add(replace(PACS, ae_title=title))
    assert [node.ae_title for node in index.nodes.all()] == ["A", "B", "a", "b"]


def test_a_title_is_given_once_and_upper_case_is_another_one(index: Index) -> None:
    index.nodes.add(PACS)
    assert index.nodes.add(replace(PACS, port=105)) is False
    assert index.nodes.add(replace(PACS, ae_title="pacs")) is True
    assert index.nodes.get("PACS") == PACS


def test_a_node_is_replaced(index: Index) -> None:
    assert (index.nodes.put(PACS), index.nodes.put(replace(PACS, port=105))) == (True, False)
    assert index.nodes.all() == [replace(PACS, port=105)]


def test_a_node_is_removed_once(index: Index) -> None:
    index.nodes.add(PACS)
    assert (index.nodes.remove("PACS"), index.nodes.remove("PACS")) == (True, False)
    assert (index.nodes.get("PACS"), index.nodes.all()) == (None, [])


def test_what_another_process_changes_is_seen_at_once(index: Index, url: str) -> None:
    other = Index(url)
    other.nodes.add(PACS)
    assert index.nodes.get("PACS") == PACS
    other.nodes.remove("PACS")
    assert index.nodes.get("PACS") is None
    other.close()


async def test_that_is_so_on_the_event_loop_too(index: Index, url: str) -> None:
    threads, other = Threads(2), Index(url)
    nodes, others = StoredNodes(index.nodes, threads), StoredNodes(other.nodes, threads)
    assert await nodes.all() == []
    assert (await others.add(PACS), await others.add(PACS)) == (True, False)
    assert (await nodes.get("PACS"), await nodes.all()) == (PACS, [PACS])
    assert await others.put(replace(PACS, port=105)) is False
    assert await nodes.get("PACS") == replace(PACS, port=105)
    assert (await others.remove("PACS"), await nodes.get("PACS")) == (True, None)
    threads.close()
    other.close()


def test_a_rebuilt_index_knows_the_nodes_still(index: Index) -> None:
    index.store([record()])
    index.nodes.add(PACS)
    index.clear()
    assert (index.statistics().instances, index.nodes.all()) == (0, [PACS])


def test_a_node_of_another_version_has_what_both_know(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'index.db'}"
    with open_index(url) as index:
        index.nodes.add(PACS)
        (stored,) = (orjson.loads(document) for (document,) in rows(url, "SELECT document FROM node"))
        del stored["idle_timeout"]
        engine = open_engine(url, writes=True)
        with engine.begin() as connection:
            document = orjson.dumps(stored | {"colour": "blue"})
            connection.exec_driver_sql("UPDATE node SET document = ?", (document,))
        engine.dispose()
        assert index.nodes.get("PACS") == PACS


def test_a_database_that_does_not_answer_is_told(tmp_path: Path) -> None:
    index = Index(f"sqlite:///{tmp_path / 'empty.db'}")
    nodes: NodeTable = index.nodes
    with pytest.raises(IndexUnavailable):
        nodes.get("PACS")
    with pytest.raises(IndexUnavailable):
        nodes.add(PACS)
    index.close()
