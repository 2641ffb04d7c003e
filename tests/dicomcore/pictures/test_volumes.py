from typing import Any

import numpy
import orjson
import pytest
from builders import ct_instance, element
from rendering_archive import COLOR_FRAMES, content_of, picture, renderer_of, stored

from dicomcore.archive import Archive
from dicomcore.content import Content
from dicomcore.errors import InvalidParameter
from dicomcore.instance import Instance
from dicomcore.pictures import rendered_volume
from dicomcore.rendering import RenderingOptions, Window
from dicomcore.volumes import Orientation, RenderingMethod, VolumeKind, VolumeOptions

PNG = RenderingOptions(media_type="image/png", window=Window(128, 256))
MPR = VolumeOptions(orientation=Orientation.FEET)


def axial(number: int, value: int, **more: Any) -> bytes:
    """A slice of 8 x 8 pixels of 1 mm, each with one value in Hounsfield units, ``number`` mm up."""
    plane = element(0x00200032, "DS", ["0", "0", str(number)]) + element(0x00200037, "DS", list("100010"))
    content = ct_instance(
        Rows=8,
        Columns=8,
        PixelData=numpy.full(64, value + 1024, "<u2").tobytes(),
        ImagePositionPatient=None,
        InstanceNumber=str(number),
        SOPInstanceUID=f"1.2.3.4.{number}" if "SOPInstanceUID" not in more else more.pop("SOPInstanceUID"),
        **more,
    )
    spacing = element(0x00280030, "DS", ["1", "1"])
    place = content.index(element(0x00280002, "US", 1))
    content = content[:place] + plane + content[place:]
    place = content.index(element(0x00280100, "US", 16))
    return content[:place] + spacing + content[place:]


async def series(archive: Archive) -> list[Instance]:
    return [await stored(archive, axial(number, number * 20)) for number in range(10)]


async def grey(content: bytes) -> numpy.ndarray[Any, Any]:
    return numpy.asarray(await picture(Content.of([content])))


async def test_a_section_is_that_of_the_middle_slice(archive: Archive) -> None:
    instances = await series(archive)
    async with renderer_of(archive) as renderer:
        shown = await grey(await rendered_volume(renderer, instances, MPR, PNG))
    assert shown.shape == (8, 8)
    assert 80 <= shown.mean() <= 100


async def test_a_projection_sees_the_brightest_slice(archive: Archive) -> None:
    instances = await series(archive)
    options = VolumeOptions(kind=VolumeKind.THREE_D, method=RenderingMethod.MAXIMUM_IP, orientation=Orientation.FEET)
    async with renderer_of(archive) as renderer:
        shown = await grey(await rendered_volume(renderer, instances, options, PNG))
    assert shown[shown.shape[0] // 2, shown.shape[1] // 2] in range(178, 182)


async def test_the_input_can_be_limited(archive: Archive) -> None:
    instances = await series(archive)
    options = VolumeOptions(
        kind=VolumeKind.THREE_D,
        method=RenderingMethod.MAXIMUM_IP,
        orientation=Orientation.FEET,
        references=("1.2.3.4.1", "1.2.3.4.2"),
    )
    async with renderer_of(archive) as renderer:
        shown = await grey(await rendered_volume(renderer, instances, options, PNG))
        assert shown[4, 4] in range(38, 42)
        with pytest.raises(InvalidParameter, match="volume"):
            await rendered_volume(renderer, instances, MPR, PNG, frame_numbers=[2])


async def test_of_a_study_the_series_with_the_most_slices_is_taken(archive: Archive) -> None:
    instances = await series(archive)
    scout = [
        await stored(archive, axial(number, 250, SeriesInstanceUID="1.2.3.9", SOPInstanceUID=f"1.2.3.9.{number}"))
        for number in range(2)
    ]
    async with renderer_of(archive) as renderer:
        shown = await grey(await rendered_volume(renderer, [*scout, *instances], MPR, PNG))
    assert shown.max() < 200


async def test_the_metadata_say_how_the_picture_is_made(archive: Archive) -> None:
    instances = await series(archive)
    options = VolumeOptions(orientation=Orientation.FEET, wants_metadata=True)
    async with renderer_of(archive) as renderer:
        told = orjson.loads(await rendered_volume(renderer, instances, options, PNG))
    assert told["00720510"]["Value"] == ["MPR"]


async def test_what_has_no_slices_is_no_volume(archive: Archive) -> None:
    movie = await stored(archive, content_of(COLOR_FRAMES))
    one = await stored(archive, axial(1, 5))
    async with renderer_of(archive) as renderer:
        with pytest.raises(InvalidParameter, match="volume"):
            await rendered_volume(renderer, [movie], MPR, PNG)
        with pytest.raises(InvalidParameter, match="volume"):
            await rendered_volume(renderer, [one], MPR, PNG)
