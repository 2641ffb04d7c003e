"""Health and metrics: ``/health/live``, ``/health/ready`` and ``/metrics``, for orchestrators and monitors.

Live says that the event loop answers: restart the process when it does not. Ready says that requests can be served:
each named check has to pass; take the process out of rotation when one does not. Neither tells more than a sentence
about what failed, since everybody may ask.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Literal

import structlog
from fastapi import APIRouter, Response
from pydantic import BaseModel

from app.metrics import CONTENT_TYPE, Metrics
from dicomcore.errors import DicomError

Check = Callable[[], object]

_TIMEOUT = 5.0  # seconds; a check that hangs has failed
_FRESH = 1.0  # seconds; however many ask, storage and index are tried once in that time
_log = structlog.get_logger()


class CheckResult(BaseModel):
    """The outcome of one check."""

    status: Literal["pass", "fail"]
    detail: str = ""


class Health(BaseModel):
    """The outcome of all checks; it passes when all of them do."""

    status: Literal["pass", "fail"]
    checks: dict[str, CheckResult] = {}


class Readiness:
    """Runs named checks, which block and raise when they fail, in worker threads."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._running: dict[str, asyncio.Task[object]] = {}
        self._lock = asyncio.Lock()
        self._latest = Health(status="fail")
        self._expires = 0.0

    async def health(self) -> Health:
        """Give the outcome, at most a second old."""
        async with self._lock:
            if time.monotonic() >= self._expires:
                results = await asyncio.gather(*(self._run(name) for name in self._checks))
                checks = dict(zip(self._checks, results, strict=True))
                passed = all(result.status == "pass" for result in results)
                self._latest = Health(status="pass" if passed else "fail", checks=checks)
                self._expires = time.monotonic() + _FRESH
        return self._latest

    async def _run(self, name: str) -> CheckResult:
        # A check that hangs is waited for again and not started again, so that it holds one thread and not all.
        task = self._running.pop(name, None) or asyncio.create_task(asyncio.to_thread(self._checks[name]))
        done, _pending = await asyncio.wait({task}, timeout=_TIMEOUT)
        if not done:
            self._running[name] = task
            return _failed(name, f"no answer within {_TIMEOUT:g} seconds")
        error = task.exception()
        if error is None:
            return CheckResult(status="pass")
        # The message may name hosts and paths; everybody may read the answer, so it is the kind of error only.
        kind = type(error)
        return _failed(
            name, (kind.__doc__ or "").partition("\n")[0] if issubclass(kind, DicomError) else kind.__name__, error
        )


def _failed(name: str, detail: str, error: BaseException | None = None) -> CheckResult:
    _log.warning("health check failed", check=name, detail=str(error or detail))
    return CheckResult(status="fail", detail=detail)


def health_router(checks: Mapping[str, Check], metrics: Metrics) -> APIRouter:
    """Build the routes over ``checks``, such as ``{"storage": storage.check, "index": index.check}``."""
    router = APIRouter(tags=["Operation"])
    readiness = Readiness(checks)

    @router.get("/health/live")
    async def live() -> Health:
        """Say that the process answers."""
        return Health(status="pass")

    @router.get("/health/ready", responses={503: {"model": Health, "description": "A check failed."}})
    async def ready(response: Response) -> Health:
        """Say whether storage and index can serve requests."""
        health = await readiness.health()
        response.status_code = 200 if health.status == "pass" else 503
        return health

    @router.get("/metrics", response_class=Response, responses={200: {"content": {CONTENT_TYPE: {}}}})
    async def prometheus() -> Response:
        """Give the metrics in Prometheus' text format."""
        return Response(await asyncio.to_thread(metrics.render), media_type=CONTENT_TYPE)

    return router
