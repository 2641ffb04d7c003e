"""The well-known colour spaces of PS3.18 §8.3.5.1.5 as ICC profiles (ICC.1:2001-04, version 2, display class).

They are made here, from the published primaries, white points and transfer curves: the same bytes on every machine and
at every time, so that pictures with a profile are the same too.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dicomcore.rendering.options import IccProfile

Chromaticity = tuple[float, float]

_D50 = np.array([0.9642, 1.0, 0.8249])
_D65: Chromaticity = (0.3127, 0.3290)
_D50_XY: Chromaticity = (0.3457, 0.3585)
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_CURVE_POINTS = 1024


def _srgb(level: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


def _adobe(level: NDArray[np.float64]) -> NDArray[np.float64]:
    return level ** (563 / 256)


def _romm(level: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(level < 16 / 512, level / 16, level**1.8)


@dataclass(frozen=True, slots=True)
class ColourSpace:
    """Primaries and white point (CIE x, y), and the curve from levels to light, both from 0 to 1."""

    name: str
    red: Chromaticity
    green: Chromaticity
    blue: Chromaticity
    white: Chromaticity
    curve: Callable[[NDArray[np.float64]], NDArray[np.float64]]


COLOUR_SPACES: dict[IccProfile, ColourSpace] = {
    IccProfile.SRGB: ColourSpace("sRGB", (0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65, _srgb),
    IccProfile.ADOBE_RGB: ColourSpace("Adobe RGB (1998)", (0.64, 0.33), (0.21, 0.71), (0.15, 0.06), _D65, _adobe),
    IccProfile.ROMM_RGB: ColourSpace("ROMM RGB", (0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), _D50_XY, _romm),
    IccProfile.DISPLAY_P3: ColourSpace("Display P3", (0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65, _srgb),
}


@lru_cache
def icc_profile_of(space: IccProfile) -> bytes:
    """Return the profile of one of `COLOUR_SPACES`."""
    colours = COLOUR_SPACES[space]
    columns = _adapted_primaries(colours)
    curve = _curve(colours)
    tags = [
        (b"desc", _description(colours.name)),
        (b"cprt", b"text" + bytes(4) + b"No copyright, use freely\0"),
        (b"wtpt", _xyz(_D50)),
        (b"rXYZ", _xyz(columns[:, 0])),
        (b"gXYZ", _xyz(columns[:, 1])),
        (b"bXYZ", _xyz(columns[:, 2])),
        (b"rTRC", curve),
        (b"gTRC", curve),
        (b"bTRC", curve),
    ]
    return _profile(tags)


def _adapted_primaries(colours: ColourSpace) -> NDArray[np.float64]:
    """Return XYZ of the primaries as columns, their white adapted to D50 by the Bradford method."""
    primaries = np.array([_xyz_of(one) for one in (colours.red, colours.green, colours.blue)]).T
    white = np.array(_xyz_of(colours.white))
    columns = primaries * np.linalg.solve(primaries, white)
    gains = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    adaptation = np.linalg.solve(_BRADFORD, np.diag(gains) @ _BRADFORD)
    return np.asarray(adaptation @ columns)


def _xyz_of(chromaticity: Chromaticity) -> tuple[float, float, float]:
    x, y = chromaticity
    return x / y, 1.0, (1 - x - y) / y


def _xyz(values: NDArray[np.float64]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(float(one) * 65536) for one in values))


def _curve(colours: ColourSpace) -> bytes:
    light = colours.curve(np.linspace(0.0, 1.0, _CURVE_POINTS))
    return b"curv" + struct.pack(">4xI", _CURVE_POINTS) + np.rint(light * 65535).astype(">u2").tobytes()


def _description(name: str) -> bytes:
    text = name.encode("ascii") + b"\0"
    return b"desc" + struct.pack(">4xI", len(text)) + text + bytes(8 + 3 + 67)


def _profile(tags: list[tuple[bytes, bytes]]) -> bytes:
    """Put header, tag table and tags together; tags that are alike are stored once."""
    table, content, places = b"", b"", {}
    offset = 128 + 4 + 12 * len(tags)
    for signature, value in tags:
        if value not in places:
            places[value] = offset + len(content)
            content += value + bytes(-len(value) % 4)
        table += signature + struct.pack(">2I", places[value], len(value))
    size = offset + len(content)
    date = struct.pack(">6H", 2001, 4, 1, 0, 0, 0)
    header = struct.pack(">I4xI4s4s4s", size, 0x02400000, b"mntr", b"RGB ", b"XYZ ") + date + b"acsp" + bytes(28)
    header += struct.pack(">3i", *(round(float(one) * 65536) for one in _D50)) + bytes(48)
    return header + struct.pack(">I", len(tags)) + table + content
