"""An instance as a source gives it: what it is, and all that can be had of it.

How each of these is read is tested with `stored_bytes`, `stored_file`, `stored_frames` and `stored_values`.
"""

import threading
import weakref
from hashlib import sha256

import pytest
from builders import DEFLATED_LE, EXPLICIT_LE, JPEG_BASELINE, ct_dataset, ct_instance, element
from in_process import codecs_in_process
from stored_instances import JPEG, JPEGS, PIXELS, WORDS, damage, joined, object_of, stored, three_frames, whole

from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.data import Dataset, read_file
from dicomcore.errors import CodecUnavailable, DamagedInstance, ResourceGone, ResourceNotFound

JPEG_LS = "1.2.840.10008.1.2.4.80"


async def test_an_instance_says_what_is_stored(archive: Archive, settings: Settings) -> None:
    instance = await stored(archive, JPEG)
    assert (instance.size, instance.digest, instance.is_file) == (len(JPEG), sha256(JPEG).digest(), True)
    assert (instance.key, instance.resource.sop_instance_uid) == (object_of(settings).name, "1.2.3.4")
    assert (instance.sop_class_uid, instance.transfer_syntax_uid) == ("1.2.840.10008.5.1.4.1.1.2", JPEG_BASELINE)


@pytest.mark.parametrize(
    ("content", "frames", "is_encapsulated", "frames_syntax", "path"),
    [
        (JPEG, 3, True, JPEG_BASELINE, "7FE00010"),
        (ct_instance(DEFLATED_LE), 1, False, EXPLICIT_LE, "7FE00010"),
        (ct_instance(PixelData=None) + element(0x7FE00008, "OF", bytes(64)), 1, False, EXPLICIT_LE, "7FE00008"),
        (ct_instance(PixelData=None), 0, False, EXPLICIT_LE, "7FE00010"),
    ],
)
async def test_an_instance_says_what_its_pixels_are(
    archive: Archive, content: bytes, frames: int, is_encapsulated: bool, frames_syntax: str, path: str
) -> None:
    instance = await stored(archive, content)
    assert (instance.number_of_frames, instance.is_encapsulated) == (frames, is_encapsulated)
    assert (instance.frames_syntax_uid, instance.pixel_data_path) == (frames_syntax, path)


async def test_a_data_set_without_a_file_around_it_becomes_one(archive: Archive) -> None:
    instance = await stored(archive, ct_dataset())
    assert not instance.is_file
    assert await joined(await instance.read()) == ct_dataset()
    made = await joined(await instance.file(EXPLICIT_LE))
    assert made[128:132] == b"DICM" and made.endswith(ct_dataset())


async def test_the_data_set_is_there_whole_or_as_what_a_function_makes_of_it(archive: Archive) -> None:
    instance = await stored(archive, ct_instance())
    assert await instance.made_of_dataset(lambda dataset: dataset.text(0x00100020)) == "PID1"
    assert await instance.read_dataset(lambda dataset: dataset.text(0x00100020)) == "PID1"


async def test_who_asks_for_what_is_made_of_a_data_set_does_not_have_to_let_go_of_it(archive: Archive) -> None:
    instance = await stored(archive, ct_instance())
    threads = []

    def make(dataset: Dataset) -> None:
        threads.append(threading.get_ident())
        weakref.finalize(dataset.elements[0x00100020].buffer, lambda: threads.append(threading.get_ident()))

    await instance.made_of_dataset(make)
    made_in, let_go_in = threads
    assert made_in == let_go_in != threading.get_ident()


async def test_frames_and_pixel_data_are_given_as_stored(archive: Archive) -> None:
    instance = await stored(archive, JPEG)
    assert [await whole(frame) for frame in await instance.frames([2], decoded=False)] == [JPEGS[1]]
    instance.check_frames([1, 2, 3])
    with pytest.raises(ResourceNotFound):
        instance.check_frames([4])
    native = await stored(archive, ct_instance(SOPInstanceUID="1.2.3.5"))
    assert await whole(await native.pixel_data()) == WORDS


async def test_frames_are_given_in_other_forms_where_there_are_codecs(archive: Archive) -> None:
    archive.codecs = codecs_in_process()
    instance = await stored(archive, three_frames())
    assert JPEG_LS in await instance.targets()
    assert (await instance.convertible()).targets == await instance.targets()
    (frame,) = await instance.converted_frames([2], JPEG_LS)
    assert (await whole(frame)).startswith(b"\xff\xd8\xff\xf7")
    made = read_file(await joined(await instance.file(JPEG_LS)))
    assert made.transfer_syntax.uid == JPEG_LS
    again = await stored(archive, await joined(await instance.file(JPEG_LS)))
    assert [await whole(frame) for frame in await again.frames([1, 3], decoded=True)] == [PIXELS[:32], PIXELS[64:]]


async def test_without_codecs_there_is_what_is_stored_and_nothing_else(archive: Archive) -> None:
    archive.codecs = None
    instance = await stored(archive, JPEG)
    assert await instance.targets() == ()
    for attempt in (instance.convertible(), instance.file(EXPLICIT_LE), instance.converted_frames([1], JPEG_LS)):
        with pytest.raises(CodecUnavailable):
            await attempt
    assert await joined(await instance.read()) == JPEG


async def test_bulk_data_are_found_by_their_paths(archive: Archive) -> None:
    instance = await stored(archive, ct_instance(extra=element(0x00660016, "OF", bytes(2000))))
    assert await whole((await instance.bulkdata("00660016")).content) == bytes(2000)
    assert [value.path for value in await instance.all_bulkdata(1024)] == ["00660016", "7FE00010"]
    with pytest.raises(ResourceNotFound):
        await instance.bulkdata("00189345")


async def test_damage_is_told_before_anything_is_made_of_it(archive: Archive, settings: Settings) -> None:
    instance = await stored(archive, ct_dataset())
    damage(settings)
    for attempt in (instance.read(), instance.file(EXPLICIT_LE)):
        with pytest.raises(DamagedInstance):
            await attempt


async def test_what_was_deleted_meanwhile_is_gone(archive: Archive) -> None:
    instance = await stored(archive, ct_instance())
    await archive.delete(instance.resource)
    for attempt in (
        instance.read(),
        instance.made_of_dataset(len),
        instance.bulkdata("00100020"),
        instance.pixel_data(),
    ):
        with pytest.raises(ResourceGone):
            await attempt
