"""Other application entities and DICOMweb servers: who they are and how they are talked to.

Addresses come from the configuration alone, never from a request or from what a peer says of itself.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol


class Kind(enum.StrEnum):
    """The protocol that a node speaks."""

    DIMSE = "dimse"
    DICOMWEB = "dicomweb"


class Retrieve(enum.StrEnum):
    """How instances are got from a node (PS3.4 §C.4.2, §C.4.3)."""

    GET = "get"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class Node:
    """One other application entity; seconds for all times. ``base_url`` and credentials are those of DICOMweb."""

    ae_title: str
    host: str = ""
    port: int = 0
    kind: Kind = Kind.DIMSE
    tls: bool = False
    character_set: str = "ISO_IR 192"
    retrieve: Retrieve = Retrieve.GET
    max_associations: int = 4
    connect_timeout: float = 10.0
    association_timeout: float = 30.0
    dimse_timeout: float = 60.0
    base_url: str = ""
    username: str = ""
    password: str = ""
    token: str = ""


class Nodes(Protocol):
    """Who is configured."""

    async def get(self, ae_title: str) -> Node | None:
        """The node of this title, or None."""

    async def all(self) -> list[Node]:
        """All nodes, by title."""
