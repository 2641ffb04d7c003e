from __future__ import annotations

import numpy as np

from dicomcore.documents.codes import Code
from dicomcore.waveforms.drawing import Lines, Words
from dicomcore.waveforms.events import MAX_EVENTS, event_marks
from dicomcore.waveforms.waveform import Channel, MultiplexGroup, Waveform, WaveformAnnotation

GROUP = MultiplexGroup("", 100.0, 0.0, (Channel("A"),), np.zeros((1000, 1)))


def marks(*annotations: WaveformAnnotation, is_anonymous: bool = False) -> tuple[list[float], list[str]]:
    waveform = Waveform("1.2", (GROUP,), annotations)
    drawn = list(event_marks(waveform, GROUP, (0, 10), lambda at: at * 25, (0, 5), is_anonymous=is_anonymous))
    lines = [float(mark.ends[0, 0, 0]) for mark in drawn if isinstance(mark, Lines)]
    return lines, [mark.text for mark in drawn if isinstance(mark, Words)]


def test_a_moment_is_a_line_with_its_words() -> None:
    assert marks(WaveformAnnotation(text="Balloon\ninflated", group=0, seconds=(2.0,))) == (
        [50.0],
        ["Balloon inflated"],
    )


def test_words_without_room_are_left_out() -> None:
    onset = WaveformAnnotation(name=Code("1", "S", "QRS onset"), seconds=(1.0, 1.1, 1.2, 5.0))
    assert marks(onset) == ([25.0, 27.5, 30.0, 125.0], ["QRS onset", "QRS onset"])


def test_moments_of_other_groups_and_other_pages_are_not_marked() -> None:
    assert marks(WaveformAnnotation(text="x", group=1, seconds=(1.0,))) == ([], [])
    assert marks(WaveformAnnotation(text="x", seconds=(11.0, -1.0))) == ([], [])


def test_an_anonymous_page_has_codes_but_no_free_text() -> None:
    free, coded = (
        WaveformAnnotation(text="Mr Doe moved", seconds=(1.0,)),
        WaveformAnnotation(concept=Code("1", "S", "Beat"), seconds=(5.0,)),
    )
    assert marks(free, coded, is_anonymous=True) == ([125.0], ["Beat"])


def test_the_number_of_marks_is_limited() -> None:
    many = WaveformAnnotation(text="x", seconds=tuple(np.linspace(0, 10, 5000)))
    assert len(marks(many)[0]) == MAX_EVENTS
