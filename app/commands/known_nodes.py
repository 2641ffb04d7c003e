"""The nodes of the index database, for commands: without storage, without a server, and beside a running one."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from app.commands.migrate import bring_to_head, is_embedded
from app.log import configure_logging
from app.settings import Settings
from dicomcore.errors import UnknownNode
from dicomcore.index import Index, NodeTable
from dicomcore.nodes import Kind, Node

SETTINGS = ("config", "data", "database", "log_level")
"""What a command needs to find the nodes."""

NETWORK_SETTINGS = (
    *SETTINGS,
    "ae_title",
    "dimse_tls_certificate",
    "dimse_tls_key",
    "dimse_tls_ca",
    "dimse_tls_revocations",
    "dimse_tls_profile",
    "dimse_tls_host_names",
)
"""What it needs to open associations to them."""


@contextmanager
def open_nodes(settings: Settings) -> Iterator[NodeTable]:
    """Open the table of nodes, and close it; an embedded database is made ready first."""
    configure_logging(settings.log_format, settings.log_level)
    if is_embedded(settings):
        bring_to_head(settings)
    index = Index(settings.database_url)
    try:
        index.check_schema()
        yield index.nodes
    finally:
        index.close()


def known_node(settings: Settings, ae_title: str) -> Node:
    """Look up a node; raises `UnknownNode`."""
    with open_nodes(settings) as nodes:
        node = nodes.get(ae_title)
    if node is None:
        raise UnknownNode(ae_title)
    return node


def application_entity(settings: Settings, ae_title: str) -> Node:
    """Look up a node that speaks DIMSE; raises `UnknownNode`, and what typer makes a sentence of."""
    node = known_node(settings, ae_title)
    if node.kind is not Kind.DIMSE:
        raise typer.BadParameter(f"{ae_title} is a DICOMweb server and no application entity")
    return node
