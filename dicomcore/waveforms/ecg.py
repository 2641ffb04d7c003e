"""Electrocardiograms on millimetre paper: 25 mm/s and 10 mm/mV, on A4 landscape.

Twelve standard leads of ten seconds or more are shown as cardiologists read them: four columns of three leads, 2.5 s
each, one after the other in time, over a rhythm strip of lead II. Twelve leads of 2.5 s or less, representative beats,
stand in the same columns, all from their beginning. Anything else has a row for each lead, up to ten seconds long.

The paper has a line each millimetre and a heavier one every five; each row begins with a pulse of 1 mV for 0.2 s. What
leaves the paper is cut at its edge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dicomcore.documents.wording import shorten
from dicomcore.waveforms.drawing import A4_LANDSCAPE, Area, Curve, Lines, Mark, Page, Pen, Words, straight_lines
from dicomcore.waveforms.events import event_marks
from dicomcore.waveforms.heading import HEAD, MARGIN, SEPARATOR, foot, head, title_of
from dicomcore.waveforms.leads import lead_name, millivolts, standard_leads
from dicomcore.waveforms.traces import curves, values_between
from dicomcore.waveforms.waveform import MultiplexGroup, Waveform

SPEED = 25.0
"""Paper speed, in mm/s."""
GAIN = 10.0
"""Sensitivity, in mm/mV."""
PAGE_SECONDS = 10.0
"""How many seconds a page shows."""
_COLUMN_SECONDS = PAGE_SECONDS / 4

_PAPER = (MARGIN, HEAD, 265.0, 160.0)
_PULSE = 10.0
_ROWS_PER_PAGE = 12
_FINE = Pen((250, 214, 210), 0.1)
_BOLD = Pen((240, 165, 160), 0.2)
_TRACE = Pen((20, 20, 20), 0.28)
_BACKGROUND = (255, 250, 249)
_NAME = (20, 20, 20)


@dataclass(frozen=True, slots=True)
class _Strip:
    """A stretch of one channel on the paper: ``left`` and ``middle`` are the place of its first moment at 0 mV."""

    channel: int
    start: float
    stop: float
    left: float
    middle: float


def is_electrocardiogram(group: MultiplexGroup) -> bool:
    """Say whether all channels are voltages, so that a group can be drawn on millimetre paper."""
    return all(millivolts(channel) is not None for channel in group.channels)


def ecg_pages(waveform: Waveform, group: MultiplexGroup, *, is_anonymous: bool) -> Iterator[Page]:
    """Lay a group out, page after page."""
    start = 0.0
    leads = standard_leads(group.channels)
    while start == 0.0 or start < group.duration - 0.2:
        stop = min(start + PAGE_SECONDS, group.duration)
        if len(leads) == 12 and stop - start > PAGE_SECONDS - 0.1:
            yield _page(waveform, group, _twelve_leads(leads, start), (start, stop), is_anonymous)
        elif len(leads) == 12 and group.duration <= _COLUMN_SECONDS:
            yield _page(waveform, group, _twelve_beats(leads, stop), (start, stop), is_anonymous)
        else:
            for first in range(0, len(group.channels), _ROWS_PER_PAGE):
                chosen = _in_order(group, leads)[first : first + _ROWS_PER_PAGE]
                yield _page(waveform, group, _rows(chosen, start, stop), (start, stop), is_anonymous)
        start += PAGE_SECONDS


def _in_order(group: MultiplexGroup, leads: dict[str, int]) -> list[int]:
    """The standard leads in their order, then the other channels in theirs."""
    first = list(leads.values())
    return first + [at for at in range(len(group.channels)) if at not in first]


def _twelve_leads(leads: dict[str, int], start: float) -> list[_Strip]:
    """Twelve stretches, one column after the other in time, over a rhythm strip."""
    left, top, _, height = _PAPER
    strips = []
    for at, channel in enumerate(leads.values()):
        begin = start + at // 3 * _COLUMN_SECONDS
        x, y = _column(at), top + (at % 3 + 0.5) * height / 4
        strips.append(_Strip(channel, begin, begin + _COLUMN_SECONDS, x, y))
    return [*strips, _Strip(leads["II"], start, start + PAGE_SECONDS, left + _PULSE, top + 3.5 * height / 4)]


def _twelve_beats(leads: dict[str, int], stop: float) -> list[_Strip]:
    """Twelve leads of the same moments, in columns, where all of it fits into one: representative beats."""
    _, top, _, height = _PAPER
    places = [(_column(at), top + (at % 3 + 0.5) * height / 3) for at in range(12)]
    return [_Strip(channel, 0.0, stop, x, y) for channel, (x, y) in zip(leads.values(), places, strict=True)]


def _column(at: int) -> float:
    return _PAPER[0] + _PULSE + at // 3 * _COLUMN_SECONDS * SPEED


def _rows(channels: Sequence[int], start: float, stop: float) -> list[_Strip]:
    """A row for each channel; the first is low enough for its pulse."""
    left, top, _, height = _PAPER
    row = (height - 4) // len(channels)
    places = [top + 4 + (at + 0.5) * row for at in range(len(channels))]
    return [_Strip(one, start, stop, left + _PULSE, y) for one, y in zip(channels, places, strict=True)]


def _page(
    waveform: Waveform, group: MultiplexGroup, strips: list[_Strip], span: tuple[float, float], is_anonymous: bool
) -> Page:
    width, height = A4_LANDSCAPE
    left, top, paper_width, paper_height = _PAPER
    scale = f"{SPEED:g} mm/s{SEPARATOR}{GAIN:g} mm/mV"
    marks = (
        *head(waveform, group, is_anonymous=is_anonymous),
        *_paper(),
        *(mark for middle in sorted({one.middle for one in strips}) for mark in _pulse(left, middle)),
        *(mark for strip in strips for mark in _strip(group, strip)),
        *_events(waveform, group, strips, span, is_anonymous),
        *foot(top + paper_height + 5.5, left + paper_width, scale, group, span),
    )
    return Page(width, height, marks, title_of(waveform))


def _events(
    waveform: Waveform, group: MultiplexGroup, strips: list[_Strip], span: tuple[float, float], is_anonymous: bool
) -> Iterator[Mark]:
    """Mark moments at the lower edge, if there is a strip that shows all of the page's time."""
    longest = max(strips, key=lambda strip: strip.stop - strip.start)
    if longest.stop - longest.start >= span[1] - span[0]:
        lower = _PAPER[1] + _PAPER[3]

        def place(moment: float) -> float:
            return longest.left + (moment - longest.start) * SPEED

        yield from event_marks(waveform, group, span, place, (lower - 5, lower), is_anonymous=is_anonymous)


def _paper() -> Iterator[Mark]:
    """Draw the grid; its lines lie on whole millimetres from its corner."""
    left, top, width, height = _PAPER
    yield Area(left, top, width, height, _BACKGROUND)
    for step, pen in ((1, _FINE), (5, _BOLD)):
        yield straight_lines([(left + x, top, left + x, top + height) for x in range(0, int(width) + 1, step)], pen)
        yield straight_lines([(left, top + y, left + width, top + y) for y in range(0, int(height) + 1, step)], pen)


def _pulse(left: float, middle: float) -> Iterator[Mark]:
    """Draw 1 mV for 0.2 s."""
    start, stop, high = left + 2, left + 2 + 0.2 * SPEED, middle - GAIN
    corners = [(left + 0.5, middle), (start, middle), (start, high), (stop, high), (stop, middle), (left + 8.5, middle)]
    yield Curve(np.array(corners, np.float32), _TRACE)


def _strip(group: MultiplexGroup, strip: _Strip) -> Iterator[Mark]:
    """Draw a stretch of a channel, its name above its beginning, and a tick where it follows another."""
    _, top, _, height = _PAPER
    channel = group.channels[strip.channel]
    moments, values = values_between(group, strip.channel, strip.start, strip.stop)
    xs = strip.left + (moments - strip.start) * SPEED
    ys = strip.middle - values * (millivolts(channel) or 0.0) * GAIN
    for points in curves(xs, np.clip(ys, top, top + height)):
        yield Curve(points, _TRACE)
    if strip.left > _PAPER[0] + _PULSE:
        yield Lines(np.array([[[strip.left, strip.middle - 6], [strip.left, strip.middle - 3]]], np.float32), _TRACE)
    yield Words(strip.left + 1, strip.middle - 6.5, shorten(lead_name(channel), 14), 3.6, _NAME, is_bold=True)
