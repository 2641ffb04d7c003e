from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from waveform_instances import HEMODYNAMIC, SCALP_EEG, beats, channel, group, instance

from dicomcore.data import Dataset
from dicomcore.waveforms import read_waveform
from dicomcore.waveforms.drawing import Curve, Page, Words
from dicomcore.waveforms.strips import seconds_per_page, strip_pages, tick_step, value_range


def pages(dataset: Dataset) -> list[Page]:
    waveform = read_waveform(dataset)
    return list(islice(strip_pages(waveform, waveform.groups[0], is_anonymous=False), 50))


def said(page: Page) -> list[str]:
    return [mark.text for mark in page.marks if isinstance(mark, Words)]


def test_each_channel_has_a_strip_with_its_own_scale() -> None:
    samples = np.stack([np.linspace(0, 120, 1000), np.linspace(-5, 5, 1000)], 1).astype(np.int16)
    (page,) = pages(instance(group(samples, channel("AO", "mm[Hg]"), channel("Flow", "l/min")), sop_class=HEMODYNAMIC))
    assert {"AO", "120\u00a0mmHg", "0", "Flow", "5\u00a0L/min", "-5", "0 s", "10 s"} <= set(said(page))
    curves = [mark for mark in page.marks if isinstance(mark, Curve)]
    assert [round(float(np.ptp(curve.points[:, 1])), 2) for curve in curves] == [36.0, 36.0]


def test_channels_of_an_eeg_share_one_scale() -> None:
    samples = np.stack([np.linspace(-100, 100, 1000), np.linspace(-50, 50, 1000)], 1).astype(np.int16)
    (page,) = pages(instance(group(samples, channel("Fp1", "uV"), channel("Fp2", "uV")), sop_class=SCALP_EEG))
    high, low = [float(np.ptp(mark.points[:, 1])) for mark in page.marks if isinstance(mark, Curve)]
    assert np.isclose(high, 2 * low, rtol=0.02)


def test_a_long_recording_has_pages_and_many_channels_too() -> None:
    assert len(pages(instance(group(beats(25, 1), channel("AO")), sop_class=HEMODYNAMIC))) == 3
    assert len(pages(instance(group(beats(1, 30)), sop_class=HEMODYNAMIC))) == 2


def test_the_part_that_is_shown_is_said() -> None:
    first, *_ = pages(instance(group(beats(25, 1), channel("AO")), sop_class=HEMODYNAMIC))
    assert "0 to 10 s of 25 s" in said(first)


def test_sound_is_shown_as_a_whole_and_electrophysiology_in_detail() -> None:
    prefix = "1.2.840.10008.5.1.4.1.1.9."
    assert seconds_per_page(f"{prefix}4.2") == float("inf")
    assert seconds_per_page(f"{prefix}3.1") == 4.0
    assert seconds_per_page("1.2.3") == 10.0


@pytest.mark.parametrize(("seconds", "step"), [(10, 1), (4, 0.5), (60, 10), (25, 2), (0.012, 0.002), (3600, 500)])
def test_time_is_marked_in_round_steps(seconds: float, step: float) -> None:
    assert np.isclose(tick_step(seconds), step)


def test_a_range_is_never_empty() -> None:
    assert value_range([1.0, 3.0, float("nan")]) == (1.0, 3.0)
    assert value_range([2.0, 2.0]) == (1.0, 3.0)
    assert value_range([]) == (-1.0, 1.0)


@pytest.mark.parametrize("frequency", [1e-6, 0.1, 9_999_999.0])
def test_odd_frequencies_are_drawn_too(frequency: float) -> None:
    samples = np.arange(10, dtype=np.int16)[:, None]
    made = group(samples, channel("A", sensitivity=1e307), frequency=frequency)
    assert pages(instance(made, sop_class=HEMODYNAMIC))
