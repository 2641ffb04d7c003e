from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from report_documents import code, dataset_of, put
from waveform_instances import beats, channel, group, instance

from dicomcore.data import read_file
from dicomcore.errors import LimitExceeded, MissingAttribute
from dicomcore.waveforms import read_waveform


def test_values_are_those_of_pydicom() -> None:
    path = Path(str(get_testdata_file("waveform_ecg.dcm")))
    theirs = pydicom.dcmread(path)
    ours = read_waveform(read_file(path.read_bytes()).dataset)
    assert len(ours.groups) == 2
    for number, one in enumerate(ours.groups):
        expected = theirs.waveform_array(number)
        assert one.samples.shape == expected.shape
        for at in range(expected.shape[1]):
            np.testing.assert_allclose(one.values(at), expected[:, at], rtol=1e-12)


def test_the_real_electrocardiogram_has_its_leads_and_annotations() -> None:
    path = Path(str(get_testdata_file("waveform_ecg.dcm")))
    found = read_waveform(read_file(path.read_bytes()).dataset)
    assert found.groups[0].channels[0].name == "Lead I (Einthoven)"
    assert (found.groups[0].frequency, found.groups[0].duration) == (1000.0, 10.0)
    assert found.annotations[0].text == "RITMO SINUSALE"
    onset = next(one for one in found.annotations if one.seconds)
    assert (onset.group, onset.channel, onset.seconds) == (0, None, (0.298,))


def test_sensitivity_correction_and_baseline_make_values() -> None:
    made = channel("A", "mV", 0.5, ChannelSensitivityCorrectionFactor="2", ChannelBaseline="10")
    found = read_waveform(instance(group(np.array([[3]], np.int16), made))).groups[0]
    assert found.values(0).tolist() == [13.0]


def test_skew_is_in_seconds_whether_by_time_or_by_samples() -> None:
    channels = [channel("A", ChannelTimeSkew="0.5"), channel("B", ChannelSampleSkew="10")]
    found = read_waveform(instance(group(beats(1, 2), *channels))).groups[0]
    assert [one.skew for one in found.channels] == [0.5, 0.1]


def test_filters_and_offset_are_read() -> None:
    made = channel("A", FilterLowFrequency="0.05", FilterHighFrequency="150", NotchFilterFrequency="50")
    found = read_waveform(instance(group(beats(1, 1), made, MultiplexGroupTimeOffset="250"))).groups[0]
    assert found.offset == 0.25
    assert (found.channels[0].low_cut, found.channels[0].high_cut, found.channels[0].notch) == (0.05, 150.0, 50.0)


@pytest.mark.parametrize(
    ("interpretation", "kind"),
    [("SB", "i1"), ("UB", "u1"), ("SS", "i2"), ("US", "u2"), ("SL", "i4"), ("UL", "u4"), ("SV", "i8"), ("UV", "u8")],
)
def test_each_linear_interpretation_is_read(interpretation: str, kind: str) -> None:
    samples = np.array([[np.iinfo(kind).min], [np.iinfo(kind).max]], kind)
    found = read_waveform(instance(group(samples, channel("A"), interpretation=interpretation))).groups[0]
    assert found.values(0).tolist() == samples[:, 0].astype(float).tolist()


def test_companded_sound_is_expanded_and_its_padding_too() -> None:
    made = group(np.array([[0x00], [0x80]], np.uint8), channel("A"), interpretation="MB")
    made.put_raw(0x5400100A, "OB", b"\x80\0")
    values = read_waveform(instance(made)).groups[0].values(0)
    assert values[0] == -32124
    assert np.isnan(values[1])


def test_big_endian_samples_are_swapped() -> None:
    made = read_file(big_endian_file()).dataset
    assert read_waveform(made).groups[0].values(0).tolist() == [1.0, -2.0]


def big_endian_file() -> bytes:
    from builders import EXPLICIT_BE, element, part10, sequence

    item = b"".join(
        element(tag, vr, value, big_endian=True)
        for tag, vr, value in (
            (0x003A0005, "US", 1),
            (0x003A0010, "UL", 2),
            (0x003A001A, "DS", "100"),
            (0x54001004, "US", 16),
            (0x54001006, "CS", "SS"),
            (0x54001010, "OW", b"\x00\x01\xff\xfe"),
        )
    )
    return part10(sequence(0x54000100, item, big_endian=True), EXPLICIT_BE)


def test_a_group_is_as_long_as_its_data() -> None:
    made = group(beats(1, 2), channel("A"), channel("B"))
    put(made, "NumberOfWaveformSamples", 1_000_000)
    assert read_waveform(instance(made)).groups[0].samples.shape == (100, 2)


def test_channels_without_definition_have_a_number() -> None:
    found = read_waveform(instance(group(beats(1, 2), channel("A")))).groups[0]
    assert [one.name for one in found.channels] == ["A", "Channel 2"]


def test_groups_that_cannot_be_read_are_left_out_and_annotations_keep_their_group() -> None:
    broken = group(beats(1, 1), channel("A"), frequency=0.0)
    note = dataset_of(ReferencedWaveformChannels=(2, 1), UnformattedTextValue="here", ReferencedSamplePositions=(51,))
    found = read_waveform(instance(broken, group(beats(1, 1), channel("B")), WaveformAnnotationSequence=note))
    assert [one.channels[0].name for one in found.groups] == ["B"]
    assert (found.annotations[0].group, found.annotations[0].channel, found.annotations[0].seconds) == (0, 0, (0.5,))


def test_annotations_are_texts_codes_and_measurements() -> None:
    measured = dataset_of(
        ConceptNameCodeSequence=code("QT"), NumericValue="370", MeasurementUnitsCodeSequence=code("ms", "ms", "UCUM")
    )
    offset = dataset_of(ConceptCodeSequence=code("Beat"), ReferencedTimeOffsets=("1.5",), TemporalRangeType="POINT")
    found = read_waveform(
        instance(group(beats(1, 1), channel("A")), WaveformAnnotationSequence=[measured, offset])
    ).annotations
    assert (found[0].value, found[0].group) == ("370", None)
    assert (found[1].seconds, found[1].range_type) == ((1.5,), "POINT")


def test_an_instance_without_waveform_says_so() -> None:
    with pytest.raises(MissingAttribute, match="Waveform Sequence"):
        read_waveform(dataset_of(SOPClassUID="1.2"))


def test_too_many_channels_are_refused() -> None:
    made = group(beats(1, 1), channel("A"))
    put(made, "NumberOfWaveformChannels", 65_535)
    with pytest.raises(LimitExceeded, match="channels"):
        read_waveform(instance(made))
