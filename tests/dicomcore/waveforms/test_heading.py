from __future__ import annotations

import numpy as np

from dicomcore.documents.codes import Code
from dicomcore.waveforms.drawing import Words
from dicomcore.waveforms.heading import filters, foot, head, title_of
from dicomcore.waveforms.waveform import Channel, MultiplexGroup, Waveform, WaveformAnnotation

ECG = "1.2.840.10008.5.1.4.1.1.9.1.1"
GROUP = MultiplexGroup(
    "RHYTHM", 100.0, 0.0, (Channel("A", low_cut=0.05, high_cut=150.0, notch=50.0),), np.zeros((1000, 1))
)
QT = WaveformAnnotation(name=Code("1", "S", "QT"), value="370", unit=Code("ms", "UCUM", "ms"))
WAVEFORM = Waveform(
    ECG,
    (GROUP,),
    (WaveformAnnotation(text="Sinus\r\nrhythm"), QT, WaveformAnnotation(text="at a moment", seconds=(1.0,))),
    patient_name="Doe^John",
    patient_id="P1",
    birth_date="19700131",
    sex="M",
    acquired="20240131101500",
    offset="+0100",
    institution="Clinic",
)


def said(marks: object) -> list[str]:
    return [mark.text for mark in marks if isinstance(mark, Words)]  # type: ignore[attr-defined]


def test_the_head_has_patient_findings_and_measurements() -> None:
    assert said(head(WAVEFORM, GROUP, is_anonymous=False)) == [
        "12-lead ECG Waveform: RHYTHM",
        "Doe, John",
        "ID P1",
        "born 1970-01-31, male",
        "2024-01-31 10:15:00 +01:00",
        "Clinic",
        "Sinus rhythm",
        "QT: 370 ms",
    ]


def test_an_anonymous_head_says_only_what_it_is() -> None:
    assert said(head(WAVEFORM, GROUP, is_anonymous=True)) == ["12-lead ECG Waveform"]


def test_a_class_without_name_is_a_waveform() -> None:
    assert title_of(Waveform("1.2.3", (GROUP,))) == "Waveform"


def test_the_foot_has_scale_filters_and_sampling() -> None:
    assert said(foot(200, 280, "25 mm/s", GROUP, (0.0, 10.0))) == [
        "25 mm/s · 0.05 to 150 Hz · notch 50 Hz · 100 Hz sampling"
    ]


def test_the_foot_says_when_a_part_is_shown() -> None:
    assert said(foot(200, 280, "25 mm/s", GROUP, (0.0, 5.0)))[1] == "0 to 5 s of 10 s"


def test_filters_are_said_when_all_channels_have_the_same() -> None:
    assert list(filters([Channel("A", high_cut=40.0), Channel("B", high_cut=40.0)])) == ["below 40 Hz"]
    assert list(filters([Channel("A", low_cut=0.5, high_cut=0.0)])) == ["above 0.5 Hz"]
    assert list(filters([Channel("A", high_cut=40.0), Channel("B", high_cut=150.0)])) == []
    assert list(filters([Channel("A", notch=0.0)])) == []


def test_long_texts_are_cut() -> None:
    long = Waveform(ECG, (GROUP,), patient_name="x" * 500)
    assert max(map(len, said(head(long, GROUP, is_anonymous=False)))) < 100
