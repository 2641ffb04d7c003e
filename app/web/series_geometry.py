"""How the images of a series lie in space, in words: matrix, spacing, thickness, distance of slices. Pure.

It is read from what one instance says of itself, and from where the first instances of the series are; an enhanced
multi-frame image says both in its functional groups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import sqrt
from statistics import median
from typing import Any

from app.web.display import Json, all_values, first_value, values_of

IMAGE_POSITION = 0x00200032
IMAGE_ORIENTATION = 0x00200037
_ROWS, _COLUMNS, _FRAMES, _BITS = 0x00280010, 0x00280011, 0x00280008, 0x00280101
_PHOTOMETRIC = 0x00280004
_PIXEL_SPACING, _IMAGER_SPACING, _NOMINAL_SPACING = 0x00280030, 0x00181164, 0x00182010
_THICKNESS, _BETWEEN_SLICES = 0x00180050, 0x00180088
_SHARED, _PER_FRAME = "52009229", "52009230"
_MEASURES, _PLANE_POSITION, _PLANE_ORIENTATION = "00289110", "00209113", "00209116"
BY = "\N{MULTIPLICATION SIGN}"
"""Between the sides of a picture."""
_FEW_FRAMES = 200
_TOLERANCE = 0.01
_PLANES = ("sagittal", "coronal", "axial")

Facts = Sequence[tuple[str, str]]
Vector = tuple[float, float, float]


def geometry_facts(image: Json, others: Sequence[Json] = ()) -> Facts:
    """Tell what is known; ``others`` are the first instances of the series, as far as they say where they are."""
    measures = _group(image, _SHARED, _MEASURES) or _group(image, _PER_FRAME, _MEASURES)
    facts = (
        ("Matrix", _matrix(image)),
        ("Pixels", _pixels(image)),
        ("Pixel spacing", _spacing(image, measures)),
        ("Slice thickness", _millimetres(_number(image, _THICKNESS) or _number(measures, _THICKNESS))),
        ("Distance of slices", _distance(image, measures, others)),
        ("Orientation", _plane(_orientation(image))),
    )
    return [fact for fact in facts if fact[1]]


def _matrix(image: Json) -> str:
    rows, columns = first_value(image, _ROWS), first_value(image, _COLUMNS)
    frames = first_value(image, _FRAMES)
    return (
        f"{columns} {BY} {rows}" + (f", {frames} frames" if frames not in ("", "1") else "") if rows and columns else ""
    )


def _pixels(image: Json) -> str:
    bits = first_value(image, _BITS)
    depth = f"{bits} {'bit' if bits == '1' else 'bits'}" if bits else ""
    return ", ".join(filter(None, (first_value(image, _PHOTOMETRIC), depth)))


def _spacing(image: Json, measures: Json) -> str:
    """Columns by rows, as the matrix is; Pixel Spacing itself has rows first (PS3.3 §10.7.1.3)."""
    kinds = ((image, _PIXEL_SPACING, ""), (measures, _PIXEL_SPACING, ""), (image, _IMAGER_SPACING, " at the detector"))
    for holder, tag, where in (*kinds, (image, _NOMINAL_SPACING, " nominally")):
        numbers = _numbers(values_of(holder, tag))
        if len(numbers) == 2:
            return f"{numbers[1]:.4g} {BY} {numbers[0]:.4g} mm{where}"
    return ""


def _distance(image: Json, measures: Json, others: Sequence[Json]) -> str:
    """What lies between the middles of neighbouring slices: as measured, else as stated."""
    normal = _normal(_orientation(image))
    places = [place for one in (*others, *_frames(image)) if (place := _position(one)) is not None]
    depths = sorted({round(sum(n * p for n, p in zip(normal, place, strict=True)), 4) for place in places})
    steps = [after - before for before, after in pairwise(depths)]
    if normal == (0.0, 0.0, 0.0) or not steps:
        return _millimetres(_number(image, _BETWEEN_SLICES) or _number(measures, _BETWEEN_SLICES))
    if max(steps) - min(steps) <= _TOLERANCE:
        return _millimetres(median(steps))
    return f"{min(steps):.4g} to {max(steps):.4g} mm"


def _plane(orientation: Sequence[float]) -> str:
    """Name the plane that the image is in, or nearly is."""
    normal = [abs(one) for one in _normal(orientation)]
    if max(normal) == 0:
        return ""
    plane = _PLANES[normal.index(max(normal))]
    return plane if max(normal) > 0.999 else f"oblique, nearest to {plane}"


def _normal(orientation: Sequence[float]) -> Vector:
    if len(orientation) != 6:
        return 0.0, 0.0, 0.0
    a, b, c, d, e, f = orientation
    cross = (b * f - c * e, c * d - a * f, a * e - b * d)
    length = sqrt(sum(one * one for one in cross))
    return (cross[0] / length, cross[1] / length, cross[2] / length) if length > 1e-6 else (0.0, 0.0, 0.0)


def _orientation(image: Json) -> Sequence[float]:
    own = values_of(image, IMAGE_ORIENTATION)
    grouped = _group(image, _SHARED, _PLANE_ORIENTATION) or _group(image, _PER_FRAME, _PLANE_ORIENTATION)
    return _numbers(own or values_of(grouped, IMAGE_ORIENTATION))


def _position(holder: Json) -> Vector | None:
    numbers = _numbers(values_of(holder, IMAGE_POSITION))
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else None


def _frames(image: Json) -> list[Json]:
    """Where the first frames are."""
    return [_first(frame.get(_PLANE_POSITION)) for frame in _items(image.get(_PER_FRAME))[:_FEW_FRAMES]]


def _group(image: Json, groups: str, macro: str) -> Json:
    return _first(_first(image.get(groups)).get(macro))


def _first(element: object) -> Json:
    items = _items(element)
    return items[0] if items else {}


def _items(element: object) -> list[Json]:
    values = element.get("Value") if isinstance(element, Mapping) else None
    return [one for one in values if isinstance(one, Mapping)] if isinstance(values, list) else []


def _number(dataset: Json, tag: int) -> float | None:
    return next(iter(_numbers(values_of(dataset, tag))), None)


def _numbers(values: Sequence[Any]) -> list[float]:
    """The values as numbers; none at all if one of them is none."""
    try:
        return [float(one) for one in values]
    except (TypeError, ValueError):
        return []


def _millimetres(number: float | None) -> str:
    return f"{number:.4g} mm" if number else ""


def equipment_facts(image: Json) -> Facts:
    """Tell what made the images, as far as it says so."""
    known = (
        ("Equipment", ", ".join(filter(None, (all_values(image, tag) for tag in (0x00080070, 0x00081090))))),
        ("Station", first_value(image, 0x00081010)),
        ("Institution", first_value(image, 0x00080080)),
        ("Protocol", first_value(image, 0x00181030)),
        ("Body part", " ".join(filter(None, (first_value(image, tag) for tag in (0x00180015, 0x00200060))))),
        ("Patient position", first_value(image, 0x00185100)),
        ("Software", all_values(image, 0x00181020)),
        ("Performed by", all_values(image, 0x00081050, "; ")),
        ("Operator", all_values(image, 0x00081070, "; ")),
    )
    return [fact for fact in known if fact[1]]
