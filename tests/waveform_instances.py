"""Waveform instances for tests: ``instance(group(samples, channel("Lead II", "mV", 0.001)))``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from report_documents import code, dataset_of, put

from dicomcore.data import Dataset

TWELVE_LEAD_ECG = "1.2.840.10008.5.1.4.1.1.9.1.1"
HEMODYNAMIC = "1.2.840.10008.5.1.4.1.1.9.2.1"
SCALP_EEG = "1.2.840.10008.5.1.4.1.1.9.7.1"
LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")


def channel(label: str, unit: str = "mV", sensitivity: float = 1.0, **attributes: object) -> Dataset:
    return dataset_of(
        ChannelLabel=label,
        ChannelSensitivity=str(sensitivity),
        ChannelSensitivityUnitsSequence=code(unit, unit, "UCUM"),
        **attributes,
    )


def group(
    samples: NDArray[Any],
    *channels: Dataset,
    frequency: float = 100.0,
    interpretation: str = "SS",
    **attributes: object,
) -> Dataset:
    """Samples have the shape (samples, channels)."""
    made = dataset_of(
        NumberOfWaveformChannels=samples.shape[1],
        NumberOfWaveformSamples=samples.shape[0],
        SamplingFrequency=str(frequency),
        WaveformBitsAllocated=samples.dtype.itemsize * 8,
        WaveformSampleInterpretation=interpretation,
        ChannelDefinitionSequence=channels,
        **attributes,
    )
    made.put_raw(0x54001010, "OW", samples.tobytes())
    return made


def instance(*groups: Dataset, sop_class: str = TWELVE_LEAD_ECG, **attributes: object) -> Dataset:
    made = dataset_of(SOPClassUID=sop_class, **attributes)
    put(made, "WaveformSequence", *groups)
    return made


def beats(seconds: float, channels: int = 12, frequency: float = 100.0) -> NDArray[np.int16]:
    """A spike of 1,000 each second, on a line at 0."""
    samples = np.zeros((round(seconds * frequency), channels), np.int16)
    samples[round(frequency / 2) :: round(frequency)] = 1000
    return samples


def electrocardiogram(seconds: float = 10.0, **attributes: object) -> Dataset:
    """Twelve leads in µV."""
    leads = [channel(f"Lead {name}", "uV") for name in LEADS]
    return instance(group(beats(seconds), *leads), **attributes)
