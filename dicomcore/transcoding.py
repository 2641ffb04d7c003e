"""Pixel data in another transfer syntax: frames one by one, or a whole file as a stream.

`Codecs` is what that takes: worker processes for the compression libraries (`dicomcore.workers`), and a cache of the
frames that were made (`dicomcore.frame_cache`). What needs no compression library is done in threads. However many ask,
only so much is read and not converted yet (`dicomcore.admission`): what waits holds no pixels.

A file is made frame by frame, a few of them at the same time; its frames are not cached, since who reads a whole file
reads each of them once. Where all frames together are small they are made first, so that a frame that does not decode
is told before the first byte and the offset table is complete. Of larger ones the table is empty, unless they go into a
file where it can be written at the end.
"""

from __future__ import annotations

import asyncio
import zlib
from collections import OrderedDict, deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from dicomcore.admission import Admission
from dicomcore.data import Buffer, Part10, transfer_syntax
from dicomcore.errors import CodecUnavailable, CorruptFrame
from dicomcore.frame_cache import FrameCache
from dicomcore.pixels import (
    PIXEL_DATA_TAGS,
    Encoding,
    PixelFormat,
    Recoding,
    convert_frame,
    convertible_to,
    encapsulated_start,
    has_same_pixels,
    is_sandboxed,
    needs_extended,
    to_deflated,
    to_explicit_little_endian,
)
from dicomcore.threads import Threads
from dicomcore.uids import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN
from dicomcore.workers import Workers

T = TypeVar("T")
ReadFrame = Callable[[int], Awaitable[Buffer]]
"""Gives a frame (from 1) as it is stored, in little endian if it is native."""
Overwrite = Callable[[int, bytes], None]
"""Writes bytes anew at an offset of what has been written before."""

_IN_PROGRESS = 256 << 20  # bytes of frames that are read and not converted yet
_MADE_FIRST = 32 << 20  # bytes of native pixel data
_AT_ONCE = 4  # frames of one file
_LARGE_FRAME = 32 << 20  # bytes; such frames are made one at a time
_REMEMBERED = 1024  # images whose format is known
_NATIVE: dict[str, Callable[[Part10], Iterator[Buffer]]] = {
    EXPLICIT_VR_LITTLE_ENDIAN: to_explicit_little_endian,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN: to_deflated,
}


@dataclass(frozen=True, slots=True)
class Convertible:
    """What the pixel data of an instance are, and the encapsulated transfer syntaxes that they can be put into."""

    form: PixelFormat
    targets: tuple[str, ...]


class Codecs:
    """What it takes to convert pixel data; about ``in_progress_bytes`` of it are read and not converted yet."""

    def __init__(self, workers: Workers, cache: FrameCache, *, in_progress_bytes: int = _IN_PROGRESS) -> None:
        self.workers = workers
        self.cache = cache
        self._admission = Admission(in_progress_bytes)
        self._known: OrderedDict[bytes, Convertible] = OrderedDict()

    async def convert(
        self,
        frame: Buffer,
        form: PixelFormat,
        source_uid: str,
        target_uid: str,
        frame_number: int,
        encoding: Encoding,
        threads: Threads,
    ) -> tuple[bytes, str]:
        """Return a frame in another transfer syntax, and the Photometric Interpretation that it decoded to.

        Raises what `convert_frame` does, and what `Workers.run` does.
        """
        arguments = frame, form, source_uid, target_uid, frame_number, encoding
        if is_sandboxed(source_uid, target_uid):
            converted, photometric_interpretation = await self.workers.run(convert_frame, *arguments)
        else:
            converted, photometric_interpretation = await _to_its_end(threads(convert_frame, *arguments))
        return converted, photometric_interpretation.decode("ascii", "replace")

    async def read_and_convert(
        self,
        read: ReadFrame,
        stored_length: int,
        form: PixelFormat,
        source_uid: str,
        target_uid: str,
        frame_number: int,
        encoding: Encoding,
        threads: Threads,
    ) -> tuple[bytes, str]:
        """Read a frame of ``stored_length`` bytes when it is its turn, and `convert` it; raises as both do."""
        async with self._admission.room(max(stored_length, form.image.length)):
            frame = await read(frame_number)
            return await self.convert(frame, form, source_uid, target_uid, frame_number, encoding, threads)

    async def have_same_pixels(
        self,
        one: Buffer,
        form: PixelFormat,
        uid: str,
        other: Buffer,
        other_form: PixelFormat,
        other_uid: str,
        number: int,
    ) -> bool:
        """Decode a frame in two forms and compare every sample."""
        return await self.workers.run(has_same_pixels, one, form, uid, other, other_form, other_uid, number) == b"1"

    def known(self, digest: bytes) -> Convertible | None:
        """What `remember` was told of an instance, if that is not too long ago."""
        found = self._known.get(digest)
        if found is not None:
            self._known.move_to_end(digest)
        return found

    def remember(self, digest: bytes, convertible: Convertible) -> None:
        """Keep in mind what an instance is."""
        self._known[digest] = convertible
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


async def transcoded_file(
    part10: Part10,
    transfer_syntax_uid: str,
    encoding: Encoding,
    codecs: Codecs,
    threads: Threads,
    read: ReadFrame | None = None,
    overwrite: Overwrite | None = None,
) -> AsyncGenerator[Buffer, None]:
    """Yield a file in a transfer syntax; the first buffer is all that comes before the data set.

    Frames are taken from ``read``, if it is given, instead of the buffer of the data set: what is read from a mapping
    of a large file counts as memory for as long as the file is mapped. With ``overwrite`` the offset table of a file of
    any size is complete when it has ended.

    Raises:
        CodecUnavailable: there is no such codec.
        CorruptFrame: a frame does not decode.
        LimitExceeded: it would be too large.
    """
    syntax = transfer_syntax(transfer_syntax_uid)
    recoding = await threads(Recoding, part10, transfer_syntax_uid, encoding)
    pieces = _Transcoding(recoding, codecs, threads, read, overwrite).pieces()
    async with aclosing(_deflated(pieces) if syntax.deflated else pieces) as found:
        async for piece in found:
            yield piece


async def file_in(
    part10: Part10,
    transfer_syntax_uid: str,
    encoding: Encoding,
    codecs: Codecs,
    threads: Threads,
    overwrite: Overwrite | None = None,
) -> AsyncIterator[Buffer]:
    """Yield a file in a transfer syntax that it can be put into, with or without pixel data.

    Raises as `transcoded_file` does.
    """
    element = part10.dataset.get(PIXEL_DATA_TAGS[0])
    if transfer_syntax_uid in _NATIVE and (element is None or element.fragments is None):
        async for piece in in_threads(await threads(_NATIVE[transfer_syntax_uid], part10), threads):
            yield piece
        return
    able = (*_NATIVE, *convertible_to(part10.dataset, part10.transfer_syntax.uid))
    if transfer_syntax_uid not in able:
        raise CodecUnavailable(transfer_syntax_uid)
    made = transcoded_file(part10, transfer_syntax_uid, encoding, codecs, threads, overwrite=overwrite)
    async with aclosing(made) as pieces:
        async for piece in pieces:
            yield piece


class _Transcoding:
    """One file that is made."""

    def __init__(
        self,
        recoding: Recoding,
        codecs: Codecs,
        threads: Threads,
        read: ReadFrame | None,
        overwrite: Overwrite | None,
    ) -> None:
        self._recoding = recoding
        self._overwrite = None if recoding.is_native else overwrite
        self._read: ReadFrame = read or (lambda frame_number: threads(recoding.frame, frame_number))
        self._codecs = codecs
        self._threads = threads
        self._photometric_interpretation: str | None = None

    async def pieces(self) -> AsyncGenerator[Buffer, None]:
        """The file; the first piece is all that comes before the data set."""
        recoding = self._recoding
        icons = await self._icons()
        async with aclosing(ahead([partial(self._frame, n + 1) for n in range(recoding.count)], self._width)) as frames:
            made = [await anext(frames)]
            if recoding.count * recoding.native_length <= _MADE_FIRST:
                made += [frame async for frame in frames]
            lengths = [_even(frame) for frame in made]
            known = len(lengths)
            start = recoding.start(self._photometric_interpretation or "", len(made[0]), icons, self._table(lengths))
            size = 0
            async for piece in in_threads(start, self._threads):
                table, size = size, size + len(piece)
                yield piece
            for frame in made:
                for buffer in recoding.wrapped(frame):
                    yield buffer
            made.clear()
            async for frame in frames:
                lengths.append(_even(frame))
                for buffer in recoding.wrapped(frame):
                    yield buffer
        for piece in recoding.end():
            yield piece
        if self._overwrite is not None and len(lengths) > known:
            complete = encapsulated_start(lengths, extended=self._is_extended)
            await self._threads(self._overwrite, table, complete)

    @property
    def _is_extended(self) -> bool:
        return needs_extended(self._recoding.count, self._recoding.native_length)

    def _table(self, lengths: Sequence[int]) -> bytes:
        """The offset table if all lengths are known, room for it if it can be written later, else an empty one."""
        if len(lengths) == self._recoding.count:
            return encapsulated_start(lengths)
        if self._overwrite is None:
            return encapsulated_start()
        return encapsulated_start([0] * self._recoding.count, extended=self._is_extended)

    @property
    def _width(self) -> int:
        return 1 if self._recoding.native_length > _LARGE_FRAME else _AT_ONCE

    async def _frame(self, frame_number: int) -> bytes:
        recoding = self._recoding
        converted, photometric_interpretation = await self._codecs.read_and_convert(
            self._read,
            recoding.stored_length(frame_number),
            recoding.form,
            recoding.source_uid,
            recoding.target_uid,
            frame_number,
            recoding.encoding,
            self._threads,
        )
        expected = self._photometric_interpretation = self._photometric_interpretation or photometric_interpretation
        if photometric_interpretation != expected:
            raise CorruptFrame(frame_number, f"it is in {photometric_interpretation}, others are in {expected}")
        return converted

    async def _icons(self) -> dict[int, tuple[bytes, str]]:
        found = {}
        uid = self._recoding.source_uid
        for icon in await self._threads(self._recoding.icons):
            found[id(icon.item)] = await self._codecs.convert(
                icon.frame, icon.form, uid, EXPLICIT_VR_LITTLE_ENDIAN, 1, Encoding(), self._threads
            )
        return found


async def _to_its_end(work: Coroutine[object, object, T]) -> T:
    """Wait for what a thread does even if nobody wants it any more: it cannot be stopped, and holds its frame."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait((task,))
        if not task.cancelled():
            task.exception()  # which nobody is there for
        raise


def _even(frame: bytes) -> int:
    """The length that a frame has as a fragment."""
    return len(frame) + (len(frame) & 1)


async def ahead(makers: Iterable[Callable[[], Awaitable[T]]], width: int) -> AsyncGenerator[T, None]:
    """Yield what each of ``makers`` makes, in their order, while the next ``width`` - 1 are at work."""
    waiting: deque[asyncio.Future[T]] = deque()
    try:
        for make in makers:
            waiting.append(asyncio.ensure_future(make()))
            if len(waiting) >= width:
                yield await waiting.popleft()
        while waiting:
            yield await waiting.popleft()
    finally:
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


async def in_threads(buffers: Iterator[Buffer], threads: Threads) -> AsyncIterator[Buffer]:
    """Give what an iterator that works hard gives."""
    while (buffer := await threads(next, buffers, None)) is not None:
        yield buffer


async def _deflated(pieces: AsyncIterator[Buffer]) -> AsyncGenerator[Buffer, None]:
    """Deflate what follows the first piece, without zlib header and padded to even length (PS3.5 §A.5)."""
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    length = 0
    yield await anext(pieces)
    async for piece in pieces:
        compressed = await asyncio.to_thread(compressor.compress, piece)
        length += len(compressed)
        if compressed:
            yield compressed
    rest = compressor.flush()
    yield rest + b"\0" * (length + len(rest) & 1)


def check_codecs(codecs: Codecs | None, transfer_syntax_uid: str) -> Codecs:
    """Return the codecs; raise `CodecUnavailable` where there are none."""
    if codecs is None:
        raise CodecUnavailable(transfer_syntax_uid)
    return codecs
