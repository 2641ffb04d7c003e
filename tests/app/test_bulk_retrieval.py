import asyncio
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import pytest
from builders import EXPLICIT_LE, ct_dataset, ct_instance, element, encapsulated, part10
from in_process import InProcess, codecs_in_process
from starlette.requests import ClientDisconnect

from app.bulk_retrieval import bulkdata, frames
from app.negotiation import acceptable
from app.responses import RepresentationResponse, StreamResponse
from dicomcore.archive import Archive
from dicomcore.data import read_file
from dicomcore.errors import NotAcceptable, ResourceNotFound
from dicomcore.frame_cache import FrameCache
from dicomcore.instance import Instance
from dicomcore.pixels import Encoding, PixelFormat, convert_frame
from dicomcore.transcoding import Codecs

P = ParamSpec("P")
T = TypeVar("T")

ANYTHING = acceptable("*/*")
PARTS = acceptable('multipart/related; type="image/jls"')
JPEG_LS = "1.2.840.10008.1.2.4.80"
MPEG4 = "1.2.840.10008.1.2.4.102"
BASE = "http://t"


async def stored(archive: Archive, content: bytes) -> Instance:
    spool = archive.spool()
    spool.write(content)
    return await archive.instance((await archive.store(spool)).resource)


async def test_the_same_frames_have_the_same_etag_and_others_another(archive: Archive) -> None:
    extra = element(0x00280008, "IS", "2")
    instance = await stored(archive, ct_instance(extra=extra, PixelData=bytes(64)))
    asked = ([1], [1], [2], [1, 2], [2, 1])
    tags = [(await frames(instance, numbers, ANYTHING, BASE)).headers["etag"] for numbers in asked]
    assert tags[0] == tags[1]
    assert len(set(tags)) == 4


async def test_pixel_data_as_bulk_data_are_as_stored_or_not_by_what_is_accepted(archive: Archive) -> None:
    stream = b"\0\0\1\xb3" + bytes(60)
    instance = await stored(archive, part10(ct_dataset(PixelData=None) + encapsulated([stream]), MPEG4))
    response = await bulkdata(instance, "7FE00010", acceptable("video/mp4"), BASE)
    assert isinstance(response, RepresentationResponse) and response.size == 64
    with pytest.raises(NotAcceptable) as refusal:
        await bulkdata(instance, "7FE00010", acceptable("application/octet-stream"), BASE)
    assert f"video/mp4; transfer-syntax={MPEG4}" in refusal.value.available


def multi_frame(count: int) -> bytes:
    return ct_instance(extra=element(0x00280008, "IS", f"{count:04}"), PixelData=bytes(32 * count))


async def test_few_frames_are_compressed_before_the_answer_begins_and_many_while_it_is_sent(archive: Archive) -> None:
    archive.codecs = codecs_in_process()
    instance = await stored(archive, multi_frame(20))
    few = await frames(instance, range(1, 17), PARTS, BASE)
    assert isinstance(few, RepresentationResponse)
    assert len(archive.codecs.cache.frames) == 16  # type: ignore[attr-defined]  # `Remembered` of tests
    many = await frames(instance, range(1, 21), PARTS, BASE)
    assert isinstance(many, StreamResponse)
    assert few.headers["etag"] != many.headers["etag"]


@pytest.mark.parametrize("count", [3, 30])
async def test_a_frame_that_is_not_there_is_known_before_the_answer_begins(archive: Archive, count: int) -> None:
    archive.codecs = codecs_in_process()
    instance = await stored(archive, multi_frame(count))
    with pytest.raises(ResourceNotFound):
        await frames(instance, range(1, count + 2), PARTS, BASE)


async def test_several_frames_are_compressed_into_parts_only(archive: Archive) -> None:
    archive.codecs = codecs_in_process()
    instance = await stored(archive, multi_frame(2))
    with pytest.raises(NotAcceptable, match="single part"):
        await bulkdata(instance, "7FE00010", acceptable("image/jls"), BASE)


async def test_a_sequence_is_no_bulk_data(archive: Archive) -> None:
    instance = await stored(archive, ct_instance())
    for path in ("00400275", "00080018/0/00080018", "nonsense"):
        with pytest.raises(ResourceNotFound):
            await bulkdata(instance, path, ANYTHING, BASE)


async def test_any_value_is_to_be_had_by_its_path(archive: Archive) -> None:
    """A path that the metadata do not give, for the value stands in them, is answered all the same."""
    instance = await stored(archive, ct_instance())
    response = await bulkdata(instance, "00100020", acceptable("application/octet-stream"), BASE)
    assert isinstance(response, RepresentationResponse) and response.size == 4


class Stuck(InProcess):
    """A sandbox that never gets done, and knows who is still inside."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = asyncio.Event()
        self.inside = 0

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        self.inside += 1
        self.begun.set()
        try:
            return await asyncio.get_running_loop().create_future()
        finally:
            self.inside -= 1

    async def receive(self) -> dict[str, Any]:
        """Say what a client says that goes when the work has begun."""
        await self.begun.wait()
        return {"type": "http.disconnect"}


@pytest.mark.parametrize("is_bulkdata", [False, True])
async def test_frames_that_nobody_waits_for_any_more_are_given_up(archive: Archive, is_bulkdata: bool) -> None:
    sandbox = Stuck()
    archive.codecs = Codecs(sandbox, FrameCache(1 << 20))  # type: ignore[arg-type]  # what of workers is used is there
    instance = await stored(archive, multi_frame(3))
    with pytest.raises(ClientDisconnect):
        if is_bulkdata:
            await bulkdata(instance, "7FE00010", PARTS, BASE, sandbox.receive)
        else:
            await frames(instance, [1, 2], PARTS, BASE, sandbox.receive)
    await asyncio.sleep(0.01)
    assert sandbox.begun.is_set()
    assert sandbox.inside == 0


async def test_decoding_that_nobody_waits_for_any_more_is_given_up(archive: Archive) -> None:
    form = PixelFormat.of(read_file(ct_instance()).dataset)
    frame, _ = convert_frame(bytes(32), form, EXPLICIT_LE, JPEG_LS, 1, Encoding())
    instance = await stored(archive, part10(ct_dataset(PixelData=None) + encapsulated([frame]), JPEG_LS))
    sandbox = Stuck()
    archive.codecs = Codecs(sandbox, FrameCache(1 << 20))  # type: ignore[arg-type]  # what of workers is used is there
    instance = await archive.instance(instance.resource)
    with pytest.raises(ClientDisconnect):
        await frames(instance, [1], acceptable("application/octet-stream"), BASE, sandbox.receive)
    await asyncio.sleep(0.01)
    assert sandbox.inside == 0
