"""The index of the archive: what is stored, found by SQL. SQLAlchemy lives only here.

- ``index``: `Index`, which the archive uses; ``record``: what it is told, ``reading``: what it answers
- ``group_commit`` -> ``writing`` -> ``levels``, ``merging``, ``patients``, ``rollup``, ``rows``: the write path
- ``attributes``: which attribute belongs to which level and column; ``columns``: how values are written into columns
- ``tables``, ``migration``, ``engine``: the database; ``changes``: the list of changes
- ``nodes``: other application entities, which are kept here too; ``transfers``: what goes to them and comes from them
- ``holdings``: which of many instances are stored
- ``documents``: JSON objects as bytes; ``statements``: a `Query` as SQL
"""

from dicomcore.index.changes import ChangeEntry
from dicomcore.index.engine import open_engine
from dicomcore.index.holdings import HoldingTable, StoredHoldings
from dicomcore.index.index import Index
from dicomcore.index.migration import migrate
from dicomcore.index.nodes import NodeTable, StoredNodes
from dicomcore.index.reading import InstanceRow, Statistics, StoredMetadata
from dicomcore.index.record import DuplicatePolicy, InPlaceOf, InstanceRecord, Outcome, Stored
from dicomcore.index.search import Found
from dicomcore.index.tables import ChangeKind, metadata
from dicomcore.index.transfer_rows import Claimed
from dicomcore.index.transfers import TransferTable

__all__ = [
    "ChangeEntry",
    "ChangeKind",
    "Claimed",
    "DuplicatePolicy",
    "Found",
    "HoldingTable",
    "InPlaceOf",
    "Index",
    "InstanceRecord",
    "InstanceRow",
    "NodeTable",
    "Outcome",
    "Statistics",
    "Stored",
    "StoredHoldings",
    "StoredMetadata",
    "StoredNodes",
    "TransferTable",
    "metadata",
    "migrate",
    "open_engine",
]
