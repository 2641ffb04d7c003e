"""A provider over a source, listening on 127.0.0.1, and associations with it."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from dicomcore.data import Dataset, new_dataset, read_dataset, tag_of, transfer_syntax, vr_of, write_dataset
from dicomcore.net.connection import Connection, Message, Timeouts, connect
from dicomcore.net.dimse.commands import Command, CStoreRQ, Request
from dicomcore.net.dimse.status import is_allowed
from dicomcore.net.listener import Listener
from dicomcore.net.proposal import Address, Proposal
from dicomcore.nodes import Node
from dicomcore.scp.operation import SERVICES
from dicomcore.scp.services import Provider
from dicomcore.scu.pool import Pool
from dicomcore.source import Source

AE_TITLE = "ISOCENTER"
EXPLICIT, IMPLICIT = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"


class KnownNodes:
    """Nodes that a test configures."""

    def __init__(self, *nodes: Node) -> None:
        self.nodes = {node.ae_title: node for node in nodes}

    async def get(self, ae_title: str) -> Node | None:
        return self.nodes.get(ae_title)

    async def all(self) -> list[Node]:
        return list(self.nodes.values())


@dataclass
class Served:
    """Where a provider listens."""

    port: int
    provider: Provider
    pool: Pool
    listener: Listener

    @property
    def peer(self) -> tuple[str, ...]:
        """The arguments that programs of DCMTK want."""
        return ("--call", AE_TITLE, "127.0.0.1", str(self.port))

    @property
    def node(self) -> Node:
        return Node(AE_TITLE, "127.0.0.1", self.port)


@asynccontextmanager
async def serving(
    source: Source, *nodes: Node, timeouts: Timeouts | None = None, **settings: Any
) -> AsyncIterator[Served]:
    """Serve a source; ``settings`` are those of `Provider`."""
    known = KnownNodes(*nodes)
    pool = Pool(AE_TITLE)
    provider = Provider(source, known, AE_TITLE, pool, **settings)
    listener = Listener(provider.serve, provider.policy, timeouts=timeouts)
    port = await listener.start("127.0.0.1", 0)
    try:
        yield Served(port, provider, pool, listener)
    finally:
        await listener.stop(5)
        await provider.close()
        await pool.close()


@asynccontextmanager
async def associated(
    served: Served, *contexts: str | tuple[str, Sequence[str]], calling: str = "TESTER", **proposal: Any
) -> AsyncIterator[Connection]:
    """Ask for an association; a SOP Class alone comes in Explicit VR Little Endian."""
    offered = [one if isinstance(one, tuple) else (one, (EXPLICIT,)) for one in contexts]
    wanted = Proposal(calling, AE_TITLE, offered, **proposal)
    async with await connect(Address("127.0.0.1", served.port), wanted) as connection:
        yield connection


def dataset(**attributes: Any) -> Dataset:
    """Make a data set by keywords; a list is several values, or items if it holds dicts."""
    made = new_dataset()
    for keyword, value in attributes.items():
        tag = tag_of(keyword)
        assert tag is not None
        values = value if isinstance(value, list) else [value]
        made.put(tag, vr_of(tag), *(dataset(**one) if isinstance(one, Mapping) else one for one in values))
    return made


def written(content: Dataset, uid: str = EXPLICIT) -> list[bytes]:
    """Encode a data set."""
    return [b"".join(write_dataset(content, transfer_syntax(uid)))]


async def ask(
    connection: Connection, request: Request, content: Dataset | bytes | None = None, *, context_id: int = 1
) -> list[tuple[Any, Dataset | None]]:
    """Send a request and receive everything until its final response; no status is one that its service has not."""
    await send(connection, request, content, context_id=context_id)
    answers: list[tuple[Any, Dataset | None]] = []
    while not answers or answers[-1][0].status in (0xFF00, 0xFF01):
        answers.append(await answer(connection))
        assert is_allowed(answers[-1][0].status, SERVICES[type(request)])
    return answers


async def send(
    connection: Connection, request: Command, content: Dataset | bytes | None = None, *, context_id: int = 1
) -> None:
    """Send a request."""
    uid = connection.accepted[context_id].transfer_syntax
    data = [content] if isinstance(content, bytes) else None if content is None else written(content, uid)
    await connection.send(context_id, request, data)


async def answer(connection: Connection) -> tuple[Any, Dataset | None]:
    """Receive a message, with its data set."""
    message = await connection.receive()
    assert message is not None
    return message.command, await received(message)


async def received(message: Message) -> Dataset | None:
    """Read the data set of a message."""
    if message.data is None:
        return None
    return read_dataset(await message.data.read(1 << 24), transfer_syntax(message.context.transfer_syntax))


def store_request(sop_class: str, sop_instance: str, message_id: int = 1) -> CStoreRQ:
    return CStoreRQ(message_id=message_id, affected_sop_class_uid=sop_class, affected_sop_instance_uid=sop_instance)


async def run(*command: str) -> str:
    """Run a program of DCMTK without holding up the event loop; what it says."""
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode("utf-8", "replace")
    return said.decode("utf-8", "replace")


async def put(source: Source, *contents: bytes) -> None:
    """Store files."""
    for content in contents:
        spool = source.spool()
        spool.write(content)
        outcome = await source.store(spool)
        assert outcome.is_stored, outcome
