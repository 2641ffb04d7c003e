from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from report_documents import dataset_of
from waveform_instances import LEADS, beats, channel, electrocardiogram, group, instance

from dicomcore.waveforms import read_waveform
from dicomcore.waveforms.drawing import Curve, Lines, Page, Words
from dicomcore.waveforms.ecg import ecg_pages, is_electrocardiogram

PAPER = (16.0, 40.0, 281.0, 200.0)


def pages(dataset: object, is_anonymous: bool = False) -> list[Page]:
    waveform = read_waveform(dataset)  # type: ignore[arg-type]
    return list(islice(ecg_pages(waveform, waveform.groups[0], is_anonymous=is_anonymous), 50))


def names(page: Page) -> list[str]:
    return [mark.text for mark in page.marks if isinstance(mark, Words) and mark.text in LEADS]


def traces(page: Page) -> list[Curve]:
    """The curves that are no pulses; a pulse has six corners."""
    return [mark for mark in page.marks if isinstance(mark, Curve) and len(mark.points) != 6]


def test_the_paper_has_a_line_each_millimetre_and_a_heavier_one_every_five() -> None:
    (page,) = pages(electrocardiogram())
    vertical, horizontal, bold_vertical, bold_horizontal = [mark for mark in page.marks if isinstance(mark, Lines)][:4]
    assert np.allclose(np.diff(vertical.ends[:, 0, 0]), 1.0)
    assert np.allclose(np.diff(horizontal.ends[:, 0, 1]), 1.0)
    assert np.allclose(np.diff(bold_vertical.ends[:, 0, 0]), 5.0)
    assert np.allclose(np.diff(bold_horizontal.ends[:, 0, 1]), 5.0)
    assert (vertical.ends[0, 0, 0], vertical.ends[-1, 0, 0], len(horizontal.ends)) == (16.0, 281.0, 161)


def test_twelve_leads_stand_in_four_columns_over_a_rhythm_strip() -> None:
    (page,) = pages(electrocardiogram())
    assert names(page) == [*LEADS, "II"]
    starts = [float(curve.points[0, 0]) for curve in traces(page)]
    assert np.allclose(starts, [26.0] * 3 + [88.5] * 3 + [151.0] * 3 + [213.5] * 3 + [26.0])


def test_one_second_is_25_mm_and_one_millivolt_10_mm() -> None:
    rhythm = traces(pages(electrocardiogram())[0])[-1].points
    peaks = rhythm[rhythm[:, 1] < rhythm[:, 1].max() - 9.9]
    assert np.allclose(np.diff(peaks[:, 0]), 25.0, atol=1e-3)
    assert np.isclose(rhythm[:, 1].max() - rhythm[:, 1].min(), 10.0)


def test_columns_follow_each_other_in_time() -> None:
    samples = beats(10)
    samples[:] = (np.arange(1000) // 250 * 100)[:, None]
    leads = [channel(f"Lead {name}", "uV") for name in LEADS]
    curves = traces(pages(instance(group(samples, *leads)))[0])
    heights = [float(curve.points[5, 1] - curve.points[5, 1].round()) for curve in curves]
    levels = [curve.points[5, 1] for curve in curves[0:12:3]]
    assert np.allclose(np.diff(levels), -1.0)
    assert len(heights) == 13


def test_each_row_begins_with_a_pulse_of_one_millivolt() -> None:
    pulses = [one for one in pages(electrocardiogram())[0].marks if isinstance(one, Curve) and len(one.points) == 6]
    assert len(pulses) == 4
    assert all(np.isclose(np.ptp(pulse.points[:, 1]), 10.0) for pulse in pulses)
    assert all(np.isclose(pulse.points[3, 0] - pulse.points[2, 0], 5.0) for pulse in pulses)


def test_representative_beats_stand_in_columns_from_their_beginning() -> None:
    (page,) = pages(electrocardiogram(1.2))
    assert names(page) == list(LEADS)
    assert len({float(curve.points[0, 0]) for curve in traces(page)}) == 4


def test_a_shorter_recording_has_a_row_for_each_lead() -> None:
    (page,) = pages(electrocardiogram(5.0))
    assert names(page) == list(LEADS)
    assert {float(curve.points[0, 0]) for curve in traces(page)} == {26.0}


def test_a_longer_recording_has_more_pages() -> None:
    found = pages(electrocardiogram(25.0))
    assert len(found) == 3
    assert [names(page) for page in found] == [[*LEADS, "II"], [*LEADS, "II"], list(LEADS)]


def test_more_channels_than_rows_go_to_another_page() -> None:
    channels = [channel(f"Lead {name}", "uV") for name in (*LEADS, "V7", "V8")]
    assert len(pages(instance(group(beats(5, 14), *channels)))) == 2


@pytest.mark.parametrize("seconds", [1.2, 5.0, 10.0])
def test_nothing_is_drawn_beyond_the_paper(seconds: float) -> None:
    samples = np.full((round(seconds * 100), 12), 32767, np.int16)
    leads = [channel(f"Lead {name}", "mV") for name in LEADS]
    (page,) = pages(instance(group(samples, *leads)))
    for curve in (mark for mark in page.marks if isinstance(mark, Curve)):
        left, top, right, bottom = PAPER
        assert left <= curve.points[:, 0].min() <= curve.points[:, 0].max() <= right + 0.01
        assert top <= curve.points[:, 1].min() <= curve.points[:, 1].max() <= bottom


def test_an_anonymous_page_names_nobody() -> None:
    note = dataset_of(ReferencedWaveformChannels=(1, 0), UnformattedTextValue="Mr Doe", ReferencedSamplePositions=(51,))
    dataset = electrocardiogram(PatientName="Doe^John", PatientID="P1", WaveformAnnotationSequence=note)
    texts = " ".join(mark.text for mark in pages(dataset, is_anonymous=True)[0].marks if isinstance(mark, Words))
    assert "Doe" not in texts
    assert "P1" not in texts
    assert "Doe" in " ".join(mark.text for mark in pages(dataset)[0].marks if isinstance(mark, Words))


def test_only_voltages_are_an_electrocardiogram() -> None:
    voltages = read_waveform(electrocardiogram()).groups[0]
    pressures = read_waveform(instance(group(beats(1, 1), channel("AO", "mm[Hg]")))).groups[0]
    assert is_electrocardiogram(voltages)
    assert not is_electrocardiogram(pressures)
