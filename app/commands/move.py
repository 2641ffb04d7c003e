"""``isocenter move``: have a node send to another application entity, or to our server, by C-MOVE (PS3.4 §C.4.2)."""

import asyncio
from contextlib import aclosing
from typing import Annotated

import typer

from app.application_entity import ApplicationEntity
from app.commands.identifiers import retrieve_identifier
from app.commands.known_nodes import NETWORK_SETTINGS, application_entity
from app.commands.options import with_settings
from app.commands.retrieving import INSTANCE, SERIES, STUDY, Report, chosen
from app.settings import Settings
from dicomcore.net.dimse.status import Service
from dicomcore.nodes import Node, check_ae_title
from dicomcore.resources import Resource
from dicomcore.scu.purposes import STUDY_ROOT_MOVE, services
from dicomcore.scu.retrieve import move as ask


@with_settings(*NETWORK_SETTINGS)
def move(
    settings: Settings,
    node: Annotated[str, typer.Argument(help="AE title of a node.", metavar="NODE")],
    study: Annotated[str | None, typer.Option(help=STUDY, metavar="UID")] = None,
    series: Annotated[str | None, typer.Option(help=SERIES, metavar="UID")] = None,
    instance: Annotated[str | None, typer.Option(help=INSTANCE, metavar="UID")] = None,
    destination: Annotated[
        str | None, typer.Option(help="AE title that the node knows the address of; by default ours.", metavar="AE")
    ] = None,
) -> None:
    """Have a study, a series or an instance sent by C-MOVE; to us only if our server runs with --dimse-port.

    Exit code 1 says that not everything was sent.
    """
    resource, known = chosen(study, series, instance), application_entity(settings, node)
    to = settings.ae_title if destination is None else check_ae_title(destination, "destination")
    report = Report(Service.MOVE)
    asyncio.run(_move(ApplicationEntity(settings), known, resource, to, report))
    typer.echo(f"{report.done:,} instances were sent to {to}")
    report.end()


async def _move(entity: ApplicationEntity, node: Node, resource: Resource, destination: str, report: Report) -> None:
    async with (
        entity.association(node, services(STUDY_ROOT_MOVE)) as connection,
        aclosing(ask(connection, STUDY_ROOT_MOVE, retrieve_identifier(resource), destination)) as steps,
    ):
        await report.follow("Moving", steps)
