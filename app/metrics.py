"""Metrics for Prometheus: requests by route, and what is collected when somebody asks (`app.collectors`).

Labels are methods, route templates and status codes, never paths. With several workers each writes its numbers into
files of a folder (`MULTIPROCESS_DIRECTORY`, which ``isocenter serve`` sets), and whichever worker is asked adds up.
"""

import asyncio
from collections.abc import Iterable
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
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

MULTIPROCESS_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_COUNT_AFTER = 0.5  # seconds
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})


class Metrics:
    """The numbers of one process; `render` gives those of all of them.

    ``collectors`` know about all processes: they are asked whenever the metrics are, and by no other worker.
    """

    def __init__(self, collectors: Iterable[Collector] = (), *, workers: int = 1) -> None:
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
        self._noted: list[tuple[str, str, int, float, int, int]] = []
        if workers > 1:
            self._registry = CollectorRegistry()
            MultiProcessCollector(self._registry)  # type: ignore[no-untyped-call]  # the library is partly typed
        else:
            self._registry = own
            ProcessCollector(registry=own)
        for collector in collectors:
            self._registry.register(collector)

    def observe(self, method: str, route: str, status: int, seconds: float, received: int, sent: int) -> None:
        """Note one request, on the event loop; it is counted half a second later, with all others of that time."""
        if not self._noted:
            asyncio.get_running_loop().call_later(_COUNT_AFTER, self.count_noted)
        self._noted.append((method, route, status, seconds, received, sent))

    def count_noted(self) -> None:
        """Count what was noted: half a second later, when the numbers are asked for, and before the process ends."""
        noted, self._noted = self._noted, []
        for request in noted:
            self._count(*request)

    def _count(self, method: str, route: str, status: int, seconds: float, received: int, sent: int) -> None:
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
        """Give everything in the text format. Collectors may ask the index, so call it in a thread."""
        self.count_noted()
        return generate_latest(self._registry)


class _Series(NamedTuple):
    """What one kind of request counts into; looking it up by labels would cost more than counting."""

    requests: Counter
    seconds: Histogram
    received: Counter
    sent: Counter
