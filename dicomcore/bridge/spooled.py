"""An instance that was spooled and is sent on at once, without being kept here (`dicomcore.scu.outgoing`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from dicomcore.data import Buffer, Part10, read_file
from dicomcore.ingest import Identity, identify
from dicomcore.scu.outgoing import native_dataset
from dicomcore.storage import Spool
from dicomcore.threads import Threads
from dicomcore.transcoding import Codecs


class SpooledInstance:
    """An instance to be sent from its spool, which has to stay open; `read` finds out who it is."""

    def __init__(
        self, spool: Spool, part10: Part10, identity: Identity, threads: Threads, codecs: Codecs | None = None
    ) -> None:
        self.resource = identity.resource
        self.sop_class_uid = identity.sop_class_uid
        self.sop_instance_uid = str(identity.resource.sop_instance_uid)
        self.transfer_syntax_uid = part10.transfer_syntax.uid
        self._spool = spool
        self._part10 = part10
        self._threads = threads
        self._codecs = codecs

    @classmethod
    async def read(cls, spool: Spool, threads: Threads, codecs: Codecs | None = None) -> SpooledInstance:
        """Read what has to be known; raises what `read_file` and `identify` raise."""
        part10 = await threads(read_file, spool.view())
        return cls(spool, part10, identify(part10), threads, codecs)

    async def dataset(self, transfer_syntax_uid: str) -> AsyncIterator[Buffer]:
        """The data set as it is, or in a native transfer syntax; raises as `native_dataset` does."""
        if transfer_syntax_uid == self.transfer_syntax_uid:
            return self._in_threads(self._spool.windows(self._part10.dataset_start))
        return await native_dataset(self._part10, transfer_syntax_uid, self._codecs, self._threads)

    async def _in_threads(self, buffers: Iterator[Buffer]) -> AsyncIterator[Buffer]:
        while (buffer := await self._threads(next, buffers, None)) is not None:
            yield buffer
