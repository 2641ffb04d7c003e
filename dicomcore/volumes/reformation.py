"""Multi-planar reformation: a section, or a slab whose samples are reduced to one value (PS3.3 §C.11.26, §C.11.30)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from dicomcore.errors import LimitExceeded
from dicomcore.volumes.geometry import Array
from dicomcore.volumes.options import RenderingMethod
from dicomcore.volumes.sampling import Samples, sections
from dicomcore.volumes.views import View
from dicomcore.volumes.volume import Volume

MAX_SECTIONS = 192
"""The most sections that the slabs of all pictures are made of; where they are more they lie farther apart."""

MAX_SLAB = 10_000.0


def slab_depths(thickness: float | None, step: float, most: int = MAX_SECTIONS) -> Array:
    """Return where the sections of a slab lie, in mm about its middle plane, ends included.

    They are ``step`` apart, or farther if they would be more than ``most``. Without thickness it is the middle plane
    alone. Raises `LimitExceeded` for a slab thicker than any patient.
    """
    if not thickness:
        return np.zeros(1)
    if thickness > MAX_SLAB:
        raise LimitExceeded("mm in a slab", int(MAX_SLAB))
    count = min(most, 1 + math.ceil(thickness / step - 1e-6))
    return np.linspace(-thickness / 2, thickness / 2, max(2, count))


def reformat(volume: Volume, view: View, depths: Array, method: RenderingMethod) -> Samples:
    """Return a slab about the plane of a view, (rows, columns); NaN where it meets no volume.

    ``depths`` are those of its sections, see `slab_depths`; ``method`` is one of the three projections.
    """
    return _REDUCTIONS[method](sections(volume, view, depths))


def _extreme(samples: Iterable[Samples], choose: Callable[..., Samples]) -> Samples:
    remaining = iter(samples)
    found = next(remaining)
    for one in remaining:
        choose(found, one, out=found)
    return found


def _largest(samples: Iterable[Samples]) -> Samples:
    return _extreme(samples, np.fmax)


def _smallest(samples: Iterable[Samples]) -> Samples:
    return _extreme(samples, np.fmin)


def _average(samples: Iterable[Samples]) -> Samples:
    """Average the samples that are in the volume."""
    total: NDArray[np.float64] = np.zeros(1)
    count: NDArray[np.float64] = np.zeros(1)
    for one in samples:
        inside = ~np.isnan(one)
        total = total + np.where(inside, one, 0.0)
        count = count + inside
    average = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return np.asarray(average, np.float32)


_REDUCTIONS: dict[RenderingMethod, Callable[[Iterable[Samples]], Samples]] = {
    RenderingMethod.MAXIMUM_IP: _largest,
    RenderingMethod.MINIMUM_IP: _smallest,
    RenderingMethod.AVERAGE_IP: _average,
}
