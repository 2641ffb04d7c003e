import asyncio
import os

import httpx
import pytest
from builders import ct_instance

from app.commands.migrate import bring_to_head
from app.imaging import Imaging, open_codecs
from app.main import create_app, open_archive
from app.settings import Settings, load_settings
from dicomcore.archive import Archive
from dicomcore.errors import WorkerFailed, WorkersUnavailable
from dicomcore.uids import new_uid

JPEG_LS = "1.2.840.10008.1.2.4.80"
FRAME = "/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4/frames/1/rendered"


@pytest.mark.parametrize(
    ("given", "expected"),
    [({"codec_processes": 3}, 3), ({}, max(1, os.cpu_count() or 1)), ({"workers": 10_000 % 256}, 1)],
)
def test_processors_are_shared_out_among_the_workers(settings: Settings, given: dict[str, int], expected: int) -> None:
    assert open_codecs(settings.model_copy(update=given)).workers.count == expected


async def test_frames_are_kept_on_disk_if_that_is_wanted(settings: Settings) -> None:
    codecs = open_codecs(settings.model_copy(update={"frame_cache": "disk"}))

    async def make() -> bytes:
        return bytes(10)

    await codecs.cache.get(b"key", make)
    assert len(list((settings.data / "frames").iterdir())) == 1


async def test_processes_end_with_the_application(settings: Settings, archive: Archive) -> None:
    imaging = Imaging(settings, archive, open_codecs(settings))
    await imaging.start()
    await imaging.stop()
    await imaging.stop()
    with pytest.raises(WorkersUnavailable):
        await imaging.renderer.workers.run(new_uid)
    with pytest.raises(WorkersUnavailable):
        await imaging.renderer.long.run(new_uid)


async def test_what_is_stored_is_recompressed_if_that_is_wanted(settings: Settings) -> None:
    wanted = load_settings(data=settings.data, log_level="warning", recompress=JPEG_LS)
    bring_to_head(wanted)
    codecs = open_codecs(wanted)
    archive = open_archive(wanted, codecs)
    imaging = Imaging(wanted, archive, codecs)
    await imaging.start()
    spool = archive.spool()
    spool.write(ct_instance(Rows=64, Columns=64, PixelData=bytes(8192)))
    outcome = await archive.store(spool)
    for _ in range(200):
        instance = await archive.instance(outcome.resource)
        if instance.transfer_syntax_uid == JPEG_LS:
            break
        await asyncio.sleep(0.05)
    assert instance.transfer_syntax_uid == JPEG_LS
    await imaging.stop()
    archive.close()


async def test_figures_tell_what_was_made_and_what_failed(settings: Settings, archive: Archive) -> None:
    codecs = open_codecs(settings)
    imaging = Imaging(settings, archive, codecs)

    async def make() -> bytes:
        return bytes(1000)

    for _ in range(3):
        await codecs.cache.get(b"key", make)
    with pytest.raises(WorkerFailed):
        await codecs.workers.run(os._exit, 3)
    await imaging.stop()
    figures = imaging.figures
    assert figures.pop("cached_bytes") >= 1000
    assert figures == {"running": 0, "waiting": 0, "failures": 1, "cache_hits": 2, "cache_misses": 1}


async def test_the_application_renders(settings: Settings) -> None:
    application = create_app(settings)
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://pacs.test/dicom-web") as client,
    ):
        await client.post("/studies", content=ct_instance(), headers={"Content-Type": "application/dicom"})
        assert (await client.get(FRAME)).status_code == 200
