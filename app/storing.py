"""Reading a store request (PS3.18 §10.5): from the parts of a body to what became of each instance.

Parts are spooled as they arrive and stored while the next ones arrive; a limited number of stores is under way at
once, and while that many are, no more of the body is read. One instance that cannot be stored is an outcome among
others. A body that breaks off after some parts have arrived does not undo them: they are in the response, and so is
the problem.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import cast

from app.media_types import MediaType, parse_media_type
from app.metadata_store import MetadataParts
from app.multipart import MULTIPART_RELATED, Limits, PartBegin, PartData, PartEnd, Reader, boundary_of
from app.negotiation import DICOM, DICOM_JSON, DICOM_XML
from dicomcore.data import AssembledInstance, Buffer
from dicomcore.errors import DicomError, InvalidParameter, StorageFull, StorageUnavailable, UnsupportedMediaType
from dicomcore.source import Source, StoreOutcome, failure_reason
from dicomcore.storage import Spool

ACCEPTED = (
    DICOM,
    *(f'{MULTIPART_RELATED}; type="{media_type}"' for media_type in (DICOM, DICOM_JSON, DICOM_XML)),
)


class Gate:
    """Lets a limited number of instances into the store at once; one for each worker process.

    A place is taken when an instance has arrived whole, so that clients who send slowly keep nobody waiting.
    """

    def __init__(self, places: int = 16) -> None:
        self.places = asyncio.Semaphore(places)


@dataclass(slots=True)
class StoreResult:
    """The outcomes, in the order of the parts, and what was wrong with the body itself."""

    outcomes: list[StoreOutcome]
    problem: DicomError | None = None


async def store_body(
    content_type: str | None,
    body: AsyncIterator[bytes],
    source: Source,
    gate: Gate,
    *,
    study_instance_uid: str | None = None,
    limits: Limits,
) -> StoreResult:
    """Store what a request brings.

    Raises:
        UnsupportedMediaType: the payload is neither instances nor metadata with bulk data.
        InvalidParameter, LimitExceeded: the body breaks off or is too large, before any instance has arrived.
    """
    media_type = parse_media_type(content_type) if content_type else MediaType("")
    storing = _Storing(source, gate, study_instance_uid)
    try:
        if media_type.name == DICOM:
            await storing.read_instance(body)
        elif media_type.name == MULTIPART_RELATED:
            await _read_parts(storing, str(content_type), media_type, body, limits)
        else:
            raise UnsupportedMediaType(f"{media_type.name or 'no Content-Type'} cannot be stored", ACCEPTED)
    except DicomError as error:
        result = await storing.finish()
        if not result.outcomes or _is_outage(error):
            raise
        result.problem = error
        return result
    except BaseException:
        storing.drop()  # what has arrived whole is stored, though nobody waits for it
        raise
    result = await storing.finish()
    if not result.outcomes:
        raise InvalidParameter("body", "it holds no instance")
    return result


async def _read_parts(
    storing: "_Storing", content_type: str, media_type: MediaType, body: AsyncIterator[bytes], limits: Limits
) -> None:
    root = (media_type.parameter("type") or DICOM).partition(";")[0].strip().lower()
    reader = Reader(boundary_of(content_type), limits)
    if root == DICOM:
        await _read_instances(storing, reader, body)
    elif root in (DICOM_JSON, DICOM_XML):
        await _read_metadata(storing, reader, body, root)
    else:
        raise UnsupportedMediaType(f"parts of type {root} cannot be stored", ACCEPTED)


async def _read_instances(storing: "_Storing", reader: Reader, body: AsyncIterator[bytes]) -> None:
    """Parts of `application/dicom`, one instance each; metadata among them is against PS3.18 §10.5.1.4."""
    async for chunk in body:
        for event in reader.feed(chunk):
            match event:
                case PartBegin(headers):
                    name = parse_media_type(headers.get("content-type", DICOM)).name
                    if name in (DICOM_JSON, DICOM_XML):
                        raise InvalidParameter("body", "instances and metadata in one request")
                    storing.begin()
                case PartData(data):
                    await storing.write(data)
                case PartEnd():
                    await storing.end()
                case _:
                    pass
    reader.close()


async def _read_metadata(storing: "_Storing", reader: Reader, body: AsyncIterator[bytes], root: str) -> None:
    """Metadata parts and the bulk data that they refer to; instances can be made when all parts are there."""
    parts = MetadataParts(storing.source, root)
    try:
        async for chunk in body:
            for event in reader.feed(chunk):
                match event:
                    case PartBegin(headers):
                        parts.begin(headers)
                    case PartData(data) if parts.wants_thread:
                        await asyncio.to_thread(parts.write, data)
                    case PartData(data):
                        parts.write(data)
                    case _:
                        pass
        reader.close()
        await _store_assembled(storing, parts)
    finally:
        parts.close()


async def _store_assembled(storing: "_Storing", parts: MetadataParts) -> None:
    """Write each instance into a spool of its own, as if it had come as one."""
    instances = parts.instances()
    while (made := await asyncio.to_thread(_next_written, instances)) is not None:
        if isinstance(made, StoreOutcome):
            storing.results.append(made)
            continue
        storing.begin()
        for piece in made:
            await storing.write(memoryview(piece))
        await storing.end()


def _next_written(instances: Iterator[AssembledInstance | StoreOutcome]) -> list[Buffer] | StoreOutcome | None:
    """The file of the next instance, large values in it as they came, or why there is none; None after the last."""
    instance = next(instances, None)
    return list(instance.pieces()) if isinstance(instance, AssembledInstance) else instance


@dataclass(slots=True)
class _Storing:
    """The stores of one request: at most one part is being spooled, others are on their way to the disk."""

    source: Source
    gate: Gate
    study_instance_uid: str | None
    spool: Spool | None = None
    results: list[asyncio.Task[StoreOutcome] | StoreOutcome] = field(default_factory=list)

    async def read_instance(self, body: AsyncIterator[bytes]) -> None:
        """The whole body is one instance, so that what is too large for one is too large for a request."""
        self.begin()
        size = 0
        async for chunk in body:
            size += len(chunk)
            await self._write(chunk)
        if not size:
            raise InvalidParameter("body", "it is empty")
        await self.end()

    def begin(self) -> None:
        self.spool = self.source.spool()

    async def write(self, data: bytes | memoryview) -> None:
        if self.spool is None:
            return  # the rest of an instance that was refused
        try:
            await self._write(data)
        except DicomError as error:
            if _is_outage(error):
                raise
            self.drop()
            self.refuse(error)

    async def _write(self, data: bytes | memoryview) -> None:
        spool = cast(Spool, self.spool)
        if spool.wants_thread:
            await asyncio.to_thread(spool.write, data)
        else:
            spool.write(data)

    async def end(self) -> None:
        if self.spool is None:
            return
        await self.gate.places.acquire()
        task = asyncio.create_task(self.source.store(self.spool, study_instance_uid=self.study_instance_uid))
        task.add_done_callback(lambda _task: self.gate.places.release())
        self.results.append(task)
        self.spool = None

    def drop(self) -> None:
        if self.spool is not None:
            self.spool.close()
            self.spool = None

    def refuse(self, error: DicomError) -> None:
        self.results.append(StoreOutcome(failure=failure_reason(error), detail=str(error)))

    async def finish(self) -> StoreResult:
        """Wait for every store; storage that does not answer fails the request as a whole, so that it is repeated."""
        self.drop()
        tasks = [result for result in self.results if isinstance(result, asyncio.Task)]
        done = iter(await asyncio.gather(*tasks, return_exceptions=True))
        outcomes = []
        for result in self.results:
            outcome = result if isinstance(result, StoreOutcome) else next(done)
            if isinstance(outcome, BaseException):
                raise outcome
            outcomes.append(outcome)
        return StoreResult(outcomes)


def _is_outage(error: DicomError) -> bool:
    """Whether nothing is wrong with what was sent, and it has to be sent again; a full volume is told by instance."""
    return isinstance(error, StorageUnavailable) and not isinstance(error, StorageFull)
