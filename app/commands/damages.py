"""How `reindex` and `verify` end: with a list of what is damaged, and an exit code that says whether anything is."""

from collections.abc import Iterable

import typer

from dicomcore.upkeep import Damage


def end_with(damages: Iterable[Damage], summary: str) -> None:
    """List the damages, then ``summary`` and their number; raises typer.Exit with code 1 if there are any."""
    found = list(damages)
    for damage in found:
        name = f"{damage.resource} (object {damage.key})" if damage.resource else f"object {damage.key}"
        typer.echo(f"damaged: {name}: {damage.problem}")
    typer.echo(f"{summary}, {len(found):,} damaged")
    if found:
        raise typer.Exit(1)
