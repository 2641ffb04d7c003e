import threading
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from app.metrics import Metrics
from app.routers import health
from app.routers.health import Check, health_router
from dicomcore.errors import IndexUnavailable


async def get(path: str, checks: Mapping[str, Check]) -> httpx.Response:
    app = FastAPI()
    app.include_router(health_router(checks, Metrics()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        return await http.get(path)


def works() -> None:
    pass


def fails() -> None:
    raise IndexUnavailable("cannot reach db.example:5432")


async def test_live_needs_nothing_else() -> None:
    response = await get("/health/live", {"storage": fails})
    assert (response.status_code, response.json()["status"]) == (200, "pass")


async def test_ready_when_every_check_passes() -> None:
    response = await get("/health/ready", {"storage": works, "index": works})
    assert response.status_code == 200
    assert response.json() == {
        "status": "pass",
        "checks": {"storage": {"status": "pass", "detail": ""}, "index": {"status": "pass", "detail": ""}},
    }


async def test_not_ready_when_one_fails_and_says_which_without_naming_hosts() -> None:
    response = await get("/health/ready", {"storage": works, "index": fails})
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["status"]) == (503, "fail")
    assert body["checks"]["storage"]["status"] == "pass"
    assert body["checks"]["index"] == {"status": "fail", "detail": "The index database does not answer."}


async def test_an_unexpected_error_is_a_failed_check() -> None:
    response = await get("/health/ready", {"index": lambda: 1 / 0})
    assert response.status_code == 503
    assert response.json()["checks"]["index"]["detail"] == "ZeroDivisionError"


async def test_a_check_that_hangs_has_failed_and_holds_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_TIMEOUT", 0.01)
    monkeypatch.setattr(health, "_FRESH", 0.0)
    release, calls = threading.Event(), []

    def hang() -> None:
        calls.append(1)
        release.wait(10)

    readiness = health.Readiness({"storage": hang})
    answers = [await readiness.health() for _ in range(3)]
    release.set()
    assert [answer.checks["storage"].detail for answer in answers] == ["no answer within 0.01 seconds"] * 3
    assert len(calls) == 1


async def test_however_many_ask_the_checks_run_once_a_second() -> None:
    calls: list[int] = []
    readiness = health.Readiness({"storage": lambda: calls.append(1)})
    for _ in range(5):
        await readiness.health()
    assert len(calls) == 1


async def test_metrics_are_text() -> None:
    response = await get("/metrics", {})
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "isocenter_http_requests_total" in response.text
