import io
from collections.abc import AsyncIterator

import pytest
from builders import DEFLATED_LE, EXPLICIT_LE, IMPLICIT_LE, RLE_LOSSLESS, ct_dataset, ct_instance

from app.negotiation import Selection
from app.retrieval import Leaving, can_decode, entity_tag, instances_of, stored_syntaxes
from dicomcore.archive import Archive
from dicomcore.data import Buffer
from dicomcore.errors import ResourceNotFound
from dicomcore.instance import Instance
from dicomcore.resources import Resource


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


async def test_the_transfer_syntaxes_of_a_study_are_each_named_once(archive: Archive) -> None:
    contents = [
        ct_instance(syntax, SOPInstanceUID=f"1.2.3.{number}", InstanceNumber=str(number))
        for number, syntax in enumerate((EXPLICIT_LE, DEFLATED_LE, EXPLICIT_LE))
    ]
    assert stored_syntaxes(await stored(archive, *contents)) == [EXPLICIT_LE, DEFLATED_LE]


@pytest.mark.parametrize(
    ("transfer_syntax", "expected"),
    [(IMPLICIT_LE, True), (RLE_LOSSLESS, True), ("1.2.840.10008.1.2.4.90", False), ("1.2.3", False)],
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
