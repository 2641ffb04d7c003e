"""Projections of a whole volume: the largest, smallest or average value along each ray (PS3.18 §8.3.5.3.3).

The projection is orthographic, from any side. Rays are sampled where they cross the planes of voxels, by bilinear
interpolation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dicomcore.volumes.options import RenderingMethod
from dicomcore.volumes.sampling import Samples
from dicomcore.volumes.shearing import Shear, place_of, planes_of, shear_of, shifted, warped, warped_mask
from dicomcore.volumes.views import View
from dicomcore.volumes.volume import Volume


def project(volume: Volume, view: View, method: RenderingMethod) -> Samples:
    """Return the projection of a volume along the line of sight of a view; NaN where no ray meets it."""
    shear = shear_of(volume, view)
    picture, is_met = _PROJECTIONS[method](volume, shear)
    # What no ray meets must not colour the edges: it weighs nothing when the picture is interpolated.
    weight = warped(is_met.astype(np.float32), volume, view, shear)
    samples = warped(np.where(is_met, picture, np.float32(0)), volume, view, shear)
    shown = warped_mask(is_met, volume, view, shear)
    return np.divide(samples, weight, out=np.full(shown.shape, np.nan, np.float32), where=shown & (weight > 0))


_Projected = tuple[Samples, NDArray[np.bool_]]
"""A sheared picture, and which of its rays met a plane."""


def _extreme(volume: Volume, shear: Shear, choose: Callable[..., Samples], start: float) -> _Projected:
    picture = np.full(shear.shape, start, np.float32)
    is_met = np.zeros(shear.shape, np.bool_)
    for number, plane in planes_of(volume, shear):
        (top, left), rest = place_of(shear, number)
        window = np.s_[top : top + plane.shape[0], left : left + plane.shape[1]]
        choose(picture[window], shifted(plane.astype(np.float32), rest), out=picture[window])
        is_met[window] = True
    return picture, is_met


def _largest(volume: Volume, shear: Shear) -> _Projected:
    return _extreme(volume, shear, np.maximum, -np.inf)


def _smallest(volume: Volume, shear: Shear) -> _Projected:
    return _extreme(volume, shear, np.minimum, np.inf)


def _average(volume: Volume, shear: Shear) -> _Projected:
    total = np.zeros(shear.shape, np.float64)
    count = np.zeros(shear.shape, np.float32)
    for number, plane in planes_of(volume, shear):
        (top, left), rest = place_of(shear, number)
        window = np.s_[top : top + plane.shape[0], left : left + plane.shape[1]]
        total[window] += shifted(plane.astype(np.float32), rest)
        count[window] += 1
    is_met = count > 0
    average = np.divide(total, count, out=np.zeros_like(total), where=is_met)
    return average.astype(np.float32), is_met


_PROJECTIONS: dict[RenderingMethod, Callable[[Volume, Shear], _Projected]] = {
    RenderingMethod.MAXIMUM_IP: _largest,
    RenderingMethod.MINIMUM_IP: _smallest,
    RenderingMethod.AVERAGE_IP: _average,
}
