"""The bytes of stored instances: what is small is copied on the event loop, what is large is read in windows."""

import threading

import pytest
from builders import ct_dataset, ct_instance, element, sequence
from stored_instances import (
    JPEG,
    LARGE,
    bytes_of,
    damage,
    joined,
    object_of,
    observed,
    open_objects,
    whole,
)

from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.errors import DamagedInstance, ResourceGone, StorageUnavailable
from dicomcore.stored_bytes import StoredBytes

COPIED = 1 << 20  # bytes up to which objects are copied
SIZES = [COPIED - 2, COPIED, COPIED + 2, 3 * COPIED]


@pytest.mark.parametrize("content", [ct_instance(), ct_dataset(), JPEG, LARGE])
async def test_the_stored_bytes_are_read_whole_or_in_part(archive: Archive, content: bytes) -> None:
    kept = await bytes_of(archive, content)
    assert kept.row.size == len(content)
    assert await joined(await kept.read()) == content
    assert await joined(await kept.read(5, 700)) == content[5:700]


async def test_a_large_object_is_read_in_windows(archive: Archive) -> None:
    kept = await bytes_of(archive, LARGE)
    sizes = [len(buffer) async for buffer in await kept.read()]
    assert len(sizes) > 1 and max(sizes) <= 4 << 20


async def test_a_small_damaged_object_is_known_before_the_first_byte(archive: Archive, settings: Settings) -> None:
    kept = await bytes_of(archive, ct_instance())
    damage(settings)
    with pytest.raises(DamagedInstance, match="differ"):
        await kept.read()
    assert await joined(await kept.read(0, 132)) == ct_instance()[:132]


async def test_a_large_damaged_object_is_known_before_the_last_window(archive: Archive, settings: Settings) -> None:
    kept = await bytes_of(archive, LARGE)
    damage(settings, 1000)
    seen = 0
    with pytest.raises(DamagedInstance):
        async for buffer in await kept.read():
            seen += len(buffer)
    assert 0 < seen < len(LARGE)


async def test_an_object_that_is_cut_off_is_damaged(archive: Archive, settings: Settings) -> None:
    kept = await bytes_of(archive, ct_instance())
    object_of(settings).write_bytes(ct_instance()[:-50])
    with pytest.raises(DamagedInstance):
        await kept.read()


def of_size(size: int) -> bytes:
    """A CT instance of a number of bytes, most of them a document."""
    length = size - len(ct_instance(extra=element(0x00420011, "OB")))
    document = bytes(range(256)) * (length // 256) + bytes(length % 256)
    return ct_instance(extra=element(0x00420011, "OB", document))


@pytest.mark.parametrize("size", SIZES)
async def test_objects_of_every_size_are_read_whole_or_in_part(archive: Archive, settings: Settings, size: int) -> None:
    content = of_size(size)
    kept = await bytes_of(archive, content)
    assert kept.row.size == len(content) == size
    assert await joined(await kept.read()) == content
    assert await joined(await kept.read(0, size + 10)) == content
    assert await joined(await kept.read(1)) == content[1:]
    assert await joined(await kept.read(5, COPIED)) == content[5:COPIED]
    assert await joined(await kept.read(size - 3, size)) == content[-3:]
    for start, end in ((5, 5), (7, 3), (size, None), (size + 10, size + 20)):
        assert await joined(await kept.read(start, end)) == b""
    assert await open_objects(settings) == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("offset", [200, -1])
async def test_damage_up_to_one_window_is_known_before_the_first_byte(
    archive: Archive, settings: Settings, size: int, offset: int
) -> None:
    kept = await bytes_of(archive, of_size(size))
    damage(settings, offset)
    with pytest.raises(DamagedInstance, match="differ"):
        await kept.read()
    with pytest.raises(DamagedInstance, match="differ"):
        await kept.read(0, size)


@pytest.mark.parametrize("size", SIZES)
async def test_an_object_of_another_size_is_refused_before_the_first_byte(
    archive: Archive, settings: Settings, size: int
) -> None:
    kept = await bytes_of(archive, of_size(size))
    for changed in (of_size(size)[:-1], of_size(size) + b"x", b""):
        object_of(settings).write_bytes(changed)
        for start, end in ((0, None), (5, 10)):
            with pytest.raises(DamagedInstance, match="size"):
                await kept.read(start, end)
    assert await open_objects(settings) == []


@pytest.mark.parametrize("size", SIZES)
async def test_a_part_of_a_damaged_object_is_given_as_it_is(archive: Archive, settings: Settings, size: int) -> None:
    content = of_size(size)
    kept = await bytes_of(archive, content)
    damage(settings, -1)
    assert await joined(await kept.read(0, size - 1)) == content[:-1]
    assert await joined(await kept.read(1)) == content[1:-1] + bytes([content[-1] ^ 0xFF])


@pytest.mark.parametrize("size", SIZES)
async def test_without_verification_damage_is_given_as_it_is(archive: Archive, settings: Settings, size: int) -> None:
    kept, _ = await observed(archive, of_size(size), verify=False)
    damage(settings, -1)
    given = await joined(await kept.read())
    assert (len(given), given[-1]) == (size, of_size(size)[-1] ^ 0xFF)


async def test_a_small_object_is_closed_before_its_bytes_leave(archive: Archive, settings: Settings) -> None:
    kept = await bytes_of(archive, of_size(COPIED))
    buffers = await kept.read()
    assert await open_objects(settings) == []
    assert await joined(buffers) == of_size(COPIED)


async def test_a_small_object_that_is_damaged_is_closed(archive: Archive, settings: Settings) -> None:
    kept = await bytes_of(archive, of_size(COPIED))
    damage(settings)
    with pytest.raises(DamagedInstance):
        await kept.read()
    assert await open_objects(settings) == []


async def test_a_small_object_is_read_on_the_event_loop_and_a_large_one_in_a_thread(archive: Archive) -> None:
    here = threading.current_thread()
    kept, storage = await observed(archive, of_size(COPIED))
    await joined(await kept.read())
    assert [thread is here for thread in storage.opened] == [True]
    kept, storage = await observed(archive, of_size(COPIED + 2))
    await joined(await kept.read())
    await joined(await kept.read(2))
    assert [thread is here for thread in storage.opened] == [False, True]
    assert storage.closed == 2


async def test_what_was_replaced_meanwhile_is_to_be_asked_for_again(archive: Archive) -> None:
    kept = await bytes_of(archive, ct_instance())
    replacement = await bytes_of(archive, ct_instance(PatientID="other"))
    with pytest.raises(StorageUnavailable, match="ask again"):
        await kept.read()
    assert await joined(await replacement.read()) == ct_instance(PatientID="other")


async def test_who_has_begun_to_read_reads_to_the_end(archive: Archive) -> None:
    kept = await bytes_of(archive, LARGE)
    buffers = await kept.read()
    await archive.delete(kept.row.resource)
    assert await joined(buffers) == LARGE


async def test_an_object_that_is_missing_is_damage(archive: Archive, settings: Settings) -> None:
    kept = await bytes_of(archive, ct_instance())
    object_of(settings).unlink()
    with pytest.raises(DamagedInstance, match="missing"):
        await kept.read()


async def test_what_was_deleted_meanwhile_is_gone(archive: Archive) -> None:
    kept = await bytes_of(archive, ct_instance())
    await archive.delete(kept.row.resource)
    with pytest.raises(ResourceGone):
        await kept.read()
    with pytest.raises(ResourceGone):
        kept.open()


@pytest.mark.parametrize("lazy", [False, True])
async def test_extents_are_put_together_in_their_order(archive: Archive, lazy: bool) -> None:
    kept = await bytes_of(archive, ct_instance())
    one, other = kept.extents([[(128, 132), (0, 2)], [(5, 5)]], lazy)
    assert (one.size, await whole(one), other.size, await whole(other)) == (6, b"DICM\0\0", 0, b"")
    assert (one.buffers is None) == lazy


async def test_many_or_large_extents_are_mapped_and_not_on_the_event_loop(archive: Archive) -> None:
    kept, storage = await observed(archive, of_size(3 * COPIED))
    for extents in ([[(0, COPIED + 1)]], [[(n, n + 1)] for n in range(65)]):
        storage.opened.clear()
        contents = await kept.threads.soon(kept.extents, extents, False)
        assert [thread is threading.current_thread() for thread in storage.opened] == [False]
        assert all(isinstance(buffer, memoryview) for content in contents for buffer in content.buffers or ())


async def test_windows_begin_where_they_are_told_to(archive: Archive, settings: Settings) -> None:
    kept = await bytes_of(archive, LARGE)
    assert b"".join(kept.windows(100)) == LARGE[100:]
    assert len(kept.view()) == kept.row.size
    assert await open_objects(settings) == []


async def test_a_check_finds_damage_unless_nothing_is_verified(archive: Archive, settings: Settings) -> None:
    kept = await bytes_of(archive, ct_instance())
    kept.check()
    damage(settings)
    with pytest.raises(DamagedInstance, match="differ"):
        kept.check()
    StoredBytes(kept.row, archive.storage, archive.index, archive.threads, verify=False).check()


async def test_the_data_set_of_a_small_object_is_read_on_the_event_loop(archive: Archive) -> None:
    here = threading.current_thread()
    for content, places in ((ct_instance(), [True]), (of_size(COPIED + 2), [False])):
        kept, storage = await observed(archive, content)
        assert await kept.threads.soon(kept.read_dataset, lambda dataset: dataset.text(0x00100020)) == "PID1"
        assert [thread is here for thread in storage.opened] == places
    assert kept.part10().dataset.text(0x00100020) == "PID1"


async def test_a_data_set_of_many_elements_is_not_read_on_the_event_loop(archive: Archive) -> None:
    items = [element(0x00080100, "SH", "CODE") for _ in range(2000)]
    kept, storage = await observed(archive, ct_instance(extra=sequence(0x00540016, *items)))
    await kept.threads.soon(
        kept.read_dataset, lambda dataset: [item.text(0x00080100) for item in dataset.items(0x00540016)]
    )
    assert len(storage.opened) == 2


async def test_a_page_of_frames_that_is_not_there_any_more_is_to_be_asked_for_again(archive: Archive) -> None:
    kept = await bytes_of(archive, JPEG)
    assert len(kept.frame_page(0)) == 48
    with pytest.raises(StorageUnavailable, match="ask again"):
        kept.frame_page(7)
