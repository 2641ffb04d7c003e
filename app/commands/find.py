"""``isocenter find``: search a node by C-FIND (PS3.4 §C.4.1) or QIDO-RS, and show what it answers."""

import asyncio
import enum
from collections.abc import Sequence
from contextlib import aclosing
from typing import Annotated

import typer

from app.application_entity import ApplicationEntity
from app.commands.identifiers import find_identifier, find_model
from app.commands.known_nodes import NETWORK_SETTINGS, known_node
from app.commands.options import with_settings
from app.commands.progress import moving_bar
from app.commands.texts import aligned, plain
from app.commands.web import search, web_query
from app.parameters import MAX_RESULTS
from app.settings import Settings
from dicomcore.data import BulkdataPolicy, Dataset, encode_json, keyword_of
from dicomcore.nodes import Kind, Node
from dicomcore.query import Query
from dicomcore.resources import Level
from dicomcore.scu import client
from dicomcore.scu.purposes import services

_MAX_INLINE = 1 << 20


class LevelName(enum.StrEnum):
    """The levels by the words that web and wire have for them."""

    PATIENT = "patient"
    STUDY = "study"
    SERIES = "series"
    INSTANCE = "instance"


@with_settings(*NETWORK_SETTINGS)
def find(
    settings: Settings,
    node: Annotated[str, typer.Argument(help="AE title of a node.", metavar="NODE")],
    keys: Annotated[
        list[str] | None,
        typer.Argument(
            help="What must match, such as PatientID=12* or 00080020=20260101-, and names alone of what to show.",
            metavar="[KEY[=VALUE]]...",
        ),
    ] = None,
    level: Annotated[LevelName, typer.Option(help="What is searched for.")] = LevelName.STUDY,
    limit: Annotated[int | None, typer.Option(min=1, help="Cancel after so many answers.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write the answers as DICOM JSON, one a line.")] = False,
) -> None:
    """Search a node: series below StudyInstanceUID=..., instances below SeriesInstanceUID=... too.

    Exit code 1 says that nothing was found or that the node refused.
    """
    known, entity, at = known_node(settings, node), ApplicationEntity(settings), Level[level.name]
    try:
        identifier, shown = find_identifier(at, keys or (), known.character_set)
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from exc
    if known.kind is Kind.DICOMWEB:
        query, ignored = web_query(at, keys or (), limit or MAX_RESULTS)
        found, warnings = asyncio.run(_search(entity, known, query))
        for warning in (*ignored, *warnings):
            typer.echo(f"warning: {plain(warning)}", err=True)
    else:
        found = asyncio.run(_find(entity, known, find_model(at), identifier, limit))
    for line in _json(found) if as_json else _table(found, shown):
        typer.echo(line)
    if not found:
        raise typer.Exit(1)


async def _search(entity: ApplicationEntity, node: Node, query: Query) -> tuple[list[Dataset], tuple[str, ...]]:
    async with entity.web(node) as remote:
        return await search(remote, query)


async def _find(
    entity: ApplicationEntity, node: Node, model: str, identifier: Dataset, limit: int | None
) -> list[Dataset]:
    found: list[Dataset] = []
    with moving_bar("Finding", limit) as moved:
        async with (
            entity.association(node, services(model)) as connection,
            aclosing(client.find(connection, model, identifier)) as answers,
        ):
            async for answer in answers:
                found.append(answer)
                moved(1)
                if len(found) == limit:
                    break
    return found


def _json(found: Sequence[Dataset]) -> Sequence[str]:
    policy = BulkdataPolicy(b"", _MAX_INLINE)
    return [encode_json(answer, policy).decode() for answer in found]


def _table(found: Sequence[Dataset], shown: Sequence[int]) -> Sequence[str]:
    if not found:
        return []
    head = [keyword_of(tag) or f"{tag:08X}" for tag in shown]
    return list(aligned(head, ([_text(answer, tag) for tag in shown] for answer in found)))


def _text(answer: Dataset, tag: int) -> str:
    items = answer.items(tag)
    return f"{len(items)} items" if items else ", ".join(answer.texts(tag))
