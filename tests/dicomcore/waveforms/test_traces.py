from __future__ import annotations

import numpy as np

from dicomcore.waveforms.traces import curves, values_between
from dicomcore.waveforms.waveform import Channel, MultiplexGroup


def ramp(skew: float = 0.0) -> MultiplexGroup:
    return MultiplexGroup("", 10.0, 0.0, (Channel("A", skew=skew),), np.arange(20, dtype=np.int16)[:, None])


def test_a_span_has_the_samples_from_its_start_to_its_end() -> None:
    moments, values = values_between(ramp(), 0, 0.5, 0.8)
    assert np.allclose(moments, [0.5, 0.6, 0.7, 0.8])
    assert values.tolist() == [5, 6, 7, 8]


def test_a_channel_that_is_sampled_later_is_drawn_later() -> None:
    moments, values = values_between(ramp(0.05), 0, 0.0, 0.2)
    assert np.allclose(moments, [0.05, 0.15])
    assert values.tolist() == [0, 1]


def test_a_span_outside_is_empty() -> None:
    assert values_between(ramp(), 0, 5.0, 9.0)[1].size == 0
    assert values_between(ramp(1e300), 0, 0.0, 9.0)[1].size == 0


def test_a_curve_is_cut_where_a_value_is_missing() -> None:
    xs, ys = np.arange(6.0), np.array([1, np.nan, 2, 3, np.nan, np.nan])
    assert [points.tolist() for points in curves(xs, ys)] == [[[0, 1]], [[2, 2], [3, 3]]]


def test_no_values_make_no_curve() -> None:
    assert list(curves(np.zeros(0), np.zeros(0))) == []


def test_a_dense_curve_is_thinned_and_keeps_its_peaks() -> None:
    xs = np.linspace(0, 10, 100_000)
    ys = np.zeros(100_000)
    ys[[31_415, 77_777]] = (50, -50)
    (points,) = curves(xs, ys)
    assert len(points) <= 4 * 101
    assert (points[:, 1].max(), points[:, 1].min()) == (50, -50)
    assert (np.diff(points[:, 0]) >= 0).all()
