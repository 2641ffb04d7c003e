import asyncio
from pathlib import Path

import numpy
import pytest
from corpus import corpus_files
from rendering_archive import (
    COLOR_FRAMES,
    CT,
    ECG,
    PLAN,
    SEGMENTATION,
    content_of,
    copy_of,
    picture,
    presentation_state,
    read,
    renderer_of,
    report_about,
    stored,
)

from dicomcore.archive import Archive
from dicomcore.errors import CorruptFrame, InvalidParameter, ResourceNotFound, UnsupportedSopClass
from dicomcore.frame_cache import FrameCache
from dicomcore.instance import Instance
from dicomcore.pictures import Renderer
from dicomcore.pictures.frames import Frames
from dicomcore.rendering import Annotation, Region, RenderingOptions, Viewport, Window, render_frame
from dicomcore.threads import Threads
from dicomcore.workers import Workers

PNG = RenderingOptions(media_type="image/png", window=Window(1000, 2000))


async def test_an_image_is_rendered_once_for_the_same_wish(archive: Archive) -> None:
    instance = await stored(archive, content_of(CT))
    async with renderer_of(archive) as renderer:
        first = await renderer.instance(archive, instance, PNG)
        assert (await picture(first)).size == (128, 128)
        again = await renderer.instance(archive, instance, PNG)
        assert (await again.whole()) is (await first.whole())
        smaller = await renderer.instance(archive, instance, RenderingOptions(viewport=Viewport(64, 64)))
        assert (await picture(smaller)).size == (64, 64)


async def test_a_presentation_state_turns_its_image(archive: Archive) -> None:
    image = await stored(archive, content_of(CT))
    state = await stored(archive, presentation_state(read(CT)))
    async with renderer_of(archive) as renderer:
        shown = await picture(await renderer.instance(archive, state, RenderingOptions(media_type="image/png")))
        window = RenderingOptions(media_type="image/png", window=Window(40, 400))
        plain = await picture(await renderer.instance(archive, image, window))
        turned = numpy.asarray(shown.convert("L")).astype(int)
        assert numpy.abs(turned - numpy.asarray(plain)[::-1, ::-1]).max() <= 1
        alone = await renderer.presented(archive, state, image, RenderingOptions(media_type="image/png"))
        assert (numpy.asarray((await picture(alone)).convert("L")) == turned).all()


async def test_a_presentation_state_shows_only_what_it_refers_to(archive: Archive) -> None:
    other = await stored(archive, copy_of(CT, SOPInstanceUID="1.2.826.9"))
    state = await stored(archive, presentation_state(read(CT)))
    async with renderer_of(archive) as renderer:
        with pytest.raises(ResourceNotFound):
            await renderer.instance(archive, state, PNG)
        with pytest.raises(InvalidParameter, match="presentationUID"):
            await renderer.presented(archive, state, other, PNG)


async def test_frames_move_or_one_stands_for_all(archive: Archive) -> None:
    instance = await stored(archive, content_of(COLOR_FRAMES))
    async with renderer_of(archive) as renderer:
        gif = RenderingOptions(media_type="image/gif", viewport=Viewport(32, 32))
        assert (await picture(await renderer.instance(archive, instance, gif))).n_frames > 20  # type: ignore[attr-defined]
        png = RenderingOptions(media_type="image/png")
        middle = await (await renderer.instance(archive, instance, png)).whole()
        assert middle == await (await renderer.frame(archive, instance, 16, png)).whole()


async def test_a_segmentation_is_drawn_in_colour(archive: Archive) -> None:
    instance = await stored(archive, content_of(SEGMENTATION))
    async with renderer_of(archive) as renderer:
        for content in (
            await renderer.instance(archive, instance, PNG),
            await renderer.frame(archive, instance, 1, PNG),
        ):
            shown = numpy.asarray(await picture(content))
            assert shown.shape == (512, 512, 3)
            assert len(numpy.unique(shown.reshape(-1, 3), axis=0)) == 2


async def test_a_picture_is_made_of_what_it_shows(archive: Archive) -> None:
    state = await stored(archive, presentation_state(read(CT)))
    async with renderer_of(archive) as renderer:
        before = [
            await renderer.made_of(archive, state, one) for one in (PNG, RenderingOptions(media_type="image/gif"))
        ]
        image = await stored(archive, content_of(CT))
        for options, old in zip((PNG, RenderingOptions(media_type="image/gif")), before, strict=True):
            made_of = await renderer.made_of(archive, state, options)
            assert made_of != old
            assert image.digest in made_of
        assert await renderer.made_of(archive, image, PNG) == image.digest
        segmentation = await stored(archive, content_of(SEGMENTATION))
        assert (await renderer.made_of(archive, segmentation, PNG, 1)).startswith(segmentation.digest)


async def test_a_report_has_links_to_what_it_refers_to(archive: Archive) -> None:
    instance = await stored(archive, report_about(read(CT)))
    html = RenderingOptions(media_type="text/html")
    async with renderer_of(archive) as renderer:
        page = bytes(await (await renderer.instance(archive, instance, html)).whole()).decode()
        assert "<html" in page
        absolute = await renderer.instance(archive, instance, html, to_base="http://pacs.test/dicom-web")
        text = bytes(await absolute.whole()).decode()
    image = read(CT)
    path = f"/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}/instances/{image.SOPInstanceUID}"
    assert f'href="../../../../../..{path}/rendered"' in page
    assert f'href="http://pacs.test/dicom-web{path}/rendered"' in text


async def test_a_waveform_is_drawn(archive: Archive) -> None:
    instance = await stored(archive, content_of(ECG))
    async with renderer_of(archive) as renderer:
        content = await renderer.instance(archive, instance, RenderingOptions(media_type="image/svg+xml"))
    assert b"<svg" in bytes(await content.whole())


async def test_what_has_no_picture_is_said_to_have_none(archive: Archive) -> None:
    instance = await stored(archive, content_of(PLAN))
    async with renderer_of(archive) as renderer:
        with pytest.raises(UnsupportedSopClass):
            await renderer.instance(archive, instance, PNG)
        with pytest.raises(ResourceNotFound):
            await renderer.frame(archive, instance, 1, PNG)


async def test_a_broken_frame_is_named_and_nothing_else_suffers(archive: Archive) -> None:
    content = content_of("SC_rgb_jpeg_dcmtk.dcm")
    place = content.index(b"\xff\xd8\xff")
    broken = await stored(archive, content[: place + 20] + bytes(len(content) - place - 40) + content[-20:])
    whole = await stored(archive, content_of(CT))
    async with renderer_of(archive) as renderer:
        with pytest.raises(CorruptFrame) as caught:
            await renderer.frame(archive, broken, 1, PNG)
        assert caught.value.frame_number == 1
        assert (await picture(await renderer.frame(archive, whole, 1, PNG))).size == (128, 128)


async def test_frames_are_not_read_before_it_is_their_turn(archive: Archive) -> None:
    instance = await stored(archive, content_of(CT))
    async with renderer_of(archive, in_progress_bytes=1) as renderer:
        sizes = [Viewport(side, side) for side in range(10, 14)]
        wishes = [RenderingOptions(media_type="image/png", viewport=size) for size in sizes]
        tasks = [asyncio.create_task(renderer.instance(archive, instance, one)) for one in wishes]
        while not all(task.done() for task in tasks):
            assert renderer.workers.waiting + renderer.workers.running <= 1
            await asyncio.sleep(0.001)
        assert [(await picture(await task)).size for task in tasks] == [(size.width, size.height) for size in sizes]


JPEG = RenderingOptions(window=Window(1000, 2000))


async def test_a_small_grey_image_is_drawn_at_once_as_it_is_otherwise(archive: Archive) -> None:
    instance = await stored(archive, content_of(CT))
    async with renderer_of(archive) as renderer, renderer_of(archive) as other:
        found = renderer.at_once(instance, JPEG, 1)
        assert found is not None
        assert await found.whole() == await (await other.frame(archive, instance, 1, JPEG)).whole()
        assert await (await renderer.frame(archive, instance, 1, JPEG)).whole() is await found.whole()
        whole = renderer.at_once(instance, JPEG)
        assert whole is not None
        assert await whole.whole() == await found.whole()
        with pytest.raises(ResourceNotFound):
            renderer.at_once(instance, JPEG, 2)


async def test_a_small_grey_image_needs_no_other_process_where_nothing_is_kept_in_memory(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = await stored(archive, content_of(CT))
    threads, workers = Threads(2), Workers(1)
    renderer = Renderer(workers, FrameCache(1 << 24, tmp_path / "frames", threads), threads)
    monkeypatch.setattr(workers, "run", None)
    assert renderer.at_once(instance, JPEG) is None
    assert (await picture(await renderer.instance(archive, instance, JPEG))).size == (128, 128)
    await workers.close()
    threads.close()


@pytest.mark.parametrize("name", [COLOR_FRAMES, SEGMENTATION, ECG, PLAN, "MR_small_bigendian.dcm", "rtdose.dcm"])
async def test_nothing_else_is_drawn_at_once(archive: Archive, name: str) -> None:
    instance = await stored(archive, content_of(name))
    async with renderer_of(archive) as renderer:
        assert renderer.at_once(instance, JPEG) is None


@pytest.mark.parametrize(
    "options",
    [
        PNG,
        RenderingOptions(viewport=Viewport(64, 64)),
        RenderingOptions(region=Region(0, 0, 0.5, 0.5)),
        RenderingOptions(annotations=frozenset((Annotation.PATIENT,))),
    ],
)
async def test_what_takes_longer_is_there_at_once_when_it_was_made_before(
    archive: Archive, options: RenderingOptions
) -> None:
    instance = await stored(archive, content_of(CT))
    async with renderer_of(archive) as renderer:
        assert renderer.at_once(instance, options) is None
        made = await (await renderer.instance(archive, instance, options)).whole()
        again = renderer.at_once(instance, options)
        assert again is not None
        assert await again.whole() is made


async def test_every_real_image_is_drawn_at_once_as_its_whole_data_set_says(archive: Archive) -> None:
    drawn = 0
    async with renderer_of(archive) as renderer:
        for path in corpus_files():
            instance = await taken(archive, path.read_bytes())
            found = None if instance is None else renderer.at_once(instance, RenderingOptions())
            if instance is None or found is None:
                continue
            (one,) = await Frames().read(instance, [instance.number_of_frames // 2 + 1])
            expected = render_frame(
                one.content, one.transfer_syntax_uid, one.frame_number, one.description, RenderingOptions()
            )
            assert await found.whole() == expected, path
            drawn += 1
    assert drawn > 30


async def taken(archive: Archive, content: bytes) -> Instance | None:
    """A file that was stored; None if it was refused."""
    spool = archive.spool()
    spool.write(content)
    outcome = await archive.store(spool)
    return await archive.instance(outcome.resource) if outcome.is_stored else None
