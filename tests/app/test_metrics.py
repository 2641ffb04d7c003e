import asyncio
from collections.abc import Iterable

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.metrics import Metrics

LABELS = 'method="GET",route="/studies/{study}"'


def text_of(metrics: Metrics) -> str:
    return metrics.render().decode()


async def test_requests_are_counted_by_method_route_and_status() -> None:
    metrics = Metrics()
    metrics.observe("GET", "/studies/{study}", 200, 0.004, 5, 1)
    metrics.observe("GET", "/studies/{study}", 200, 0.5, 10, 2)
    metrics.observe("GET", "/studies/{study}", 404, 0.5, 0, 0)
    text = text_of(metrics)
    assert f'isocenter_http_requests_total{{{LABELS},status="200"}} 2.0' in text
    assert f'isocenter_http_requests_total{{{LABELS},status="404"}} 1.0' in text
    assert f'isocenter_http_request_duration_seconds_bucket{{le="0.005",{LABELS}}} 1.0' in text
    assert f"isocenter_http_request_duration_seconds_count{{{LABELS}}} 3.0" in text
    assert 'isocenter_http_received_bytes_total{route="/studies/{study}"} 15.0' in text
    assert 'isocenter_http_sent_bytes_total{route="/studies/{study}"} 3.0' in text


async def test_a_method_that_nobody_defined_counts_as_other() -> None:
    metrics = Metrics()
    for method in ("SNOOP", "SNIFF"):
        metrics.observe(method, "unmatched", 404, 0.001, 0, 0)
    text = text_of(metrics)
    assert 'isocenter_http_requests_total{method="other",route="unmatched",status="404"} 2.0' in text
    assert "SN" not in text


async def test_no_request_is_counted_twice_or_lost_however_often_the_numbers_are_asked_for() -> None:
    metrics = Metrics()
    for number in range(1, 6):
        metrics.observe("GET", "/studies/{study}", 200, 0.001, 0, 0)
        metrics.observe("GET", "/studies/{study}", 200, 0.001, 0, 0)
        text = await asyncio.to_thread(text_of, metrics)
        assert f'isocenter_http_requests_total{{{LABELS},status="200"}} {2 * number}.0' in text


async def test_what_was_noted_is_counted_by_itself_after_a_while() -> None:
    metrics = Metrics()
    for _ in range(2):
        metrics.observe("GET", "/studies/{study}", 200, 0.001, 0, 0)
        while metrics._noted:
            await asyncio.sleep(0.01)
    assert f'isocenter_http_requests_total{{{LABELS},status="200"}} 2.0' in text_of(metrics)


async def test_numbers_are_right_when_they_are_asked_for_while_requests_are_noted() -> None:
    metrics = Metrics()
    asking = asyncio.gather(*(asyncio.to_thread(metrics.render) for _ in range(20)))
    count = 0
    while not asking.done():
        metrics.observe("GET", "/studies/{study}", 200, 0.001, 0, 0)
        count += 1
        await asyncio.sleep(0)
    await asking
    assert f'isocenter_http_requests_total{{{LABELS},status="200"}} {float(count)}' in text_of(metrics)


def test_collectors_are_asked_when_metrics_are_and_not_before() -> None:
    asked: list[int] = []

    class Counting(Collector):
        def describe(self) -> Iterable[Metric]:
            return ()

        def collect(self) -> Iterable[Metric]:
            asked.append(1)
            yield GaugeMetricFamily("asked", "How often.", value=len(asked))

    metrics = Metrics([Counting()])
    assert asked == []
    assert b"asked 1.0" in metrics.render()
    assert b"asked 2.0" in metrics.render()


def test_the_process_is_measured_too() -> None:
    assert b"process_resident_memory_bytes" in Metrics().render()
