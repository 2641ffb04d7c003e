from dataclasses import replace

import numpy
import pytest
from rendering_archive import COLOR_FRAMES, CT, PLAN, content_of, copy_of, read, stored

from dicomcore.archive import Archive
from dicomcore.errors import CorruptFrame, ResourceNotFound
from dicomcore.pictures.frames import Frames

BIG_ENDIAN = "MR_small_bigendian.dcm"


async def test_an_encapsulated_frame_is_given_as_it_is_stored(archive: Archive) -> None:
    instance = await stored(archive, content_of(COLOR_FRAMES))
    (third,) = await Frames().read(instance, [3])
    assert bytes(third.content[:2]) == b"\xff\xd8"
    assert (third.transfer_syntax_uid, third.frame_number) == ("1.2.840.10008.1.2.4.50", 3)
    assert third.description.form.image.rows == 240


async def test_a_native_frame_is_given_in_little_endian(archive: Archive) -> None:
    instance = await stored(archive, content_of(BIG_ENDIAN))
    (frame,) = await Frames().read(instance, [1])
    pixels = numpy.frombuffer(frame.content, "<i2").reshape(64, 64)
    assert frame.transfer_syntax_uid == "1.2.840.10008.1.2.1"
    assert (pixels == read(BIG_ENDIAN).pixel_array).all()


async def test_frames_come_in_the_order_asked_for(archive: Archive) -> None:
    instance = await stored(archive, content_of(COLOR_FRAMES))
    found = await Frames().read(instance, [2, 1])
    assert [frame.frame_number for frame in found] == [2, 1]
    with pytest.raises(ResourceNotFound):
        await Frames().read(instance, [31])


async def test_a_description_is_read_once(archive: Archive) -> None:
    frames = Frames()
    instance = await stored(archive, content_of(CT))
    first = await frames.describe(instance)
    assert await frames.describe(await archive.instance(instance.resource)) is first


async def test_texts_are_read_when_they_are_asked_for(archive: Archive) -> None:
    frames = Frames()
    instance = await stored(archive, content_of(CT))
    without = await frames.describe(instance, with_texts=False)
    assert (without.frame(1).texts.patient, without.has_texts) == ((), False)
    assert await frames.describe(instance, with_texts=False) is without
    texts = (await frames.describe(instance)).frame(1).texts
    assert texts.patient and texts.technique
    assert (await frames.describe(instance, with_texts=False)).has_texts


async def test_the_descriptions_of_the_last_images_are_remembered(archive: Archive) -> None:
    frames = Frames(remembered=1)
    one, other = await stored(archive, content_of(CT)), await stored(archive, content_of(BIG_ENDIAN))
    first = await frames.describe(one)
    await frames.describe(other)
    assert await frames.describe(one) is not first


async def test_frames_are_counted(archive: Archive) -> None:
    frames = Frames()
    assert await frames.count(await stored(archive, content_of(COLOR_FRAMES))) == 30
    assert await frames.count(await stored(archive, content_of(CT))) == 1


async def test_frames_that_are_not_there_are_told_from_torn_ones(archive: Archive) -> None:
    frames = Frames()
    image = await stored(archive, content_of(COLOR_FRAMES))
    await frames.check(image, [1, 30])
    with pytest.raises(ResourceNotFound):
        await frames.check(image, [1, 31])
    torn = await stored(archive, copy_of(CT, NumberOfFrames=3, SOPInstanceUID="1.2.826.8"))
    with pytest.raises(CorruptFrame, match="frame 3"):
        await frames.check(torn, [1, 3])
    with pytest.raises(ResourceNotFound):
        await frames.check(torn, [4])
    with pytest.raises(ResourceNotFound):
        await frames.check(await stored(archive, content_of(PLAN)), [1])


async def test_slices_of_a_series_are_described_by_what_was_kept_of_them(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = Frames()
    first = await stored(archive, content_of(CT))
    second = await stored(archive, copy_of(CT, SOPInstanceUID="1.2.826.7", InstanceNumber=2))
    read_whole = await Frames().describe(first)
    monkeypatch.setattr(type(first), "read_header", None)  # nothing is read
    monkeypatch.setattr(type(first), "header", None)
    found = frames.described(first, with_texts=False)
    assert await frames.describe(second, with_texts=False) is found
    assert replace(found, common=read_whole.common, has_texts=True) == read_whole


async def test_what_was_kept_has_no_texts(archive: Archive) -> None:
    frames = Frames()
    instance = await stored(archive, content_of(CT))
    assert frames.described(instance, with_texts=False).frame(1).texts.patient == ()
    assert frames.described(instance).frame(1).texts.patient
    assert frames.described(instance, with_texts=False).has_texts  # it is known by now
