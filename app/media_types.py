"""Media types, media ranges and weights (RFC 9110 §8.3, §12.5.1; PS3.18 §8.7.1, §8.7.7).

This module reads what clients write and says how well a range fits an offer; which offers a resource has, and which
one wins, is `app.negotiation`.

Reading is tolerant, as PS3.18 §8.7.7 asks for: a range or parameter that makes no sense is passed over. Named
tolerances: unquoted ``type=application/dicom`` (everybody), ``transfer-syntax`` written inside the quoted ``type``
(old dcm4chee clients), ``*`` for ``*/*`` and weights without a leading zero (Java's HttpURLConnection), ``image/`` for
``image/*`` (dicomweb-client), ``multipart/related`` without ``type`` (curl users).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from dicomcore.errors import InvalidParameter

TRANSFER_SYNTAX = "transfer-syntax"
ANY_TRANSFER_SYNTAX = "*"
FULL_WEIGHT = 1000

# What lies beyond is not read: no client needs it, and what was read is remembered.
_MAX_LENGTH = 4096
_MAX_KNOWN = 200  # characters of a Content-Type that is worth remembering
_MAX_RANGES = 32

# Possessive quantifiers: no text can make these go back and try again.
_QUOTED = r'"(?:[^"\\]++|\\.)*+"?+'
_BETWEEN_COMMAS = re.compile(rf'(?:[^,"]++|{_QUOTED})++', re.DOTALL)
_BETWEEN_SEMICOLONS = re.compile(rf'(?:[^;"]++|{_QUOTED})++', re.DOTALL)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NAME = re.compile(rf"(?:{_TOKEN.pattern})/(?:{_TOKEN.pattern})")
_WEIGHT = re.compile(r"(?:0?\.\d+|0\.?|1(?:\.0*)?)")

# Parameters that say how parts are framed or weighed, not what they are.
_FRAMING = frozenset(("q", "type", "boundary", "start", "start-info", TRANSFER_SYNTAX))
# UTF-8 by its other names, the Defined Term of PS3.3 §C.12.1.1.2 among them (PS3.18 §8.8).
_CHARSETS = {"utf8": "utf-8", "iso_ir 192": "utf-8"}


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type as written: ``name`` and parameter names in lower case, values as they are, without quotes."""

    name: str
    parameters: tuple[tuple[str, str], ...] = ()

    def parameter(self, name: str) -> str | None:
        """Return the first value of a parameter."""
        return next((value for key, value in self.parameters if key == name), None)

    def __str__(self) -> str:
        return "; ".join((self.name, *(f"{name}={quoted(value)}" for name, value in self.parameters)))


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One element of Accept.

    ``name`` is that of the representation or, where ``multipart`` is true, of the parts; wildcards are ``*/*`` and
    ``type/*``. ``multipart`` is None in a plain ``*/*``, which takes both forms. ``weight`` counts thousandths.
    """

    name: str
    multipart: bool | None = None
    transfer_syntax_uid: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    weight: int = FULL_WEIGHT

    @property
    def is_wildcard(self) -> bool:
        """Whether the range leaves the media type to the server."""
        return self.name.endswith("/*")

    def covers(self, name: str) -> bool:
        """Say whether a media type of this name, or a narrower range, lies within the range."""
        return self.name in ("*/*", name) or (self.is_wildcard and name.startswith(self.name[:-1]))

    def includes(self, other: "MediaRange") -> bool:
        """Say whether everything that ``other`` names lies within this range."""
        forms = self.multipart is None or self.multipart == other.multipart
        syntax = self.transfer_syntax_uid in (None, ANY_TRANSFER_SYNTAX, other.transfer_syntax_uid)
        return self.weight > 0 and forms and syntax and self.covers(other.name)


ANYTHING = MediaRange("*/*")


@dataclass(frozen=True, slots=True)
class Offer:
    """One thing that can be made of a resource.

    A range without transfer-syntax means an offer that ``is_default``, one with ``*`` the offer that ``is_stored`` or,
    where nothing of its media type is, the one that ``is_any``; offers without a transfer syntax take any.
    ``wildcard`` says what a wildcard range means: 2 the default of the resource category, 1 what can stand in for it,
    0 that this has to be asked for by name. ``aliases`` are further names that are understood, but not written; those
    in ``stored_aliases`` need a transfer-syntax with them.
    """

    media_type: str
    multipart: bool = False
    transfer_syntax_uid: str = ""
    is_default: bool = True
    is_stored: bool = False
    wildcard: int = 1
    aliases: tuple[str, ...] = ()
    stored_aliases: tuple[str, ...] = ()
    is_any: bool = False
    parameters: tuple[tuple[str, str], ...] = ()


class Precision(NamedTuple):
    """How closely a range describes an offer; the greatest of all ranges decides on the weight (RFC 9110 §12.5.1)."""

    name: int
    form: bool
    transfer_syntax: int
    parameters: int
    strangers: int


def is_media_type_name(text: str) -> bool:
    """Say whether ``text`` is a bare ``type/subtype`` that can stand in a header."""
    return len(text) <= 127 and _NAME.fullmatch(text) is not None


def quoted(value: str) -> str:
    """Write a parameter value, in quotes where the grammar wants them (``/`` does)."""
    if _TOKEN.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse_media_type(text: str) -> MediaType:
    """Read a Content-Type; raise `InvalidParameter` when it is none."""
    found = _known_media_type(text) if len(text) <= _MAX_KNOWN else _media_type(text)
    if found is None:
        raise InvalidParameter("Content-Type", f"not a media type: {text[:80]!r}")
    return found


@lru_cache(maxsize=256)
def _known_media_type(text: str) -> MediaType | None:
    return _media_type(text)  # every part of a request has one, mostly the same


def _media_type(text: str) -> MediaType | None:
    pieces = _BETWEEN_SEMICOLONS.findall(text)
    name = pieces[0].strip().lower() if pieces else ""
    return MediaType(name, tuple(_parameters(pieces[1:]))) if _NAME.fullmatch(name) else None


def _parameters(pieces: list[str]) -> Iterator[tuple[str, str]]:
    for piece in pieces:
        name, equals, value = piece.partition("=")
        if equals and name.strip():
            yield name.strip().lower(), _unquoted(value.strip())


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value
    return _QUOTED_PAIR.sub(r"\1", value[1:].removesuffix('"'))


def parse_accept(text: str) -> tuple[MediaRange, ...]:
    """Read an Accept header, or the ``accept`` parameter; what is no valid range is left out."""
    return _parse_accept(text if len(text) <= _MAX_LENGTH else text[:_MAX_LENGTH].rpartition(",")[0])


@lru_cache(maxsize=512)
def _parse_accept(text: str) -> tuple[MediaRange, ...]:
    elements = _BETWEEN_COMMAS.findall(text)[:_MAX_RANGES]
    return tuple(found for found in map(_media_range, elements) if found is not None)


def _media_range(text: str) -> MediaRange | None:
    outer = _tolerated_media_type(text)
    if outer is None:
        return None
    weight = _weight(outer.parameter("q"))
    if outer.name not in ("multipart/related", "multipart/*"):
        return _range_of(outer, None if outer.name == "*/*" else False, weight)
    inner = _tolerated_media_type(outer.parameter("type") or "*")
    if inner is None:
        return None
    return _range_of(MediaType(inner.name, inner.parameters + outer.parameters), True, weight)


def _range_of(media_type: MediaType, multipart: bool | None, weight: int) -> MediaRange | None:
    """Make the range; None for a second transfer-syntax (PS3.18 §8.7.3.5.2) and for ``*/subtype``."""
    transfer_syntaxes = [value for name, value in media_type.parameters if name == TRANSFER_SYNTAX]
    if len(transfer_syntaxes) > 1 or (media_type.name.startswith("*") and media_type.name != "*/*"):
        return None
    return MediaRange(
        name=media_type.name,
        multipart=multipart,
        transfer_syntax_uid=transfer_syntaxes[0] if transfer_syntaxes else None,
        parameters=tuple(
            (name, _CHARSETS.get(value.lower(), value.lower()))
            for name, value in media_type.parameters
            if name not in _FRAMING
        ),
        weight=weight,
    )


def _tolerated_media_type(text: str) -> MediaType | None:
    name, semicolon, parameters = text.partition(";")
    return _media_type(_completed(name.strip()) + semicolon + parameters)


def _completed(name: str) -> str:
    if name == "*":
        return "*/*"
    return name + "*" if name.endswith("/") else name


def _weight(text: str | None) -> int:
    """A weight that breaks the grammar counts as not given."""
    return int(float(text) * FULL_WEIGHT + 0.5) if text is not None and _WEIGHT.fullmatch(text) else FULL_WEIGHT


def weigh(offer: Offer, ranges: tuple[MediaRange, ...]) -> tuple[int, bool]:
    """Return the weight that the ranges give to the offer, and whether the range that decided is a wildcard."""
    weight, by_wildcard, best = 0, False, None
    for media_range in ranges:
        precision = _precision(media_range, offer)
        if precision is not None and (best is None or precision > best):
            weight, by_wildcard, best = media_range.weight, media_range.is_wildcard, precision
    return weight, by_wildcard


def _precision(media_range: MediaRange, offer: Offer) -> Precision | None:
    name = _name_precision(media_range, offer)
    syntax = _syntax_precision(media_range.transfer_syntax_uid, offer)
    if name is None or syntax is None or media_range.multipart not in (None, offer.multipart):
        return None
    own = dict(offer.parameters)
    matched = sum(own.get(key) == value for key, value in media_range.parameters)
    if any(own.get(key, value) != value for key, value in media_range.parameters):
        return None
    return Precision(name, media_range.multipart is not None, syntax, matched, matched - len(media_range.parameters))


def _name_precision(media_range: MediaRange, offer: Offer) -> int | None:
    name = media_range.name
    if not media_range.is_wildcard:
        exact = name == offer.media_type.lower() or name in offer.aliases
        return 2 if exact or (media_range.transfer_syntax_uid and name in offer.stored_aliases) else None
    if not offer.wildcard or not media_range.covers(offer.media_type):
        return None
    return 0 if name == "*/*" else 1


def _syntax_precision(asked: str | None, offer: Offer) -> int | None:
    """Match the transfer-syntax parameter (PS3.18 §8.7.3.5.2, §8.7.8.2)."""
    if asked is None or not offer.transfer_syntax_uid:
        return 0 if offer.is_default else None
    if asked == ANY_TRANSFER_SYNTAX:
        return 1 if offer.is_stored or offer.is_any else None
    return 2 if asked == offer.transfer_syntax_uid else None
