import pytest
from rendering_archive import (
    COLOR_FRAMES,
    CT,
    ECG,
    PLAN,
    REPORT,
    SEGMENTATION,
    content_of,
    copy_of,
    picture,
    presentation_state,
    read,
    renderer_of,
    stored,
)

from dicomcore.archive import Archive
from dicomcore.errors import CorruptFrame, ResourceNotFound
from dicomcore.pictures import THUMBNAIL_MEDIA_TYPES, representative, thumbnail
from dicomcore.rendering import Viewport

PNG = "image/png"


async def test_the_middle_image_stands_for_many(archive: Archive) -> None:
    images = [await stored(archive, copy_of(CT, SOPInstanceUID=f"1.2.826.{number}")) for number in range(5)]
    report = await stored(archive, content_of(REPORT))
    state = await stored(archive, presentation_state(read(CT)))
    assert representative([report, state, *images]) is images[2]
    assert representative([report, state]) is state
    assert representative([report]) is report


async def test_an_object_without_a_picture_stands_for_itself(archive: Archive) -> None:
    plan = await stored(archive, content_of(PLAN))
    assert representative([plan]) is plan


@pytest.mark.parametrize("media_type", THUMBNAIL_MEDIA_TYPES)
async def test_a_thumbnail_is_one_small_picture(archive: Archive, media_type: str) -> None:
    instance = await stored(archive, content_of(COLOR_FRAMES))
    async with renderer_of(archive) as renderer:
        shown = await picture(await thumbnail(renderer, archive, instance, media_type))
        assert (shown.size, getattr(shown, "n_frames", 1)) == ((256, 192), 1)


async def test_a_thumbnail_has_the_size_that_is_asked_for(archive: Archive) -> None:
    instance = await stored(archive, content_of(CT))
    async with renderer_of(archive) as renderer:
        shown = await picture(await thumbnail(renderer, archive, instance, PNG, Viewport(50, 70)))
        assert shown.size == (50, 50)


@pytest.mark.parametrize("name", [REPORT, ECG, PLAN])
async def test_what_would_name_somebody_is_shown_as_a_card(archive: Archive, name: str) -> None:
    instance = await stored(archive, content_of(name))
    async with renderer_of(archive) as renderer:
        shown = await picture(await thumbnail(renderer, archive, instance, PNG, Viewport(64, 64)))
        assert (shown.mode, shown.size) == ("L", (64, 64))
        assert len(set(shown.tobytes())) < 100  # a plain field, a frame, a word


async def test_an_image_with_burned_in_annotation_is_shown_as_a_card(archive: Archive) -> None:
    plain = await stored(archive, content_of(CT))
    burned = await stored(archive, copy_of(CT, SOPInstanceUID="1.2.826.3", BurnedInAnnotation="YES"))
    async with renderer_of(archive) as renderer:
        pixels = (await picture(await thumbnail(renderer, archive, burned, PNG))).tobytes()
        assert pixels != (await picture(await thumbnail(renderer, archive, plain, PNG))).tobytes()
        assert len(pixels) == 256 * 256  # grey, and the same as for any other CT
        other = await stored(archive, copy_of(CT, SOPInstanceUID="1.2.826.4", BurnedInAnnotation="YES", Rows=64))
        assert pixels == (await picture(await thumbnail(renderer, archive, other, PNG))).tobytes()


async def test_a_picture_that_cannot_be_made_becomes_a_card(archive: Archive) -> None:
    state = await stored(archive, presentation_state(read(CT)))
    async with renderer_of(archive) as renderer:
        assert (await picture(await thumbnail(renderer, archive, state, PNG))).size == (256, 256)


async def test_a_frame_that_cannot_be_shown_is_an_error(archive: Archive) -> None:
    content = content_of("SC_rgb_jpeg_dcmtk.dcm")
    place = content.index(b"\xff\xd8\xff")
    broken = await stored(archive, content[: place + 20] + bytes(len(content) - place - 40) + content[-20:])
    async with renderer_of(archive) as renderer:
        with pytest.raises(CorruptFrame):
            await thumbnail(renderer, archive, broken, PNG, frame_number=1)
        with pytest.raises(ResourceNotFound):
            await thumbnail(renderer, archive, broken, PNG, frame_number=2)


async def test_a_segmentation_has_a_thumbnail(archive: Archive) -> None:
    instance = await stored(archive, content_of(SEGMENTATION))
    async with renderer_of(archive) as renderer:
        assert (await picture(await thumbnail(renderer, archive, instance, PNG))).mode == "RGB"
