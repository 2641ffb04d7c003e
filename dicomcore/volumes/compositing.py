"""Direct volume rendering: the non-transparent samples along each ray, the nearest first (PS3.18 §8.3.5.3.3).

Every voxel has a colour and an opacity by its value, and is lit from the viewpoint: where values change quickly there
is a surface, which is brighter the more it faces the light.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomcore.volumes.geometry import Array
from dicomcore.volumes.sampling import Samples
from dicomcore.volumes.shearing import Shear, place_of, planes_of, shear_of, shifted, warped
from dicomcore.volumes.transfer import TransferFunction
from dicomcore.volumes.views import View
from dicomcore.volumes.volume import Volume

_AMBIENT, _DIFFUSE, _SPECULAR = 0.25, 0.75, 0.25


def ray_step(volume: Volume, view: View) -> float:
    """Return how many mm samples along a ray are apart: what the opacities of a transfer function depend on."""
    return shear_of(volume, view).step


@np.errstate(over="ignore", invalid="ignore")
def render_in_color(volume: Volume, view: View, transfer: TransferFunction) -> NDArray[np.uint8]:
    """Return the picture of a volume, RGB (rows, columns, 3), on black.

    Values so large that their changes have no measure are lit somehow, or black.
    """
    shear = shear_of(volume, view)
    light = _Light(volume, shear, transfer.edge)
    picture = np.zeros((4, *shear.shape), np.float32)
    for number, plane, gradient in _with_gradients(volume, shear):
        colors = transfer.colors[transfer.positions(plane)].transpose(2, 0, 1)
        if not colors[3].any():
            continue
        colors = np.ascontiguousarray(colors)
        colors[:3] *= light.shade(gradient)
        np.minimum(colors[:3], colors[3], out=colors[:3])
        (top, left), rest = place_of(shear, number)
        behind = picture[:, top : top + plane.shape[0], left : left + plane.shape[1]]
        behind += shifted(colors, rest) * (1 - behind[3])
    channels = [warped(channel, volume, view, shear) for channel in picture[:3]]
    levels = np.nan_to_num(np.stack(channels, axis=-1), nan=0.0)
    return np.rint(np.clip(levels, 0, 1) * 255).astype(np.uint8)


class _Light:
    """Light from the viewpoint, on surfaces whose normal is the gradient of the values."""

    def __init__(self, volume: Volume, shear: Shear, edge: float) -> None:
        to_voxels = volume.to_voxels[:3, :3][::-1][list(shear.order)]
        self._metric: Array = to_voxels @ to_voxels.T
        self._direction = shear.direction
        self._edge = np.float32(edge)

    def shade(self, gradient: tuple[Samples, Samples, Samples]) -> Samples:
        """Return the factor of brightness for gradients in voxels: 1 within what is even, by Phong at surfaces."""
        towards = sum(np.float32(part) * one for part, one in zip(self._direction, gradient, strict=True))
        lengths = np.zeros(gradient[0].shape, np.float32)
        for row in range(3):
            for column in range(row + 1):
                weight = self._metric[row, column] * (1 if row == column else 2)
                if abs(weight) > 1e-6:
                    lengths += np.float32(weight) * gradient[row] * gradient[column]
        np.sqrt(np.maximum(lengths, 0, out=lengths), out=lengths)
        facing = np.minimum(np.abs(towards) / (lengths + np.float32(1e-6)), 1)
        surface = np.minimum(lengths / self._edge, 1)
        lit = _AMBIENT + _DIFFUSE * facing + _SPECULAR * facing**16
        shade: Samples = (1 + surface * (lit - 1)).astype(np.float32)
        return shade


_Gradient = tuple[Samples, Samples, Samples]


def _with_gradients(volume: Volume, shear: Shear) -> Iterator[tuple[int, NDArray[Any], _Gradient]]:
    """Give the planes, the nearest first, each with its change across planes, along rows and along columns."""
    sign = np.float32(1 if shear.nearest_first.step > 0 else -1)
    before: Samples | None = None
    current: tuple[int, Samples] | None = None
    for number, plane in planes_of(volume, shear):
        following = plane.astype(np.float32)
        if current is not None:
            yield current[0], current[1], _gradient(before, current[1], following, sign)
            before = current[1]
        current = (number, following)
    if current is not None:
        yield current[0], current[1], _gradient(before, current[1], None, sign)


def _gradient(before: Samples | None, plane: Samples, after: Samples | None, sign: np.float32) -> _Gradient:
    ends = (plane if before is None else before, plane if after is None else after)
    width = 2 - (before is None) - (after is None)
    across = (ends[1] - ends[0]) * (sign / np.float32(max(width, 1)))
    rows, columns = (_along(plane, axis) for axis in (0, 1))
    return across, rows, columns


def _along(plane: Samples, axis: int) -> Samples:
    """Return central differences, one-sided ones at the edges."""
    if plane.shape[axis] < 2:
        return np.zeros_like(plane)
    change: Samples = np.gradient(plane, axis=axis)
    return change
