"""The nodes as they are kept in the index database; how `isocenter node` and a running server see the same ones.

Nothing is remembered from one question to the next: whatever another process writes is seen at once, and a node is
looked up in a few dozen microseconds. Passwords and tokens are kept as they are, since they have to be given to others.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import fields
from typing import Any, TypeVar

import orjson
from sqlalchemy import Engine, bindparam, delete, insert, select

from dicomcore.index.engine import write
from dicomcore.index.prepared import Reader
from dicomcore.index.tables import node as table
from dicomcore.index.transaction import Transaction
from dicomcore.nodes import Kind, Node, Retrieve
from dicomcore.threads import Threads

T = TypeVar("T")

_TITLE = table.c.ae_title == bindparam("wanted", type_=table.c.ae_title.type)
_ALL = select(table.c.document).order_by(table.c.ae_title)
_ONE = select(table.c.document).where(_TITLE)
_INSERT = insert(table)
_DELETE = delete(table).where(_TITLE)


class NodeTable:
    """Reads and writes nodes; every method may block for as long as the database takes."""

    def __init__(self, reader: Reader, writer: Engine, writing: AbstractContextManager[Any]) -> None:
        self._one = reader.prepare(_ONE)
        self._all = reader.prepare(_ALL)
        self._writer = writer
        self._writing = writing

    def get(self, ae_title: str) -> Node | None:
        """The node of this title, or None."""
        row = self._one.row(wanted=ae_title)
        return None if row is None else _node(row[0])

    def all(self) -> list[Node]:
        """All nodes, by title."""
        return [_node(document) for (document,) in self._all.rows()]

    def add(self, node: Node) -> bool:
        """Add a node; False if there is one of this title."""
        return self._write(lambda transaction: _add(transaction, node))

    def put(self, node: Node) -> bool:
        """Add a node or replace the one of this title; True if there was none."""

        def put(transaction: Transaction) -> bool:
            is_new = not _remove(transaction, node.ae_title)
            return _add(transaction, node) and is_new

        return self._write(put)

    def remove(self, ae_title: str) -> bool:
        """Remove the node of this title; False if there is none."""
        return self._write(lambda transaction: _remove(transaction, ae_title))

    def _write(self, work: Callable[[Transaction], T]) -> T:
        with self._writing:
            return write(self._writer, work)


class StoredNodes:
    """The nodes of the index, to be awaited; see `dicomcore.nodes.NodeStore`."""

    def __init__(self, nodes: NodeTable, threads: Threads) -> None:
        self._nodes = nodes
        self._threads = threads

    async def get(self, ae_title: str) -> Node | None:
        """The node of this title, or None."""
        return await self._threads.soon(self._nodes.get, ae_title)

    async def all(self) -> list[Node]:
        """All nodes, by title."""
        return await self._threads.soon(self._nodes.all)

    async def add(self, node: Node) -> bool:
        """Add a node; False if there is one of this title."""
        return await self._threads(self._nodes.add, node)

    async def put(self, node: Node) -> bool:
        """Add a node or replace the one of this title; True if there was none."""
        return await self._threads(self._nodes.put, node)

    async def remove(self, ae_title: str) -> bool:
        """Remove the node of this title; False if there is none."""
        return await self._threads(self._nodes.remove, ae_title)


def _add(transaction: Transaction, node: Node) -> bool:
    if transaction.select(_ONE, wanted=node.ae_title):
        return False
    transaction.execute(_INSERT, ae_title=node.ae_title, document=orjson.dumps(node))
    return True


def _remove(transaction: Transaction, ae_title: str) -> bool:
    if not transaction.select(_ONE, wanted=ae_title):
        return False
    transaction.execute(_DELETE, wanted=ae_title)
    return True


_NAMES = frozenset(field.name for field in fields(Node))


def _node(document: bytes) -> Node:
    """Read a node; what it was written without has its default, what this version does not know is left out."""
    known: dict[str, Any] = {name: value for name, value in orjson.loads(document).items() if name in _NAMES}
    return Node(**known | {"kind": Kind(known["kind"]), "retrieve": Retrieve(known["retrieve"])})
