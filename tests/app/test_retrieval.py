import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from builders import DEFLATED_LE, EXPLICIT_LE, IMPLICIT_LE, RLE_LOSSLESS, ct_dataset, ct_instance
from in_process import InProcess, Remembered, codecs_in_process
from starlette.requests import ClientDisconnect

from app.negotiation import Selection, acceptable
from app.retrieval import (
    Leaving,
    can_decode,
    entity_tag,
    instances_of,
    leaving_alone,
    select_form,
    select_forms,
    single_file,
)
from dicomcore.archive import Archive
from dicomcore.data import Buffer, read_file
from dicomcore.errors import NotAcceptable, ResourceNotFound
from dicomcore.instance import Instance
from dicomcore.resources import Resource
from dicomcore.transcoding import Codecs
from dicomcore.uids import ENCAPSULATED_UNCOMPRESSED

JPEG_LS = "1.2.840.10008.1.2.4.80"
PARTS = 'multipart/related; type="application/dicom"'


async def stored(archive: Archive, *contents: bytes) -> list[Instance]:
    for content in contents:
        spool = archive.spool()
        spool.write(content)
        await archive.store(spool)
    return await instances_of(archive, Resource("1.2.3"))


async def read(buffers: AsyncIterator[Buffer]) -> bytes:
    whole = io.BytesIO()
    async for buffer in buffers:
        whole.write(buffer)
    return whole.getvalue()


def leaving(instance: Instance, transfer_syntax: str) -> Leaving:
    return Leaving(instance, Selection("application/dicom", True, transfer_syntax))


async def test_instances_of_what_is_not_there_are_not_found(archive: Archive) -> None:
    with pytest.raises(ResourceNotFound):
        await instances_of(archive, Resource("1.2.3"))


async def test_every_instance_of_a_study_is_chosen_for_by_what_it_can_become(archive: Archive) -> None:
    archive.codecs = codecs_in_process()
    bits = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "PixelData": bytes(2)}
    contents = [ct_instance(), ct_instance(SOPInstanceUID="1.2.3.5", InstanceNumber="8", **bits)]
    gray, mask = await stored(archive, *contents)
    accepted = acceptable(f"{PARTS}; transfer-syntax={JPEG_LS}")
    chosen = Selection("application/dicom", True, JPEG_LS)
    assert await select_forms([gray, mask], accepted, single=False) == [(gray, chosen), (mask, None)]
    with pytest.raises(NotAcceptable) as refusal:
        await select_form(mask, accepted, single=False)
    assert (
        f'multipart/related; type="application/dicom"; transfer-syntax={ENCAPSULATED_UNCOMPRESSED}'
        in refusal.value.available
    )
    assert await leaving_alone(gray, accepted) == Leaving(gray, chosen)
    assert await leaving_alone(mask, accepted) is None


async def test_the_data_set_is_not_read_to_choose_what_is_stored(archive: Archive) -> None:
    archive.codecs = codecs_in_process()
    (instance,) = await stored(archive, ct_instance())
    await select_form(instance, acceptable("*/*"), single=True)
    assert archive.codecs.known(instance.digest) is None


@pytest.mark.parametrize(
    ("transfer_syntax", "expected"),
    [(IMPLICIT_LE, True), (RLE_LOSSLESS, True), (JPEG_LS, True), ("1.2.840.10008.1.2.4.102", False), ("1.2.3", False)],
)
def test_what_can_be_decoded_is_known_by_transfer_syntax(transfer_syntax: str, expected: bool) -> None:
    assert can_decode(transfer_syntax) == expected


async def test_what_leaves_in_its_own_syntax_leaves_as_stored(archive: Archive) -> None:
    (instance,) = await stored(archive, ct_instance(DEFLATED_LE))
    one = leaving(instance, DEFLATED_LE)
    assert one.is_as_stored
    assert await read(await one.read(10, 200)) == ct_instance(DEFLATED_LE)[10:200]


async def test_what_leaves_in_another_syntax_is_converted(archive: Archive) -> None:
    (instance,) = await stored(archive, ct_instance(DEFLATED_LE))
    one = leaving(instance, EXPLICIT_LE)
    assert not one.is_as_stored
    assert (await read(await one.read())).endswith(ct_dataset())


async def test_what_leaves_in_another_compression_is_compressed(archive: Archive) -> None:
    archive.codecs = codecs_in_process()
    (instance,) = await stored(archive, ct_instance())
    made = read_file(await read(await leaving(instance, JPEG_LS).read()))
    assert made.transfer_syntax.uid == JPEG_LS


async def test_what_is_stored_as_a_bare_data_set_never_leaves_as_stored(archive: Archive) -> None:
    (instance,) = await stored(archive, ct_dataset())
    assert not leaving(instance, EXPLICIT_LE).is_as_stored


async def test_an_entity_tag_depends_on_content_syntax_and_words(archive: Archive) -> None:
    (instance,) = await stored(archive, ct_instance())
    (replaced,) = await stored(archive, ct_instance(PatientID="other"))
    tags = [
        entity_tag([leaving(instance, EXPLICIT_LE)]),
        entity_tag([leaving(replaced, EXPLICIT_LE)]),
        entity_tag([leaving(instance, DEFLATED_LE)]),
        entity_tag([leaving(instance, EXPLICIT_LE)], "http://t"),
        entity_tag([leaving(instance, EXPLICIT_LE)] * 2),
    ]
    assert len(set(tags)) == len(tags)
    assert all(tag.startswith('"') and tag.endswith('"') for tag in tags)


async def test_a_file_that_nobody_waits_for_any_more_is_given_up(archive: Archive) -> None:
    begun = asyncio.Event()
    given_up = asyncio.Event()

    class Stuck(InProcess):
        async def run(self, *_args: object, **_kwargs: object) -> Any:
            begun.set()
            try:
                await asyncio.Event().wait()  # forever
            finally:
                given_up.set()

    async def receive() -> dict[str, object]:
        await begun.wait()
        return {"type": "http.disconnect"}

    archive.codecs = Codecs(Stuck(), Remembered())  # type: ignore[arg-type]  # what of workers is used is there
    (instance,) = await stored(archive, ct_instance())
    with pytest.raises(ClientDisconnect):
        await single_file(leaving(instance, JPEG_LS), "http://t", receive)
    assert given_up.is_set()
