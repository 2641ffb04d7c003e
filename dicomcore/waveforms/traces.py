"""Values over time to curves in millimetres, thinned to what can be seen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from dicomcore.waveforms.drawing import Points
from dicomcore.waveforms.waveform import MultiplexGroup

BUCKET = 0.1
"""How wide, in mm, a stretch of curve is that is drawn by its first, least, greatest and last value."""


def values_between(
    group: MultiplexGroup, channel: int, start: float, stop: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the moments, in seconds of the group, and the values of a channel from ``start`` to ``stop``."""
    skew = group.channels[channel].skew
    count = group.samples.shape[0]
    first = _within(np.ceil((start - skew) * group.frequency - 1e-6), count)
    last = _within(np.floor((stop - skew) * group.frequency + 1e-6) + 1, count)
    moments = np.arange(first, last) / group.frequency + skew
    return moments, group.values(channel, first, last)


def _within(place: float, count: int) -> int:
    return int(min(max(place, 0), count))


def curves(xs: NDArray[np.float64], ys: NDArray[np.float64]) -> Iterator[Points]:
    """Yield the curve in mm, thinned, and cut where a value is missing."""
    is_known = np.concatenate(([False], np.isfinite(ys), [False]))
    edges = np.flatnonzero(is_known[1:] != is_known[:-1])
    points = np.column_stack((xs, ys)).astype(np.float32)
    for first, end in edges.reshape(-1, 2).tolist():
        yield _thinned(points[first:end])


def _thinned(points: Points) -> Points:
    """Keep at most four points for each bucket: peaks stay, the rest cannot be told apart."""
    buckets = np.floor(points[:, 0] / BUCKET)
    starts = np.flatnonzero(np.diff(buckets, prepend=np.nan) != 0)
    if len(points) <= 4 * len(starts):
        return points
    ends = np.append(starts[1:], len(points))
    kept = set(starts.tolist()) | set((ends - 1).tolist())
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        kept.add(start + int(points[start:end, 1].argmin()))
        kept.add(start + int(points[start:end, 1].argmax()))
    return points[sorted(kept)]
