"""Range and conditional requests (RFC 9110 §8.8.3, §13, §14) on a representation of known size.

Ranges are half open, ``(start, end)``. What breaks the grammar is ignored, as §14.2 says; so is a request for more
ranges than we allow. Ranges that overlap or touch are merged, each answered once.
"""

import re

from dicomcore.errors import RangeNotSatisfiable

MAX_RANGES = 16
_MAX_LENGTH = 64 * MAX_RANGES

_UNIT = re.compile(r"\s*bytes\s*=", re.IGNORECASE)
_SPEC = re.compile(r"(\d{0,19})\s*-\s*(\d{0,19})")
_ENTITY_TAG = re.compile(r'(?:W/)?("[^"]*")|(\*)')


def parse_range(header: str | None, size: int) -> list[tuple[int, int]] | None:
    """Return the ranges asked for, ascending, or None when the whole is to be sent.

    Raises `RangeNotSatisfiable` when none lies within ``size``.
    """
    specs = _specs(header)
    if specs is None:
        return None
    resolved = [one for first, last in specs if (one := _resolve(first, last, size)) is not None]
    if not resolved:
        raise RangeNotSatisfiable(size)
    return _merged(sorted(resolved))


def _specs(header: str | None) -> list[tuple[str, str]] | None:
    unit = _UNIT.match(header) if header and len(header) <= _MAX_LENGTH else None
    if header is None or unit is None:
        return None
    elements = [element.strip() for element in header[unit.end() :].split(",") if element.strip()]
    found = [_SPEC.fullmatch(element) for element in elements]
    specs = [(match[1], match[2]) for match in found if match is not None and _is_sound(match[1], match[2])]
    return specs if 0 < len(specs) == len(elements) <= MAX_RANGES else None


def _is_sound(first: str, last: str) -> bool:
    if first and last:
        return int(first) <= int(last)
    return bool(first or last)


def _resolve(first: str, last: str, size: int) -> tuple[int, int] | None:
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
    return (start, end) if start < end else None


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged = ranges[:1]
    for start, end in ranges[1:]:
        if start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def content_range(start: int, end: int, size: int) -> str:
    """Write Content-Range (RFC 9110 §14.4)."""
    return f"bytes {start}-{end - 1}/{size}"


def matches_etag(header: str | None, etag: str | None) -> bool:
    """Compare If-None-Match weakly with ``etag`` (RFC 9110 §13.1.2); ``*`` matches whatever exists."""
    if not header or not etag:
        return False
    plain = etag.removeprefix("W/")
    return any(tag == plain or star for tag, star in _ENTITY_TAG.findall(header))


def allows_range(if_range: str | None, etag: str | None, last_modified: str | None = None) -> bool:
    """Say whether Range holds under If-Range (RFC 9110 §13.1.5): without it, or with the very same validator."""
    if if_range is None:
        return True
    strong = etag is not None and not etag.startswith("W/") and if_range.strip() == etag
    return strong or (last_modified is not None and if_range.strip() == last_modified)
