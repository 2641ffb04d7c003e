import pytest
from builders import JPEG_BASELINE, ct_dataset, ct_instance, element, encapsulated, part10

from app.bulk_retrieval import bulkdata, frames
from app.negotiation import acceptable
from app.responses import RepresentationResponse
from dicomcore.archive import Archive
from dicomcore.errors import NotAcceptable, ResourceNotFound
from dicomcore.instance import Instance

ANYTHING = acceptable("*/*")
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


async def test_pixel_data_as_bulk_data_are_decoded_or_not_by_what_is_accepted(archive: Archive) -> None:
    jpeg = b"\xff\xd8" + bytes(60) + b"\xff\xd9"
    instance = await stored(archive, part10(ct_dataset(PixelData=None) + encapsulated([jpeg]), JPEG_BASELINE))
    response = await bulkdata(instance, "7FE00010", acceptable("image/jpeg"), BASE)
    assert isinstance(response, RepresentationResponse) and response.size == 64
    with pytest.raises(NotAcceptable) as refusal:
        await bulkdata(instance, "7FE00010", acceptable("application/octet-stream"), BASE)
    assert f"image/jpeg; transfer-syntax={JPEG_BASELINE}" in refusal.value.available


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
