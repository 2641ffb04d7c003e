"""multipart/related (PS3.18 §8.6.1.2; RFC 2046 §5.1, RFC 2387): a sans-IO reader, and the writer's pieces.

`Reader.feed` takes bytes as they come and returns events; their payload is a view of what was fed, nothing is copied
but the few bytes that may turn out to be the beginning of a delimiter. Work is linear in the bytes and memory bounded
by the limits, however the stream is cut.

Named tolerances: lines that end in LF only (hand-made scripts), folded header lines, no line end after the closing
delimiter (dicomweb-client), spaces after a boundary.

The writer makes the bytes around the parts. Boundaries are derived from the identity of the representation, so that
the same resource gives the same bytes, and an ETag and a Range of a multipart answer mean something.
"""

import enum
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from app.headers import header_value
from app.media_types import parse_media_type
from dicomcore.errors import DicomError, InvalidParameter, LimitExceeded, UnsupportedMediaType

MULTIPART_RELATED = "multipart/related"

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_FOLDING = re.compile(rb"\r?\n[ \t]+")
_EMPTY_LINE = re.compile(rb"(?:^|\n)\r?\n\Z")
_MAX_PADDING = 128


@dataclass(frozen=True, slots=True)
class Limits:
    """What a body may have; more raises `LimitExceeded`."""

    parts: int = 10_000
    header_bytes: int = 16 * 1024
    header_lines: int = 32


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class PartBegin:
    """A part begins; header names are in lower case, the first of equal names counts."""

    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartData:
    """Some of the part's bytes, never none; a view that keeps the chunk alive that was fed."""

    data: memoryview


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The part is complete."""


@dataclass(frozen=True, slots=True)
class End:
    """The closing delimiter was seen; whatever follows is ignored."""


Event = PartBegin | PartData | PartEnd | End


class _State(enum.Enum):
    PREAMBLE = enum.auto()
    HEADERS = enum.auto()
    DATA = enum.auto()
    END = enum.auto()


class _Delimiter(NamedTuple):
    """From the LF before ``--`` to where the next thing begins; ``end`` is -1 as long as that is not known."""

    start: int
    end: int
    closing: bool = False


def boundary_of(content_type: str) -> str:
    """Return the boundary of a multipart/related Content-Type.

    Raises `UnsupportedMediaType` for another type, `InvalidParameter` for a boundary that RFC 2046 §5.1.1 forbids.
    """
    media_type = parse_media_type(content_type)
    if media_type.name != MULTIPART_RELATED:
        raise UnsupportedMediaType(f"{media_type.name} is not {MULTIPART_RELATED}", (MULTIPART_RELATED,))
    boundary = media_type.parameter("boundary")
    if boundary is None:
        raise InvalidParameter("Content-Type", "multipart/related without boundary")
    if _BOUNDARY.fullmatch(boundary) is None:
        raise InvalidParameter("Content-Type", f"not a legal boundary: {boundary[:80]!r}")
    return boundary


class Reader:
    """Reads one multipart body.

    Call `feed` with each chunk of the body and `close` at its end. What a chunk completes before its error is returned
    first, so that it does not depend on how the body is cut; the next call raises. Then the reader is of no more use.
    """

    def __init__(self, boundary: str, limits: Limits = DEFAULT_LIMITS) -> None:
        self._delimiter = b"\n--" + boundary.encode("ascii")
        self._limits = limits
        self._state = _State.PREAMBLE
        # A delimiter starts a line: as if a line end had come before the body.
        self._held = b"\n"
        # One while the window starts with the line end before a part's data, which can be a delimiter's too.
        self._lead = 1
        self._crlf = True
        self._parts = 0
        self._size = 0
        self._headers = bytearray()
        self._error: DicomError | None = None

    @property
    def is_complete(self) -> bool:
        """Whether the closing delimiter has been seen."""
        return self._state is _State.END

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[Event]:
        """Take the next bytes of the body and return what they complete."""
        events: list[Event] = []
        self._raise_error()
        if self.is_complete or not chunk:
            return events
        self._size += len(chunk)
        buffer = self._held + bytes(chunk) if self._held else bytes(chunk)
        self._held = b""
        try:
            self._read(buffer, events)
        except DicomError as error:
            self._error = error
            if not events:
                raise
        return events

    def _read(self, buffer: bytes, events: list[Event]) -> None:
        position = 0
        while position < len(buffer) and not self.is_complete:
            read = self._read_headers if self._state is _State.HEADERS else self._read_data
            position = read(buffer, position, events)

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Say that the body is at its end; raise `InvalidParameter` if the closing delimiter has not been seen."""
        self._raise_error()
        if not self.is_complete:
            where = f"in part {self._parts}" if self._parts else "before the first part"
            problem = f"the multipart body ends {where}, at byte {self._size}, without a closing delimiter"
            raise InvalidParameter("body", problem)

    def _read_data(self, buffer: bytes, position: int, events: list[Event]) -> int:
        """Read the preamble or the data of a part up to the next delimiter, or as far as is certain."""
        found = self._find_delimiter(buffer, position)
        begin, end = position + self._lead, found.start
        # In a body with CRLF the CR before a delimiter belongs to it; one at the very end may do so.
        if self._crlf and end > begin and buffer[end - 1] == 0x0D:
            end -= 1
        if end >= begin:
            self._lead = 0
            if end > begin and self._state is _State.DATA:
                events.append(PartData(memoryview(buffer)[begin:end]))
        if found.end < 0:
            self._held = buffer[end:]
            return len(buffer)
        self._begin(found, buffer, events)
        return found.end

    def _begin(self, found: _Delimiter, buffer: bytes, events: list[Event]) -> None:
        if self._state is _State.DATA:
            events.append(PartEnd())
        if found.closing:
            self._state = _State.END
            events.append(End())
            return
        if self._parts == 0:
            self._crlf = buffer[found.end - 2] == 0x0D
        self._parts += 1
        if self._parts > self._limits.parts:
            raise LimitExceeded("parts of a multipart body", self._limits.parts)
        self._state = _State.HEADERS

    def _find_delimiter(self, buffer: bytes, position: int) -> _Delimiter:
        """Find the next delimiter; where there is none, or none to its end, say from where on that is uncertain."""
        start = buffer.find(self._delimiter, position)
        while start >= 0:
            found = self._complete(buffer, start)
            if found is not None:
                return found
            start = buffer.find(self._delimiter, start + 1)
        tail = buffer.rfind(b"\n", max(position, len(buffer) - len(self._delimiter) + 1))
        if tail >= 0 and self._delimiter.startswith(buffer[tail:]):
            return _Delimiter(tail, -1)
        return _Delimiter(len(buffer), -1)

    def _complete(self, buffer: bytes, start: int) -> _Delimiter | None:
        """Read what follows ``--boundary``: ``--``, or padding and a line end; None when it is something else."""
        position = start + len(self._delimiter)
        if buffer.startswith(b"--", position):
            return _Delimiter(start, position + 2, closing=True)
        line_end = buffer.find(b"\n", position, position + _MAX_PADDING)
        rest = buffer[position : line_end if line_end >= 0 else position + _MAX_PADDING]
        if line_end >= 0:
            return _Delimiter(start, line_end + 1) if not rest.strip(b" \t\r") else None
        undecided = len(rest) < _MAX_PADDING and (rest == b"-" or not rest.strip(b" \t\r"))
        return _Delimiter(start, -1) if undecided else None

    def _read_headers(self, buffer: bytes, position: int, events: list[Event]) -> int:
        """Collect header lines up to the empty one."""
        headers = self._headers
        while position < len(buffer):
            line_end = buffer.find(b"\n", position) + 1
            headers += buffer[position : line_end or len(buffer)]
            position = line_end or len(buffer)
            if len(headers) > self._limits.header_bytes:
                raise LimitExceeded("bytes in the headers of a part", self._limits.header_bytes)
            if line_end and _EMPTY_LINE.search(headers, max(0, len(headers) - 3)):
                events.append(PartBegin(self._parse_headers(bytes(headers))))
                headers.clear()
                self._state, self._lead = _State.DATA, 1
                return position - 1
        return position

    def _parse_headers(self, block: bytes) -> dict[str, str]:
        if block.count(b"\n") - 1 > self._limits.header_lines:
            raise LimitExceeded("header lines of a part", self._limits.header_lines)
        headers: dict[str, str] = {}
        for line in _FOLDING.sub(b" ", block).split(b"\n"):
            name, colon, value = line.strip().partition(b":")
            if colon:
                headers.setdefault(name.strip().decode("latin-1").lower(), value.strip().decode("utf-8", "replace"))
            elif name:
                raise InvalidParameter("body", f"a header line of part {self._parts} has no colon")
        return headers


def make_boundary(*identity: str | bytes) -> str:
    """Derive a boundary from what makes this representation what it is.

    The identity has to contain a digest of the content (the ETag has): then nobody can store an instance that holds the
    boundary of the answer it will be in.
    """
    digest = hashlib.blake2b(digest_size=16)
    for one in identity:
        encoded = one.encode() if isinstance(one, str) else one
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()


def part_header(boundary: str, headers: Iterable[tuple[str, str]], *, first: bool = False) -> bytes:
    """Make what stands before the data of a part; the ``first`` of a body has no line end before its delimiter.

    Names are written as given: OHIF finds ``Content-Type:`` by exact case.
    """
    lines = "".join(f"{name}: {header_value(value)}\r\n" for name, value in headers)
    before = "" if first else "\r\n"
    return f"{before}--{boundary}\r\n{lines}\r\n".encode("latin-1")


def closing(boundary: str) -> bytes:
    """Make what stands after the last part."""
    return f"\r\n--{boundary}--\r\n".encode("ascii")


class Span(NamedTuple):
    """Bytes ``start`` to ``end`` of the data of part number ``part``, from 0."""

    part: int
    start: int
    end: int


class Layout:
    """The bytes of a multipart body before they are there: its size, and what lies in a range of it.

    Each part is given by its headers and the size of its data.
    """

    def __init__(self, boundary: str, parts: Sequence[tuple[Iterable[tuple[str, str]], int]]) -> None:
        self.boundary = boundary
        self._segments: list[tuple[int, bytes | int]] = []
        self.size = 0
        for index, (headers, size) in enumerate(parts):
            self._append(part_header(boundary, headers, first=index == 0))
            self._segments.append((self.size, index))
            self.size += size
        self._append(closing(boundary))

    def _append(self, fixed: bytes) -> None:
        self._segments.append((self.size, fixed))
        self.size += len(fixed)

    def slices(self, start: int, end: int) -> Iterator[bytes | Span]:
        """Yield what makes up bytes ``start`` to ``end`` of the body, in order."""
        starts = [offset for offset, _ in self._segments]
        ends = [*starts[1:], self.size]
        for (offset, what), segment_end in zip(self._segments, ends, strict=True):
            low, high = max(start, offset) - offset, min(end, segment_end) - offset
            if low < high:
                yield what[low:high] if isinstance(what, bytes) else Span(what, low, high)
