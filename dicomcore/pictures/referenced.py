"""What presentation states and segmentations refer to: the images they are drawn over, found in the same `Source`.

References name series and instances of the study of the object itself (PS3.3 §C.11.11, §C.8.20). An image that is not
there is left out; if none is, there is nothing to draw on.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from itertools import islice

from dicomcore.data import Dataset
from dicomcore.documents import Reference
from dicomcore.errors import DicomError, ResourceGone, ResourceNotFound
from dicomcore.instance import Instance
from dicomcore.pictures.frames import Frames
from dicomcore.rendering import (
    ImageReference,
    PresentationState,
    PresentedFrame,
    StoredFrame,
    matrix_offset_of,
    plane_of,
)
from dicomcore.resources import Resource
from dicomcore.source import Source

_MOST = 256  # images of one presentation state


async def presented_frames(
    source: Source, frames: Frames, owner: Instance, references: Iterable[ImageReference], most: int = _MOST
) -> list[PresentedFrame]:
    """The frames that references name, in their order; ``most`` of them.

    Raises:
        ResourceNotFound: none of the images is here.
    """
    found: list[PresentedFrame] = []
    missing: DicomError | None = None
    for reference in references:
        try:
            found += await _presented(source, frames, owner, reference, most - len(found))
        except (ResourceNotFound, ResourceGone) as error:
            missing = missing or error
        if len(found) >= most:
            break
    if not found:
        raise missing or ResourceNotFound(f"images that {owner.resource} refers to")
    return found


def needed_for(state: PresentationState, image: ImageReference) -> tuple[ImageReference, ...]:
    """What a presentation state needs to show an image, or the first frame of it that it is about."""
    return state.needed_for(image, image.frames[0] if image.frames else 1)


async def whole_series(source: Source, owner: Instance, series: Iterable[str]) -> list[ImageReference]:
    """References to all images of series, which an advanced blending names without naming their images."""
    found: list[ImageReference] = []
    for uid in series:
        with suppress(ResourceNotFound, ResourceGone):
            async for one in source.retrieve(Resource(owner.resource.study_instance_uid, uid)):
                if one.number_of_frames:
                    found.append(ImageReference(uid, one.sop_class_uid, str(one.resource.sop_instance_uid)))
    return found


async def digests_of(source: Source, owner: Instance, references: Iterable[ImageReference]) -> list[bytes]:
    """The digest of each image that references name: what tells whether it was replaced. Empty if it is not here."""
    found: list[bytes] = []
    for reference in islice(references, _MOST):
        try:
            found.append((await _referenced(source, owner, reference)).digest)
        except (ResourceNotFound, ResourceGone):
            found.append(b"")
    return found


async def source_frame(
    source: Source, frames: Frames, owner: Instance, reference: ImageReference | None
) -> PresentedFrame | None:
    """The one frame that a frame of a segmentation was made from; None if it is not here."""
    if reference is None:
        return None
    with suppress(ResourceNotFound, ResourceGone):
        found = await _presented(source, frames, owner, reference, 1)
        return found[0] if found else None
    return None


async def _presented(
    source: Source, frames: Frames, owner: Instance, reference: ImageReference, most: int
) -> list[PresentedFrame]:
    instance = await _referenced(source, owner, reference)
    numbers = list(reference.frames or range(1, instance.number_of_frames + 1))[:most]
    stored = await frames.read(instance, numbers)
    return await instance.made_of_dataset(lambda dataset: [_of(one, reference, dataset) for one in stored])


async def _referenced(source: Source, owner: Instance, reference: ImageReference) -> Instance:
    study = owner.resource.study_instance_uid
    return await source.instance(Resource(study, reference.series_instance_uid, reference.sop_instance_uid))


def _of(stored: StoredFrame, reference: ImageReference, dataset: Dataset) -> PresentedFrame:
    return PresentedFrame(
        frame=stored.content,
        transfer_syntax_uid=stored.transfer_syntax_uid,
        frame_number=stored.frame_number,
        description=stored.description,
        reference=reference,
        plane=plane_of(dataset, stored.frame_number),
        matrix_offset=matrix_offset_of(dataset, stored.frame_number),
    )


def rendered_link(to_base: str, reference: Reference) -> str | None:
    """The rendered form of what a document refers to; it may lie in another study."""
    if not (reference.study_instance_uid and reference.series_instance_uid):
        return None
    target = Resource(reference.study_instance_uid, reference.series_instance_uid, reference.sop_instance_uid)
    return f"{to_base}{target.path}/rendered"
