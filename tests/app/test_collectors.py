from collections.abc import Mapping, Sequence

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from app.collectors import FIGURES, ArchiveCollector, TransferCollector, WorkerCollector

NOTICE: dict[str, object] = {
    "process": 12,
    "peak_memory_bytes": 1000,
    "associations": {"accepted": 1, "opened": 2},
    "codecs": {
        "running": 3,
        "waiting": 4,
        "failures": 5,
        "cached_bytes": 6,
        "cache_hits": 7,
        "cache_misses": 8,
    },
    "event_streams": 9,
}


def registry_of(collector: Collector) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


def of_workers(*notices: Mapping[str, object]) -> CollectorRegistry:
    return registry_of(WorkerCollector(lambda: notices))


def test_what_the_archive_holds_is_asked_for_when_metrics_are() -> None:
    held = {"studies": 1}
    registry = registry_of(ArchiveCollector(lambda: held))
    held["studies"] = 2
    assert registry.get_sample_value("isocenter_archive_studies") == 2


def test_transfers_are_counted_by_state() -> None:
    registry = registry_of(TransferCollector(lambda: {"waiting": 2, "failed": 0}))
    assert registry.get_sample_value("isocenter_transfers", {"state": "waiting"}) == 2
    assert registry.get_sample_value("isocenter_transfers", {"state": "failed"}) == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("codec_tasks_running", 3),
        ("codec_tasks_waiting", 4),
        ("codec_failures_total", 5),
        ("frame_cache_bytes", 6),
        ("frame_cache_hits_total", 7),
        ("frame_cache_misses_total", 8),
        ("associations_accepted", 1),
        ("associations_opened", 2),
        ("event_streams", 9),
        ("peak_memory_bytes", 1000),
    ],
)
def test_figures_are_those_of_the_process_that_they_are_labelled_with(name: str, expected: int) -> None:
    registry = of_workers(NOTICE, {**NOTICE, "process": 13, "event_streams": 0})
    assert registry.get_sample_value(f"isocenter_{name}", {"process": "12"}) == expected
    assert registry.get_sample_value(f"isocenter_{name}", {"process": "13"}) is not None
    assert registry.get_sample_value(f"isocenter_{name}") is None


@pytest.mark.parametrize("notice", [{"process": 1}, {"process": 1, "codecs": 5, "event_streams": "many"}])
def test_what_a_notice_does_not_have_is_left_out(notice: Mapping[str, object]) -> None:
    registry = of_workers(notice)
    assert len(list(registry.collect())) == len(FIGURES)
    assert [sample for metric in registry.collect() for sample in metric.samples] == []


def test_notices_are_read_once_for_all_figures() -> None:
    asked: list[int] = []

    def notices() -> Sequence[Mapping[str, object]]:
        asked.append(1)
        return [NOTICE]

    registry = registry_of(WorkerCollector(notices))
    assert asked == []
    list(registry.collect())
    assert len(asked) == 1
