"""Metrics that are read when they are asked for: what the archive holds, its transfers, what worker processes do.

What a worker process says of itself every few seconds (`app.worker_notices`) has the label ``process``, its number: so
counters of a process that was replaced begin anew under another label, and gauges of one that is gone vanish.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Statistics = Callable[[], Mapping[str, int]]
Notices = Callable[[], Sequence[Mapping[str, object]]]

Family = type[GaugeMetricFamily] | type[CounterMetricFamily]


class Figure(NamedTuple):
    """A metric, and where its value is in a notice."""

    family: Family
    name: str
    words: str
    path: tuple[str, ...]


FIGURES = (
    Figure(GaugeMetricFamily, "codec_tasks_running", "Tasks that codec processes work on.", ("codecs", "running")),
    Figure(GaugeMetricFamily, "codec_tasks_waiting", "Tasks that wait for a codec process.", ("codecs", "waiting")),
    Figure(
        CounterMetricFamily,
        "codec_failures",
        "Tasks whose codec process crashed, or that took more than its limits.",
        ("codecs", "failures"),
    ),
    Figure(
        CounterMetricFamily,
        "frame_cache_hits",
        "Frames and pictures that were there, or being made for somebody else.",
        ("codecs", "cache_hits"),
    ),
    Figure(CounterMetricFamily, "frame_cache_misses", "Frames and pictures made.", ("codecs", "cache_misses")),
    Figure(GaugeMetricFamily, "frame_cache_bytes", "Bytes in the frame cache.", ("codecs", "cached_bytes")),
    Figure(
        GaugeMetricFamily,
        "associations_accepted",
        "Associations that are open now, which others opened.",
        ("associations", "accepted"),
    ),
    Figure(
        GaugeMetricFamily,
        "associations_opened",
        "Associations that are open now, which were opened from here.",
        ("associations", "opened"),
    ),
    Figure(GaugeMetricFamily, "event_streams", "Event streams that are open now.", ("event_streams",)),
    Figure(GaugeMetricFamily, "peak_memory_bytes", "The most memory that was ever resident.", ("peak_memory_bytes",)),
)


class _LazyCollector(Collector):
    """One that registering does not ask for anything."""

    def describe(self) -> Iterable[Metric]:
        return ()


class ArchiveCollector(_LazyCollector):
    """Gauges of what is stored, such as ``{"studies": 3, "bytes": 1000}``: the same in every worker."""

    def __init__(self, statistics: Statistics) -> None:
        self._statistics = statistics

    def collect(self) -> Iterable[Metric]:
        """Ask the index."""
        for name, value in self._statistics().items():
            yield GaugeMetricFamily(f"isocenter_archive_{name}", f"Stored {name}.", value=value)


class TransferCollector(_LazyCollector):
    """A gauge of the transfers in each state: the same in every worker."""

    def __init__(self, counts: Statistics) -> None:
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        """Ask the index."""
        family = GaugeMetricFamily("isocenter_transfers", "Transfers that are listed, by state.", labels=("state",))
        for state, count in self._counts().items():
            family.add_metric((state,), count)
        yield family


class WorkerCollector(_LazyCollector):
    """The figures of each worker process, as its last notice has them."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices

    def collect(self) -> Iterable[Metric]:
        """Read the notices."""
        notices = self._notices()
        for figure in FIGURES:
            family = figure.family(f"isocenter_{figure.name}", figure.words, labels=("process",))
            for notice in notices:
                value = _value(notice, figure.path)
                if value is not None:
                    family.add_metric((str(notice.get("process", "")),), value)
            yield family


def _value(notice: Mapping[str, object], path: Sequence[str]) -> float | None:
    """What a notice has at a path; None if it was written by another version, which has nothing there."""
    found: object = notice
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, int | float) else None
