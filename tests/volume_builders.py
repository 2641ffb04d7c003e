"""Synthetic series whose geometry is known: slices of an array, as Part 10 files and as what volumes are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from builders import EXPLICIT_LE, ct_elements, element, part10, sequence
from numpy.typing import NDArray

from dicomcore.data import read_file
from dicomcore.volumes import VolumeFrame, slices_of

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
Vector = Sequence[float]


def slice_file(
    pixels: NDArray[Any],
    position: Vector,
    *,
    orientation: Vector = AXIAL,
    spacing: Vector = (1.0, 1.0),
    extra: Iterable[bytes] = (),
    **overrides: object,
) -> bytes:
    """Build a CT slice of signed 16-bit pixels whose values are Hounsfield units already."""
    attributes: dict[str, object] = {
        "Rows": pixels.shape[0],
        "Columns": pixels.shape[1],
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 1,
        "RescaleIntercept": "0",
        "ImagePositionPatient": [decimal(one) for one in position],
        "PixelData": pixels.astype("<i2").tobytes(),
    }
    elements = ct_elements(**{**attributes, **overrides})
    elements[0x00200037] = ("DS", [decimal(one) for one in orientation])
    elements[0x00280030] = ("DS", [decimal(one) for one in spacing])
    built = [(tag, element(tag, vr, value)) for tag, (vr, value) in elements.items() if value is not None]  # type: ignore[arg-type]
    built += [(int.from_bytes(one[:2], "little") << 16 | int.from_bytes(one[2:4], "little"), one) for one in extra]
    return part10(b"".join(raw for _, raw in sorted(built)))


def decimal(number: float) -> str:
    return f"{number:.9g}"


def series(
    voxels: NDArray[Any],
    *,
    first: Vector = (0.0, 0.0, 0.0),
    step: Vector = (0.0, 0.0, 1.0),
    **choices: Any,
) -> Iterator[bytes]:
    """Build one file for each slice of an array (slices, rows, columns), from ``first`` on, ``step`` apart."""
    for number, pixels in enumerate(voxels):
        position = [start + number * part for start, part in zip(first, step, strict=True)]
        yield slice_file(pixels, position, InstanceNumber=str(number + 1), **choices)


def frames_of(files: Iterable[bytes]) -> list[VolumeFrame]:
    return [frame for file in files for frame in slices_of(read_file(file).dataset)]


def loaded(files: Iterable[bytes]) -> tuple[list[bytes], list[str], list[VolumeFrame]]:
    """Return what `render_volume` takes: stored frames, transfer syntaxes, descriptions."""
    contents = list(files)
    frames = [bytes(read_file(one).dataset.raw(0x7FE00010)) for one in contents]
    return frames, [EXPLICIT_LE] * len(frames), frames_of(contents)


def enhanced_file(voxels: NDArray[Any], positions: Iterable[Vector], stacks: Sequence[str]) -> bytes:
    """Build a multi-frame image: positions and stack IDs per frame, orientation and spacing shared."""
    shared = sequence(0x00209116, element(0x00200037, "DS", list(map(decimal, AXIAL)))) + sequence(
        0x00289110, element(0x00280030, "DS", ["2", "0.5"])
    )
    own = [
        sequence(0x00209111, element(0x00209056, "SH", stack))
        + sequence(0x00209113, element(0x00200032, "DS", list(map(decimal, position))))
        for position, stack in zip(positions, stacks, strict=True)
    ]
    return slice_file(
        voxels[0],
        (0, 0, 0),
        extra=[
            element(0x00280008, "IS", str(len(voxels))),
            sequence(0x52009229, shared),
            sequence(0x52009230, *own),
        ],
        PixelData=voxels.astype("<i2").tobytes(),
        ImagePositionPatient=None,
    )


def ball(
    size: int = 24, center: Vector = (12, 12, 12), radius: float = 5, inside: int = 1000, outside: int = -1000
) -> NDArray[np.int16]:
    """Return a cube with a ball at a center given as column, row, slice."""
    layers, rows, columns = np.mgrid[0:size, 0:size, 0:size]
    distance = (columns - center[0]) ** 2 + (rows - center[1]) ** 2 + (layers - center[2]) ** 2
    return np.where(distance <= radius**2, inside, outside).astype(np.int16)
