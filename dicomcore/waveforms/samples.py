"""Stored samples to linear numbers (PS3.3 §C.10.9.1.5 to §C.10.9.1.7), with the companding laws of ITU-T G.711.

Interpretations are named by two letters: signed or unsigned, byte (B), short (S), long (L), very long (V); MB and AB
are bytes companded by the mu and the A law. Companded samples become 16 bit numbers.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomcore.data import Buffer

_TYPES = {
    "SB": "<i1",
    "UB": "<u1",
    "MB": "<u1",
    "AB": "<u1",
    "SS": "<i2",
    "US": "<u2",
    "SL": "<i4",
    "UL": "<u4",
    "SV": "<i8",
    "UV": "<u8",
}
_BY_BITS = {8: "UB", 16: "SS", 32: "SL", 64: "SV"}


def sample_type(interpretation: str, bits_allocated: int) -> np.dtype[Any] | None:
    """Return the type of stored samples; None if interpretation and bits contradict each other or are unknown."""
    name = _TYPES.get(interpretation or _BY_BITS.get(bits_allocated, ""))
    kind = None if name is None else np.dtype(name)
    return kind if kind is not None and kind.itemsize * 8 == bits_allocated else None


def read_samples(data: Buffer, kind: np.dtype[Any], channels: int) -> NDArray[Any]:
    """View little endian data as an array (samples, channels); an incomplete last sample is left out."""
    width = kind.itemsize * channels
    count = len(data) // width if width else 0
    return np.frombuffer(data, kind, count * channels).reshape(count, channels)


def expand(samples: NDArray[Any], interpretation: str) -> NDArray[Any]:
    """Undo companding; samples of any other interpretation are returned as they are."""
    if interpretation not in ("MB", "AB"):
        return samples
    return np.take(_expansion(interpretation), samples)


@lru_cache(maxsize=2)
def _expansion(interpretation: str) -> NDArray[np.int16]:
    """The 256 numbers of a companding law."""
    law = _mu_law if interpretation == "MB" else _a_law
    return np.array([law(code) for code in range(256)], np.int16)


def _mu_law(code: int) -> int:
    inverted = ~code & 0xFF
    exponent, mantissa = inverted >> 4 & 7, inverted & 15
    magnitude = ((mantissa << 3) + 0x84 << exponent) - 0x84
    return -magnitude if inverted & 0x80 else magnitude


def _a_law(code: int) -> int:
    toggled = code ^ 0x55
    exponent, mantissa = toggled >> 4 & 7, toggled & 15
    magnitude = (mantissa << 4) + 8 if exponent == 0 else (mantissa << 4) + 0x108 << exponent - 1
    return magnitude if toggled & 0x80 else -magnitude
