import pytest
from builders import (
    CT_IMAGE_STORAGE,
    EXPLICIT_LE,
    IMPLICIT_LE,
    RLE_LOSSLESS,
    ct_dataset,
    ct_instance,
    element,
    encapsulated,
    part10,
    sequence,
)
from running_provider import associated, put, serving

from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.data import Dataset, read_dataset, transfer_syntax, write_dataset
from dicomcore.errors import NoPresentationContext
from dicomcore.instance import Instance
from dicomcore.net.ul.items import RoleSelection
from dicomcore.resources import Resource
from dicomcore.scp.encoding import context_for, dataset_without_bulkdata, without_bulkdata
from dicomcore.storage import LocalStorage

CT = CT_IMAGE_STORAGE
EXPLICIT = transfer_syntax(EXPLICIT_LE)


async def stored(archive: Archive, content: bytes) -> Instance:
    await put(archive, content)
    return await archive.instance(Resource("1.2.3", "1.2.3.1", "1.2.3.4"))


def read(content: bytes) -> Dataset:
    return read_dataset(content, EXPLICIT)


BULKDATA = (
    element(0x00287FE0, "UR", "http://pixels.test")
    + element(0x00420011, "OB", bytes(8))
    + element(0x56000020, "OF", bytes(8))
    + element(0x50023000, "OW", bytes(8))
    + element(0x5002200C, "OW", bytes(8))
    + element(0x60043000, "OW", bytes(8))
    + element(0x7FE00001, "OV", bytes(8))
    + element(0x7FE00002, "OV", bytes(8))
    + element(0x7FE00008, "OF", bytes(8))
    + element(0x7FE00009, "OD", bytes(8))
    + element(0x7FE00010, "OW", bytes(8))
)


def test_bulk_data_are_left_out_and_everything_else_stays() -> None:
    rest = element(0x00080018, "UI", "1.2") + element(0x00281201, "OW", bytes(4))
    kept = without_bulkdata(read(rest + BULKDATA))
    assert [one.tag for one in kept] == [0x00080018, 0x00281201]


def test_bulk_data_are_left_out_of_items_too() -> None:
    waveform = sequence(0x54000100, element(0x54000004, "US", 4) + element(0x54001010, "OW", bytes(8)))
    icon = sequence(0x00880200, element(0x00280010, "US", 4) + encapsulated([bytes(4)]), undefined=True)
    kept = without_bulkdata(read(icon + waveform))
    assert [[one.tag for one in item] for tag in (0x00880200, 0x54000100) for item in kept.items(tag)] == [
        [0x00280010],
        [0x54000004],
    ]


def test_sequences_without_bulk_data_are_left_as_they_are() -> None:
    content = sequence(0x00081140, element(0x00081155, "UI", "1.2"), undefined=True)
    assert b"".join(map(bytes, write_dataset(without_bulkdata(read(content)), EXPLICIT))) == content


def test_private_groups_are_no_repeating_groups() -> None:
    content = element(0x50010010, "LO", "PRIVATE") + element(0x50013000, "OW", bytes(8))
    assert len(without_bulkdata(read(content))) == 2


async def test_an_instance_without_bulk_data_is_written_in_the_transfer_syntax_agreed_on(archive: Archive) -> None:
    instance = await stored(archive, part10(ct_dataset(PixelData=None) + encapsulated([bytes(64)]), RLE_LOSSLESS))
    async with dataset_without_bulkdata(instance, IMPLICIT_LE, archive) as buffers:
        content = read_dataset(b"".join(map(bytes, buffers)), transfer_syntax(IMPLICIT_LE))
    assert content.text(0x00100010) == "Doe^Jane"
    assert 0x7FE00010 not in content


async def test_a_large_instance_goes_through_a_file(archive: Archive, settings: Settings) -> None:
    instance = await stored(archive, ct_instance(PixelData=bytes(4096)))
    storage = LocalStorage(settings.data, memory_limit=1024)
    async with dataset_without_bulkdata(instance, EXPLICIT_LE, storage) as buffers:  # type: ignore[arg-type]
        assert sum(map(len, buffers)) < 4096
    storage.close()


@pytest.mark.parametrize(
    ("offered", "with_bulkdata", "chosen"),
    [
        ((EXPLICIT_LE, RLE_LOSSLESS, IMPLICIT_LE), True, RLE_LOSSLESS),
        ((IMPLICIT_LE, EXPLICIT_LE), True, EXPLICIT_LE),
        ((IMPLICIT_LE,), True, IMPLICIT_LE),
        ((RLE_LOSSLESS, IMPLICIT_LE), False, IMPLICIT_LE),
        ((RLE_LOSSLESS,), False, RLE_LOSSLESS),
    ],
)
async def test_the_context_is_that_of_the_stored_form_or_native(
    archive: Archive, offered: tuple[str, ...], with_bulkdata: bool, chosen: str
) -> None:
    instance = await stored(archive, part10(ct_dataset(PixelData=None) + encapsulated([bytes(64)]), RLE_LOSSLESS))
    contexts = [(CT, (syntax,)) for syntax in offered]
    async with serving(archive) as served, associated(served, *contexts) as connection:
        assert context_for(connection, instance, with_bulkdata=with_bulkdata).transfer_syntax == chosen


async def test_without_a_context_an_instance_cannot_be_sent(archive: Archive) -> None:
    instance = await stored(archive, ct_instance())
    role = RoleSelection(CT, scu=False, scp=True)
    async with serving(archive) as served:
        async with associated(served, "1.2.840.10008.1.1") as connection:
            with pytest.raises(NoPresentationContext):
                context_for(connection, instance)
        async with associated(served, CT, roles=(role,)) as connection:
            with pytest.raises(NoPresentationContext):
                context_for(connection, instance)
