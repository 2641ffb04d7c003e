"""``isocenter viewer``: add the OHIF viewer to this server, or remove it; a running server sees it at once."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from app.commands.options import with_settings
from app.settings import Settings
from app.viewer.package import OHIF, ViewerProblem, fetch
from app.viewer.staged import find_viewer
from app.viewer.staging import remove as remove_viewer
from app.viewer.staging import stage, staged_bytes

_SETTINGS = ("config", "data", "viewer")
_CAUTION = "It is investigational software: not cleared by the FDA, not CE marked, and not for diagnosis."

viewer = typer.Typer(
    name="viewer",
    help="Add the OHIF viewer to this server, or remove it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@with_settings(*_SETTINGS)
def install(
    settings: Settings,
    tarball: Annotated[
        Path | None, typer.Argument(help="Its npm package; without one npm fetches it.", metavar="[TARBALL]")
    ] = None,
) -> None:
    """Install the viewer, in place of one that is there."""
    folder = settings.viewer_folder.absolute()
    try:
        if tarball is not None:
            made = stage(tarball, folder, OHIF)
        else:
            typer.echo(f"Fetching {OHIF.specifier}.")
            with tempfile.TemporaryDirectory(prefix="isocenter-viewer-") as fetched:
                made = stage(fetch(OHIF, Path(fetched)), folder, OHIF)
    except ViewerProblem as exc:
        raise _failed(exc) from exc
    typer.echo(f"{made.title} {made.version} is installed in {folder}.")
    typer.echo(_CAUTION)


@with_settings(*_SETTINGS)
def remove(settings: Settings) -> None:
    """Remove the viewer."""
    folder = settings.viewer_folder.absolute()
    try:
        is_removed = remove_viewer(folder)
    except ViewerProblem as exc:
        raise _failed(exc) from exc
    typer.echo(f"The viewer in {folder} is removed." if is_removed else f"There is no viewer in {folder}.")


@with_settings(*_SETTINGS)
def status(settings: Settings) -> None:
    """Say whether the viewer is installed, and which; ends with 1 if it is not."""
    folder = settings.viewer_folder.absolute()
    found = find_viewer(folder)
    if found is None:
        typer.echo(f"There is no viewer in {folder}; 'isocenter viewer install' adds {OHIF.title} {OHIF.version}.")
        raise typer.Exit(1)
    typer.echo(f"{found.title} {found.version} is in {folder} ({staged_bytes(folder) / 1e6:.0f} MB).")
    if found.version != OHIF.version:
        typer.echo(f"This version of Isocenter goes with {OHIF.version}: install it again.")


for _name, _command in {"install": install, "remove": remove, "status": status}.items():
    viewer.command(_name)(_command)


def _failed(exc: ViewerProblem) -> typer.Exit:
    typer.echo(f"isocenter: {exc}", err=True)
    return typer.Exit(1)
