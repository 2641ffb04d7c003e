"""The head and the foot of a page: whose recording it is, when it was made, what was measured, and how it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dicomcore.data import uid_name
from dicomcore.documents.codes import with_unit
from dicomcore.documents.wording import readable_date, readable_moment, readable_number, shorten
from dicomcore.waveforms.drawing import Mark, Words
from dicomcore.waveforms.waveform import Channel, MultiplexGroup, Waveform, WaveformAnnotation
from dicomcore.written_names import readable_name

HEAD = 40.0
"""Where the head ends, in mm from the top."""
MARGIN = 16.0
"""The margin at the left and at the right, in mm."""

SEPARATOR = " · "
"""What stands between the parts of the foot."""

_SIZE = 3.2
_STEP = 4.4
_QUIET = (90, 90, 90)
_ROWS = 5
_COLUMNS = (MARGIN, 100.0, 160.0, 220.0)
_MAX_LETTERS = 46
_SEXES = {"M": "male", "F": "female", "O": "other"}


def title_of(waveform: Waveform) -> str:
    """Return what kind of recording this is."""
    return uid_name(waveform.sop_class_uid).removesuffix(" Storage") or "Waveform"


def head(waveform: Waveform, group: MultiplexGroup, *, is_anonymous: bool) -> Iterator[Mark]:
    """Write the head of a page; anonymous, it has no patient, date, place and free text."""
    title = title_of(waveform) + (f": {group.label}" if group.label and not is_anonymous else "")
    yield Words(MARGIN, 13.0, shorten(title, 90), 4.6, is_bold=True)
    if is_anonymous:
        return
    yield from _column(_COLUMNS[0], _identity(waveform))
    said = [*_statements(waveform.annotations), *_measurements(waveform.annotations)]
    for at, left in enumerate(_COLUMNS[1:]):
        yield from _column(left, said[at * _ROWS : (at + 1) * _ROWS])


def _column(left: float, lines: Iterable[str]) -> Iterator[Mark]:
    for at, line in enumerate(lines):
        yield Words(left, 18.8 + at * _STEP, shorten(line, _MAX_LETTERS), _SIZE, is_bold=left == MARGIN and at == 0)


def _identity(waveform: Waveform) -> list[str]:
    """Name and ID on lines of their own, then what else is there."""
    born = f"born {readable_date(waveform.birth_date)}" if waveform.birth_date else ""
    person = ", ".join(filter(None, (born, _SEXES.get(waveform.sex, waveform.sex))))
    acquired = readable_moment(waveform.acquired, waveform.offset)
    lines = (readable_name(waveform.patient_name), waveform.patient_id and f"ID {waveform.patient_id}", person)
    return [line for line in (*lines, acquired, waveform.institution) if line][:_ROWS]


def _statements(annotations: Iterable[WaveformAnnotation]) -> list[str]:
    return [one.text for one in annotations if one.text.strip() and not one.seconds]


def _measurements(annotations: Iterable[WaveformAnnotation]) -> Iterator[str]:
    for one in annotations:
        if one.name is not None and not one.seconds and (one.value or one.concept):
            words = one.value or (one.concept.label if one.concept else "")
            yield f"{one.name.label}: {with_unit(words, one.unit)}"


def foot(bottom: float, right: float, scale: str, group: MultiplexGroup, span: tuple[float, float]) -> Iterator[Mark]:
    """Write how the page is drawn, below everything: scale, filters, sampling, and the part that is shown."""
    parts = [scale, *filters(group.channels), f"{readable_number(group.frequency)} Hz sampling"]
    yield Words(MARGIN, bottom, shorten(SEPARATOR.join(filter(None, parts)), 130), _SIZE, _QUIET)
    start, stop = span
    if stop - start < group.duration - 1 / group.frequency or start > 0:
        shown = f"{readable_number(start)} to {readable_number(stop)} s of {readable_number(group.duration)} s"
        yield Words(right, bottom, shown, _SIZE, _QUIET, "end")


def filters(channels: Iterable[Channel]) -> Iterator[str]:
    """Say the filters of the channels, if they all have the same; 0 Hz is none."""
    bands = {(one.low_cut or None, one.high_cut or None) for one in channels}
    notches = {one.notch or None for one in channels}
    low, high = bands.pop() if len(bands) == 1 else (None, None)
    notch = notches.pop() if len(notches) == 1 else None
    if low is not None and high is not None:
        yield f"{readable_number(low)} to {readable_number(high)} Hz"
    elif low is not None or high is not None:
        yield f"{'below' if low is None else 'above'} {readable_number(low or high or 0.0)} Hz"
    if notch is not None:
        yield f"notch {readable_number(notch)} Hz"
