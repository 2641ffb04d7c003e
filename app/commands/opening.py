"""Opening the archive for commands that work without a server: the same composition, the same schema check."""

from collections.abc import Iterator
from contextlib import contextmanager

from app import main
from app.commands.migrate import bring_to_head, is_embedded
from app.log import configure_logging
from app.settings import Settings
from dicomcore.archive import Archive


@contextmanager
def open_archive(settings: Settings) -> Iterator[Archive]:
    """Open the archive that the settings name, and close it; an embedded database is made ready first."""
    configure_logging(settings.log_format, settings.log_level)
    if is_embedded(settings):
        bring_to_head(settings)
    archive = main.open_archive(settings)
    try:
        yield archive
    finally:
        archive.close()
