"""What of many instances is stored already, in one statement, however many are asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from dicomcore.holdings import Holding
from dicomcore.index.compiled import Compiled, among
from dicomcore.index.prepared import Reader
from dicomcore.index.tables import instance
from dicomcore.resources import Resource
from dicomcore.threads import Threads

_KNOWN = select(
    instance.c.study_instance_uid,
    instance.c.series_instance_uid,
    instance.c.sop_instance_uid,
    instance.c.sha256,
).where(among(instance.c.sop_instance_uid, "sop_instance_uids"))


class HoldingTable:
    """Reads them; every method may block for as long as the database takes."""

    def __init__(self, reader: Reader) -> None:
        self._known = Compiled(_KNOWN, reader.engine.dialect)
        self._reader = reader

    def known(self, sop_instance_uids: Sequence[str]) -> dict[str, Holding]:
        """Give those of the instances that are stored, by SOP Instance UID."""
        arguments = self._known.query_arguments({"sop_instance_uids": [*sop_instance_uids]})
        rows = self._reader.rows(self._known.sql, arguments)
        return {row[2]: Holding(Resource(*row[:3]), bytes(row[3])) for row in rows}


class StoredHoldings:
    """The instances of the index, to be awaited; see `dicomcore.holdings.Holdings`."""

    def __init__(self, table: HoldingTable, threads: Threads) -> None:
        self._table = table
        self._threads = threads

    async def known(self, sop_instance_uids: Sequence[str]) -> Mapping[str, Holding]:
        """Give those of the instances that are stored, by SOP Instance UID."""
        return await self._threads.soon(self._table.known, sop_instance_uids)
