"""Metrics for Prometheus: requests by route, and what the archive holds.

Labels are methods, route templates and status codes, never paths. With several workers each writes its numbers into
files of a folder (`MULTIPROCESS_DIRECTORY`, which ``isocenter serve`` sets), and whichever worker is asked adds up.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.route_template import route_template

MULTIPROCESS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})

Statistics = Callable[[], Mapping[str, int]]


class Metrics:
    """The numbers of one process; `render` gives those of all of them.

    ``statistics`` tells what the archive holds, such as ``{"studies": 3, "bytes": 1000}``; it is called whenever the
    metrics are asked for.
    """

    def __init__(self, statistics: Statistics | None = None, *, workers: int = 1) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a third of the answer, and nobody needs it
        own = CollectorRegistry()
        self._requests = Counter(
            "isocenter_http_requests", "Requests answered.", ("method", "route", "status"), registry=own
        )
        self._seconds = Histogram(
            "isocenter_http_request_duration_seconds",
            "Time from the request's headers to the last byte of the response.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=own,
        )
        self._received = Counter("isocenter_http_received_bytes", "Bytes of request bodies.", ("route",), registry=own)
        self._sent = Counter("isocenter_http_sent_bytes", "Bytes of response bodies.", ("route",), registry=own)
        self._series: dict[tuple[str, str, int], _Series] = {}
        if workers > 1:
            self._registry = CollectorRegistry()
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]  # the library is partly typed
        else:
            self._registry = own
            ProcessCollector(registry=own)
        if statistics:
            self._registry.register(_ArchiveCollector(statistics))

    def observe(self, method: str, route: str, status: int, seconds: float, received: int, sent: int) -> None:
        """Count one request. Methods that nobody defined count as one, since a client can make them up."""
        key = (method if method in _METHODS else "other", route, status)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = self._labelled(*key)
        series.requests.inc()
        series.seconds.observe(seconds)
        if received:
            series.received.inc(received)
        if sent:
            series.sent.inc(sent)

    def _labelled(self, method: str, route: str, status: int) -> "_Series":
        return _Series(
            self._requests.labels(method, route, status),
            self._seconds.labels(method, route),
            self._received.labels(route),
            self._sent.labels(route),
        )

    def render(self) -> bytes:
        """Give everything in the text format. Asks the index, so call it in a worker thread."""
        return generate_latest(self._registry)


class _Series(NamedTuple):
    """What one kind of request counts into; looking it up by labels would cost more than counting."""

    requests: Counter
    seconds: Histogram
    received: Counter
    sent: Counter


class _ArchiveCollector(Collector):
    """Gauges of what is stored, read when they are asked for: the same in every worker."""

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics

    def describe(self) -> Iterable[Metric]:
        return ()  # so that registering does not ask the index

    def collect(self) -> Iterable[Metric]:
        for name, value in self._statistics().items():
            yield GaugeMetricFamily(f"isocenter_archive_{name}", f"Stored {name}.", value=value)


class RequestMetrics:
    """ASGI middleware: observe every request."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is no HTTP request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, received, sent = 500, 0, 0

        async def counting_receive() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        async def counting_send(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            sent += len(message.get("body", b""))
            await send(message)

        start = time.perf_counter()
        try:
            await self._app(scope, counting_receive, counting_send)
        finally:
            seconds = time.perf_counter() - start
            self._metrics.observe(scope["method"], route_template(scope), status, seconds, received, sent)
