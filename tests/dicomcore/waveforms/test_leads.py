from __future__ import annotations

import pytest

from dicomcore.documents.codes import Code
from dicomcore.waveforms.leads import STANDARD_LEADS, lead_name, lead_of, millivolts, standard_leads
from dicomcore.waveforms.waveform import Channel


@pytest.mark.parametrize(
    ("value", "scheme", "lead"),
    [
        ("2:1", "MDC", "I"),
        ("2:62", "MDC", "aVR"),
        ("5.6.3-9-3", "SCPECG", "V1"),
        ("5.6.3-9-64", "SCPECG", "aVF"),
        ("MDC_ECG_LEAD_V6", "MDC", "V6"),
        ("MDC_ECG_LEAD_AVL", "MDC", "aVL"),
        ("2:99", "MDC", ""),
    ],
)
def test_a_lead_is_known_by_its_code(value: str, scheme: str, lead: str) -> None:
    assert lead_of(Channel("", Code(value, scheme, ""))) == lead


@pytest.mark.parametrize(
    ("label", "lead"),
    [
        ("II", "II"),
        ("Lead III", "III"),
        ("Lead I (Einthoven)", "I"),
        ("avr", "aVR"),
        ("lead v4", "V4"),
        ("V7", ""),
        ("IV drip", ""),
        ("Vm", ""),
    ],
)
def test_a_lead_is_known_by_its_name(label: str, lead: str) -> None:
    assert lead_of(Channel(label)) == lead
    assert lead_of(Channel("", Code("99", "99MINE", label))) == lead


def test_leads_are_found_in_their_order_the_first_of_each() -> None:
    channels = [Channel(label) for label in ("V1", "Lead II", "Pressure", "I", "II")]
    assert standard_leads(channels) == {"I": 3, "II": 1, "V1": 0}
    assert len(STANDARD_LEADS) == 12


def test_other_channels_keep_their_name() -> None:
    assert lead_name(Channel("Pressure")) == "Pressure"
    assert lead_name(Channel("Lead II")) == "II"


@pytest.mark.parametrize(("unit", "factor"), [("mV", 1.0), ("uV", 0.001), ("V", 1000.0), ("mm[Hg]", None)])
def test_voltages_are_converted(unit: str, factor: float | None) -> None:
    assert millivolts(Channel("A", unit=Code(unit, "UCUM", ""))) == factor
    assert millivolts(Channel("A")) is None
