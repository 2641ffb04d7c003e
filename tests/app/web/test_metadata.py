from __future__ import annotations

import html
import threading

import httpx
import pytest
from builders import ct_instance, element
from noted_threads import noted_threads
from shown_instances import HOSTILE_NAME, coded_instance, enhanced_instance

from app.web import metadata as metadata_module

INSTANCE = "http://pacs.test/ui/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4"
PART = "http://pacs.test/ui/parts/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4/metadata"


async def store(client: httpx.AsyncClient, content: bytes) -> None:
    answer = await client.post("/studies", content=content, headers={"Content-Type": "application/dicom"})
    assert answer.status_code == 200, answer.text


async def test_what_words_find_comes_as_a_tree(client: httpx.AsyncClient) -> None:
    await store(client, coded_instance())
    part = await client.get(PART, params={"q": "codemeaning chest"})
    assert part.status_code == 200
    assert "<html" not in part.text
    assert part.text.count('class="tree-row ') == 1
    assert 'data-matches="1"' in part.text
    assert "(0008,2218)" in part.text
    everything = await client.get(PART)
    assert 'data-complete="true"' in everything.text


async def test_thousands_of_items_come_in_pieces(client: httpx.AsyncClient) -> None:
    await store(client, enhanced_instance(2_000))
    page = await client.get(INSTANCE)
    assert page.status_code == 200
    assert len(page.content) < 1_000_000
    assert 'data-complete="false"' in page.text
    part = await client.get(f"{PART}/items", params={"path": "52009230", "first": 1_950})
    assert "Item 1951<" in part.text
    assert "Item 2000<" in part.text
    item = await client.get(f"{PART}/item", params={"path": "52009230/1999"})
    assert "Plane Position Sequence" in item.text
    found = await client.get(PART, params={"q": "0\\0\\3998"})
    assert "Item 2000<" in found.text
    assert 'data-matches="1"' in found.text


async def test_a_long_value_is_shortened_and_can_be_had_whole(client: httpx.AsyncClient) -> None:
    await store(client, ct_instance(extra=element(0x00E10010, "LO", "X") + element(0x00E11001, "UT", "word " * 20_000)))
    page = await client.get(INSTANCE)
    assert page.text.count("word ") < 2_000
    part = await client.get(f"{PART}/value", params={"path": "00E11001"})
    assert part.text.count("word") == 20_000


async def test_what_is_made_of_metadata_is_not_made_where_all_requests_are_answered(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(client, enhanced_instance(3))
    threads = noted_threads(monkeypatch, metadata_module, "render")
    for part in ("", "?q=position", "/items?path=52009230", "/item?path=52009230/0", "/value?path=00080018"):
        assert (await client.get(PART + part)).status_code == 200
    assert len(threads) == 5
    assert threading.main_thread() not in threads


async def test_too_much_metadata_is_a_sentence_and_not_a_page(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store(client, coded_instance())
    monkeypatch.setattr(metadata_module, "MAX_JSON", 1_000)  # as if there were more of it
    page = await client.get(INSTANCE)
    assert page.status_code == 200
    assert "more than a page can show" in page.text
    assert "Doe, Jane" in page.text
    assert 'id="tree"' not in page.text
    assert (await client.get(PART)).status_code == 413


@pytest.mark.parametrize(
    ("path", "parameters", "status"),
    [
        ("/items", {"path": "00080018", "first": "0"}, 404),
        ("/items", {"path": "52009230", "first": "-1"}, 400),
        ("/items", {}, 404),
        ("/item", {"path": "52009230/9"}, 404),
        ("/item", {"path": "../../etc/passwd"}, 404),
        ("/value", {"path": "00089999"}, 404),
        ("/value", {"path": "x" * 10_000}, 404),
    ],
)
async def test_pieces_that_are_not_there_are_not_found(
    client: httpx.AsyncClient, path: str, parameters: dict[str, str], status: int
) -> None:
    await store(client, enhanced_instance(2))
    answer = await client.get(PART + path, params=parameters, headers={"HX-Request": "true"})
    assert answer.status_code == status
    assert 'role="alert"' in answer.text


async def test_what_is_searched_for_and_found_is_text(client: httpx.AsyncClient) -> None:
    await store(client, coded_instance(PatientName=HOSTILE_NAME))
    part = await client.get(PART, params={"q": "<script>alert(2)"})
    assert "<script>" not in part.text
    assert html.escape("<script>alert(2)") in part.text
