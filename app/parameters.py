"""Read the query string of a search (PS3.18 §8.3.4, §10.6.1) into a `Query`. Pure: a query string in, a value out.

A parameter whose name is no attribute and no parameter of the service is ignored, with a warning (§8.3); a known one
with a value that cannot be is an `InvalidParameter`. Names are case-sensitive. What the standard leaves open:

- ``+`` is a plus, as the grammar of §8.3.1 has it. Since most HTTP clients write a space that way, a value of a text VR
  that has one matches with pluses as well as with spaces.
- Commas separate UIDs and, since they cannot be in such a value, code strings (CS), which several viewers send without
  ``multiplevaluematching=true``; with it they separate the values of every attribute. Backslashes do the same.
- A private attribute without its Private Creator in the request is refused (§8.3.4.1).
- ``*`` alone is universal matching for every VR; in a VR that has no wild cards it is refused beside other characters.
- Specific Character Set and Query/Retrieve Level are not matched, and are ignored without a warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from dicomcore.data import dictionary
from dicomcore.errors import InvalidParameter
from dicomcore.matching import WILD_CARD_VRS
from dicomcore.matching_keys import combine, match_of
from dicomcore.query import Empty, MatchingKey, Path, Query, ReturnKey, Universal
from dicomcore.resources import Level, Resource
from dicomcore.times import parse_offset

MAX_PARAMETERS = 100
MAX_VALUE_LENGTH = 2048
MAX_LIST_LENGTH = 65_536
MAX_INCLUDE_FIELDS = 1_000
MAX_PATH_LENGTH = 16
DEFAULT_RESULTS = 5_000
MAX_RESULTS = 50_000

_HUGE = 2**31 - 1
_TIMEZONE_OFFSET_FROM_UTC = 0x00080201
_NOT_MATCHED = frozenset((0x00080005, 0x00080052))
_GROUPS_NOT_SEARCHED = frozenset((0x0000, 0x0002, 0xFFFE, 0xFFFF))
_LIST_VRS = frozenset(("UI", "CS"))
_BINARY_VRS = frozenset(("OB", "OD", "OF", "OL", "OV", "OW"))
_PRINTABLE_NAME = re.compile(r"[A-Za-z0-9_.=\-]{1,80}")
_CONTROLS = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A query, and what the client is to be told of parameters that were ignored: the texts of Warning 299."""

    query: Query
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Parameter:
    """One name and value; ``raw`` is the value before its escapes are resolved."""

    name: str
    value: str
    raw: bytes


@dataclass(slots=True)
class _Request:
    """What the parameters say, collected while they are read."""

    timezone: str | None = None
    multiple: bool = False
    empty: bool = False
    fuzzy: bool = False
    creators: dict[Path, str] = field(default_factory=dict)
    creators_used: set[Path] = field(default_factory=set)
    keys: dict[Path, MatchingKey] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def parse_search(
    query_string: bytes | str,
    level: Level,
    resource: Resource,
    *,
    default_limit: int = DEFAULT_RESULTS,
    maximum_limit: int = MAX_RESULTS,
) -> SearchRequest:
    """Read the parameters of a search at ``level`` below ``resource``."""
    parameters = _split(query_string)
    named = _single(parameters)
    request = _Request(
        fuzzy=_boolean(named.get("fuzzymatching")),
        empty=_boolean(named.get("emptyvaluematching")),
        multiple=_boolean(named.get("multiplevaluematching")),
    )
    keys = _attributes(parameters, request)
    request.timezone = _timezone(keys)
    request.creators = _creators(keys)
    for parameter, path in keys:
        _add_key(parameter, path, request)
    include, include_all = _include_fields(parameters, request)
    _warn_of_unused_creators(keys, request)
    matched, combined = combine(tuple(request.keys.values()), request.timezone)
    query = Query(
        level=level,
        resource=resource,
        keys=matched,
        combined=combined,
        include=include,
        include_all=include_all,
        limit=min(_unsigned(named.get("limit"), default_limit), maximum_limit),
        offset=_unsigned(named.get("offset"), 0),
        fuzzy=request.fuzzy,
        timezone=request.timezone,
    )
    return SearchRequest(query, tuple(request.warnings))


def parse_metadata_includefield(query_string: bytes | str) -> tuple[ReturnKey, ...] | None:
    """Read the ``includefield`` of a metadata request (an extension); None is everything."""
    parameters = _split(query_string)
    request = _Request()
    tags = ((dictionary.parse_tag(parameter.name), parameter.value) for parameter in parameters)
    request.creators = {(tag,): value for tag, value in tags if tag and dictionary.is_private_creator(tag)}
    include, include_all = _include_fields(parameters, request)
    return None if include_all or not include else include


_ONCE = frozenset(("limit", "offset", "fuzzymatching", "emptyvaluematching", "multiplevaluematching"))
_KNOWN = _ONCE | {"accept", "charset", "includefield"}


def _split(query_string: bytes | str) -> list[_Parameter]:
    raw = query_string.encode() if isinstance(query_string, str) else query_string
    pieces = [piece for piece in raw.split(b"&") if piece]
    if len(pieces) > MAX_PARAMETERS:
        raise InvalidParameter("query", f"has more than {MAX_PARAMETERS} parameters")
    parameters = []
    for piece in pieces:
        name, _, value = piece.partition(b"=")
        shown = name.decode("ascii", "replace")[:64]
        parameters.append(_Parameter(_decode(name, shown), _decode(value, shown), value))
    return parameters


def _decode(raw: bytes, name: str) -> str:
    if len(raw) > MAX_LIST_LENGTH:
        raise InvalidParameter(name, "is too long")
    try:
        text = _unescape(raw)
    except UnicodeDecodeError as error:
        raise InvalidParameter(name, "is not UTF-8") from error
    if _CONTROLS.search(text):
        raise InvalidParameter(name, "has control characters")
    return text


def _unescape(raw: bytes) -> str:
    return unquote_to_bytes(raw).decode()


def _single(parameters: Iterable[_Parameter]) -> dict[str, _Parameter]:
    found: dict[str, _Parameter] = {}
    for parameter in parameters:
        if parameter.name in _ONCE and found.setdefault(parameter.name, parameter) is not parameter:
            raise InvalidParameter(parameter.name, "is given more than once")
    return found


def _boolean(parameter: _Parameter | None) -> bool:
    if parameter is not None and parameter.value not in ("true", "false"):
        raise InvalidParameter(parameter.name, "must be true or false")
    return parameter is not None and parameter.value == "true"


def _unsigned(parameter: _Parameter | None, default: int) -> int:
    if parameter is None:
        return default
    digits = parameter.value
    if not (digits.isascii() and digits.isdecimal()):
        raise InvalidParameter(parameter.name, "must be an unsigned integer")
    return int(digits) if len(digits.lstrip("0")) < 10 else _HUGE


def _attributes(parameters: Iterable[_Parameter], request: _Request) -> list[tuple[_Parameter, Path]]:
    """Pick out the parameters that are named by an attribute; each may come once, however it is written."""
    found: dict[Path, _Parameter] = {}
    for parameter in parameters:
        if parameter.name in _KNOWN:
            continue
        path = _path(parameter.name)
        if path is None:
            _ignore(parameter.name, request)
        elif found.setdefault(path, parameter) is not parameter:
            raise InvalidParameter(parameter.name, "is given more than once")
    return [(parameter, path) for path, parameter in found.items()]


def _ignore(name: str, request: _Request) -> None:
    shown = name if _PRINTABLE_NAME.fullmatch(name) else "A"
    request.warnings.append(f"The {shown} parameter is not supported. It has been ignored.".replace("The A ", "A "))


def _path(name: str) -> Path | None:
    """Read an attribute identifier: keywords or tags of sequences and of an attribute, with dots between (§8.3.1.1)."""
    tags = [dictionary.parse_tag(part) for part in name.split(".")]
    if None in tags:
        return None
    path = tuple(tag for tag in tags if tag is not None)
    if len(path) > MAX_PATH_LENGTH:
        raise InvalidParameter(name[:64], f"is nested more than {MAX_PATH_LENGTH} deep")
    if any(dictionary.vr_of(tag) not in ("SQ", "UN") for tag in path[:-1]):
        raise InvalidParameter(name, "names an attribute that is not a sequence before a dot")
    return path


def _timezone(keys: Iterable[tuple[_Parameter, Path]]) -> str | None:
    """Take Timezone Offset From UTC as what the dates and times are meant in, not as a key (§8.3.4.1.1)."""
    for parameter, path in keys:
        if path == (_TIMEZONE_OFFSET_FROM_UTC,) and parameter.value:
            if parse_offset(parameter.value) is None:
                raise InvalidParameter(parameter.name, "must be an offset from UTC such as +0100")
            return parameter.value
    return None


def _creators(keys: Iterable[tuple[_Parameter, Path]]) -> dict[Path, str]:
    """Collect the Private Creators of the request by their paths."""
    return {path: parameter.value for parameter, path in keys if dictionary.is_private_creator(path[-1])}


def _creator(name: str, path: Path, request: _Request) -> str | None:
    """Find who reserved the block of a private attribute, in its sequence or in the data set (§8.3.4.1)."""
    private = [place for place, tag in enumerate(path) if _is_private(tag)]
    if not private:
        return None
    reserved_by = dictionary.private_creator_tag(path[private[-1]])
    for reservation in ((*path[: private[-1]], reserved_by), (reserved_by,)):
        if request.creators.get(reservation):
            request.creators_used.add(reservation)
            return request.creators[reservation]
    raise InvalidParameter(name, f"is private and needs its Private Creator: {reserved_by:08X}=...")


def _is_private(tag: int) -> bool:
    return dictionary.is_private(tag) and not dictionary.is_private_creator(tag)


def _warn_of_unused_creators(keys: Iterable[tuple[_Parameter, Path]], request: _Request) -> None:
    for parameter, path in keys:
        if path in request.creators and path not in request.creators_used:
            _ignore(parameter.name, request)


def _add_key(parameter: _Parameter, path: Path, request: _Request) -> None:
    tag = path[-1]
    if path[0] in _NOT_MATCHED or path == (_TIMEZONE_OFFSET_FROM_UTC,) or dictionary.is_private_creator(tag):
        return
    if path[0] >> 16 in _GROUPS_NOT_SEARCHED or tag & 0xFFFF == 0:
        return _ignore(parameter.name, request)
    creator = _creator(parameter.name, path, request)
    vr = dictionary.vr_of(tag, creator)
    offset = parse_offset(request.timezone or "")
    match = match_of(parameter.name, vr, _values(parameter, vr, request), empty=request.empty, offset=offset)
    if vr in _BINARY_VRS and not isinstance(match, Universal | Empty):
        return _ignore(parameter.name, request)
    request.keys[path] = MatchingKey(path, vr, match, creator)


def _values(parameter: _Parameter, vr: str, request: _Request) -> list[str]:
    """Split a list of values, and read the plus signs of a text both ways."""
    is_list = request.multiple or vr in _LIST_VRS
    if len(parameter.raw) > (MAX_LIST_LENGTH if is_list else 3 * MAX_VALUE_LENGTH):
        raise InvalidParameter(parameter.name, "is too long")
    readings = [parameter.raw]
    if vr in WILD_CARD_VRS and b"+" in parameter.raw:
        readings.append(parameter.raw.replace(b"+", b" "))
    texts = [text for raw in readings for text in (_split_values(raw, vr) if is_list else [_unescape(raw)])]
    if any(len(text) > MAX_VALUE_LENGTH for text in texts):
        raise InvalidParameter(parameter.name, "is too long")
    return texts


def _split_values(raw: bytes, vr: str) -> list[str]:
    """Split at commas and backslashes; in a text an escaped comma is a part of the text."""
    is_text = vr in WILD_CARD_VRS and vr != "CS"
    pieces = [_unescape(piece) for piece in raw.split(b",")] if is_text else _unescape(raw).split(",")
    return [text for piece in pieces for text in piece.split("\\")]


def _include_fields(parameters: Iterable[_Parameter], request: _Request) -> tuple[tuple[ReturnKey, ...], bool]:
    """Read every ``includefield``: attributes with commas between them, or ``all`` by itself (§8.3.4.3)."""
    names = [
        name
        for parameter in parameters
        if parameter.name == "includefield"
        for name in parameter.value.split(",")
        if name
    ]
    if "all" in names:
        if len(set(names)) > 1:
            raise InvalidParameter("includefield", "all cannot be combined with other values")
        return (), True
    if len(names) > MAX_INCLUDE_FIELDS:
        raise InvalidParameter("includefield", f"names more than {MAX_INCLUDE_FIELDS} attributes")
    found: dict[Path, ReturnKey] = {}
    for name in names:
        path = _path(name)
        if path is None or path[0] >> 16 in _GROUPS_NOT_SEARCHED:
            _ignore(f"includefield={name}", request)
        elif path not in found:
            found[path] = ReturnKey(path, _creator(name, path, request))
    return tuple(found.values()), False
