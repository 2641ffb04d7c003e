"""Stored instances into another transfer syntax, without loss and without risk.

The new form is made, read again and decoded; when every sample of every frame is the same as before it takes the place
of the original, in one commit that fails if the instance was replaced or deleted meanwhile. Only then are the bytes of
the original dropped: whatever a crash interrupts, one of the two is stored, and it is complete.

Native images are recompressed, and the losslessly compressed; what has been lossy stays as it is, since its compression
is smaller. An instance keeps its UIDs (PS3.5 §8.2: nothing is lost), but its object arrives anew.
"""

from __future__ import annotations

import asyncio
import enum
import logging
from contextlib import aclosing, suppress
from dataclasses import dataclass
from functools import partial

from dicomcore.archive import Archive, ignore
from dicomcore.data import Part10, lookup, read_file
from dicomcore.errors import DicomError
from dicomcore.instance import Instance
from dicomcore.pixels import FrameIndex, PixelFormat, check_lossless_target, form_between, frame_index, stored_frame
from dicomcore.resources import Resource
from dicomcore.source import Change
from dicomcore.storage import Spool
from dicomcore.transcoding import ahead, check_codecs

logger = logging.getLogger(__name__)

_AT_ONCE = 2  # frames that are compared
_MOST_WAITING = 100_000


class Recompressed(enum.Enum):
    """What became of an instance."""

    DONE = "recompressed"
    UNSUITABLE = "left as it is"
    NOT_PROVED = "not recompressed: its pixels would not be the same"
    SUPERSEDED = "replaced or deleted meanwhile"


async def recompress(archive: Archive, instance: Instance, transfer_syntax_uid: str) -> Recompressed:
    """Replace a stored instance by itself in a transfer syntax of `check_lossless_target`.

    Raises:
        CorruptFrame, DamagedInstance: it cannot be read.
        StorageUnavailable: it cannot be stored, or codecs are not to be had at the moment.
    """
    stored = lookup(instance.transfer_syntax_uid)
    if stored is None or not stored.lossless or transfer_syntax_uid not in await instance.targets():
        return Recompressed.UNSUITABLE
    spool = archive.spool()
    try:
        async for buffer in await instance.file(transfer_syntax_uid, spool.overwrite):
            await archive.threads(spool.write, buffer)
        if not await _is_proved(archive, instance, spool):
            extra = {"sop_instance_uid": instance.resource.sop_instance_uid}
            logger.error("an instance is not the same after recompression", extra=extra)
            return Recompressed.NOT_PROVED
        outcome = await archive.replace(instance, spool)
    finally:
        spool.close()
    return Recompressed.DONE if outcome.change is Change.REPLACED else Recompressed.SUPERSEDED


async def _is_proved(archive: Archive, instance: Instance, spool: Spool) -> bool:
    """Decode all frames of both, and compare them."""
    made = await archive.threads(read_file, spool.view())
    frames = await archive.threads(frame_index, made.dataset)
    if frames.count != instance.number_of_frames:
        return False
    compare = _Comparison(archive, instance, (await instance.convertible()).form, made, frames)
    makers = [partial(compare, number + 1) for number in range(frames.count)]
    async with aclosing(ahead(makers, _AT_ONCE)) as answers:
        async for is_same in answers:
            if not is_same:
                return False
    return True


@dataclass(frozen=True, slots=True)
class _Comparison:
    """An instance, described by ``form``, and what was ``made`` of it."""

    archive: Archive
    instance: Instance
    form: PixelFormat
    made: Part10
    frames: FrameIndex

    async def __call__(self, frame_number: int) -> bool:
        """Say whether a frame (from 1) is the same in both."""
        archive, instance, made = self.archive, self.instance, self.made
        codecs = check_codecs(archive.codecs, instance.transfer_syntax_uid)
        source, target = instance.frames_syntax_uid, made.transfer_syntax.uid
        (content,) = await instance.frames([frame_number], decoded=not instance.is_encapsulated)
        buffer = made.dataset.elements[self.frames.tag].buffer
        return await codecs.have_same_pixels(
            await content.whole(),
            form_between(self.form, source, target),
            source,
            await archive.threads(stored_frame, self.frames, buffer, frame_number),
            form_between(PixelFormat.of(made.dataset), source, target),
            target,
            frame_number,
        )


class Recompression:
    """The ingest rule: what arrives in an archive is recompressed after it was acknowledged, one after the other.

    What waits when the server stops stays as it came.
    """

    def __init__(self, archive: Archive, transfer_syntax_uid: str) -> None:
        self._archive = archive
        self._transfer_syntax_uid = check_lossless_target(transfer_syntax_uid)
        self._waiting: asyncio.Queue[Resource] = asyncio.Queue(_MOST_WAITING)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to take what arrives."""
        self._archive.on_arrival = self._take
        self._task = asyncio.get_running_loop().create_task(self._work())

    async def stop(self) -> None:
        """Let go of what waits."""
        self._archive.on_arrival = ignore
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def settled(self) -> None:
        """Wait until everything that has arrived was dealt with."""
        await self._waiting.join()

    def _take(self, resource: Resource) -> None:
        try:
            self._waiting.put_nowait(resource)
        except asyncio.QueueFull:
            logger.warning("too much waits for recompression", extra={"sop_instance_uid": resource.sop_instance_uid})

    async def _work(self) -> None:
        while True:
            resource = await self._waiting.get()
            try:
                await self._recompress(resource)
            finally:
                self._waiting.task_done()

    async def _recompress(self, resource: Resource) -> None:
        """Recompress a native image; whatever fails, it stays as it is."""
        try:
            instance = await self._archive.instance(resource)
            if not instance.is_encapsulated:
                await recompress(self._archive, instance, self._transfer_syntax_uid)
        except DicomError as error:
            extra = {"sop_instance_uid": resource.sop_instance_uid, "problem": str(error)}
            logger.warning("an instance was not recompressed", extra=extra)
