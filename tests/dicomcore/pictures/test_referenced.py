import pytest
from rendering_archive import COLOR_FRAMES, CT, content_of, copy_of, presentation_state, read, stored

from dicomcore.archive import Archive
from dicomcore.errors import ResourceNotFound
from dicomcore.pictures.frames import Frames
from dicomcore.pictures.referenced import digests_of, presented_frames, source_frame, whole_series
from dicomcore.rendering import ImageReference


def reference(name: str, *frames: int) -> ImageReference:
    image = read(name)
    return ImageReference(image.SeriesInstanceUID, image.SOPClassUID, image.SOPInstanceUID, frames)


async def test_the_frames_of_the_same_study_are_found(archive: Archive) -> None:
    await stored(archive, content_of(CT))
    state = await stored(archive, presentation_state(read(CT)))
    (found,) = await presented_frames(archive, Frames(), state, [reference(CT)])
    assert (found.frame_number, found.reference) == (1, reference(CT))
    assert found.plane is not None


async def test_all_frames_are_meant_where_none_is_listed(archive: Archive) -> None:
    image = await stored(archive, content_of(COLOR_FRAMES))
    frames = Frames()
    assert len(await presented_frames(archive, frames, image, [reference(COLOR_FRAMES)])) == 30
    found = await presented_frames(archive, frames, image, [reference(COLOR_FRAMES, 7, 5)])
    assert [one.frame_number for one in found] == [7, 5]


async def test_no_more_are_read_than_are_shown(archive: Archive) -> None:
    image = await stored(archive, content_of(COLOR_FRAMES))
    references = [reference(COLOR_FRAMES)] * 2
    assert len(await presented_frames(archive, Frames(), image, references, most=31)) == 31


async def test_images_that_are_not_here_are_left_out(archive: Archive) -> None:
    state = await stored(archive, presentation_state(read(CT)))
    frames = Frames()
    with pytest.raises(ResourceNotFound, match=str(read(CT).SOPInstanceUID)):
        await presented_frames(archive, frames, state, [reference(CT)])
    with pytest.raises(ResourceNotFound, match="refers to"):
        await presented_frames(archive, frames, state, [])
    other = copy_of(CT, SOPInstanceUID="1.2.826.7")
    await stored(archive, other)
    found = ImageReference(read(CT).SeriesInstanceUID, read(CT).SOPClassUID, "1.2.826.7")
    assert len(await presented_frames(archive, frames, state, [reference(CT), found])) == 1


async def test_digests_say_whether_images_are_the_same_and_here(archive: Archive) -> None:
    image = await stored(archive, content_of(CT))
    missing = ImageReference("1.2", "1.3", "1.4")
    assert await digests_of(archive, image, [reference(CT), missing]) == [image.digest, b""]
    assert await digests_of(archive, image, []) == []
    assert len(await digests_of(archive, image, [missing] * 300)) == 256


async def test_a_source_that_is_not_here_is_none(archive: Archive) -> None:
    owner = await stored(archive, presentation_state(read(CT)))
    frames = Frames()
    assert await source_frame(archive, frames, owner, None) is None
    assert await source_frame(archive, frames, owner, reference(CT)) is None
    await stored(archive, content_of(CT))
    found = await source_frame(archive, frames, owner, reference(CT))
    assert found is not None and found.frame_number == 1


async def test_all_images_of_a_series_can_be_meant(archive: Archive) -> None:
    owner = await stored(archive, presentation_state(read(CT)))
    assert await whole_series(archive, owner, [read(CT).SeriesInstanceUID]) == []
    await stored(archive, content_of(CT))
    assert await whole_series(archive, owner, [read(CT).SeriesInstanceUID]) == [reference(CT)]
    assert await whole_series(archive, owner, [str(owner.resource.series_instance_uid)]) == []
