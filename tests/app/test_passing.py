import asyncio
from pathlib import Path

import pytest
from builders import ct_instance

from app.passing import Passing
from app.settings import Settings
from dicomcore.archive import Archive
from dicomcore.errors import ResourceGone
from dicomcore.resources import Resource
from dicomcore.source import Source

INSTANCE = Resource("1.2.3", "1.2.3.1", "1.2.3.4")


async def store(source: Source) -> None:
    spool = source.spool()
    spool.write(ct_instance())
    assert (await source.store(spool)).is_stored


def with_setting(settings: Settings, keep: str) -> Settings:
    return settings.model_copy(update={"bridge_keep": keep})


async def test_what_is_kept_for_good_needs_no_notes(archive: Archive, settings: Settings) -> None:
    passing = Passing(with_setting(settings, "keep"), archive)
    await passing.start()
    await passing.stop()
    assert passing.source is archive
    assert not (settings.data / "bridge.sqlite").exists()


async def test_what_only_passes_is_removed_and_what_is_stored_here_stays(
    archive: Archive, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.passing._SECONDS", {"discard": 0.01})
    monkeypatch.setattr("app.passing._GRACE", 0.0)
    passing = Passing(with_setting(settings, "discard"), archive)
    assert passing.retention is not None
    passing.retention.note("1.2.3.4")
    await store(archive)
    passing.retention.confirm(INSTANCE, len(ct_instance()))
    await passing.start()
    while True:
        try:
            await archive.instance(INSTANCE)
        except ResourceGone:
            break
        await asyncio.sleep(0.01)
    await store(passing.source)
    await asyncio.sleep(0.1)
    await passing.stop()
    assert (await archive.instance(INSTANCE)).resource == INSTANCE


async def test_a_cache_has_the_limits_of_the_settings(archive: Archive, settings: Settings, tmp_path: Path) -> None:
    limits = {"bridge_keep": "cache", "bridge_cache_bytes": 1000, "bridge_cache_seconds": 60, "data": tmp_path}
    passing = Passing(settings.model_copy(update=limits), archive)
    await passing.start()
    assert passing.retention is not None
    assert (passing.retention.max_bytes, passing.retention.max_seconds) == (1000, 60)
    await passing.stop()
    assert (tmp_path / "bridge.sqlite").exists()
