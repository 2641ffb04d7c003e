import httpx
from fastapi import FastAPI


async def test_the_page_has_a_place_for_transfers_and_a_word_for_when_there_are_none(application: FastAPI) -> None:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as client:
        page = (await client.get("/ui/transfers")).text
    assert '<ul id="transfers"' in page
    assert "No transfers" in page
