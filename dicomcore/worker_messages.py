"""What `dicomcore.workers` and a worker process say to each other. Pure.

A process trusts its parent, which does not trust it: a codestream may have taken it over. So requests are pickles, and
replies are not. Integers are little endian:

- request: number of buffers, length of the pickle; the length of each buffer, doubled, plus 1 if it may be written to;
  the pickle of (function, arguments, keyword arguments); the buffers, which protocol 5 keeps out of the pickle.
- reply: its `Kind`, whether it is the last one of the process, number of values; the length of each value; the values.
  An error is one value: JSON with the name of its class, its message and its facts. It is made again from that, and of
  no class but those of `dicomcore.errors`.
"""

from __future__ import annotations

import copyreg
import enum
import mmap
import pickle
import struct
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import orjson

from dicomcore import errors
from dicomcore.errors import DicomError

REQUEST_HEADER = struct.Struct("<II")
REPLY_HEADER = struct.Struct("<B?xxI")

_MAX_VALUES = 1 << 16
_MAX_DESCRIPTION = 1 << 20
_MAX_TEXT = 1000  # characters of a message or fact, and
_MAX_FACTS = 100  # how many of them in one list
_MAX_INTEGER = 1 << 53
_ERRORS = {name: one for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, DicomError)}

Buffer = bytes | bytearray | memoryview
Result = bytes | list[bytes] | tuple[bytes, ...]
Request = tuple[Callable[..., object], tuple[object, ...], Mapping[str, object]]


class Kind(enum.IntEnum):
    """What a reply is."""

    READY = 0  # sent once, unasked: the process has started and takes requests
    BYTES = 1
    LIST = 2
    TUPLE = 3
    ERROR = 4


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply; after one that ``is_last`` the process ends, because it is not what it was when it started."""

    kind: Kind
    values: Sequence[bytes] = ()
    is_last: bool = False

    def encode(self) -> list[Buffer]:
        """Write it, without a copy of its values."""
        lengths = struct.pack(f"<{len(self.values)}Q", *map(len, self.values))
        return [REPLY_HEADER.pack(self.kind, self.is_last, len(self.values)) + lengths, *self.values]


MAX_BUFFERS = 512  # that are sent in one call; the system takes 1,024 (IOV_MAX)


class MalformedReply(Exception):
    """A process answers what it should not."""


def encode_request(
    function: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object]
) -> list[Buffer]:
    """Pickle a call; buffers of any size are parts of the list as they are, without a copy."""
    pickled: list[Buffer] = []
    buffers: list[pickle.PickleBuffer] = []
    direct = tuple(pickle.PickleBuffer(one) if isinstance(one, bytes) else one for one in args)
    _Pickler(_Pieces(pickled), 5, buffer_callback=buffers.append).dump((function, direct, kwargs))
    views = [one.raw() for one in buffers]
    lengths = [len(view) << 1 | (not view.readonly) for view in views]
    header = REQUEST_HEADER.pack(len(views), sum(map(len, pickled))) + struct.pack(f"<{len(views)}Q", *lengths)
    return [header, *pickled, *views]


class _Pieces:
    """A file for a pickler, which hands over what is large as it is."""

    def __init__(self, pieces: list[Buffer]) -> None:
        self.write = pieces.append


def _by_buffer(view: memoryview | mmap.mmap) -> tuple[type[memoryview], tuple[object]]:
    """Views cannot be pickled by themselves; they arrive as views of their bytes, whatever their items were."""
    whole = memoryview(view)
    return memoryview, (pickle.PickleBuffer(whole) if whole.c_contiguous else whole.tobytes(),)


class _Pickler(pickle.Pickler):
    dispatch_table = copyreg.dispatch_table | {memoryview: _by_buffer, mmap.mmap: _by_buffer}


def drop(unsent: list[memoryview], count: int) -> None:
    """Drop the first ``count`` bytes of buffers to be sent, and what is empty behind them."""
    done = 0
    for view in unsent:
        if count < len(view):
            break
        count -= len(view)
        done += 1
    del unsent[:done]
    if count:
        unsent[0] = unsent[0][count:]


def reply_of_result(result: object) -> Reply:
    """Make the reply of what a function returned; raises `TypeError` if that is not bytes, or a list or tuple of it."""
    if isinstance(result, bytes):
        return Reply(Kind.BYTES, (result,))
    if isinstance(result, list | tuple) and all(isinstance(one, bytes) for one in result):
        return Reply(Kind.LIST if isinstance(result, list) else Kind.TUPLE, result)
    raise TypeError("a result is bytes, or a list or tuple of bytes")


def reply_of_error(error: DicomError, *, is_last: bool = False) -> Reply:
    """Make the reply of an error that a function raised."""
    facts = {name: _fact(value) for name, value in vars(error).items() if not name.startswith("_")}
    description = {"class": type(error).__name__, "message": _fact(str(error)), "facts": facts}
    return Reply(Kind.ERROR, (orjson.dumps(description),), is_last)


def _fact(value: object) -> object:
    """A fact as JSON has it: an object that is one (a resource) becomes its text."""
    if isinstance(value, str):
        return value[:_MAX_TEXT].encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int):
        return value if abs(value) < _MAX_INTEGER else str(value)
    if isinstance(value, tuple | list):
        return [_fact(one) for one in islice(value, _MAX_FACTS)]
    return value if value is None or isinstance(value, float) else _fact(str(value))


def read_reply(limit: int) -> Generator[int, bytes, Reply]:
    """Read a reply of at most ``limit`` bytes: yields how many bytes it wants next, and is sent exactly those.

    Raises:
        MalformedReply: it is none.
    """
    number, is_last, count = REPLY_HEADER.unpack((yield REPLY_HEADER.size))
    if number > max(Kind) or count > _MAX_VALUES:
        raise MalformedReply
    lengths: tuple[int, ...] = struct.unpack(f"<{count}Q", (yield 8 * count)) if count else ()
    if sum(lengths) > limit:
        raise MalformedReply
    values: list[bytes] = []
    for length in lengths:
        values.append((yield length) if length else b"")
    return Reply(Kind(number), values, is_last)


def result_of(reply: Reply) -> Result:
    """Return the result that a reply has, or raise the error."""
    kind, values = reply.kind, reply.values
    if kind in (Kind.LIST, Kind.TUPLE):
        return list(values) if kind is Kind.LIST else tuple(values)
    if kind is Kind.READY or len(values) != 1:
        raise MalformedReply
    if kind is Kind.BYTES:
        return values[0]
    raise _error_of(values[0])


def _error_of(text: bytes) -> DicomError:
    """Make an error again, without its constructor: message and facts are all that it consists of."""
    try:
        if len(text) > _MAX_DESCRIPTION:
            raise MalformedReply
        description = orjson.loads(text)
        error_class = _ERRORS[description["class"]]
        message, facts = str(description["message"]), dict(description["facts"])
    except (KeyError, TypeError, ValueError) as problem:
        raise MalformedReply from problem
    error = error_class.__new__(error_class)
    error.args = (message,)
    for name, value in facts.items():
        if name.isidentifier() and not name.startswith("_") and not hasattr(DicomError, name):
            vars(error)[name] = tuple(value) if isinstance(value, list) else value
    return error
