"""What frames, pixel data and other bulk data leave as (PS3.18 §8.7.3.3, §10.4.3.3.5 and .6).

Compressed pixel data is one item per frame, its bare codestream; native pixel data is one item. Of the resources that
hold several instances everything is opened when it is sent. Frames that are to be compressed are made before the answer
begins if they are few, so that it has a size and an error can be told.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from starlette.responses import Response
from starlette.types import Receive

from app.bulk_responses import Item, bulk_response
from app.dependencies import Asked
from app.headers import warning
from app.negotiation import Acceptable, Selection, select_bulkdata
from app.retrieval import can_decode, instances_of, stored_form
from app.sending import made_while_connected
from dicomcore.content import Content
from dicomcore.errors import NotAcceptable, ResourceNotFound
from dicomcore.instance import Instance
from dicomcore.resources import Level
from dicomcore.uids import EXPLICIT_VR_LITTLE_ENDIAN

PIXEL_DATA_PATHS = frozenset(("7FE00010", "7FE00008", "7FE00009"))
_FEW = 16  # frames that are compressed before the answer begins
_PLAIN = (EXPLICIT_VR_LITTLE_ENDIAN,)
_LEFT_OUT = "{} values are left out, because they cannot be had in the form that was asked for"


async def frames(
    instance: Instance,
    frame_numbers: Sequence[int],
    accepted: Acceptable,
    base: str,
    receive: Receive | None = None,
) -> Response:
    """Frames by number from 1, in the order asked for; none is converted for a client that is gone."""
    selection = await _select_pixels(instance, accepted, single=len(frame_numbers) == 1)
    location = f"{base}{instance.resource.path}/frames/"
    if _is_converted(instance, selection):
        making = _converted(instance, frame_numbers, selection, lambda number: f"{location}{number}")
        return bulk_response(await made_while_connected(receive, making), instance.digest)
    is_decoded = _is_decoded(instance, selection)
    # To listen to the client takes as long as to find a frame: that is for where there is more to do.
    listening = receive if is_decoded and instance.is_encapsulated else None
    contents = await made_while_connected(listening, instance.frames(frame_numbers, decoded=is_decoded))
    items = [
        Item(f"{location}{number}", selection, content) for number, content in zip(frame_numbers, contents, strict=True)
    ]
    return bulk_response(items, instance.digest)


async def bulkdata(
    instance: Instance, path: str, accepted: Acceptable, base: str, receive: Receive | None = None
) -> Response:
    """The value that a BulkDataURI names; no pixels are converted for a client that is gone."""
    path = path.upper()
    location = f"{base}{instance.resource.path}/bulkdata/{path}"
    if path in PIXEL_DATA_PATHS and instance.number_of_frames:
        making = _pixels(instance, accepted, location, single=True)
        return bulk_response(await made_while_connected(receive, making), instance.digest)
    value = await instance.bulkdata(path)
    selection = _select_value(accepted, value.document_type, single=True)
    return bulk_response([Item(location, selection, value.content)], instance.digest)


@dataclass(slots=True)
class _Gathered:
    """The items of several instances, and in which forms those would be that cannot be had as asked."""

    items: list[Item] = field(default_factory=list)
    left_out: int = 0
    available: dict[str, None] = field(default_factory=dict)

    @contextmanager
    def leaving_out(self) -> Iterator[None]:
        """Leave out what cannot be had as asked."""
        try:
            yield
        except NotAcceptable as refusal:
            self.left_out += 1
            self.available.update(dict.fromkeys(refusal.available))

    def response(self, instances: Sequence[Instance], base: str, what: str) -> Response:
        """Answer with what there is, if anything is."""
        if not self.items and self.left_out:
            raise NotAcceptable("nothing that Accept names can be made of this resource", tuple(self.available))
        if not self.items:
            raise ResourceNotFound(what)
        identity = b"".join(one.digest for one in instances)
        if not self.left_out:
            return bulk_response(self.items, identity)
        headers = [("Warning", warning(base, _LEFT_OUT.format(self.left_out)))]
        return bulk_response(self.items, identity, status=206, headers=headers)


async def all_bulkdata(asked: Asked) -> Response:
    """Everything that the metadata of a resource refer to; what cannot be had as asked for is left out."""
    resource, accepted, base = asked.resource, asked.accepted, asked.base
    instances = await instances_of(asked.source, resource)
    gathered = _Gathered()
    for one in instances:
        prefix = f"{base}{one.resource.path}/bulkdata/"
        for value in await one.all_bulkdata(asked.settings.inline_threshold_bytes):
            with gathered.leaving_out():
                if value.path in PIXEL_DATA_PATHS and one.number_of_frames:
                    gathered.items += await _pixels(one, accepted, prefix + value.path, single=False)
                else:
                    selection = _select_value(accepted, value.document_type, single=False)
                    gathered.items.append(Item(prefix + value.path, selection, value.content))
    return gathered.response(instances, base, f"bulk data of {resource}")


async def pixel_data(asked: Asked) -> Response:
    """The pixel data of the instances themselves, not that of icons in them."""
    resource, accepted, base = asked.resource, asked.accepted, asked.base
    instances = [one for one in await instances_of(asked.source, resource) if one.number_of_frames]
    is_single = resource.level is Level.INSTANCE
    gathered = _Gathered()
    for one in instances:
        location = f"{base}{one.resource.path}/bulkdata/{one.pixel_data_path}"
        with gathered.leaving_out():
            making = _pixels(one, accepted, location, single=is_single)
            gathered.items += await made_while_connected(asked.request.receive if is_single else None, making)
    return gathered.response(instances, base, f"pixel data of {resource}")


async def _pixels(instance: Instance, accepted: Acceptable, location: str, *, single: bool) -> list[Item]:
    """All frames as stored or compressed, one item each, or the whole of them decoded."""
    count = instance.number_of_frames
    selection = await _select_pixels(instance, accepted, single=single)
    if _is_converted(instance, selection):
        if not selection.multipart and count > 1:
            raise _several_frames()
        return await _converted(instance, range(1, count + 1), selection, lambda _: location, lazy=not single)
    if _is_decoded(instance, selection):
        return [Item(location, selection, await instance.pixel_data(lazy=not single))]
    if not selection.multipart and count > 1:
        raise _several_frames()
    contents = await instance.frames(range(1, count + 1), decoded=False, lazy=not single)
    return [Item(location, selection, content) for content in contents]


async def _converted(
    instance: Instance,
    frame_numbers: Sequence[int],
    selection: Selection,
    locate: Callable[[int], str],
    *,
    lazy: bool = False,
) -> list[Item]:
    """Frames in another compression than the stored one; many are made when it is their turn."""
    uid = selection.transfer_syntax_uid
    if lazy or len(frame_numbers) > _FEW:
        instance.check_frames(frame_numbers)
        return [Item(locate(one), selection, partial(_made, instance, one, uid)) for one in frame_numbers]
    contents = await instance.converted_frames(frame_numbers, uid)
    return [Item(locate(number), selection, content) for number, content in zip(frame_numbers, contents, strict=True)]


async def _made(instance: Instance, frame_number: int, transfer_syntax_uid: str) -> Content:
    (content,) = await instance.converted_frames([frame_number], transfer_syntax_uid)
    return content


def _several_frames() -> NotAcceptable:
    return NotAcceptable("several frames do not fit into a single part", ("multipart/related",))


async def _select_pixels(instance: Instance, accepted: Acceptable, *, single: bool) -> Selection:
    form = await stored_form(instance, accepted, for_instances=False, single=single)
    return select_bulkdata(accepted, (form,), can_decode=can_decode, single=single)[form]


def _select_value(accepted: Acceptable, document_type: str, *, single: bool) -> Selection:
    chosen = select_bulkdata(accepted, _PLAIN, can_decode=can_decode, single=single, document_type=document_type)
    return chosen[EXPLICIT_VR_LITTLE_ENDIAN]


def _is_converted(instance: Instance, selection: Selection) -> bool:
    """Whether frames leave in a compression that they are not stored in."""
    return selection.transfer_syntax_uid not in (instance.transfer_syntax_uid, EXPLICIT_VR_LITTLE_ENDIAN)


def _is_decoded(instance: Instance, selection: Selection) -> bool:
    """Whether frames leave in another form than they are stored in; native ones are always given as native."""
    return selection.transfer_syntax_uid != instance.transfer_syntax_uid or not instance.is_encapsulated
