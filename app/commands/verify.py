"""``isocenter verify``: read and hash every stored object."""

from app.commands.damages import end_with
from app.commands.opening import open_archive
from app.commands.options import with_settings
from app.commands.progress import moving_bar
from app.settings import Settings


@with_settings("config", "data", "database", "log_level")
def verify(settings: Settings) -> None:
    """Compare every stored object with the SHA-256 it was stored with, and report what is damaged or missing.

    A server may run meanwhile. Exit code 1 says that something is damaged.
    """
    with open_archive(settings) as archive:
        total = archive.index.statistics().instances
        with moving_bar("Hashing objects", total) as moved:
            damages = list(archive.verify(moved))
    end_with(damages, f"{total:,} objects checked")
