"""The twelve standard leads of an electrocardiogram: which channel is which (PS3.16 CID 3001).

A lead is known by the code of its source, MDC or SCP-ECG, whose last number is the same, else by its name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from dicomcore.documents.codes import unit_symbol
from dicomcore.waveforms.waveform import Channel

STANDARD_LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""The standard leads in the order in which they are shown."""

_NUMBERS = {
    "1": "I",
    "2": "II",
    "61": "III",
    "62": "aVR",
    "63": "aVL",
    "64": "aVF",
    **{str(number): f"V{number - 2}" for number in range(3, 9)},
}
_CODE = re.compile(r"(?:2:|5\.6\.3-9-)(\d+)|MDC_ECG_LEAD_(\w+)")
_NAME = re.compile(r"(?:^|\blead\s+)(I{1,3}|aVR|aVL|aVF|V[1-6])(?:$|\s*\(|\s+lead\b)", re.IGNORECASE)
_BY_NAME = {lead.lower(): lead for lead in STANDARD_LEADS}
_MILLIVOLTS = {"V": 1000.0, "mV": 1.0, "µV": 0.001, "nV": 0.000001}


def lead_of(channel: Channel) -> str:
    """Return the standard lead that a channel is, the empty string if it is none."""
    if channel.source is not None:
        found = _CODE.fullmatch(channel.source.value)
        if found is not None:
            return _NUMBERS.get(found[1] or "") or _BY_NAME.get((found[2] or "").lower(), "")
    names = (channel.label, "" if channel.source is None else channel.source.meaning)
    for name in names:
        match = _NAME.search(name.strip())
        if match is not None:
            return _BY_NAME[match[1].lower()]
    return ""


def lead_name(channel: Channel) -> str:
    """Return what to write beside a channel."""
    return lead_of(channel) or channel.name


def standard_leads(channels: Sequence[Channel]) -> dict[str, int]:
    """Return the channel of each standard lead that is there, in the order of `STANDARD_LEADS`."""
    found = {lead_of(channel): at for at, channel in reversed(list(enumerate(channels)))}
    return {lead: found[lead] for lead in STANDARD_LEADS if lead in found}


def millivolts(channel: Channel) -> float | None:
    """Return the factor from the units of a channel to mV; None if it does not measure a voltage."""
    return _MILLIVOLTS.get(unit_symbol(channel.unit))
