import httpx
import pytest
from fastapi import FastAPI

from app.web.nodes import CHARACTER_SETS
from dicomcore.nodes import Kind, Node, Retrieve, check_node


async def page_of(application: FastAPI, path: str = "/ui/nodes") -> str:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as client:
        answer = await client.get(path)
    assert answer.status_code == 200
    return answer.text


async def test_without_nodes_it_says_what_they_are_for(application: FastAPI) -> None:
    page = await page_of(application)
    assert "No nodes yet" in page
    assert "--dimse-port 11112" in page


async def test_each_node_has_a_row_with_where_it_is_and_what_it_speaks(application: FastAPI) -> None:
    nodes = application.state.services.nodes
    await nodes.add(Node("PACS", "pacs.example", 104, retrieve=Retrieve.MOVE, tls=True))
    await nodes.add(Node("A&B", kind=Kind.DICOMWEB, base_url="https://web.example/dicom-web", token="a secret"))
    page = await page_of(application, "/ui/parts/nodes")
    assert "pacs.example:104" in page
    assert "C-MOVE" in page
    assert "TLS" in page
    assert "https://web.example/dicom-web" in page
    assert "A&amp;B" in page
    assert "source=A%26B" in page
    assert "a secret" not in page


@pytest.mark.parametrize("term", [term for term, _ in CHARACTER_SETS])
def test_every_character_set_that_is_offered_can_be_set(term: str) -> None:
    assert check_node(Node("PACS", "pacs.example", 104, character_set=term)).character_set == term
