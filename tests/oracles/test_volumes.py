"""Sections, slabs and projections against plain loops over pixels, from what pydicom reads of the same files.

The oracle knows positions and directions only: for each pixel of a picture it computes where that is in the patient,
and for each sample which slices, rows and columns are around it. It shares nothing with the code that is tested.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pydicom
import pytest
from corpus import corpus_files
from numpy.typing import NDArray
from PIL import Image
from volume_builders import loaded, series

from dicomcore.rendering import RenderingOptions, VoiFunction, Window
from dicomcore.volumes import Orientation, RenderingMethod, VolumeKind, VolumeOptions, render_volume

Vector = NDArray[np.float64]
Samples = list[float]

WINDOW = Window(0, 2000, VoiFunction.LINEAR_EXACT)
PNG = RenderingOptions("image/png", window=WINDOW)
REDUCTIONS: dict[RenderingMethod, Callable[[Samples], float]] = {
    RenderingMethod.MAXIMUM_IP: max,
    RenderingMethod.MINIMUM_IP: min,
    RenderingMethod.AVERAGE_IP: lambda samples: math.fsum(samples) / len(samples),
}


class Oracle:
    """Slices with their positions, sorted along their normal, sampled one place at a time."""

    def __init__(self, files: Sequence[bytes]) -> None:
        slices = [pydicom.dcmread(io.BytesIO(file)) for file in files]
        orientation = np.array(slices[0].ImageOrientationPatient, float)
        self.row, self.column = orientation[:3], orientation[3:]
        self.normal = np.cross(self.row, self.column)
        slices.sort(key=lambda one: float(np.dot(np.array(one.ImagePositionPatient, float), self.normal)))
        self.row_spacing, self.column_spacing = map(float, slices[0].PixelSpacing)
        self.positions = [np.array(one.ImagePositionPatient, float) for one in slices]
        self.values = [one.pixel_array * float(one.RescaleSlope) + float(one.RescaleIntercept) for one in slices]

    def sample(self, point: Vector) -> float | None:
        """Return the value at a point of the patient; None outside, which begins half a voxel beyond the last ones."""
        heights = [float(np.dot(point - position, self.normal)) for position in self.positions]
        step = heights[0] - heights[1]
        if heights[0] < -step / 2 - 1e-9 or heights[-1] > step / 2 + 1e-9:
            return None
        above = next((index for index, height in enumerate(heights) if height < 0), len(heights))
        below = max(above - 1, 0)
        above = min(above, len(heights) - 1)
        share = min(max(heights[below] / step, 0.0), 1.0) if above != below else 0.0
        first, second = self._in_slice(below, point), self._in_slice(above, point)
        return None if first is None or second is None else first * (1 - share) + second * share

    def _in_slice(self, index: int, point: Vector) -> float | None:
        offset = point - self.positions[index]
        across = float(np.dot(offset, self.row)) / self.column_spacing
        down = float(np.dot(offset, self.column)) / self.row_spacing
        values = self.values[index]
        rows, columns = values.shape
        if not (across + 1e-9 >= -0.5 and across - 1e-9 <= columns - 0.5):
            return None
        if not (down + 1e-9 >= -0.5 and down - 1e-9 <= rows - 0.5):
            return None
        total = 0.0
        for row in (math.floor(down), math.floor(down) + 1):
            for column in (math.floor(across), math.floor(across) + 1):
                weight = (1 - abs(down - row)) * (1 - abs(across - column))
                total += weight * float(values[min(max(row, 0), rows - 1), min(max(column, 0), columns - 1)])
        return total


def grey(value: float | None) -> float:
    if value is None:
        return 0.0
    return 255 * min(max((value - WINDOW.center) / WINDOW.width + 0.5, 0.0), 1.0)


def pixels(shape: tuple[int, int], number: int = 150) -> list[tuple[int, int]]:
    """Choose pixels all over a picture: its corners, and some by chance."""
    random = np.random.default_rng(5)
    chosen = zip(random.integers(0, shape[0], number), random.integers(0, shape[1], number), strict=True)
    return [(0, 0), (shape[0] - 1, shape[1] - 1), *((int(row), int(column)) for row, column in chosen)]


def rendered(files: Sequence[bytes], options: VolumeOptions) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(render_volume(*loaded(files), options, PNG))))


def compare(
    files: Sequence[bytes],
    options: VolumeOptions,
    axes: tuple[Vector, Vector, Vector],
    pixel: float,
    depths: Sequence[float] = (0.0,),
) -> None:
    """Compare a picture with the oracle's: ``axes`` are the directions to the right, down and into the depth."""
    oracle, picture = Oracle(files), rendered(files, options)
    reduce = REDUCTIONS[options.method or RenderingMethod.AVERAGE_IP]
    look_at = np.array(options.look_at, float)
    for row, column in pixels((picture.shape[0], picture.shape[1])):
        right, down = column - (picture.shape[1] - 1) / 2, row - (picture.shape[0] - 1) / 2
        point = look_at + pixel * right * axes[0] + pixel * down * axes[1]
        samples = [oracle.sample(point + depth * axes[2]) for depth in depths]
        inside = [one for one in samples if one is not None]
        expected = grey(reduce(inside) if inside else None)
        assert abs(float(picture[row, column]) - expected) <= 1.01, (row, column)


def smooth(shape: tuple[int, int, int]) -> NDArray[np.int16]:
    """Return waves in all directions, whose values at neighbouring voxels differ by less than the window is wide."""
    layers, rows, columns = np.indices(shape)
    waves = np.sin(columns / 3) + np.sin(rows / 4 + 1) + np.sin(layers / 2.5 + columns / 7)
    return np.rint(300 * waves).astype(np.int16)


def straight() -> list[bytes]:
    return list(series(smooth((14, 20, 24)), first=(-9, -10, -26), step=(0, 0, 4), spacing=(1.2, 0.8)))


def oblique() -> list[bytes]:
    row, column = np.array([0.8, 0.6, 0.0]), np.array([-0.36, 0.48, -0.8])
    step = np.cross(row, column) * 1.5
    place: dict[str, object] = {"first": (5, 6, 7), "step": step, "spacing": (0.9, 1.1)}
    return list(series(smooth((16, 20, 18)), orientation=(*row, *column), **place))


LEFT, BACK, HEAD = np.eye(3)
CENTER = (0.2, 1.4, 0.0)


@pytest.mark.parametrize(
    ("orientation", "axes"),
    [
        (Orientation.FEET, (LEFT, BACK, HEAD)),
        (Orientation.HEAD, (-LEFT, BACK, -HEAD)),
        (Orientation.ANTERIOR, (LEFT, -HEAD, BACK)),
        (Orientation.POSTERIOR, (-LEFT, -HEAD, -BACK)),
        (Orientation.LEFT, (BACK, -HEAD, -LEFT)),
        (Orientation.RIGHT, (-BACK, -HEAD, LEFT)),
    ],
)
def test_sections_of_straight_slices_are_those_of_the_oracle(
    orientation: Orientation, axes: tuple[Vector, Vector, Vector]
) -> None:
    compare(straight(), VolumeOptions(orientation=orientation, look_at=CENTER), axes, 0.8)
    compare(straight(), VolumeOptions(orientation=orientation, look_at=(1.9, 0.3, 5.1)), axes, 0.8)


@pytest.mark.parametrize("orientation", [Orientation.FEET, Orientation.ANTERIOR])
def test_sections_of_an_oblique_acquisition_are_those_of_the_oracle(orientation: Orientation) -> None:
    axes = (LEFT, BACK, HEAD) if orientation is Orientation.FEET else (LEFT, -HEAD, BACK)
    compare(oblique(), VolumeOptions(orientation=orientation, look_at=(7.0, 17.0, 9.5)), axes, 0.9)


@pytest.mark.parametrize("method", list(REDUCTIONS))
@pytest.mark.parametrize("build", [straight, oblique])
def test_slabs_from_any_viewpoint_are_those_of_the_oracle(
    build: Callable[[], list[bytes]], method: RenderingMethod
) -> None:
    look_at, position = np.array([6.0, 8.0, 4.0]), np.array([-40.0, -90.0, 60.0])
    forward = (look_at - position) / np.linalg.norm(look_at - position)
    right = np.cross(forward, HEAD)
    right /= np.linalg.norm(right)
    axes = (right, np.cross(forward, right), forward)
    finest = 0.8 if build is straight else 0.9
    count = 1 + math.ceil(6 / (finest / 2))
    options = VolumeOptions(position=tuple(position), look_at=tuple(look_at), slab=6.0, method=method)
    compare(build(), options, axes, finest, np.linspace(-3, 3, count).tolist())


@pytest.mark.parametrize("method", list(REDUCTIONS))
def test_projections_across_the_slices_are_those_of_the_oracle(method: RenderingMethod) -> None:
    files = straight()
    look_at = (0.2, 1.4, 0.0)
    options = VolumeOptions(kind=VolumeKind.THREE_D, method=method, orientation=Orientation.FEET, look_at=look_at)
    oracle, picture = Oracle(files), rendered(files, options)
    stacked = np.array(oracle.values)
    reduced = {"maximum_ip": stacked.max, "minimum_ip": stacked.min, "average_ip": stacked.mean}[method.value](axis=0)
    for row, column in pixels((picture.shape[0], picture.shape[1])):
        # The point of the picture in rows and columns of the slices, whose nearest pixel shows what it shows.
        across = 11.5 + (column - (picture.shape[1] - 1) / 2)
        down = 9.5 + (row - (picture.shape[0] - 1) / 2) * 0.8 / 1.2
        above, below = reduced[min(max(math.floor(down), 0), 19)], reduced[min(max(math.floor(down) + 1, 0), 19)]
        share = down - math.floor(down)
        expected = grey(above[round(across)] * (1 - share) + below[round(across)] * share)
        assert abs(float(picture[row, column]) - expected) <= 1.01, (row, column)


@pytest.mark.parametrize("direction", [(-30.0, -90.0, 20.0), (80.0, -20.0, -60.0), (10.0, 20.0, 90.0)])
def test_oblique_projections_differ_by_no_more_than_their_sampling(direction: tuple[float, float, float]) -> None:
    files = oblique()
    oracle = Oracle(files)
    look_at = sum(oracle.positions) / len(files) + 9.35 * oracle.row + 8.55 * oracle.column
    forward = -np.array(direction) / np.linalg.norm(direction)
    right = np.cross(forward, HEAD)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    options = VolumeOptions(
        kind=VolumeKind.THREE_D,
        method=RenderingMethod.MAXIMUM_IP,
        position=tuple(look_at - 100 * forward),
        look_at=tuple(look_at),
        up=(0, 0, 1),
    )
    picture = rendered(files, options)
    differences = []
    for row, column in pixels((picture.shape[0], picture.shape[1]), 60):
        point = look_at + 0.9 * (
            (column - (picture.shape[1] - 1) / 2) * right + (row - (picture.shape[0] - 1) / 2) * down
        )
        samples = [oracle.sample(point + depth * forward) for depth in np.arange(-25, 25, 0.4)]
        inside = [one for one in samples if one is not None]
        if len(inside) > 10:
            differences.append(abs(float(picture[row, column]) - grey(max(inside))))
    assert len(differences) > 15
    assert float(np.median(differences)) <= 2
    # From slice to slice the values change by 15 grey levels at most.
    assert max(differences) <= 16


def ct_series() -> list[Path]:
    return [path for path in corpus_files() if path.name.startswith("ct-3slice_")]


def test_a_real_series_is_sorted_and_shown_as_pydicom_reads_it() -> None:
    files = [path.read_bytes() for path in reversed(ct_series())]
    assert len(files) == 3
    oracle = Oracle(files)
    middle = oracle.positions[1] + 0.5 * 0.810547 * 511 * (oracle.row + oracle.column)
    picture = rendered(files, VolumeOptions(look_at=tuple(middle)))
    expected = np.clip((oracle.values[1] - WINDOW.center) / WINDOW.width + 0.5, 0, 1) * 255
    assert picture.shape == expected.shape
    assert np.abs(picture - expected).max() <= 1


def test_a_projection_of_a_real_series_is_that_of_its_pixels() -> None:
    files = [path.read_bytes() for path in ct_series()]
    oracle = Oracle(files)
    options = VolumeOptions(kind=VolumeKind.THREE_D, method=RenderingMethod.MAXIMUM_IP, orientation=Orientation.FEET)
    expected = np.clip((np.max(oracle.values, axis=0) - WINDOW.center) / WINDOW.width + 0.5, 0, 1) * 255
    assert np.abs(rendered(files, options) - expected).max() <= 1
