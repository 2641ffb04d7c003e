from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from app.web.status import since_text


async def test_the_page_shows_counts_storage_database_and_workers(application: FastAPI) -> None:
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test") as client:
        page = (await client.get("/ui/status")).text
        part = (await client.get("/ui/parts/status")).text
    for words in ("SQLite", "ISOCENTER", "instances", "Peak memory"):
        assert words in page
        assert words in part
    assert "Versions" in page
    assert "<html" not in part


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-01-02T12:00:00Z", "0 s"),
        ("2026-01-02T11:59:15Z", "45 s"),
        ("2026-01-02T11:05:00Z", "55 min"),
        ("2026-01-02T08:30:00Z", "3 h 30 min"),
        ("2026-01-01T11:00:00Z", "1 day 1 h"),
        ("2025-12-30T12:00:00Z", "3 days 0 h"),
    ],
)
def test_times_are_written_as_how_long_ago_they_are(time: str, expected: str) -> None:
    assert since_text(time, datetime(2026, 1, 2, 12, tzinfo=UTC)) == expected
