"""Frames of an instance, as they are handed to the process that decodes and renders them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial

from dicomcore.errors import CorruptFrame, ResourceNotFound
from dicomcore.instance import Instance
from dicomcore.pictures.kinds import Kind, kind_of
from dicomcore.pixels import read_image_elements
from dicomcore.rendering import ImageDescription, StoredFrame, describe
from dicomcore.uids import EXPLICIT_VR_LITTLE_ENDIAN

_DESCRIPTIONS = 64


@lru_cache(maxsize=_DESCRIPTIONS)
def _described_by(image_elements: bytes) -> ImageDescription:
    """Describe a plain image by what was kept of it, which is the same in most of a series."""
    return describe(read_image_elements(image_elements), with_texts=False)


class Frames:
    """Reads frames, and remembers the descriptions of the images that were looked at last."""

    def __init__(self, remembered: int = _DESCRIPTIONS) -> None:
        self._remembered = remembered
        self._descriptions: OrderedDict[bytes, ImageDescription] = OrderedDict()

    async def describe(self, instance: Instance, *, with_texts: bool = True) -> ImageDescription:
        """What the data set of an image says about how it is shown; texts are for annotations only."""
        found = self._known(instance, with_texts)
        if found is None:
            found = await instance.read_header(partial(describe, with_texts=with_texts))
            self._remember(instance, found)
        return found

    def described(self, instance: Instance, *, with_texts: bool = True) -> ImageDescription:
        """What `describe` gives, in this step; for `Threads.on_the_spot`."""
        found = self._known(instance, with_texts)
        if found is None:
            found = instance.header(partial(describe, with_texts=with_texts))
            self._remember(instance, found)
        return found

    def _known(self, instance: Instance, with_texts: bool) -> ImageDescription | None:
        found = self._descriptions.get(instance.digest)
        if found is None or (with_texts and not found.has_texts):
            return None if with_texts or not instance.image_elements else _described_by(instance.image_elements)
        self._descriptions.move_to_end(instance.digest)
        return found

    def _remember(self, instance: Instance, description: ImageDescription) -> None:
        self._descriptions[instance.digest] = description
        while len(self._descriptions) > self._remembered:
            self._descriptions.popitem(last=False)

    async def read(
        self, instance: Instance, frame_numbers: Sequence[int], *, with_texts: bool = True
    ) -> list[StoredFrame]:
        """Frames by number from 1; raises as `Instance.frames` does."""
        description = await self.describe(instance, with_texts=with_texts)
        is_encapsulated = instance.is_encapsulated
        contents = await instance.frames(frame_numbers, decoded=not is_encapsulated)
        uid = instance.transfer_syntax_uid if is_encapsulated else EXPLICIT_VR_LITTLE_ENDIAN
        return [
            StoredFrame(await content.whole(), uid, number, description.frame(number))
            for number, content in zip(frame_numbers, contents, strict=True)
        ]

    async def count(self, instance: Instance) -> int:
        """How many frames can be asked for; of a video, which is stored as one, those that its data set tells."""
        if kind_of(instance) is not Kind.VIDEO:
            return instance.number_of_frames
        return max(1, (await self.describe(instance, with_texts=False)).number_of_frames)

    async def check(self, instance: Instance, frame_numbers: Iterable[int]) -> None:
        """Raise what `read` would for frames that cannot be had; of a data set that promises more than there are too.

        Raises:
            ResourceNotFound: there is no such frame.
            CorruptFrame: the data set tells of it, but pixel data ends before it.
        """
        count = await self.count(instance)
        missing = next((number for number in frame_numbers if number > count), None)
        if missing is None:
            return
        if not count or missing > (await self.describe(instance, with_texts=False)).number_of_frames:
            raise ResourceNotFound(f"frame {missing} of {instance.resource}")
        raise CorruptFrame(missing, f"pixel data ends after frame {count}")
