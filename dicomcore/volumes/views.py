"""From which side a volume is seen: the plane of the picture in the patient (PS3.18 §8.3.5.3, PS3.3 §C.11.30).

A camera is given by the point it is at, the point it looks at, and what is up; its projection is orthographic. The
point looked at is the center of the picture, which has the size of the whole volume seen from there and square pixels
as small as the smallest side of a voxel. Without parameters a section lies across the body through the middle of the
volume, seen from the feet, and a rendering in three dimensions is seen from the front.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dicomcore.errors import InvalidParameter, LimitExceeded
from dicomcore.volumes.geometry import Grid
from dicomcore.volumes.options import Orientation, Point, VolumeKind, VolumeOptions

Array = NDArray[np.float64]

MAX_PICTURES = 180
"""The most pictures of an animation."""

MAX_SIDE = 1024
MAX_MOVING_SIDE = 512
"""The most pixels in a row or column of a view, before the viewport scales it; above that pixels become larger."""

DEFAULT_SWIVEL_STEP = 5.0
_DEFAULT_CURVE_PICTURES = 60

# Where the camera looks to and what is up, by the side that it sees (PS3.18 §8.3.5.3.4).
_DIRECTIONS: dict[Orientation, tuple[Point, Point]] = {
    Orientation.ANTERIOR: ((0, 1, 0), (0, 0, 1)),
    Orientation.POSTERIOR: ((0, -1, 0), (0, 0, 1)),
    Orientation.RIGHT: ((1, 0, 0), (0, 0, 1)),
    Orientation.LEFT: ((-1, 0, 0), (0, 0, 1)),
    Orientation.HEAD: ((0, 0, -1), (0, -1, 0)),
    Orientation.FEET: ((0, 0, 1), (0, -1, 0)),
}
_DEFAULTS = {VolumeKind.MPR: Orientation.FEET, VolumeKind.THREE_D: Orientation.ANTERIOR}


@dataclass(frozen=True, slots=True, eq=False)
class Camera:
    """Where a picture is taken: three directions of length 1 at right angles, and the point in its middle."""

    look_at: Array
    right: Array
    down: Array
    forward: Array


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The plane of a picture: a camera, the side of its square pixels in mm, and their number."""

    camera: Camera
    pixel: float
    rows: int
    columns: int

    @property
    def origin(self) -> Array:
        """The center of the first pixel in the patient."""
        camera = self.camera
        right, down = (self.columns - 1) / 2 * self.pixel, (self.rows - 1) / 2 * self.pixel
        return camera.look_at - right * camera.right - down * camera.down

    @property
    def axes(self) -> Array:
        """Columns (3, 3): the steps in mm from pixel to pixel to the right and down, and as far into the depth."""
        camera = self.camera
        return np.stack([camera.right, camera.down, camera.forward], axis=1) * self.pixel


def camera_of(grid: Grid, options: VolumeOptions) -> Camera:
    """Return the camera of the first picture.

    Raises:
        InvalidParameter: the viewpoint parameters give no direction.
    """
    forward, up = (np.array(one, np.float64) for one in _DIRECTIONS[options.orientation or _DEFAULTS[options.kind]])
    look_at = grid.center if options.look_at is None else np.array(options.look_at, np.float64)
    if options.position is not None:
        forward = _unit(look_at - np.array(options.position, np.float64), "viewpointposition")
        up = _up_of(forward)
    if options.up is not None:
        up = _unit(np.array(options.up, np.float64), "viewpointup")
    return _camera(look_at, forward, up)


def _camera(look_at: Array, forward: Array, up: Array) -> Camera:
    right = np.cross(forward, up)
    length = float(np.linalg.norm(right))
    if length < 1e-3:
        raise InvalidParameter("viewpointup", "it must not lie along the line of sight")
    right /= length
    return Camera(look_at, right, np.cross(forward, right), forward)


def _unit(vector: Array, name: str) -> Array:
    length = float(np.linalg.norm(vector))
    if not length > 1e-6:
        raise InvalidParameter(name, "it gives no direction")
    return vector / length


def _up_of(forward: Array) -> Array:
    """Choose what is up: the head, or, where the camera looks along the body, the front."""
    return np.array([0.0, 0.0, 1.0] if abs(forward[2]) < 0.9 else [0.0, -1.0, 0.0])


def views_of(grid: Grid, options: VolumeOptions, *, is_still: bool = False) -> tuple[View, ...]:
    """Return the views of all pictures, which have one size; ``is_still`` asks for the initial one alone.

    Raises:
        InvalidParameter: the viewpoint parameters give no direction, or the curve no length.
        LimitExceeded: the animation has more than `MAX_PICTURES`.
    """
    first = camera_of(grid, options)
    if is_still:
        # Of a curve the initial view is the one at its first point (PS3.3 §C.11.29.1).
        cameras = [_along_curve(first, options, [0.0])[0] if options.curve else first]
    elif options.swivel_range is not None:
        cameras = [_turned(first, angle) for angle in swivel_angles(options)]
    elif options.curve:
        cameras = _along_curve(first, options, curve_places(options))
    else:
        cameras = [first]
    return _framed(grid, cameras)


def _framed(grid: Grid, cameras: Sequence[Camera]) -> tuple[View, ...]:
    """Give cameras pictures large enough for the volume seen from each of them."""
    corners = grid.corners
    width = max(float(np.ptp(corners @ camera.right)) for camera in cameras)
    height = max(float(np.ptp(corners @ camera.down)) for camera in cameras)
    most = MAX_SIDE if len(cameras) == 1 else MAX_MOVING_SIDE
    pixel = max(min(grid.spacing), width / most, height / most)
    columns, rows = (min(most, max(1, round(size / pixel))) for size in (width, height))
    return tuple(View(camera, pixel, rows, columns) for camera in cameras)


def swivel_step(options: VolumeOptions) -> float:
    """Return the degrees between the pictures of a swivel."""
    return options.step_size or DEFAULT_SWIVEL_STEP


def swivel_angles(options: VolumeOptions) -> list[float]:
    """Return the angles, in degrees, of the pictures of a swivel: as many as steps go into the range (§8.3.5.3.11).

    A full turn begins at the initial view; a smaller range has it in the middle (PS3.3 §C.11.29).
    """
    swivel_range = options.swivel_range or 0.0
    step = swivel_step(options)
    count = max(1, _checked(swivel_range / step))
    start = 0.0 if swivel_range >= 360 else -(count - 1) / 2 * step
    return [start + index * step for index in range(count)]


def _checked(count: float) -> int:
    if count > MAX_PICTURES:
        raise LimitExceeded("pictures in an animation", MAX_PICTURES)
    return round(count)


def _turned(camera: Camera, degrees: float) -> Camera:
    """Turn the camera about the axis that is up in the picture and goes through the point looked at."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    forward = cosine * camera.forward + sine * camera.right
    right = cosine * camera.right - sine * camera.forward
    return Camera(camera.look_at, right, camera.down, forward)


def curve_step(options: VolumeOptions) -> float:
    """Return the mm between the pictures along a curve."""
    return options.step_size or max(1.0, math.ceil(_length(options.curve) / _DEFAULT_CURVE_PICTURES))


def _length(curve: Sequence[Point]) -> float:
    return float(np.linalg.norm(np.diff(np.array(curve), axis=0), axis=1).sum())


def curve_places(options: VolumeOptions) -> list[float]:
    """Return how many mm from its beginning the pictures along a curve are taken."""
    step = curve_step(options)
    count = max(1, _checked(_length(options.curve) / step))
    return [index * step for index in range(count)]


def _along_curve(camera: Camera, options: VolumeOptions, places: Sequence[float]) -> list[Camera]:
    """Move the camera along the curve, which is a line from point to point.

    A camera that was given (orientation or viewpoint) keeps its direction; else it looks along the curve.
    """
    points = np.array(options.curve, np.float64)
    lengths = np.linalg.norm(np.diff(points, axis=0), axis=1)
    if not lengths.sum() > 1e-3:
        raise InvalidParameter("volumetriccurvepoint", "the points must differ")
    keeps = options.orientation is not None or options.position is not None
    return [_moved(camera, points, lengths, place, keeps) for place in places]


def _moved(camera: Camera, points: Array, lengths: Array, place: float, keeps_direction: bool) -> Camera:
    ends = np.cumsum(lengths)
    part = min(int(np.searchsorted(ends, place, side="right")), len(lengths) - 1)
    while lengths[part] == 0:
        part -= 1
    direction = (points[part + 1] - points[part]) / lengths[part]
    look_at = points[part] + (place - (ends[part] - lengths[part])) * direction
    if keeps_direction:
        return Camera(look_at, camera.right, camera.down, camera.forward)
    up = -camera.down if abs(float(camera.down @ direction)) < 0.95 else _up_of(direction)
    return _camera(look_at, direction, up)
