"""Read the parameters of rendered volumes (PS3.18 §8.3.5.3, Table 8.3.5-3) into `VolumeOptions`. Pure.

A parameter that is known and has a value that cannot be is an `InvalidParameter`, as are two that exclude each other.
Names of attributes are matching keys that select instances (§8.3.5.3.2), read as those of a search; of numbers a range
can be asked for besides, as in ``CardiacRRIntervalSpecified=140-260``. What the standard leaves open:

- ``volumetriccurvepoint`` and ``volumeinputreference`` may have several values with commas between them, or come more
  than once; everything else comes once.
- Numbers may have decimals, ``animationstepsize`` too.
- ``animationstepsize`` and ``animationrate`` without an animation change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from app.parameters import parse_search
from app.rendering_parameters import parse_decimal
from dicomcore.data import dictionary
from dicomcore.errors import InvalidParameter
from dicomcore.matching import NUMERIC_VRS, Json, matches_all
from dicomcore.query import ARCHIVE, CombinedRange, MatchingKey
from dicomcore.resources import Level
from dicomcore.uids import is_valid_uid
from dicomcore.volumes import Orientation, Point, RenderingMethod, VolumeKind, VolumeOptions

MAX_CURVE_POINTS = 1_000
MAX_REFERENCES = 10_000
MAX_SLAB = 10_000.0
MAX_RATE = 120.0
MAX_COORDINATE = 100_000.0

_RANGE = re.compile(r"(-?[0-9]{1,16}(?:\.[0-9]{1,16})?)-(-?[0-9]{1,16}(?:\.[0-9]{1,16})?)")
_FRAME_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_ONCE = (
    "renderingmethod",
    "orientation",
    "viewpointposition",
    "viewpointlookat",
    "viewpointup",
    "mprslab",
    "swivelrange",
    "animationstepsize",
    "animationrate",
    "renderedvolumetricmetadata",
)
_LISTS = ("volumeinputreference", "volumetriccurvepoint")
_OF_VIEWPOINT = ("viewpointposition", "viewpointlookat", "viewpointup")
# What can be asked of a Volumetric Presentation State, which says everything else itself (Table 8.3.5-3).
_FOR_PRESENTATIONS = frozenset(("orientation", *_OF_VIEWPOINT))
_OTHERS = frozenset(("accept", "charset", "annotation", "quality", "viewport", "window", "iccprofile"))

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NumberRange:
    """An attribute of the data set itself, and the range, with its ends, that one of its numbers must lie in."""

    tag: int
    lowest: float
    highest: float

    def matches(self, dataset: Json) -> bool:
        """Say whether a data set in the DICOM JSON model has such a number."""
        values = dataset.get(f"{self.tag:08X}", {}).get("Value", ())
        numbers = (value for value in values if isinstance(value, (int, float)))
        return any(self.lowest <= number <= self.highest for number in numbers)


@dataclass(frozen=True, slots=True)
class InstanceSelection:
    """Which of the instances are taken: those that match everything; without keys and ranges all of them."""

    keys: tuple[MatchingKey, ...] = ()
    combined: tuple[CombinedRange, ...] = ()
    ranges: tuple[NumberRange, ...] = ()

    def takes(self, dataset: Json) -> bool:
        """Say whether the instance with this data set, in the DICOM JSON model, is taken."""
        return matches_all(self.keys, self.combined, dataset) and all(one.matches(dataset) for one in self.ranges)


@dataclass(frozen=True, slots=True)
class VolumeRequest:
    """What parameters ask for, of which instances; ``warnings`` are the texts of Warning 299."""

    options: VolumeOptions
    selection: InstanceSelection = InstanceSelection()
    warnings: tuple[str, ...] = ()


def parse_volume(query_string: bytes, kind: VolumeKind) -> VolumeRequest:
    """Read the parameters of a rendered MPR or 3D volume; those of every rendered resource are left to others."""
    given, rest = _split(query_string)
    _check_exclusive(given)
    method = _optional(given, "renderingmethod", _method)
    if kind is VolumeKind.MPR and method is RenderingMethod.VOLUME_RENDERED:
        raise InvalidParameter("renderingmethod", "volume_rendered is for three dimensions, not for an MPR")
    if kind is VolumeKind.THREE_D and "mprslab" in given:
        raise InvalidParameter("mprslab", "it is for an MPR, not for three dimensions")
    options = VolumeOptions(
        kind=kind,
        method=method,
        orientation=_optional(given, "orientation", _orientation),
        position=_optional(given, "viewpointposition", _point("viewpointposition")),
        look_at=_optional(given, "viewpointlookat", _point("viewpointlookat")),
        up=_optional(given, "viewpointup", _up),
        slab=_optional(given, "mprslab", _number("mprslab", 0, MAX_SLAB)),
        swivel_range=_optional(given, "swivelrange", _positive("swivelrange", 360)),
        curve=_optional(given, "volumetriccurvepoint", _curve) or (),
        step_size=_optional(given, "animationstepsize", _positive("animationstepsize", MAX_SLAB)),
        rate=_optional(given, "animationrate", _positive("animationrate", MAX_RATE)),
        references=_optional(given, "volumeinputreference", _references) or (),
        wants_metadata=_optional(given, "renderedvolumetricmetadata", _yes) or False,
    )
    ranges, keys = _ranges(rest)
    search = parse_search(b"&".join(keys), Level.INSTANCE, ARCHIVE)
    selection = InstanceSelection(search.query.keys, search.query.combined, ranges)
    return VolumeRequest(options, selection, search.warnings)


def check_presentation(query_string: bytes) -> None:
    """Raise `InvalidParameter` for what cannot be asked of a Volumetric Presentation State (§8.3.5.3.3, .13)."""
    given, _ = _split(query_string)
    for name in given:
        if name not in _FOR_PRESENTATIONS:
            raise InvalidParameter(name, "the presentation state decides about it")


def _ranges(pieces: Iterable[bytes]) -> tuple[tuple[NumberRange, ...], list[bytes]]:
    """Pick out the keys that ask for a range of numbers."""
    ranges: list[NumberRange] = []
    others = []
    for piece in pieces:
        name, _, value = (unquote_to_bytes(one).decode("utf-8", "replace") for one in piece.partition(b"="))
        tag, bounds = dictionary.parse_tag(name), _RANGE.fullmatch(value)
        if tag is None or bounds is None or dictionary.vr_of(tag) not in NUMERIC_VRS:
            others.append(piece)
        else:
            ranges.append(NumberRange(tag, float(bounds[1]), float(bounds[2])))
    return tuple(ranges), others


def _split(query_string: bytes) -> tuple[dict[str, str], list[bytes]]:
    """Pick out the parameters of volumes; what remains may be matching keys."""
    given: dict[str, str] = {}
    rest = []
    for piece in query_string.split(b"&"):
        raw_name, _, raw_value = piece.partition(b"=")
        name, value = (unquote_to_bytes(raw).decode("utf-8", "replace") for raw in (raw_name, raw_value))
        if name in _LISTS:
            given[name] = f"{given[name]},{value}" if name in given else value
        elif name in _ONCE:
            if name in given:
                raise InvalidParameter(name, "must be there once")
            given[name] = value
        elif name not in _OTHERS:
            rest.append(piece)
    return given, rest


def _check_exclusive(given: Iterable[str]) -> None:
    """Refuse two ways to set the initial orientation (§8.3.5.3), and two animations at once."""
    names = set(given)
    if "orientation" in names and not names.isdisjoint(_OF_VIEWPOINT):
        raise InvalidParameter("orientation", "it cannot be combined with viewpoint parameters")
    if {"swivelrange", "volumetriccurvepoint"} <= names:
        raise InvalidParameter("swivelrange", "it cannot be combined with volumetriccurvepoint")


def _optional(given: dict[str, str], name: str, parse: Callable[[str], T]) -> T | None:
    text = given.get(name)
    return None if text is None else parse(text)


def _method(text: str) -> RenderingMethod:
    return _word("renderingmethod", {one.value: one for one in RenderingMethod}, text)


def _orientation(text: str) -> Orientation:
    return _word("orientation", {one.value: one for one in Orientation}, text)


def _yes(text: str) -> bool:
    return _word("renderedvolumetricmetadata", {"yes": True}, text)


def _word(name: str, known: dict[str, T], text: str) -> T:
    if text not in known:
        raise InvalidParameter(name, f"must be {' or '.join(known)}")
    return known[text]


def _number(name: str, lowest: float, highest: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = parse_decimal(text.strip(), name)
        if not lowest <= value <= highest:
            raise InvalidParameter(name, f"must be from {lowest:g} to {highest:g}")
        return value

    return parse


def _positive(name: str, highest: float) -> Callable[[str], float]:
    parse_number = _number(name, 0, highest)

    def parse(text: str) -> float:
        value = parse_number(text)
        if value < 1e-3:
            raise InvalidParameter(name, "must be greater than zero")
        return value

    return parse


def _point(name: str) -> Callable[[str], Point]:
    def parse(text: str) -> Point:
        points = _points(name, text)
        if len(points) != 1:
            raise InvalidParameter(name, "must be three numbers x,y,z")
        return points[0]

    return parse


def _up(text: str) -> Point:
    up = _point("viewpointup")(text)
    if not any(up):
        raise InvalidParameter("viewpointup", "it gives no direction")
    return up


def _points(name: str, text: str) -> tuple[Point, ...]:
    parse_coordinate = _number(name, -MAX_COORDINATE, MAX_COORDINATE)
    pieces = text.split(",", 3 * MAX_CURVE_POINTS + 1)
    if len(pieces) % 3 or len(pieces) > 3 * MAX_CURVE_POINTS:
        raise InvalidParameter(name, f"must be x,y,z of each point, and at most {MAX_CURVE_POINTS} points")
    numbers = [parse_coordinate(piece) for piece in pieces]
    return tuple(zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True))


def _curve(text: str) -> tuple[Point, ...]:
    points = _points("volumetriccurvepoint", text)
    if len(set(points)) < 2:
        raise InvalidParameter("volumetriccurvepoint", "must be two or more points")
    return points


def _references(text: str) -> tuple[str, ...]:
    references = tuple(piece.strip() for piece in text.split(",", MAX_REFERENCES + 1))
    if len(references) > MAX_REFERENCES or not all(_is_reference(one) for one in references):
        raise InvalidParameter("volumeinputreference", "must be SOP Instance UIDs or frame numbers")
    return references


def _is_reference(text: str) -> bool:
    return bool(_FRAME_NUMBER.fullmatch(text)) or ("." in text and is_valid_uid(text))
