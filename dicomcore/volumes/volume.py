"""The voxels of a volume in modality units, and how slices become voxels within a budget of memory.

What is stored is transformed to modality units slice by slice, since every slice of a PET series has a scale of its
own. Voxels are integers of 16 bits where these hold every value exactly, else floats of 32 bits. A volume that would
not fit the budget is reduced by whole factors: the mean of 2 x 2 pixels, or of 2 layers, becomes one voxel; the axis
with the smallest voxels first. Everything is counted before anything is allocated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicomcore.errors import LimitExceeded
from dicomcore.rendering import FrameDescription
from dicomcore.rendering.luts import Lut, Values, apply_modality
from dicomcore.volumes.geometry import Array, Grid, Layer

MAX_VOLUME_BYTES = 256 << 20
"""The most bytes that the voxels of a volume take; larger ones are reduced."""

MAX_SLICE_PIXELS = 16 << 20
_MAX_FACTOR = 64
_EXACT = (np.dtype(np.int16), np.dtype(np.uint16))

Factors = tuple[int, int, int]
"""How many layers, rows and columns become one."""

UNREDUCED: Factors = (1, 1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """Voxels (layers, rows, columns) in modality units.

    ``affine`` (4, 4) maps (column, row, layer, 1) to the patient in mm. Layers that a picture does not need are not
    there: ``affine`` is that of the layers that are.
    """

    voxels: NDArray[Any]
    affine: Array
    factors: Factors = UNREDUCED

    @property
    def to_voxels(self) -> Array:
        """The matrix (4, 4) from the patient to (column, row, layer, 1)."""
        inverse: Array = np.linalg.inv(self.affine).astype(np.float64)
        return inverse


def voxel_type(descriptions: Iterable[FrameDescription]) -> np.dtype[Any]:
    """Return the type that holds the values of all slices: int16 or uint16 if exactly, else float32."""
    ranges = [_range_of(description) for description in descriptions]
    if any(one is None for one in ranges):
        return np.dtype(np.float32)
    lowest, highest = min(one[0] for one in ranges if one), max(one[1] for one in ranges if one)
    fitting = (one for one in _EXACT if np.iinfo(one).min <= lowest and highest <= np.iinfo(one).max)
    return next(fitting, np.dtype(np.float32))


def _range_of(description: FrameDescription) -> tuple[int, int] | None:
    """Return the range of values after the modality transformation; None if they may be fractions."""
    form, modality = description.form, description.modality
    if form.floating or form.bits_stored > 16:
        return None
    bits = form.bits_stored
    lowest, highest = (-(1 << bits - 1), (1 << bits - 1) - 1) if form.signed else (0, (1 << bits) - 1)
    if isinstance(modality, Lut):
        return 0, modality.maximum
    if modality is not None and not modality.is_identity:
        if not modality.is_integral:
            return None
        ends = (lowest * int(modality.slope), highest * int(modality.slope))
        lowest, highest = min(ends) + int(modality.intercept), max(ends) + int(modality.intercept)
    return lowest, highest


def factors_for(grid: Grid, layers: int, voxels: int) -> Factors:
    """Return by how much a volume with so many ``layers`` of the grid is reduced to have at most ``voxels``.

    Raises:
        LimitExceeded: not even strong reduction makes it fit, or one slice alone is too large.
    """
    if grid.rows * grid.columns > MAX_SLICE_PIXELS:
        raise LimitExceeded("pixels in a slice of a volume", MAX_SLICE_PIXELS)
    sizes, factors = (layers, grid.rows, grid.columns), [1, 1, 1]
    while math.prod(-(-size // factor) for size, factor in zip(sizes, factors, strict=True)) > max(voxels, 1):
        # Rows and columns are reduced together, so that pixels keep their shape.
        if grid.spacing[0] * factors[0] < min(grid.spacing[1:]) * factors[1] and factors[0] < layers:
            factors[0] += 1
        else:
            factors[1] = factors[2] = factors[1] + 1
        if factors[1] > _MAX_FACTOR:
            raise LimitExceeded("voxels in a volume", voxels)
    return (factors[0], factors[1], factors[2])


def build_volume(
    grid: Grid,
    layers: range,
    factors: Factors,
    dtype: np.dtype[Any],
    read: Callable[[int], Values],
) -> Volume:
    """Fill the voxels of some layers of a grid.

    ``read`` gives a slice (rows, columns) in modality units, by its index; it is called once for neighbouring layers.
    """
    depth, tall, wide = factors
    shape = (-(-len(layers) // depth), -(-grid.rows // tall), -(-grid.columns // wide))
    voxels = np.empty(shape, dtype)
    slices = _Slices(read, tall, wide)
    for place in range(shape[0]):
        parts = layers[place * depth : (place + 1) * depth]
        _store(voxels[place], [slices.layer(grid.layers[index]) for index in parts])
    return Volume(voxels, _reduced(grid.affine, layers.start, factors), factors)


def _store(target: NDArray[Any], parts: list[Values]) -> None:
    value = parts[0] if len(parts) == 1 else np.mean(np.stack(parts), axis=0, dtype=np.float32)
    if target.dtype.kind != "f" and value.dtype.kind == "f":
        value = np.rint(value)
    np.copyto(target, value, casting="unsafe")


def _reduced(affine: Array, first_layer: int, factors: Factors) -> Array:
    """Return the affine of larger voxels, whose centers lie amid those that they are made of."""
    depth, tall, wide = factors
    step = np.diag([wide, tall, depth, 1.0])
    step[:3, 3] = [(wide - 1) / 2, (tall - 1) / 2, (depth - 1) / 2 + first_layer]
    reduced: Array = affine @ step
    return reduced


class _Slices:
    """The slices that were read last, reduced: a layer needs two at most, and its neighbour often one of them."""

    def __init__(self, read: Callable[[int], Values], tall: int, wide: int) -> None:
        self._read = read
        self._tall = tall
        self._wide = wide
        self._kept: dict[int, Values] = {}

    def layer(self, layer: Layer) -> Values:
        first = self._slice(layer.first)
        if not layer.weight:
            return first
        second = self._slice(layer.second)
        mixed: Values = first.astype(np.float32) * (1 - layer.weight) + second.astype(np.float32) * layer.weight
        return mixed

    def _slice(self, index: int) -> Values:
        found = self._kept.get(index)
        if found is None:
            found = block_means(self._read(index), self._tall, self._wide)
            self._kept = dict([*self._kept.items(), (index, found)][-2:])
        return found


def block_means(values: Values, tall: int, wide: int) -> Values:
    """Return the means of blocks of ``tall`` rows and ``wide`` columns; what is left at the edges is continued."""
    if tall == wide == 1:
        return values
    rows, columns = values.shape
    padded = np.pad(values, ((0, -rows % tall), (0, -columns % wide)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // tall, tall, padded.shape[1] // wide, wide)
    means: Values = blocks.mean(axis=(1, 3), dtype=np.float32)
    return means


def modality_values(stored: Values, description: FrameDescription) -> Values:
    """Return stored values in modality units; what is no number becomes 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        values = apply_modality(stored, description.modality)
    return np.nan_to_num(values, nan=0.0, posinf=3e38, neginf=-3e38) if values.dtype.kind == "f" else values
