from __future__ import annotations

import pickle

import numpy as np

from dicomcore.documents.codes import Code
from dicomcore.waveforms.waveform import Channel, MultiplexGroup, Waveform


def two_channels() -> MultiplexGroup:
    samples = np.array([[0, 10], [1, 20], [-9, 30], [3, -9]], np.int16)
    channels = (Channel("A", scale=0.5, baseline=100.0), Channel("", Code("2:1", "MDC", "Lead I")))
    return MultiplexGroup("G", 2.0, 0.0, channels, samples, padding=-9)


def test_values_are_in_the_units_of_the_channel() -> None:
    assert two_channels().values(0, 0, 2).tolist() == [100.0, 100.5]
    assert two_channels().values(1, 0, 3).tolist() == [10.0, 20.0, 30.0]


def test_padding_is_no_value() -> None:
    assert np.isnan(two_channels().values(0)).tolist() == [False, False, True, False]


def test_a_group_knows_its_duration_and_its_channels_their_names() -> None:
    group = two_channels()
    assert group.duration == 2.0
    assert [one.name for one in group.channels] == ["A", "Lead I"]


def test_what_no_instrument_measures_is_no_value() -> None:
    group = MultiplexGroup("", 1.0, 0.0, (Channel("A", scale=1e308),), np.array([[100]], np.int16))
    assert np.isnan(group.values(0)).all()


def test_a_waveform_travels_to_other_processes() -> None:
    copied = pickle.loads(pickle.dumps(Waveform("1.2", (two_channels(),))))
    assert copied.groups[0].samples.tolist() == two_channels().samples.tolist()
