"""Reformations and projections: the slices of a series are gathered and handed to a worker process as one volume.

Of a study the series with the most slices is taken. What of it makes up one volume is decided where the volume is
built (`dicomcore.volumes`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from dicomcore.data import Buffer
from dicomcore.errors import InvalidParameter
from dicomcore.instance import Instance
from dicomcore.pictures.kinds import Kind, kind_of, no_picture
from dicomcore.pictures.renderer import Renderer
from dicomcore.rendering import RenderingOptions
from dicomcore.uids import EXPLICIT_VR_LITTLE_ENDIAN
from dicomcore.volumes import (
    VolumeFrame,
    VolumeOptions,
    needed_frames,
    render_volume,
    rendered_volumetric_metadata,
    slices_of,
)

_NO_SLICES = "there are no grey images with positions that a volume could be made of"
_IMAGES = frozenset((Kind.IMAGE, Kind.FRAMES))


@dataclass(frozen=True, slots=True)
class _Slices:
    """The slices of one instance."""

    instance: Instance
    frames: Sequence[VolumeFrame]


async def rendered_volume(
    renderer: Renderer,
    instances: Sequence[Instance],
    options: VolumeOptions,
    rendering: RenderingOptions,
    frame_numbers: Collection[int] = (),
) -> bytes:
    """A picture of the volume that instances, or some frames of one, make up.

    Raises:
        ResourceNotFound, UnsupportedSopClass: there is no image among them.
        InvalidParameter: they are no volume, or nothing of it is in view.
        LimitExceeded: more is asked for than is made.
        CorruptFrame, CodecUnavailable: a slice cannot be decoded.
    """
    found = [await _slices(one, options, frame_numbers) for one in instances if kind_of(one) in _IMAGES]
    chosen = _largest_series([one for one in found if one.frames])
    if not chosen:
        raise InvalidParameter("volume", _NO_SLICES) if found else no_picture(instances[0])
    frames = [frame for one in chosen for frame in one.frames]
    function = rendered_volumetric_metadata if options.wants_metadata else render_volume

    async def make() -> bytes:
        needed = frozenset(await renderer.in_thread(needed_frames, frames, options, rendering))
        contents, uids = await _read(chosen, needed)
        return await renderer.long.run(function, contents, uids, frames, options, rendering)

    size = sum(one.instance.size for one in chosen)
    return await renderer.cached(_key(chosen, options, rendering), make, size)


async def _slices(instance: Instance, options: VolumeOptions, frame_numbers: Collection[int]) -> _Slices:
    uid = str(instance.resource.sop_instance_uid)
    frames = [
        frame
        for frame in await instance.made_of_dataset(slices_of)
        if options.takes(uid, frame.frame_number) and (not frame_numbers or frame.frame_number in frame_numbers)
    ]
    return _Slices(instance, frames)


def _largest_series(found: Sequence[_Slices]) -> list[_Slices]:
    series: dict[str | None, list[_Slices]] = {}
    for one in found:
        series.setdefault(one.instance.resource.series_instance_uid, []).append(one)
    return max(series.values(), key=lambda slices: sum(len(one.frames) for one in slices), default=[])


async def _read(chosen: Sequence[_Slices], needed: Collection[int]) -> tuple[list[Buffer], list[str]]:
    """The frames that are needed, by their place among all; empty in the place of others."""
    contents: list[Buffer] = []
    uids: list[str] = []
    for one in chosen:
        is_encapsulated = one.instance.is_encapsulated
        places = range(len(contents), len(contents) + len(one.frames))
        numbers = [frame.frame_number for place, frame in zip(places, one.frames, strict=True) if place in needed]
        found = iter(await one.instance.frames(numbers, decoded=not is_encapsulated) if numbers else ())
        contents += [await next(found).whole() if place in needed else b"" for place in places]
        uid = one.instance.transfer_syntax_uid if is_encapsulated else EXPLICIT_VR_LITTLE_ENDIAN
        uids += [uid] * len(one.frames)
    return contents, uids


def _key(chosen: Sequence[_Slices], options: VolumeOptions, rendering: RenderingOptions) -> bytes:
    digest = blake2b(b"volume", digest_size=24)
    for one in chosen:
        digest.update(one.instance.digest + repr([frame.frame_number for frame in one.frames]).encode())
    digest.update(f"{options}\0{rendering}".encode())
    return digest.digest()
