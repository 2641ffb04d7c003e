"""Transfer functions: which colour and opacity a value has in a volume rendering (PS3.3 §C.11.31).

The one for CT in Hounsfield units shows air not at all, soft tissue as a veil, vessels with contrast medium and bone
more and more solid. Everything else is a grey ramp over the window, more opaque the brighter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicomcore.rendering import Window

_ENTRIES = 2048
# Ends of windows are single precision numbers that are not the same: so far from zero, and so far from each other.
_FARTHEST = 1e30
_FINEST = 1e-6  # absolutely, and relatively to the centre

Node = tuple[float, float, float, float, float]
"""A value, its red, green and blue, and its opacity per mm, all but the value from 0 to 1; linear between nodes."""

_CT: tuple[Node, ...] = (
    (-500, 0.55, 0.25, 0.15, 0.0),
    (-150, 0.65, 0.35, 0.25, 0.0),
    (0, 0.75, 0.40, 0.30, 0.006),
    (100, 0.80, 0.42, 0.30, 0.015),
    (160, 0.85, 0.45, 0.32, 0.06),
    (300, 0.93, 0.78, 0.62, 0.25),
    (600, 1.00, 0.95, 0.86, 0.60),
    (1500, 1.00, 1.00, 0.97, 0.90),
)
# Shares of a window from its lower end to its upper one.
_GENERIC: tuple[Node, ...] = (
    (0.0, 0.20, 0.18, 0.16, 0.0),
    (0.25, 0.45, 0.40, 0.36, 0.004),
    (0.6, 0.80, 0.76, 0.70, 0.06),
    (1.0, 1.00, 1.00, 1.00, 0.35),
)


@dataclass(frozen=True, slots=True, eq=False)
class TransferFunction:
    """A table of colour and opacity: ``colors`` (entries, 4) over values from ``lowest`` to ``highest``.

    Colours are multiplied by their opacity. ``edge`` is the change of value in a mm that makes a surface.
    """

    lowest: float
    highest: float
    colors: NDArray[np.float32]
    edge: float

    def positions(self, values: NDArray[np.generic]) -> NDArray[np.intp]:
        """Return the place of each value in the table; what lies beyond its ends gets the first or last entry.

        What is no number gets the first.
        """
        lowest, highest = np.float32(self.lowest), np.float32(self.highest)
        within = np.fmin(np.fmax(values.astype(np.float32), lowest), highest)
        places = (within - lowest) * (np.float32(len(self.colors) - 1) / (highest - lowest))
        positions: NDArray[np.intp] = (places + np.float32(0.5)).astype(np.intp)
        return positions


def ct_transfer(step: float) -> TransferFunction:
    """Return the function for Hounsfield units, for samples ``step`` mm apart."""
    return _transfer(_CT, step, edge=120.0)


def window_transfer(window: Window, step: float) -> TransferFunction:
    """Return the grey ramp over a window, for samples ``step`` mm apart; one beyond all measure is cut off."""
    center = min(max(window.center, -_FARTHEST), _FARTHEST)
    width = min(max(window.width, _FINEST, abs(center) * _FINEST), _FARTHEST)
    lowest = center - width / 2
    nodes = [(lowest + node[0] * width, *node[1:]) for node in _GENERIC]
    return _transfer(nodes, step, edge=width / 8)


def _transfer(nodes: Sequence[Node], step: float, edge: float) -> TransferFunction:
    table = np.array(nodes, np.float64)
    values = np.linspace(table[0, 0], table[-1, 0], _ENTRIES)
    channels = [np.interp(values, table[:, 0], table[:, channel]) for channel in range(1, 5)]
    # The chance to get through several layers is the product of those of each of them.
    opacity = 1 - (1 - channels[3]) ** step
    colors = np.stack([*(channel * opacity for channel in channels[:3]), opacity], axis=-1)
    return TransferFunction(float(table[0, 0]), float(table[-1, 0]), colors.astype(np.float32), edge)
