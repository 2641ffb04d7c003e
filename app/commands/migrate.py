"""``isocenter migrate``: create the tables of the index, or bring them up to date."""

import typer

from app.commands.options import with_settings
from app.log import configure_logging
from app.settings import Settings
from dicomcore.index import migrate as migrate_index


@with_settings("config", "data", "database", "log_level")
def migrate(settings: Settings) -> None:
    """Create the tables of the index database, or bring them to the version that this program needs."""
    configure_logging(settings.log_format, settings.log_level)
    bring_to_head(settings)
    typer.echo("The index database is up to date.")


def is_embedded(settings: Settings) -> bool:
    """Whether the database is SQLite, which nobody else looks after."""
    return settings.database_url.startswith("sqlite")


def bring_to_head(settings: Settings) -> None:
    """Migrate; harmless when there is nothing to do, and when several processes do it at the same time."""
    if is_embedded(settings):
        settings.data.mkdir(parents=True, exist_ok=True)
    migrate_index(settings.database_url)
