"""Request bodies as they come: counted, decompressed, never held.

Content codings of RFC 9110 §8.4.1 are undone chunk by chunk. What comes out is counted against the same limit as what
comes in, and beyond 64 MB it may be no more than 200 times as large, so that a few megabytes of zeros cannot become a
full disk (PS3.18 §8.4.2, row STO-022).
"""

import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

import zstandard
from starlette.requests import ClientDisconnect, Request

from dicomcore.errors import InvalidParameter, LimitExceeded, UnsupportedMediaType

MAX_RATIO = 200
RATIO_APPLIES_ABOVE = 64 << 20

_OUTPUT_STEP = 1 << 20
_INPUT_STEP = 512


class _Decoder(Protocol):
    def decode(self, chunk: bytes) -> Iterator[bytes]: ...

    @property
    def is_complete(self) -> bool: ...


async def read_body(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Yield the body of a request, content codings undone.

    Raises:
        LimitExceeded: the body, or what it decompresses to, is larger than ``limit`` bytes; or it is a bomb.
        UnsupportedMediaType: it has a content coding that is not known.
        InvalidParameter: it is damaged, or ends before it is complete.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        raise LimitExceeded("bytes of a request body", limit)
    decoder = _decoder(request.headers.get("content-encoding", ""))
    received, consumed, has_begun = 0, 0, False
    try:
        async for chunk in request.stream():
            has_begun = has_begun or chunk != b""
            consumed += len(chunk)
            for piece in (chunk,) if decoder is None else decoder.decode(chunk):
                received += len(piece)
                if received > limit:
                    raise LimitExceeded("bytes of a request body", limit)
                if received > max(RATIO_APPLIES_ABOVE, MAX_RATIO * consumed):
                    raise LimitExceeded("times that a body may grow when it is decompressed", MAX_RATIO)
                if piece:
                    yield piece
    except ClientDisconnect as exc:
        raise InvalidParameter("body", "it ended before it was complete") from exc
    if decoder is not None and has_begun and not decoder.is_complete:
        raise InvalidParameter("body", "the compressed body ends before it is complete")


def _decoder(codings: str) -> _Decoder | None:
    names = [name.strip().lower() for name in codings.split(",") if name.strip().lower() not in ("", "identity")]
    if not names:
        return None
    if len(names) == 1 and names[0] in _DECODERS:
        return _DECODERS[names[0]]()
    raise UnsupportedMediaType(f"content coding {codings[:40]!r} is not supported", tuple(_DECODERS))


class _Zlib:
    """gzip and deflate; the latter with or without the zlib header, since clients do either."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._is_first = True

    @property
    def is_complete(self) -> bool:
        return self._inflater.eof

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        while chunk and not self._inflater.eof:
            try:
                piece = self._inflater.decompress(chunk, _OUTPUT_STEP)
            except zlib.error as exc:
                if not self._is_first:
                    raise InvalidParameter("body", f"the compressed body is damaged: {exc}") from exc
                self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
                self._is_first = False
                continue
            self._is_first = False
            chunk = self._inflater.unconsumed_tail
            yield piece


class _Zstandard:
    """zstd (RFC 8878), whose windows are bounded by the library to 128 MiB; ours to 8 MiB."""

    _MAX_WINDOW = 8 << 20

    def __init__(self) -> None:
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=self._MAX_WINDOW).decompressobj()

    @property
    def is_complete(self) -> bool:
        return self._decompressor.eof

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        # In small steps: the library gives all that its input makes, and a block of four bytes can make 128 kB.
        try:
            for start in range(0, len(chunk), _INPUT_STEP):
                if not self._decompressor.eof:
                    yield self._decompressor.decompress(chunk[start : start + _INPUT_STEP])
        except zstandard.ZstdError as exc:
            raise InvalidParameter("body", f"the compressed body is damaged: {exc}") from exc


_DECODERS: dict[str, type[_Zlib] | type[_Zstandard]] = {
    "gzip": _Zlib,
    "x-gzip": _Zlib,
    "deflate": _Zlib,
    "zstd": _Zstandard,
}
