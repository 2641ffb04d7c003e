"""Colours that data sets ask for: CIELab values and P-Values (PS3.3 §C.10.7.1.1), as sRGB."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dicomcore.data import Dataset

Color = tuple[int, int, int]
"""Red, green and blue of sRGB, 0 to 255."""

WHITE: Color = (255, 255, 255)
BLACK: Color = (0, 0, 0)

_D50 = np.array((0.96422, 1.0, 0.82521))
# From the connection space, whose white is D50, to linear sRGB, whose white is D65 (IEC 61966-2-1 and Bradford).
_TO_LINEAR = np.array(
    (
        (3.1338561, -1.6168667, -0.4906146),
        (-0.9787684, 1.9161415, 0.0334540),
        (0.0719453, -0.2289914, 1.4052427),
    )
)


def color_of_cielab(value: Sequence[int]) -> Color:
    """Return the colour of three 16-bit numbers: L* from 0 to 100, a* and b* from -128 to 127."""
    lightness = value[0] / 65535 * 100
    a, b = (number / 65535 * 255 - 128 for number in value[1:3])
    y = (lightness + 16) / 116
    xyz = _D50 * np.array([_inverse(one) for one in (y + a / 500, y, y - b / 200)])
    linear = np.clip(_TO_LINEAR @ xyz, 0.0, 1.0)
    encoded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    red, green, blue = (int(one) for one in np.rint(np.clip(encoded, 0.0, 1.0) * 255))
    return red, green, blue


def _inverse(value: float) -> float:
    return float(value**3) if value > 6 / 29 else 3 * (6 / 29) ** 2 * (value - 4 / 29)


def color_of_grey(value: int) -> Color:
    """Return the grey of a 16-bit P-Value."""
    level = min(max(value, 0), 0xFFFF) >> 8
    return level, level, level


def read_color(dataset: Dataset, cielab_tag: int, grey_tag: int | None = None) -> Color | None:
    """Read a colour: the CIELab value, else the P-Value if that is asked for; None if there is neither."""
    value = [one for one in dataset.values(cielab_tag) if isinstance(one, int)]
    if len(value) == 3:
        return color_of_cielab(value)
    grey = None if grey_tag is None else dataset.integer(grey_tag)
    return None if grey is None else color_of_grey(grey)


def is_grey(color: Color) -> bool:
    """Say whether a colour can be drawn into a grey picture."""
    return color[0] == color[1] == color[2]
