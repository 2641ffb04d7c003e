import pytest
from builders import ct_instance, element, encapsulated, part10
from rendering_archive import (
    COLOR_FRAMES,
    CT,
    DOSE,
    ECG,
    PLAN,
    REPORT,
    SEGMENTATION,
    content_of,
    presentation_state,
    read,
    stored,
    written,
)

from dicomcore.archive import Archive
from dicomcore.pictures import Kind, kind_of, media_types_of, moving_media_types, still_media_types
from dicomcore.pictures.kinds import is_moving
from dicomcore.rendering import RenderingOptions

STILL = ("image/jpeg", "image/png", "image/gif", "image/jp2", "image/jph", "image/jxl", "image/webp", "image/avif")


@pytest.mark.parametrize(
    ("name", "kind", "first"),
    [
        (CT, Kind.IMAGE, "image/jpeg"),
        (COLOR_FRAMES, Kind.FRAMES, "image/gif"),
        (DOSE, Kind.FRAMES, "image/gif"),
        (REPORT, Kind.DOCUMENT, "text/html"),
        (ECG, Kind.WAVEFORM, "image/png"),
        (SEGMENTATION, Kind.SEGMENTATION, "image/jpeg"),
    ],
)
async def test_an_instance_has_a_kind_and_a_default_form(archive: Archive, name: str, kind: Kind, first: str) -> None:
    instance = await stored(archive, content_of(name))
    assert kind_of(instance) is kind
    assert media_types_of(instance)[0] == first


@pytest.mark.parametrize("content", [content_of(PLAN), ct_instance(PixelData=None)])
async def test_what_has_no_picture_has_no_kind(archive: Archive, content: bytes) -> None:
    instance = await stored(archive, content)
    assert kind_of(instance) is None
    assert media_types_of(instance) == ()


async def test_a_presentation_state_is_shown_as_a_picture(archive: Archive) -> None:
    instance = await stored(archive, presentation_state(read(CT)))
    assert kind_of(instance) is Kind.PRESENTATION_STATE
    assert media_types_of(instance) == still_media_types()


async def test_a_video_is_given_as_it_is_stored_or_as_a_picture(archive: Archive) -> None:
    content = ct_instance(PixelData=None, extra=b"")
    dataset = content[content.index(b"DICM") + 4 :]
    dataset = dataset[dataset.index(element(0x00080005, "CS", "ISO_IR 100")) :]
    video = part10(dataset + encapsulated([b"stream"]), "1.2.840.10008.1.2.4.102")
    instance = await stored(archive, video)
    assert kind_of(instance) is Kind.VIDEO
    assert media_types_of(instance) == ("video/mp4", *still_media_types())


def test_still_and_moving_media_types_are_those_that_can_be_written() -> None:
    assert still_media_types() == STILL
    assert moving_media_types() == ("image/gif", "image/webp", "video/mp4")


async def test_only_several_frames_move_and_only_where_they_can(archive: Archive) -> None:
    frames, image = await stored(archive, content_of(COLOR_FRAMES)), await stored(archive, content_of(CT))
    assert is_moving(frames, RenderingOptions(media_type="image/gif"))
    assert not is_moving(frames, RenderingOptions(media_type="image/gif", is_still=True))
    assert not is_moving(frames, RenderingOptions(media_type="image/png"))
    assert not is_moving(image, RenderingOptions(media_type="image/gif"))


async def test_a_segmentation_is_one_picture_however_many_frames_it_has(archive: Archive) -> None:
    dataset = read(SEGMENTATION)
    dataset.NumberOfFrames = 2
    dataset.PixelData = dataset.PixelData * 2
    instance = await stored(archive, written(dataset))
    assert kind_of(instance) is Kind.SEGMENTATION and instance.number_of_frames == 2
    assert media_types_of(instance) == still_media_types()
