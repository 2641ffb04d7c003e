"""Annotations that belong to moments, as marks on the axis of time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from dicomcore.documents.wording import shorten
from dicomcore.waveforms.drawing import Mark, Pen, Words, straight_lines
from dicomcore.waveforms.waveform import MultiplexGroup, Waveform, WaveformAnnotation

MAX_EVENTS = 500
"""How many moments a page marks at most."""

_PEN = Pen((190, 50, 30), 0.2)
_SIZE = 2.4
_MAX_LETTERS = 24


def event_marks(
    waveform: Waveform,
    group: MultiplexGroup,
    span: tuple[float, float],
    place: Callable[[float], float],
    edges: tuple[float, float],
    *,
    is_anonymous: bool,
) -> Iterator[Mark]:
    """Mark what is said of moments of a group between ``edges`` (upper and lower y).

    ``place`` gives the x of a moment. Words that would run into the next line are left out, the lines stay: the many
    fiducial points of a beat are marks without names. Free text is left out of an anonymous page.
    """
    top, bottom = edges
    moments = _moments(waveform, group, span, is_anonymous)[:MAX_EVENTS]
    places = [place(moment) for moment, _ in moments]
    for (_, text), x, after in zip(moments, places, [*places, math.inf][1:], strict=True):
        yield straight_lines([(x, top, x, bottom)], _PEN)
        if after - x > _SIZE * (len(text) * 0.6 + 1):
            yield Words(x + 0.6, top + _SIZE, text, _SIZE, _PEN.color)


def _moments(
    waveform: Waveform, group: MultiplexGroup, span: tuple[float, float], is_anonymous: bool
) -> list[tuple[float, str]]:
    number = waveform.groups.index(group)
    said = ((one, _words(one, is_anonymous)) for one in waveform.annotations if one.group in (None, number))
    return sorted(
        (moment, text) for one, text in said if text for moment in one.seconds if span[0] <= moment <= span[1]
    )


def _words(annotation: WaveformAnnotation, is_anonymous: bool) -> str:
    code = annotation.name or annotation.concept
    text = code.label if code is not None else "" if is_anonymous else annotation.text
    return shorten(text, _MAX_LETTERS)
