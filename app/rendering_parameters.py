"""Read the parameters of rendered resources (PS3.18 §8.3.5.1, Table 10.4.1-5) into `RenderingOptions`. Pure.

A parameter that is known and has a value that cannot be is an `InvalidParameter`, as is one that comes twice; others
are ignored (§8.3). An ``annotation`` keyword that is none of ours is ignored with a warning (§8.3.5.1.1).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from dicomcore.errors import InvalidParameter
from dicomcore.rendering import (
    RENDERED_MEDIA_TYPES,
    Annotation,
    IccProfile,
    RenderingOptions,
    Viewport,
    VoiFunction,
    Window,
)

MAX_SIDE = 16_384
MAX_PIXELS = 64 << 20
MAX_LEVEL = 1e15
"""How far the centre of a window may be from zero, and how wide it may be: beyond all values that are stored."""

_INTEGER = re.compile(r"[0-9]{1,9}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,16}(?:\.[0-9]{0,16})?|\.[0-9]{1,16})(?:[eE][+-]?[0-9]{1,2})?")
_KEYWORD = re.compile(r"[A-Za-z][A-Za-z_-]*")
_RENDERING = ("annotation", "quality", "viewport", "window", "iccprofile")
_UNSUPPORTED_ANNOTATIONS = "The following annotation values are not supported: {}"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RenderingRequest:
    """The options that parameters ask for, and what the client is to be told: the texts of Warning 299."""

    options: RenderingOptions
    warnings: tuple[str, ...] = ()

    @property
    def presented(self) -> RenderingRequest:
        """What of it is for a presentation state that is one of many: nothing that the state decides about itself."""
        viewport = self.options.viewport
        size = None if viewport is None else Viewport(viewport.width, viewport.height)
        return replace(self, options=replace(self.options, window=None, viewport=size))

    @lru_cache(maxsize=512)  # noqa: B019  # values: what is kept of them is small
    def of(self, media_type: str) -> RenderingOptions:
        """The options for one media type; raises `InvalidParameter` if it has no place for an ICC profile."""
        profile = self.options.icc_profile
        kind = RENDERED_MEDIA_TYPES.get(media_type)
        has_room = kind.has_icc_profile if kind is not None else not media_type.startswith("video/")
        if profile not in (None, IccProfile.NO) and not has_room:
            raise InvalidParameter("iccprofile", f"{media_type} cannot hold a profile")
        return replace(self.options, media_type=media_type)


def parameters_of(query_string: bytes, known: Collection[str]) -> dict[str, str]:
    """Read the known parameters of a query string; ``+`` is a plus. Raises `InvalidParameter` for one that repeats."""
    found: dict[str, str] = {}
    for piece in query_string.split(b"&"):
        name, _, value = piece.partition(b"=")
        key = unquote_to_bytes(name).decode("utf-8", "replace")
        if key in found:
            raise InvalidParameter(key, "must be there once")
        if key in known:
            found[key] = unquote_to_bytes(value).decode("utf-8", "replace")
    return found


@lru_cache(maxsize=512)
def parse_rendering(query_string: bytes) -> RenderingRequest:
    """Read the parameters of a rendered resource."""
    given = parameters_of(query_string, _RENDERING)
    annotations, warnings = parse_annotations(given.get("annotation"))
    options = RenderingOptions(
        quality=_optional(given, "quality", parse_quality),
        window=_optional(given, "window", _window),
        viewport=_optional(given, "viewport", _viewport),
        annotations=annotations,
        icc_profile=_optional(given, "iccprofile", _icc_profile),
    )
    return RenderingRequest(options, warnings)


def parse_presented(query_string: bytes) -> RenderingRequest:
    """Read the parameters for a presentation state, which has its own windows and its own area (§8.3.5.1.3 and .4)."""
    request = parse_rendering(query_string)
    if request.options.window is not None:
        raise InvalidParameter("window", "a presentation state has windows of its own")
    _check_only_size(request.options.viewport)
    return request


def parse_thumbnail(query_string: bytes) -> Viewport | None:
    """Read the one parameter of a thumbnail (§8.3.5.2)."""
    viewport = _optional(parameters_of(query_string, ("viewport",)), "viewport", _viewport)
    _check_only_size(viewport)
    return viewport


def parse_annotations(text: str | None, name: str = "annotation") -> tuple[frozenset[Annotation], tuple[str, ...]]:
    """Read the keywords of what is to be burned in, and the warning about those that are not known."""
    if text is None:
        return frozenset(), ()
    keywords = [keyword.strip() for keyword in text.split(",")]
    if not all(_KEYWORD.fullmatch(keyword) for keyword in keywords):
        raise InvalidParameter(name, "must be patient, technique or both, separated by a comma")
    known = {one.value: one for one in Annotation}
    unknown = [keyword for keyword in keywords if keyword not in known]
    warnings = (_UNSUPPORTED_ANNOTATIONS.format(", ".join(unknown)),) if unknown else ()
    return frozenset(known[keyword] for keyword in keywords if keyword in known), warnings


def parse_quality(text: str, name: str = "quality") -> int:
    """Read a quality from 1 to 100."""
    value = parse_integer(text, name)
    if not 1 <= value <= 100:
        raise InvalidParameter(name, "must be from 1 to 100")
    return value


def parse_integer(text: str, name: str) -> int:
    """Read an integer without a sign."""
    if not _INTEGER.fullmatch(text):
        raise InvalidParameter(name, "must be an integer")
    return int(text)


def parse_decimal(text: str, name: str) -> float:
    """Read a decimal number."""
    if not _DECIMAL.fullmatch(text):
        raise InvalidParameter(name, f"{text[:20]!r} is no decimal number")
    return float(text)


def check_size(width: int | None, height: int | None, name: str) -> None:
    """Raise `InvalidParameter` for a picture that is empty or larger than we make them."""
    sides = [side for side in (width, height) if side is not None]
    if not all(1 <= side <= MAX_SIDE for side in sides):
        raise InvalidParameter(name, f"sides must be from 1 to {MAX_SIDE} pixels")
    if (width or 1) * (height or 1) > MAX_PIXELS:
        raise InvalidParameter(name, f"more than {MAX_PIXELS} pixels")


def _optional(given: dict[str, str], name: str, parse: Callable[[str], T]) -> T | None:
    text = given.get(name)
    return None if text is None else parse(text)


def _window(text: str) -> Window:
    pieces = text.split(",")
    functions = {one.value: one for one in VoiFunction}
    if len(pieces) != 3 or pieces[2] not in functions:
        raise InvalidParameter("window", f"must be center,width,function with one of {', '.join(functions)}")
    center, width = (parse_decimal(piece, "window") for piece in pieces[:2])
    function = functions[pieces[2]]
    if abs(center) > MAX_LEVEL:
        raise InvalidParameter("window", f"the center must be from {-MAX_LEVEL:g} to {MAX_LEVEL:g}")
    check_window_width(width, function, "window")
    return Window(center, width, function)


def check_window_width(width: float, function: VoiFunction, name: str) -> None:
    """Raise `InvalidParameter` for a width that PS3.3 §C.11.2.1.2 rules out, or beyond all values."""
    if width <= 0 or (function is VoiFunction.LINEAR and width < 1):
        raise InvalidParameter(name, "the width must be 1 or more, or above 0 where the function is not linear")
    if width > MAX_LEVEL:
        raise InvalidParameter(name, f"the width must be at most {MAX_LEVEL:g}")


def _viewport(text: str) -> Viewport:
    pieces = [piece.strip() for piece in text.split(",")]
    if not 2 <= len(pieces) <= 6:
        raise InvalidParameter("viewport", "must be vw,vh or vw,vh,sx,sy,sw,sh")
    width, height = (parse_integer(piece, "viewport") for piece in pieces[:2])
    check_size(width, height, "viewport")
    x, y, source_width, source_height = (
        parse_decimal(piece, "viewport") if piece else None for piece in [*pieces[2:], "", "", "", ""][:4]
    )
    if source_width == 0 or source_height == 0:
        raise InvalidParameter("viewport", "the part that is shown must not be empty")
    return Viewport(width, height, x or 0.0, y or 0.0, source_width, source_height)


def _check_only_size(viewport: Viewport | None) -> None:
    if viewport is not None and viewport != Viewport(viewport.width, viewport.height):
        raise InvalidParameter("viewport", "only the size, vw,vh, can be chosen here")


def _icc_profile(text: str) -> IccProfile:
    known = {one.value: one for one in IccProfile}
    if text not in known:
        raise InvalidParameter("iccprofile", f"must be one of {', '.join(known)}")
    return known[text]
