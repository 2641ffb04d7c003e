"""``isocenter reindex``: make the whole index anew from the stored objects alone."""

from app.commands.damages import end_with
from app.commands.opening import open_archive
from app.commands.options import with_settings
from app.commands.progress import moving_bar
from app.settings import Settings


@with_settings("config", "data", "database", "inline_threshold_bytes", "log_level")
def reindex(settings: Settings) -> None:
    """Rebuild the index from the stored objects; answers are the same as before, byte for byte.

    The server must be stopped. Exit code 1 says that an object could not be read; the others are in the index.
    """
    with open_archive(settings, alone=True) as archive:
        total = len(list(archive.storage.keys()))
        with moving_bar("Reading objects", total) as moved:
            damages = archive.reindex(moved)
        held = archive.index.statistics()
    end_with(damages, f"{total:,} objects read, {held.instances:,} instances in the index")
