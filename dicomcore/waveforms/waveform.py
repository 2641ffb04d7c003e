"""What a waveform instance holds: multiplex groups of channels, and annotations (PS3.3 §C.10.9, §C.10.10).

Samples stay as they were stored until somebody asks for a part of a channel: `MultiplexGroup.values` gives that part in
the channel's units, so that a day of ambulatory ECG needs no memory but its own bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomcore.documents.codes import Code

_ABSURD = 1e30


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel (PS3.3 Table C.10-9, Channel Definition Sequence).

    A value is sample * ``scale`` + ``baseline`` in ``unit``; ``scale`` is sensitivity times correction factor.
    Frequencies are in Hz, None where no filter is named. ``skew`` is how many seconds later than the group the channel
    is sampled.
    """

    label: str
    source: Code | None = None
    unit: Code | None = None
    scale: float = 1.0
    baseline: float = 0.0
    skew: float = 0.0
    low_cut: float | None = None
    high_cut: float | None = None
    notch: float | None = None

    @property
    def name(self) -> str:
        """What the channel is called: its label, else the meaning of its source."""
        return self.label or (self.source.label if self.source is not None else "")


@dataclass(frozen=True, slots=True, eq=False)
class MultiplexGroup:
    """Channels that are sampled together.

    ``samples`` has the shape (samples, channels) and holds what was stored, in linear numbers. ``frequency`` is in Hz,
    ``offset`` in seconds after the start of the acquisition. ``padding`` is the sample that stands for none.
    """

    label: str
    frequency: float
    offset: float
    channels: tuple[Channel, ...]
    samples: NDArray[Any]
    padding: int | None = None

    @property
    def duration(self) -> float:
        """How long the group is, in seconds."""
        return float(self.samples.shape[0] / self.frequency)

    def values(self, channel: int, start: int = 0, stop: int | None = None) -> NDArray[np.float64]:
        """Return samples ``start`` to ``stop`` of a channel (from 0) in its units.

        NaN stands where there was no sample, and for what no instrument measures.
        """
        stored = self.samples[start:stop, channel]
        definition = self.channels[channel]
        with np.errstate(over="ignore", invalid="ignore"):
            values = stored.astype(np.float64) * definition.scale + definition.baseline
        values[~(np.abs(values) < _ABSURD)] = np.nan
        if self.padding is not None:
            values[stored == self.padding] = np.nan
        return values


@dataclass(frozen=True, slots=True)
class WaveformAnnotation:
    """Something said of a waveform (PS3.3 §C.10.10).

    ``group`` and ``channel`` count from 0; None for all. ``seconds`` are moments after the start of the group, none for
    what is said of the whole. ``text`` is free text; ``name`` with ``value`` and ``unit`` is a measurement.
    """

    text: str = ""
    name: Code | None = None
    concept: Code | None = None
    value: str = ""
    unit: Code | None = None
    group: int | None = None
    channel: int | None = None
    seconds: tuple[float, ...] = ()
    range_type: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """All of an instance that can be drawn; moments and names as stored."""

    sop_class_uid: str
    groups: tuple[MultiplexGroup, ...]
    annotations: tuple[WaveformAnnotation, ...] = ()
    patient_name: str = ""
    patient_id: str = ""
    birth_date: str = ""
    sex: str = ""
    age: str = ""
    acquired: str = ""
    offset: str = ""
    institution: str = ""
    device: str = ""
