import httpx
from fastapi import FastAPI

FIGURES = ("running", "waiting", "failures", "cached_bytes", "cache_hits", "cache_misses")


async def test_the_status_is_a_json_document_that_is_never_kept(application: FastAPI) -> None:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as client:
        answer = await client.get("/status")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    document = answer.json()
    assert document["archive"]["studies"] == 0
    assert document["database"]["kind"] == "sqlite"
    assert document["workers"][0]["associations"] == {"accepted": 0, "opened": 0}
    assert document["workers"][0]["codecs"] == dict.fromkeys(FIGURES, 0)
    assert document["workers"][0]["event_streams"] == 0
