"""An instance that was spooled and is sent on at once, without being kept here (`dicomcore.scu.outgoing`)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

from dicomcore.data import Buffer, Part10, read_dataset, read_file, transfer_syntax, write_dataset
from dicomcore.errors import CodecUnavailable
from dicomcore.ingest import Identity, identify
from dicomcore.pixels import to_explicit_little_endian
from dicomcore.storage import Spool
from dicomcore.threads import Threads
from dicomcore.uids import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN


class SpooledInstance:
    """An instance to be sent from its spool, which has to stay open; `read` finds out who it is."""

    def __init__(self, spool: Spool, part10: Part10, identity: Identity, threads: Threads) -> None:
        self.resource = identity.resource
        self.sop_class_uid = identity.sop_class_uid
        self.sop_instance_uid = str(identity.resource.sop_instance_uid)
        self.transfer_syntax_uid = part10.transfer_syntax.uid
        self._spool = spool
        self._part10 = part10
        self._threads = threads

    @classmethod
    async def read(cls, spool: Spool, threads: Threads) -> SpooledInstance:
        """Read what has to be known; raises what `read_file` and `identify` raise."""
        part10 = await threads(read_file, spool.view())
        return cls(spool, part10, identify(part10), threads)

    async def dataset(self, transfer_syntax_uid: str) -> AsyncIterator[Buffer]:
        """The data set as it is, or in a native transfer syntax; raises `CodecUnavailable` for any other."""
        if transfer_syntax_uid == self.transfer_syntax_uid:
            return self._in_threads(self._spool.windows(self._part10.dataset_start))
        make = _FORMS.get(transfer_syntax_uid)
        if make is None:
            raise CodecUnavailable(transfer_syntax_uid)
        return self._in_threads(await self._threads(make, self._part10))

    async def _in_threads(self, buffers: Iterator[Buffer]) -> AsyncIterator[Buffer]:
        while (buffer := await self._threads(next, buffers, None)) is not None:
            yield buffer


def _explicit(part10: Part10) -> Iterator[Buffer]:
    buffers = to_explicit_little_endian(part10)
    next(buffers)  # the File Meta Information
    return buffers


def _implicit(part10: Part10) -> Iterator[Buffer]:
    dataset = part10.dataset
    if part10.transfer_syntax.encapsulated or part10.transfer_syntax.deflated:
        dataset = read_dataset(b"".join(_explicit(part10)), transfer_syntax(EXPLICIT_VR_LITTLE_ENDIAN))
    return write_dataset(dataset, transfer_syntax(IMPLICIT_VR_LITTLE_ENDIAN))


_FORMS: dict[str, Callable[[Part10], Iterator[Buffer]]] = {
    EXPLICIT_VR_LITTLE_ENDIAN: _explicit,
    IMPLICIT_VR_LITTLE_ENDIAN: _implicit,
}
