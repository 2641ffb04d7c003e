"""Rendered instances and frames: what is asked for is found, handed to a worker process, and remembered.

Pixels are decoded and drawn in worker processes, where a broken codestream does no harm; documents and waveforms are
text and lines, and made in threads. What was made is cached by what it was made of and how (`FrameCache`), and asked
for by many at once it is made once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache, partial
from hashlib import blake2b
from typing import ParamSpec, TypeVar

from dicomcore.admission import Admission
from dicomcore.content import Content
from dicomcore.documents import rendered_document
from dicomcore.errors import DicomError, InvalidParameter, LimitExceeded, ResourceNotFound
from dicomcore.frame_cache import FrameCache
from dicomcore.instance import Instance
from dicomcore.pictures.frames import Frames
from dicomcore.pictures.kinds import Kind, is_moving, kind_of, no_picture
from dicomcore.pictures.referenced import (
    digests_of,
    needed_for,
    presented_frames,
    rendered_link,
    source_frame,
    whole_series,
)
from dicomcore.rendering import (
    MOVING_MEDIA_TYPES,
    FrameDescription,
    PresentationState,
    PresentedFrame,
    RenderingOptions,
    StoredFrame,
    animation_frames,
    read_presentation_state,
    read_segmentation,
    render_frame,
    render_frames,
    render_presented,
    render_segmented,
    render_video_frame,
    stored_picture,
)
from dicomcore.source import Source
from dicomcore.threads import Threads, WouldTakeLong
from dicomcore.uids import EXPLICIT_VR_LITTLE_ENDIAN
from dicomcore.waveforms import rendered_waveform
from dicomcore.workers import Workers

P = ParamSpec("P")
T = TypeVar("T")

TO_BASE = "../../../../../.."
"""From the rendered form of an instance to the Base URI."""

_IMAGES = frozenset((Kind.IMAGE, Kind.FRAMES))
_FEW_PIXELS = 512 * 512
_MOST_SEGMENTS = 256
_MOST_MISSING = 64  # images that are looked for before a presentation state is given up
_MAX_VIDEO_BYTES = 256 << 20
_IN_PROGRESS = 256 << 20  # bytes of frames that are read and not drawn yet
_OF_OTHERS = 16 << 20  # bytes of frames that a presentation state or a segmentation refers to, about
_VERSION = b"2"  # changes when the same request gives another picture


class Renderer:
    """Makes pictures of what a `Source` holds. ``source`` is given with each request: an instance refers to others.

    ``long`` is for what takes seconds, animations and volumes: a frame does not wait behind them. Of frames, and of
    what takes long, about ``in_progress_bytes`` each are read and not drawn yet.
    """

    def __init__(
        self,
        workers: Workers,
        cache: FrameCache,
        threads: Threads,
        *,
        long: Workers | None = None,
        in_progress_bytes: int = _IN_PROGRESS,
    ) -> None:
        self.workers = workers
        self.long = long or workers
        self.frames = Frames()
        self._cache = cache
        self._threads = threads
        self._admission = Admission(in_progress_bytes)
        self._long_admission = Admission(in_progress_bytes)
        self._of_kind: dict[Kind, Callable[[Source, Instance, RenderingOptions], Awaitable[bytes]]] = {
            Kind.IMAGE: self._image,
            Kind.FRAMES: self._image,
            Kind.VIDEO: self._image,
            Kind.PRESENTATION_STATE: self._presentation_state,
            Kind.SEGMENTATION: self._segmentation,
            Kind.WAVEFORM: self._waveform,
        }

    def at_once(self, instance: Instance, options: RenderingOptions, frame_number: int | None = None) -> Content | None:
        """What `instance` or `frame` gives, in one step: made before, or half a millisecond's work; None if it is not.

        Nobody has to be woken for such a picture, which would take as long as to make it. Raises as they do.
        """
        if kind_of(instance) not in _IMAGES or is_moving(instance, options):
            return None
        key = _key(instance.digest, frame_number or 0, options)
        made = self._cache.at_once(key, partial(self._image_at_once, instance, options, frame_number))
        return None if made is None else Content.of([made])

    def _image_at_once(self, instance: Instance, options: RenderingOptions, frame_number: int | None) -> bytes | None:
        if instance.is_encapsulated or not _is_plain(options):
            return None
        try:
            one = self._threads.on_the_spot(self._small_frame, instance, frame_number)
        except WouldTakeLong:
            return None
        return _drawn(one, options)

    def _small_frame(self, instance: Instance, frame_number: int | None) -> StoredFrame:
        description = self.frames.described(instance, with_texts=False)
        number = frame_number or description.representative_frame
        frame = description.frame(number)
        if not _is_small(frame):
            raise WouldTakeLong
        return StoredFrame(instance.native_frame(number), EXPLICIT_VR_LITTLE_ENDIAN, number, frame)

    async def instance(
        self, source: Source, instance: Instance, options: RenderingOptions, *, to_base: str = TO_BASE
    ) -> Content:
        """An instance in ``options.media_type``, one of its `media_types_of`.

        ``to_base`` leads from where the picture is to the Base URI: links in documents begin with it.

        Raises:
            UnsupportedSopClass: there is no picture of such an instance.
            CorruptFrame, CodecUnavailable, LimitExceeded: its pixels cannot be decoded.
            ResourceNotFound: what it refers to is not here.
        """
        kind = kind_of(instance)
        if kind is None:
            raise no_picture(instance)
        if kind is Kind.VIDEO and options.media_type.startswith("video/"):
            (stream,) = await instance.frames([1], decoded=False, lazy=True)
            return stream
        if kind is Kind.DOCUMENT:
            return await self._content(
                _key(instance.digest, 0, options, to_base), partial(self._document, instance, options, to_base)
            )
        key = await self.identity(source, instance, options)
        make = partial(self._of_kind[kind], source, instance, options)
        return await self._admitted(key, make, instance, moves=is_moving(instance, options))

    async def frame(self, source: Source, instance: Instance, frame_number: int, options: RenderingOptions) -> Content:
        """One frame, counted from 1, of an instance that has frames; raises as `instance` does."""
        if kind_of(instance) is Kind.SEGMENTATION:
            make = partial(self._segmentation_frame, source, instance, frame_number, options)
        else:
            make = partial(self._frame, instance, frame_number, options)
        key = await self.identity(source, instance, options, frame_number)
        return await self._admitted(key, make, instance)

    async def identity(
        self, source: Source, instance: Instance, options: RenderingOptions, frame_number: int | None = None
    ) -> bytes:
        """A digest of what a picture is made of, and how."""
        return _key(await self.made_of(source, instance, options, frame_number), frame_number or 0, options)

    async def made_of(
        self, source: Source, instance: Instance, options: RenderingOptions, frame_number: int | None = None
    ) -> bytes:
        """What a picture is made of, as digests: those of the instance and of the images that it is drawn over."""
        kind = kind_of(instance)
        if kind is Kind.PRESENTATION_STATE:
            return b"\0".join([instance.digest, *await self._shown(source, instance, options)])
        if kind is Kind.SEGMENTATION:
            number = frame_number or (await self.frames.describe(instance, with_texts=False)).representative_frame
            background = (await instance.read_dataset(read_segmentation)).source_of(number)
            references = () if background is None else (background,)
            return b"\0".join([instance.digest, *await digests_of(source, instance, references)])
        return instance.digest

    async def _shown(self, source: Source, instance: Instance, options: RenderingOptions) -> list[bytes]:
        """The digests of what a presentation state shows: all, or the first image that is here and those before it."""
        state = await instance.read_dataset(read_presentation_state)
        if _is_moving(options) or state.whole_series:
            series = await whole_series(source, instance, state.whole_series)
            return await digests_of(source, instance, (*state.references, *series))
        found: list[bytes] = []
        for image in state.images[:_MOST_MISSING]:
            digests = await digests_of(source, instance, needed_for(state, image))
            found += digests
            if digests[0]:
                break
        return found

    async def close(self) -> None:
        """End the processes that make pictures."""
        await self.workers.close()
        await self.long.close()

    async def _content(self, key: bytes, make: Callable[[], Awaitable[bytes]]) -> Content:
        return Content.of([await self._cache.get(key, make)])

    async def cached(self, key: bytes, make: Callable[[], Awaitable[bytes]], size: int) -> bytes:
        """What was made under this key of ``size`` bytes, and took long, or is made now."""
        return await self._cache.get(key, partial(self._long_admission.run, size, make))

    async def _admitted(
        self, key: bytes, make: Callable[[], Awaitable[bytes]], instance: Instance, *, moves: bool = False
    ) -> Content:
        """What is made of the pixels of a frame, or of all, when it has its turn."""
        admission = self._long_admission if moves else self._admission
        size = instance.size if moves else instance.size // max(1, instance.number_of_frames)
        others = _OF_OTHERS if kind_of(instance) in (Kind.PRESENTATION_STATE, Kind.SEGMENTATION) else 0
        return await self._content(key, partial(admission.run, size + others, make))

    async def in_thread(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run what takes processor time, but no codec."""
        return await self._threads(function, *args, **kwargs)

    async def presented(
        self, source: Source, state_instance: Instance, image: Instance, options: RenderingOptions
    ) -> Content:
        """An image as a presentation state shows it, out of those that the state refers to.

        Raises:
            InvalidParameter: the presentation state does not refer to the image.
        """
        state = await state_instance.read_dataset(read_presentation_state)
        uid = image.resource.sop_instance_uid
        references = tuple(one for one in state.references if one.sop_instance_uid == uid)
        if not references:
            raise InvalidParameter("presentationUID", "the presentation state does not refer to this image")
        key = await self.identity(source, state_instance, options) + image.digest

        async def make() -> bytes:
            needed = needed_for(state, references[0])
            presented = await presented_frames(source, self.frames, image, needed)
            return await self.workers.run(render_presented, presented, state, options)

        return await self._admitted(key, make, image)

    async def _frame(self, instance: Instance, frame_number: int, options: RenderingOptions) -> bytes:
        if not instance.number_of_frames:
            raise ResourceNotFound(f"frame {frame_number} of {instance.resource}")
        if kind_of(instance) is Kind.VIDEO:
            return await self._video_frame(instance, frame_number, options)
        (stored,) = await self.frames.read(instance, [frame_number], with_texts=bool(options.annotations))
        as_stored = stored_picture(stored.content, stored.transfer_syntax_uid, stored.description, options)
        if as_stored is not None:
            return as_stored
        if not instance.is_encapsulated and _is_plain(options) and _is_small(stored.description):
            return _drawn(stored, options)
        return await self.workers.run(
            render_frame, stored.content, stored.transfer_syntax_uid, frame_number, stored.description, options
        )

    async def _video_frame(self, instance: Instance, frame_number: int, options: RenderingOptions) -> bytes:
        """One picture of a stream, which is stored as one frame."""
        if instance.size > _MAX_VIDEO_BYTES:
            raise LimitExceeded("bytes in a video that frames are rendered of", _MAX_VIDEO_BYTES)
        description = await self.frames.describe(instance)
        (stream,) = await self.frames.read(instance, [1])
        return await self.workers.run(
            render_video_frame,
            stream.content,
            stream.transfer_syntax_uid,
            frame_number,
            description.frame(frame_number),
            options,
        )

    async def _image(self, _source: Source, instance: Instance, options: RenderingOptions) -> bytes:
        description = await self.frames.describe(instance, with_texts=bool(options.annotations))
        if not is_moving(instance, options):
            return await self._frame(instance, description.representative_frame, options)
        numbers = animation_frames(instance.number_of_frames, instance.size // instance.number_of_frames)
        stored = await self.frames.read(instance, numbers, with_texts=bool(options.annotations))
        return await self.long.run(
            render_frames,
            [one.content for one in stored],
            stored[0].transfer_syntax_uid,
            [one.description for one in stored],
            options,
            description.cine.durations(numbers),
            numbers,
        )

    async def _presentation_state(self, source: Source, instance: Instance, options: RenderingOptions) -> bytes:
        state = await instance.read_dataset(read_presentation_state)
        if _is_moving(options) or state.whole_series:
            series = await whole_series(source, instance, state.whole_series)
            presented = await presented_frames(source, self.frames, instance, (*state.references, *series))
        else:
            presented = await self._first_shown(source, instance, state)
        return await self.workers.run(render_presented, presented, state, options)

    async def _first_shown(self, source: Source, instance: Instance, state: PresentationState) -> list[PresentedFrame]:
        """The first image that is here, with what is subtracted from it or laid over it."""
        missing: DicomError | None = None
        for image in state.images[:_MOST_MISSING]:
            try:
                return await presented_frames(source, self.frames, instance, needed_for(state, image))
            except ResourceNotFound as error:
                missing = missing or error
        raise missing or ResourceNotFound(f"images that {instance.resource} refers to")

    async def _segmentation(self, source: Source, instance: Instance, options: RenderingOptions) -> bytes:
        description = await self.frames.describe(instance, with_texts=False)
        return await self._segmentation_frame(source, instance, description.representative_frame, options)

    async def _segmentation_frame(
        self, source: Source, instance: Instance, frame_number: int, options: RenderingOptions
    ) -> bytes:
        """All segments in the place of a frame, over the frame of the image that they were made from."""
        segmentation = await instance.read_dataset(read_segmentation)
        numbers = segmentation.frames_over(frame_number)[:_MOST_SEGMENTS]
        masks = await self.frames.read(instance, numbers)
        background = await source_frame(source, self.frames, instance, segmentation.source_of(frame_number))
        return await self.workers.run(render_segmented, background, masks, segmentation.narrowed(numbers), options)

    async def _document(self, instance: Instance, options: RenderingOptions, to_base: str) -> bytes:
        links = partial(rendered_link, to_base)
        return await instance.made_of_dataset(lambda dataset: rendered_document(dataset, options.media_type, links))

    async def _waveform(self, _source: Source, instance: Instance, options: RenderingOptions) -> bytes:
        return await instance.made_of_dataset(lambda dataset: rendered_waveform(dataset, options.media_type, options))


def _drawn(one: StoredFrame, options: RenderingOptions) -> bytes:
    return render_frame(one.content, one.transfer_syntax_uid, one.frame_number, one.description, options)


def _is_plain(options: RenderingOptions) -> bool:
    """Whether these options make half a millisecond's work of a small frame: not worth the way to another process."""
    return (
        options.media_type == "image/jpeg"
        and options.viewport is None
        and options.region is None
        and not options.annotations
    )


def _is_small(frame: FrameDescription) -> bool:
    form = frame.form
    is_grey = form.image.samples_per_pixel == 1 and form.dtype.kind in "iu" and form.dtype.itemsize <= 2
    return is_grey and form.image.pixels <= _FEW_PIXELS and frame.icc_profile is None and not frame.overlays


def _is_moving(options: RenderingOptions) -> bool:
    return options.media_type in MOVING_MEDIA_TYPES and not options.is_still


def _key(made_of: bytes, frame_number: int, options: RenderingOptions, to_base: str = "") -> bytes:
    digest = blake2b(_VERSION + made_of, digest_size=24)
    digest.update(f"{frame_number}\0{_words(options)}\0{to_base}".encode())
    return digest.digest()


@lru_cache(maxsize=512)
def _words(options: RenderingOptions) -> str:
    return repr(options)
