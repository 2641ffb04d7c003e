"""The index: everything the archive knows about its instances, in SQLite or PostgreSQL.

Synchronous and thread-safe; every method may block for as long as the database takes, so that callers in an event loop
call it from a thread. Stores go through one writer thread (`group_commit`), reads use a pool of connections.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager

from dicomcore.index.changes import ChangeEntry
from dicomcore.index.database import Database, describe_database
from dicomcore.index.engine import open_engine, write
from dicomcore.index.group_commit import GroupCommit
from dicomcore.index.holdings import HoldingTable
from dicomcore.index.migration import check_schema
from dicomcore.index.nodes import NodeTable
from dicomcore.index.prepared import Reader
from dicomcore.index.reading import InstanceRow, Reading, Statistics, StoredMetadata
from dicomcore.index.record import DuplicatePolicy, InstanceRecord, Policy, Stored
from dicomcore.index.search import Found, Search
from dicomcore.index.transaction import Transaction
from dicomcore.index.transfers import TransferTable
from dicomcore.index.writing import clear_tables, delete_resource, store_records
from dicomcore.query import Query
from dicomcore.resources import Resource


class Index:
    """Opens the database at ``url``, whose tables `migrate` has made."""

    def __init__(self, url: str) -> None:
        self._writer = open_engine(url, writes=True)
        self._reader = Reader(open_engine(url, writes=False))
        self._reading = Reading(self._reader)
        self._search = Search(self._reader)
        # Other processes are waited for by the database, other threads here, in order and without polling.
        self._writing = threading.Lock()
        self._commits = GroupCommit(self._store)
        self.holdings = HoldingTable(self._reader)
        self.nodes = NodeTable(self._reader, self._writer, self._writing)
        self.transfers = TransferTable(self._reader, self._writer, self._writing)

    def close(self) -> None:
        """Commit what was submitted and close all connections."""
        self._commits.close()
        self._writer.dispose()
        self._reader.close()

    def check_schema(self) -> None:
        """Raise `IndexUnavailable`, with what to do, unless the database answers and has the tables of this version."""
        check_schema(self._reader.engine)

    def submit(
        self,
        records: Sequence[InstanceRecord],
        duplicates: Policy = DuplicatePolicy.REPLACE_IF_CHANGED,
        kept: Future[str] | None = None,
    ) -> Future[list[Stored]]:
        """Store records in one transaction, together with those of others that wait; see `store`.

        ``kept`` is done when their bytes are on the medium: before that nothing is committed, and if it fails, nothing.
        """
        return self._commits.submit(records, duplicates, kept)

    def announce(self) -> AbstractContextManager[None]:
        """A context in which a record is made that will be submitted soon: a commit under way waits for it a little."""
        return self._commits.announce()

    def store(
        self, records: Sequence[InstanceRecord], duplicates: Policy = DuplicatePolicy.REPLACE_IF_CHANGED
    ) -> list[Stored]:
        """Store records in their order, and say what became of each; on return it is durable.

        Raises:
            MalformedDataset: a column cannot hold a value; none of the records is stored.
            IndexUnavailable: the database did not answer; whether the records are stored is not known.
        """
        return self.submit(records, duplicates).result()

    def delete(self, resource: Resource) -> list[str]:
        """Delete a study, series or instance; return the storage keys that no row refers to any more."""
        with self._writing:
            self._commits.check()
            return write(self._writer, lambda transaction: delete_resource(transaction, resource))

    def clear(self) -> None:
        """Forget all instances, to be rebuilt; the numbers of changes go on."""
        with self._writing:
            write(self._writer, clear_tables)

    def search(self, query: Query) -> Found:
        """Find what matches (PS3.18 §10.6, PS3.4 §C.4.1); raises `LimitExceeded` if that takes too much reading."""
        return self._search.find(query)

    def instance(self, resource: Resource) -> InstanceRow | None:
        """Find an instance by its three UIDs."""
        return self._reading.instance(resource)

    def instances(self, resource: Resource) -> Iterator[InstanceRow]:
        """Give the instances of a resource in order; those of the whole archive in the order of their arrival."""
        return self._reading.instances(resource)

    def metadata(self, resource: Resource) -> StoredMetadata:
        """The metadata of all instances of a study, series or instance; none if there is no such resource."""
        return self._reading.metadata(resource)

    def revision(self, resource: Resource) -> int | None:
        """The number of the last change in a resource; None if there is no such resource."""
        return self._reading.revision(resource)

    def is_stored(self, resource: Resource, content_digest: bytes) -> bool:
        """Say whether this very instance is stored, with this content."""
        return self._reading.is_stored(resource, content_digest)

    def keys(self, first: str = "") -> set[str]:
        """The storage keys that rows refer to, from ``first`` on."""
        return self._reading.keys(first)

    def frame_page(self, row: InstanceRow, page: int) -> bytes | None:
        """One page of the frame index; None if there is no such page, or the instance has been replaced."""
        return self._reading.frame_page(row, page)

    def was_deleted(self, resource: Resource) -> bool:
        """Say whether a resource was here once and is not now."""
        return self._reading.was_deleted(resource)

    def changes(self, since: int = 0, limit: int = 1000) -> list[ChangeEntry]:
        """The changes after number ``since``, in the order of their commits."""
        return self._reading.changes(since, limit)

    def last_change(self) -> int:
        """The number of the last change; 0 if there was none."""
        return self._reading.last_change()

    def statistics(self) -> Statistics:
        """Count what is here."""
        return self._reading.statistics()

    def database(self) -> Database:
        """Say what the database is."""
        return describe_database(self._reader.engine)

    def _store(
        self, records: Sequence[InstanceRecord], policies: Sequence[Policy], before_commit: Callable[[], None]
    ) -> list[Stored]:
        def work(transaction: Transaction) -> list[Stored]:
            answers = store_records(transaction, records, policies)
            before_commit()
            return answers

        with self._writing:
            return write(self._writer, work)
