"""What every test can ask for: an archive in a folder of its own, a client of an application over it, PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import hypothesis
import pytest
from fastapi import FastAPI
from postgresql_server import start_postgresql

from app.commands.migrate import bring_to_head
from app.main import create_app, open_archive
from app.settings import Settings, load_settings
from dicomcore.archive import Archive

# How long something takes says nothing where other tests run beside.
hypothesis.settings.register_profile("isocenter", deadline=None)
hypothesis.settings.load_profile("isocenter")
for phase in ("connect", "read", "write", "pool"):
    setattr(httpx._config.DEFAULT_TIMEOUT_CONFIG, phase, 60.0)  # which all of httpx shares; 5 seconds otherwise


@pytest.fixture(scope="session")
def postgresql_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL cluster of this test run."""
    url, stop = start_postgresql(tmp_path_factory.mktemp("postgresql"))
    yield url
    stop()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an archive in a new folder, its index ready."""
    made = load_settings(data=tmp_path / "data", log_level="warning")
    bring_to_head(made)
    return made


@pytest.fixture
def archive(settings: Settings) -> Iterator[Archive]:
    """An empty archive."""
    opened = open_archive(settings)
    yield opened
    opened.close()


@pytest.fixture
def application(settings: Settings) -> Iterator[FastAPI]:
    """The application over an empty archive."""
    app = create_app(settings)
    yield app
    app.state.services.source.close()


@pytest.fixture
async def client(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose URLs are relative to the Base URI."""
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://pacs.test/dicom-web") as opened:
        yield opened
    await application.state.services.renderer.close()
