"""Read a waveform instance (PS3.3 §C.10.8 to §C.10.10, Waveform and Waveform Annotation modules).

Every number that a data set declares is checked against the bytes that are there: a group that says it is longer than
its data is as long as its data. A group without a sensible sampling frequency, channels or sample type is left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dicomcore.documents.codes import read_code
from dicomcore.errors import LimitExceeded, MissingAttribute
from dicomcore.waveforms.samples import expand, read_samples, sample_type
from dicomcore.waveforms.waveform import Channel, MultiplexGroup, Waveform, WaveformAnnotation

if TYPE_CHECKING:
    from dicomcore.data import Dataset

MAX_CHANNELS = 1_024
"""How many channels a group may have."""
MAX_GROUPS = 64
"""How many multiplex groups are read."""
MAX_ANNOTATIONS = 10_000
"""How many annotations are read, and how many moments of one."""
MAX_FREQUENCY = 10_000_000.0
"""The highest sampling frequency that is believed, in Hz."""

_WAVEFORM_SEQUENCE = 0x54000100
_WAVEFORM_DATA = 0x54001010


def read_waveform(dataset: Dataset) -> Waveform:
    """Read the groups, their channels and what is said of them. Raises `MissingAttribute` if there is no waveform."""
    items = dataset.items(_WAVEFORM_SEQUENCE)[:MAX_GROUPS]
    read = [_read_group(item) for item in items]
    if not any(group is not None for group in read):
        raise MissingAttribute(_WAVEFORM_SEQUENCE, "Waveform Sequence")
    # Annotations count groups as they are stored, those that cannot be read included.
    places = {number: at for at, number in enumerate(at for at, group in enumerate(read) if group is not None)}
    groups = tuple(group for group in read if group is not None)
    return Waveform(
        dataset.text(0x00080016),
        groups,
        tuple(_read_annotations(dataset, groups, places)),
        patient_name=dataset.text(0x00100010),
        patient_id=dataset.text(0x00100020),
        birth_date=dataset.text(0x00100030),
        sex=dataset.text(0x00100040),
        age=dataset.text(0x00101010),
        acquired=dataset.text(0x0008002A) or dataset.text(0x00080023) + dataset.text(0x00080033),
        offset=dataset.text(0x00080201),
        institution=dataset.text(0x00080080),
        device=" ".join(filter(None, (dataset.text(0x00080070), dataset.text(0x00081090)))),
    )


def _read_group(item: Dataset) -> MultiplexGroup | None:
    definitions = item.items(0x003A0200)
    channels = item.integer(0x003A0005) or len(definitions)
    if channels > MAX_CHANNELS:
        raise LimitExceeded("channels of a multiplex group", MAX_CHANNELS)
    interpretation = item.text(0x54001006)
    kind = sample_type(interpretation, item.integer(0x54001004) or 0)
    frequency = item.number(0x003A001A) or 0.0
    if kind is None or channels < 1 or not 0 < frequency <= MAX_FREQUENCY:
        return None
    samples = read_samples(item.raw(_WAVEFORM_DATA), kind, channels)
    declared = item.integer(0x003A0010)
    if declared is not None and 0 < declared < samples.shape[0]:
        samples = samples[:declared]
    if not samples.shape[0]:
        return None
    padding = read_samples(item.raw(0x5400100A), kind, 1)
    return MultiplexGroup(
        label=item.text(0x003A0020),
        frequency=frequency,
        offset=_finite(item.number(0x00181068)) / 1000,
        channels=tuple(_read_channel(definitions, at, frequency) for at in range(channels)),
        samples=expand(samples, interpretation),
        padding=int(expand(padding, interpretation)[0, 0]) if padding.size else None,
    )


def _read_channel(definitions: tuple[Dataset, ...], at: int, frequency: float) -> Channel:
    if at >= len(definitions):
        return Channel(f"Channel {at + 1}")
    item = definitions[at]
    sensitivity, correction = item.number(0x003A0210), item.number(0x003A0212)
    return Channel(
        label=item.text(0x003A0203),
        source=read_code(item, 0x003A0208),
        unit=None if sensitivity is None else read_code(item, 0x003A0211),
        scale=_finite(sensitivity, 1.0) * _finite(correction, 1.0),
        baseline=_finite(item.number(0x003A0213)),
        skew=_finite(item.number(0x003A0214)) + _finite(item.number(0x003A0215)) / frequency,
        low_cut=item.number(0x003A0220),
        high_cut=item.number(0x003A0221),
        notch=item.number(0x003A0222),
    )


def _finite(number: float | None, otherwise: float = 0.0) -> float:
    return number if number is not None and math.isfinite(number) else otherwise


def _read_annotations(
    dataset: Dataset, groups: tuple[MultiplexGroup, ...], places: dict[int, int]
) -> list[WaveformAnnotation]:
    return [_read_annotation(item, groups, places) for item in dataset.items(0x0040B020)[:MAX_ANNOTATIONS]]


def _read_annotation(item: Dataset, groups: tuple[MultiplexGroup, ...], places: dict[int, int]) -> WaveformAnnotation:
    """Read one item of the Waveform Annotation Sequence; channel 0 means all of its group (PS3.3 §C.10.10.1.1)."""
    referenced = item.values(0x0040A0B0)[:2]
    group = places.get(referenced[0] - 1) if len(referenced) == 2 and isinstance(referenced[0], int) else None
    channel = referenced[1] - 1 if group is not None and referenced[1] else None
    return WaveformAnnotation(
        text=item.text(0x00700006),
        name=read_code(item, 0x0040A043),
        concept=read_code(item, 0x0040A168),
        value=item.text(0x0040A30A),
        unit=read_code(item, 0x004008EA),
        group=group,
        channel=channel,
        seconds=_moments(item, None if group is None else groups[group]),
        range_type=item.text(0x0040A130),
    )


def _moments(item: Dataset, group: MultiplexGroup | None) -> tuple[float, ...]:
    """Give the moments in seconds: by sample position, counted from 1, or by offsets in seconds."""
    positions = item.values(0x0040A132)[:MAX_ANNOTATIONS]
    if positions and group is not None:
        return tuple((position - 1) / group.frequency for position in positions if isinstance(position, int))
    offsets = item.values(0x0040A138)[:MAX_ANNOTATIONS]
    return tuple(float(offset) for offset in offsets if isinstance(offset, (int, float)) and math.isfinite(offset))
