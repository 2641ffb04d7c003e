"""Other application entities and DICOMweb servers: who they are and how they are talked to.

Addresses come from the configuration alone, never from a request or from what a peer says of itself. Whatever enters it
has passed `check_node`: AE titles follow PS3.5 §6.2, since they stand in PDUs and in URLs. Where nodes are kept is not
said here; who only asks for them sees `Nodes`, who administers them `NodeStore`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import urlsplit

from dicomcore.errors import InvalidParameter

MAX_AE_TITLE = 16
EVERYBODY = "*"
"""Stands for all nodes in URLs, and so is no AE title here."""


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
    """One other application entity; seconds for all times.

    ``base_url`` is that of a DICOMweb server, which has neither host nor port. Credentials go as HTTP authentication to
    such a server; to an application entity as user identity (PS3.7 §D.3.3.7): ``username`` alone is type 1, with
    ``password`` type 2, ``token`` is type 5. ``maximum_length`` bounds the PDUs that we let it send (0: no bound).
    """

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
    idle_timeout: float = 60.0
    maximum_length: int = 262_144


SECRETS = ("password", "token")
"""What is written, and never shown."""


class Nodes(Protocol):
    """Who is configured."""

    async def get(self, ae_title: str) -> Node | None:
        """The node of this title, or None."""

    async def all(self) -> list[Node]:
        """All nodes, by title."""


class NodeStore(Nodes, Protocol):
    """Who is configured, and may be changed; the nodes given have passed `check_node`."""

    async def add(self, node: Node) -> bool:
        """Add a node; False, and nothing is changed, if there is one of this title."""

    async def put(self, node: Node) -> bool:
        """Add a node or replace the one of this title; True if there was none."""

    async def remove(self, ae_title: str) -> bool:
        """Remove the node of this title; False if there is none."""


@dataclass(frozen=True, slots=True)
class Echo:
    """A node answered: its status (of C-ECHO, or of HTTP), and how long that took."""

    status: int
    milliseconds: float

    @property
    def is_success(self) -> bool:
        """Whether it is well: 0000H, or 200."""
        return self.status in (0, HTTPStatus.OK)


def check_ae_title(text: str, name: str = "ae_title") -> str:
    """Return an AE title without insignificant spaces; raises `InvalidParameter` if it breaks PS3.5 §6.2.

    Upper and lower case are different titles. ``*`` alone is refused, since URLs mean all nodes by it.
    """
    title = text.strip(" ")
    if not title or len(title) > MAX_AE_TITLE:
        raise InvalidParameter(name, f"must have 1 to {MAX_AE_TITLE} characters")
    if _BEYOND_AE.search(title):
        raise InvalidParameter(name, "must be ASCII without backslash and control characters")
    if title == EVERYBODY:
        raise InvalidParameter(name, f"{EVERYBODY} stands for all nodes")
    return title


def check_node(node: Node) -> Node:
    """Return a node in its normal form; raises `InvalidParameter` with the name of the field at fault."""
    node = replace(
        node, ae_title=check_ae_title(node.ae_title), host=node.host.strip("[]"), base_url=node.base_url.rstrip("/")
    )
    for names, is_right, problem in (*_RULES, *_RULES_OF_KIND[node.kind]):
        for name in names:
            if not is_right(getattr(node, name)):
                raise InvalidParameter(name, problem)
    return node


def _is_host(host: str) -> bool:
    """Say whether this is an IP address or a host name (RFC 1123 §2.1); underscores are tolerated."""
    try:
        return bool(ip_address(host.partition("%")[0]))
    except ValueError:
        return len(host) <= 253 and _HOST_NAME.fullmatch(host) is not None


def _is_base_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        right_port = parts.port != 0
    except ValueError:
        return False
    is_plain = not (parts.query or parts.fragment or parts.username or _CONTROLS.search(url) or " " in url)
    return parts.scheme in ("http", "https") and _is_host(parts.hostname or "") and is_plain and right_port


_BEYOND_AE = re.compile(r"[^\x20-\x5b\x5d-\x7e]")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_HOST_NAME = re.compile(
    r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?"
)
_CHARACTER_SETS = re.compile(r"[A-Z0-9_ ]{1,16}(?:\\[A-Z0-9_ ]{1,16})*")
_MAX_SECONDS = 86_400
_MAX_LENGTH = 2**32 - 1
_LEAST_LENGTH = 1024

_Rule = tuple[tuple[str, ...], Callable[[Any], bool], str]

# Fields, what their values must fulfil, and what is said when they do not.
_RULES: tuple[_Rule, ...] = (
    (
        ("character_set",),
        lambda terms: _CHARACTER_SETS.fullmatch(terms) is not None,
        "must be defined terms of Specific Character Set, separated by backslashes",
    ),
    (("max_associations",), lambda count: 1 <= count <= 100, "must be from 1 to 100"),
    (
        ("connect_timeout", "association_timeout", "dimse_timeout", "idle_timeout"),
        lambda seconds: 0 < seconds <= _MAX_SECONDS,
        f"must be more than 0 and at most {_MAX_SECONDS} seconds",
    ),
    (
        ("maximum_length",),
        lambda length: length == 0 or _LEAST_LENGTH <= length <= _MAX_LENGTH,
        f"must be 0, or from {_LEAST_LENGTH} to {_MAX_LENGTH}",
    ),
    (
        ("username", "password", "token"),
        lambda text: len(text) <= 16_384 and not _CONTROLS.search(text),
        "must not have control characters, and at most 16384 characters",
    ),
)
_RULES_OF_KIND: dict[Kind, tuple[_Rule, ...]] = {
    Kind.DIMSE: (
        (("host",), _is_host, "must be a host name or an IP address"),
        (("port",), lambda port: 1 <= port <= 65_535, "must be from 1 to 65535"),
        (("base_url",), lambda url: not url, "is of DICOMweb servers only"),
    ),
    Kind.DICOMWEB: (
        (("base_url",), _is_base_url, "must be an http or https URL without user, query and fragment"),
        (("host", "port"), lambda value: not value, "is in the base_url of a DICOMweb server"),
    ),
}
