"""``isocenter node``: who we know; a running server sees every change at once."""

from pathlib import Path
from typing import Annotated

import orjson
import typer

from app.commands.echo import echo
from app.commands.known_nodes import SETTINGS, open_nodes
from app.commands.options import with_settings
from app.commands.texts import aligned
from app.node_documents import document_of
from app.settings import Settings
from dicomcore.errors import InvalidParameter, UnknownNode
from dicomcore.nodes import Kind, Node, Retrieve, check_node

_DEFAULTS = Node("")
_HEAD = ("AE title", "address", "TLS", "retrieve")

node = typer.Typer(
    name="node",
    help="List, add, remove and try the nodes that we talk to.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@with_settings(*SETTINGS)
def list_nodes(
    settings: Settings,
    as_json: Annotated[bool, typer.Option("--json", help="Write all that is known of each, but no secrets.")] = False,
) -> None:
    """List the nodes by AE title."""
    with open_nodes(settings) as nodes:
        known = nodes.all()
    if as_json:
        typer.echo(orjson.dumps([document_of(one) for one in known], option=orjson.OPT_INDENT_2).decode())
        return
    for line in aligned(_HEAD, map(_row, known)):
        typer.echo(line)


@with_settings(*SETTINGS)
def add(
    settings: Settings,
    ae_title: Annotated[str, typer.Argument(help="How it is called, 1 to 16 characters.", metavar="AE_TITLE")],
    host: Annotated[str, typer.Argument(help="Where an application entity is.", metavar="HOST")] = "",
    port: Annotated[int, typer.Argument(help="Where it listens.", show_default=False, metavar="PORT")] = 0,
    base_url: Annotated[str, typer.Option(help="Where a DICOMweb server is, instead of HOST and PORT.")] = "",
    tls: Annotated[bool, typer.Option("--tls", help="Associations are encrypted.")] = False,
    retrieve: Annotated[Retrieve, typer.Option(help="By C-GET, or by C-MOVE to us.")] = _DEFAULTS.retrieve,
    character_set: Annotated[
        str, typer.Option(help="Of what we ask for, such as ISO_IR 100.")
    ] = _DEFAULTS.character_set,
    max_associations: Annotated[int, typer.Option(help="Open at the same time.")] = _DEFAULTS.max_associations,
    username: Annotated[str, typer.Option(help="Who we say we are.")] = "",
    password_file: Annotated[Path | None, typer.Option(help="File whose first line is the password.")] = None,
    token_file: Annotated[Path | None, typer.Option(help="File whose first line is a bearer token.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the node of this title.")] = False,
) -> None:
    """Add an application entity by its address, or a DICOMweb server by --base-url.

    Its time limits and other rare settings can be changed by PUT at /nodes.
    """
    made = Node(
        ae_title,
        host,
        port,
        kind=Kind.DICOMWEB if base_url else Kind.DIMSE,
        base_url=base_url,
        tls=tls,
        retrieve=retrieve,
        character_set=character_set,
        max_associations=max_associations,
        username=username,
        password=_first_line(password_file),
        token=_first_line(token_file),
    )
    made = _checked(made)
    with open_nodes(settings) as nodes:
        if replace:
            nodes.put(made)
        elif not nodes.add(made):
            typer.echo(f"isocenter: there is a node called {made.ae_title} already; --replace replaces it", err=True)
            raise typer.Exit(1)


@with_settings(*SETTINGS)
def remove(
    settings: Settings, ae_title: Annotated[str, typer.Argument(help="The node to forget.", metavar="AE_TITLE")]
) -> None:
    """Forget a node."""
    with open_nodes(settings) as nodes:
        if not nodes.remove(ae_title):
            raise UnknownNode(ae_title)


for _name, _command in {"list": list_nodes, "add": add, "remove": remove, "echo": echo}.items():
    node.command(_name)(_command)


def _row(known: Node) -> tuple[str, str, str, str]:
    if known.kind is Kind.DICOMWEB:
        return known.ae_title, known.base_url, "", ""
    return known.ae_title, f"{known.host}:{known.port}", "yes" if known.tls else "no", f"C-{known.retrieve.upper()}"


def _checked(made: Node) -> Node:
    try:
        return check_node(made)
    except InvalidParameter as exc:
        raise typer.BadParameter(str(exc)) from exc


def _first_line(path: Path | None) -> str:
    """Read a secret; on the command line everybody on the machine could."""
    if path is None:
        return ""
    try:
        return path.read_text("utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as exc:
        raise typer.BadParameter(f"{path} cannot be read: {exc}") from exc
