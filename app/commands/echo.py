"""``isocenter echo``: ask a node whether it is there."""

import asyncio
from typing import Annotated

import typer

from app.application_entity import ApplicationEntity
from app.commands.known_nodes import NETWORK_SETTINGS, known_node
from app.commands.options import with_settings
from app.settings import Settings
from dicomcore.nodes import Kind


@with_settings(*NETWORK_SETTINGS)
def echo(
    settings: Settings,
    node: Annotated[str, typer.Argument(help="AE title of a node.", metavar="NODE")],
    count: Annotated[int, typer.Option(min=1, help="How often.")] = 1,
) -> None:
    """Say how long a node takes to answer.

    Exit code 1 says that it did not, or not with success.
    """
    known, entity = known_node(settings, node), ApplicationEntity(settings)
    has_failed = False
    for _ in range(count):
        answer = asyncio.run(entity.echo(known))
        status = f"{answer.status:04X}" if known.kind is Kind.DIMSE else str(answer.status)
        typer.echo(f"{known.ae_title} answers {status} after {answer.milliseconds:.1f} ms")
        has_failed |= not answer.is_success
    if has_failed:
        raise typer.Exit(1)
