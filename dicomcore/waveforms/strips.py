"""Any waveform as strips below each other: one for each channel, with its own scale, over one axis of time.

How many seconds a page shows goes by the SOP Class; sound is shown as a whole. Channels of an electroencephalogram
share one scale, since they are compared with each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dicomcore.documents.codes import unit_symbol, with_unit
from dicomcore.documents.wording import readable_number, shorten
from dicomcore.waveforms.drawing import A4_LANDSCAPE, Area, Curve, Mark, Page, Pen, Words, straight_lines
from dicomcore.waveforms.events import event_marks
from dicomcore.waveforms.heading import HEAD, MARGIN, foot, head, title_of
from dicomcore.waveforms.leads import lead_name
from dicomcore.waveforms.traces import curves, values_between
from dicomcore.waveforms.waveform import MultiplexGroup, Waveform

ROWS_PER_PAGE = 24
"""How many channels a page shows."""
MAX_SECONDS_DRAWN = 3_600.0
"""How much of a sound is shown at most."""

_CLASSES = "1.2.840.10008.5.1.4.1.1.9."
_SECONDS = {"2.1": 10.0, "3.1": 4.0, "4.1": math.inf, "4.2": math.inf, "6.1": 60.0, "6.2": 60.0}
_NEUROPHYSIOLOGY = "7."
_DEFAULT_SECONDS = 10.0
_LEFT, _TOP, _WIDTH, _HEIGHT = MARGIN + 24.0, HEAD + 2.0, 241.0, 148.0
_TRACE = Pen((16, 64, 128), 0.22)
_FRAME = Pen((190, 190, 190), 0.15)
_TICK = Pen((225, 225, 225), 0.1)
_QUIET = (90, 90, 90)


def seconds_per_page(sop_class_uid: str) -> float:
    """Return how many seconds of a recording of this class a page shows."""
    return _SECONDS.get(sop_class_uid.removeprefix(_CLASSES), _DEFAULT_SECONDS)


def strip_pages(waveform: Waveform, group: MultiplexGroup, *, is_anonymous: bool) -> Iterator[Page]:
    """Lay a group out, page after page."""
    seconds = min(seconds_per_page(waveform.sop_class_uid), MAX_SECONDS_DRAWN, group.duration)
    start = 0.0
    while start == 0.0 or start < group.duration - 1 / group.frequency:
        for first in range(0, len(group.channels), ROWS_PER_PAGE):
            channels = range(first, min(first + ROWS_PER_PAGE, len(group.channels)))
            yield _page(waveform, group, channels, (start, start + seconds), is_anonymous)
        start += seconds


def _page(
    waveform: Waveform, group: MultiplexGroup, channels: Sequence[int], span: tuple[float, float], is_anonymous: bool
) -> Page:
    width, height = A4_LANDSCAPE
    row = min(_HEIGHT / len(channels), 40.0)
    bottom = _TOP + row * len(channels)
    shared = _shared_range(waveform, group, channels, span)
    scale = f"{readable_number(_WIDTH / (span[1] - span[0]))} mm/s"
    shown = (span[0], min(span[1], group.duration))
    marks = (
        *head(waveform, group, is_anonymous=is_anonymous),
        *_time_axis(span, bottom),
        *(mark for at, one in enumerate(channels) for mark in _strip(group, one, span, _TOP + at * row, row, shared)),
        *event_marks(waveform, group, span, lambda at: _x_of(at, span), (_TOP, bottom), is_anonymous=is_anonymous),
        *foot(height - 8, _LEFT + _WIDTH, scale, group, shown),
    )
    return Page(width, height, marks, title_of(waveform))


def _shared_range(
    waveform: Waveform, group: MultiplexGroup, channels: Sequence[int], span: tuple[float, float]
) -> tuple[float, float] | None:
    if not waveform.sop_class_uid.removeprefix(_CLASSES).startswith(_NEUROPHYSIOLOGY):
        return None
    if len({unit_symbol(group.channels[one].unit) for one in channels}) > 1:
        return None
    ranges = [value_range(values_between(group, one, *span)[1]) for one in channels]
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def value_range(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, float]:
    """Return the least and the greatest value, apart from each other; NaN does not count."""
    every = np.asarray(values, np.float64)
    known = every[~np.isnan(every)]
    if not known.size:
        return -1.0, 1.0
    low, high = float(known.min()), float(known.max())
    return (low, high) if high > low else (low - 1.0, high + 1.0)


def _strip(
    group: MultiplexGroup,
    number: int,
    span: tuple[float, float],
    top: float,
    height: float,
    shared: tuple[float, float] | None,
) -> Iterator[Mark]:
    """Draw one channel: its frame, its name with the unit, the ends of its scale, its curve."""
    channel = group.channels[number]
    moments, values = values_between(group, number, *span)
    low, high = shared or value_range(values)
    size = min(3.2, height * 0.3)
    yield straight_lines([(_LEFT, top + height, _LEFT + _WIDTH, top + height)], _FRAME)
    yield Words(MARGIN, top + height / 2 + size / 3, shorten(lead_name(channel), 14), size, is_bold=True)
    if height >= 9:
        yield Words(_LEFT - 1, top + size, with_unit(readable_number(high), channel.unit), size * 0.8, _QUIET, "end")
        yield Words(_LEFT - 1, top + height - 0.6, readable_number(low), size * 0.8, _QUIET, "end")
    inner = height * 0.9
    xs = _LEFT + (moments - span[0]) / (span[1] - span[0]) * _WIDTH
    ys = top + height * 0.05 + (high - values) / (high - low) * inner
    for points in curves(np.clip(xs, _LEFT, _LEFT + _WIDTH), np.clip(ys, top, top + height)):
        yield Curve(points, _TRACE)


def _time_axis(span: tuple[float, float], bottom: float) -> Iterator[Mark]:
    """Draw lines of time across all strips, and their seconds below."""
    yield Area(_LEFT, _TOP, _WIDTH, bottom - _TOP, (253, 253, 253))
    step = tick_step(span[1] - span[0])
    first = math.ceil(span[0] / step - 1e-9)
    moments = [number * step for number in range(first, first + 60) if number * step <= span[1] + step * 1e-6]
    places = [_x_of(moment, span) for moment in moments]
    yield straight_lines([(x, _TOP, x, bottom) for x in places], _TICK)
    yield straight_lines([(_LEFT, _TOP, _LEFT + _WIDTH, _TOP), (_LEFT, _TOP, _LEFT, bottom)], _FRAME)
    for moment, x in zip(moments, places, strict=True):
        yield Words(x, bottom + 3.6, f"{moment:g} s", 2.6, _QUIET, "middle")


def _x_of(moment: float, span: tuple[float, float]) -> float:
    return _LEFT + (moment - span[0]) / (span[1] - span[0]) * _WIDTH


def tick_step(seconds: float) -> float:
    """Return a round step, 1, 2 or 5 times a power of ten, that cuts a span into 6 to 15 parts."""
    power = 10.0 ** math.floor(math.log10(seconds / 6))
    return next(power * one for one in (5, 2, 1) if power * one <= seconds / 6)
