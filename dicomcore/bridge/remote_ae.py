"""Another application entity as a `Remote`: C-FIND, C-GET or C-MOVE, C-STORE and C-ECHO (PS3.4 Annexes A, B and C).

Before a C-GET it is asked which SOP Classes there are, since there is room for so many transfer syntaxes only if these
are few. Instances of a C-MOVE come to our own listener, which offers them to the `Inbox`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from time import perf_counter

from dicomcore.bridge.answers import text_of, values_of
from dicomcore.bridge.hierarchical_search import Find, HierarchicalSearch
from dicomcore.bridge.identifiers import Agreed, Fragments, Identifiers, retrieve_identifier
from dicomcore.bridge.spooled import SpooledInstance
from dicomcore.bridge.steps import UNIQUE_KEYS, Step
from dicomcore.data import Dataset
from dicomcore.errors import (
    AssociationRejected,
    AssociationTimeout,
    DicomError,
    DimseFailure,
    NetworkError,
    NoPresentationContext,
    PeerUnreachable,
    ResourceNotFound,
)
from dicomcore.net.connection import Connection
from dicomcore.net.dimse.status import SUCCESS, Category, category
from dicomcore.net.ul.items import ExtendedNegotiation
from dicomcore.nodes import Node, Retrieve
from dicomcore.query import Query
from dicomcore.resources import Level, Resource
from dicomcore.scu.arrivals import Arrivals
from dicomcore.scu.client import VERIFICATION, echo, find
from dicomcore.scu.inbox import Inbox
from dicomcore.scu.pool import Pool
from dicomcore.scu.purposes import (
    PATIENT_ROOT_FIND,
    QUERY,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFY,
    Purpose,
    retrieval,
    services,
)
from dicomcore.scu.retrieve import Progress, get, move_here
from dicomcore.scu.sending import Sent, send
from dicomcore.source import Answer, Change, FailureReason, StoreOutcome, WarningReason, failure_reason
from dicomcore.storage import Spool
from dicomcore.threads import Threads
from dicomcore.transcoding import Codecs

_SOP_CLASSES_IN_STUDY = 0x00080062
_SOP_CLASS_UID = 0x00080016
_MANY_SERIES = 30  # of a study, above which the usual SOP Classes are proposed
_PATIENCE = 5.0  # seconds between the end of all interest and the abort of a retrieve that cannot be cancelled
_NOBODY_THERE = (PeerUnreachable, AssociationRejected, AssociationTimeout)


class RemoteAE:
    """An application entity; see `Remote`. ``codecs`` are for what it does not take as it is."""

    def __init__(self, node: Node, pool: Pool, inbox: Inbox, threads: Threads, codecs: Codecs | None = None) -> None:
        self.node = node
        self._pool = pool
        self._inbox = inbox
        self._threads = threads
        self._codecs = codecs

    @property
    def ae_title(self) -> str:
        """What it is called here."""
        return self.node.ae_title

    @property
    def arrives_elsewhere(self) -> bool:
        """Whether another of our processes may be the one that its C-STORE reaches."""
        return self.node.retrieve is Retrieve.MOVE

    async def search(self, query: Query) -> Answer:
        """Find what matches, level by level where relational queries are not negotiated."""
        root = PATIENT_ROOT_FIND if query.level is Level.PATIENT else STUDY_ROOT_FIND
        offered = ExtendedNegotiation(root, Agreed.wanted(query).encode())
        purpose = services(VERIFICATION, root, extended=(offered,))
        async with self._pool.association(self.node, purpose) as connection:
            identifiers = Identifiers(_agreed(connection, root), self.node.character_set, query.timezone)
            return await HierarchicalSearch(query, self.ae_title, identifiers, _finding(connection, root)).run()

    async def fetch(self, resource: Resource, spool: Callable[[], Spool]) -> AsyncGenerator[Spool, None]:
        """Get instances as they arrive; see `Remote.fetch`."""
        arrivals = Arrivals()
        is_wanted = asyncio.Event()
        is_wanted.set()
        retrieve = self._move if self.node.retrieve is Retrieve.MOVE else self._get
        steps = retrieve(resource, arrivals, spool)
        following = asyncio.create_task(_follow(steps, resource, arrivals, is_wanted))
        try:
            is_empty = True
            with arrivals:
                async for received in arrivals:
                    is_empty = False
                    yield received.spool
        except DimseFailure:
            if is_empty and not await self._may_have(resource):
                raise ResourceNotFound(resource) from None
            raise
        finally:
            is_wanted.clear()
            await asyncio.wait([following], timeout=_PATIENCE)
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following

    async def store(self, spool: Spool) -> StoreOutcome:
        """Send an instance; raises only if nobody is there who could take any."""
        instance = await SpooledInstance.read(spool, self._threads, self._codecs)
        async with aclosing(send(self._pool, self.node, [instance])) as results:
            sent = await anext(results)
        if isinstance(sent.error, _NOBODY_THERE):
            raise sent.error
        return _outcome(instance, sent)

    async def echo(self) -> float:
        """Verify that it answers, and how long that takes."""
        async with self._pool.association(self.node, VERIFY) as connection:
            started = perf_counter()
            status = await echo(connection)
            if category(status) is not Category.SUCCESS:
                raise DimseFailure(status)
            return perf_counter() - started

    async def close(self) -> None:
        """Leave it: associations are the pool's to close."""

    async def _get(
        self, resource: Resource, arrivals: Arrivals, spool: Callable[[], Spool]
    ) -> AsyncGenerator[Progress, None]:
        purpose = retrieval(STUDY_ROOT_GET, await self._sop_classes(resource))
        async with self._pool.association(self.node, purpose) as connection:
            identifier = retrieve_identifier(resource)
            steps = get(connection, STUDY_ROOT_GET, identifier, arrivals.take, spool=spool, threads=self._threads)
            async with aclosing(steps):
                async for progress in steps:
                    yield progress

    async def _move(
        self, resource: Resource, arrivals: Arrivals, spool: Callable[[], Spool]
    ) -> AsyncGenerator[Progress, None]:
        async with self._pool.association(self.node, QUERY) as connection:
            identifier = retrieve_identifier(resource)
            steps = move_here(
                connection, STUDY_ROOT_MOVE, identifier, arrivals.take, inbox=self._inbox, resource=resource
            )
            async with aclosing(steps):
                async for progress in steps:
                    yield progress

    async def _may_have(self, resource: Resource) -> bool:
        """Whether it finds a resource, or does not tell: some fail to retrieve what they do not have."""
        with suppress(NetworkError):
            async with self._pool.association(self.node, QUERY) as connection:
                return await _Survey(_finding(connection, STUDY_ROOT_FIND)).has(resource)
        return True

    async def _sop_classes(self, resource: Resource) -> list[str]:
        """Which SOP Classes will come; none if that is not known, and the usual ones have to do."""
        purpose: Purpose = QUERY
        try:
            async with self._pool.association(self.node, purpose) as connection:
                return await _Survey(_finding(connection, STUDY_ROOT_FIND)).sop_classes(resource)
        except _NOBODY_THERE:
            raise
        except NetworkError:
            return []


class _Survey:
    """Finds out by a few queries whether a resource is there, and what its SOP Classes are."""

    def __init__(self, finding: Find) -> None:
        self._find = finding
        self._identifiers = Identifiers(Agreed(), "ISO_IR 192")

    async def has(self, resource: Resource) -> bool:
        """Say whether there is such a resource."""
        level = resource.level or Level.STUDY
        return bool(await self._first(level, resource, UNIQUE_KEYS[level], 1))

    async def sop_classes(self, resource: Resource) -> list[str]:
        """All that are known; of a series that of its first instance, since they hardly ever differ."""
        if resource.sop_instance_uid is not None or resource.series_instance_uid is not None:
            return await self._of_series(resource)
        (study,) = await self._first(Level.STUDY, resource, _SOP_CLASSES_IN_STUDY, 1) or [{}]
        classes = [str(uid) for uid in values_of(study, _SOP_CLASSES_IN_STUDY) if uid]
        if classes:
            return classes
        series = await self._first(Level.SERIES, resource, UNIQUE_KEYS[Level.SERIES], _MANY_SERIES + 1)
        if len(series) > _MANY_SERIES:
            return []
        uids = (text_of(one, UNIQUE_KEYS[Level.SERIES]) for one in series)
        found = [await self._of_series(replace(resource, series_instance_uid=uid)) for uid in uids]
        return list(dict.fromkeys(uid for one in found for uid in one))

    async def _of_series(self, series: Resource) -> list[str]:
        found = await self._first(Level.INSTANCE, series, _SOP_CLASS_UID, 1)
        return [uid for one in found if (uid := text_of(one, _SOP_CLASS_UID))]

    async def _first(self, level: Level, above: Resource, tag: int, count: int) -> list[Fragments]:
        step = Step(level, False, returned={UNIQUE_KEYS[level]: None, tag: None})
        identifier = self._identifiers.write(step, above)
        if above.level is level:
            identifier.put(UNIQUE_KEYS[level], "UI", _last_uid(above))
        found: list[Fragments] = []
        async with aclosing(self._find(level, identifier)) as responses:
            async for response in responses:
                found.append(self._identifiers.read(response))
                if len(found) == count:
                    break
        return found


def _last_uid(resource: Resource) -> str:
    return resource.sop_instance_uid or resource.series_instance_uid or resource.study_instance_uid or ""


def _finding(connection: Connection, root: str) -> Find:
    def search(level: Level, identifier: Dataset) -> AsyncGenerator[Dataset, None]:
        return find(connection, root, identifier)

    return search


def _agreed(connection: Connection, root: str) -> Agreed:
    """What the acceptor answered to extended negotiation; nothing if it did not."""
    answers = connection.peer.extended_negotiations
    return Agreed.read(next((one.information for one in answers if one.sop_class_uid == root), b""))


async def _follow(
    steps: AsyncGenerator[Progress, None], resource: Resource, arrivals: Arrivals, is_wanted: asyncio.Event
) -> None:
    """Read the progress of a retrieve to its end, or until nobody wants it any more, which cancels it."""
    last = Progress(SUCCESS)
    try:
        async with aclosing(steps):
            async for progress in steps:
                last = progress
                if not is_wanted.is_set():
                    return
    except Exception as error:
        arrivals.end(error)
    else:
        arrivals.end(_problem(last, resource))


def _problem(progress: Progress, resource: Resource) -> DicomError | None:
    """What is wrong with a retrieve that came to its end."""
    failed, completed = progress.failed or 0, progress.completed or 0
    if category(progress.status) is Category.SUCCESS and not failed:
        is_empty = progress.completed is not None and not completed and not progress.warning
        return ResourceNotFound(resource) if is_empty else None
    comment = progress.comment or f"{failed} instances could not be had"
    return DimseFailure(progress.status, comment)


def _outcome(instance: SpooledInstance, sent: Sent) -> StoreOutcome:
    """Translate a response to C-STORE (PS3.18 Annex I.2, PS3.4 §B.2.3)."""
    outcome = StoreOutcome(instance.resource, instance.sop_class_uid, Change.STORED)
    if sent.response is None:
        reason = _reason_of(sent.error)
        return replace(outcome, change=None, failure=reason, detail=str(sent.error))
    status, comment = sent.response.status, sent.response.error_comment
    if status == SUCCESS:
        return outcome
    said = f"it answered {status:04X}H" + (f": {comment}" if comment else "")
    if sent.is_stored:
        return replace(outcome, warning=_warning(status), detail=said)
    return replace(outcome, change=None, failure=failure_of(status), detail=said)


def _reason_of(error: DicomError | None) -> FailureReason:
    if isinstance(error, NoPresentationContext):
        return FailureReason.SOP_CLASS_NOT_SUPPORTED
    return FailureReason.PROCESSING_FAILURE if error is None else failure_reason(error)


def _warning(status: int) -> WarningReason:
    try:
        return WarningReason(status)
    except ValueError:
        return WarningReason.COERCED


def failure_of(status: int) -> FailureReason:
    """Name the failure that a status is; of a range of statuses (A7xx, A9xx, Cxxx) the one that stands for it."""
    try:
        return FailureReason(status)
    except ValueError:
        found = (reason for mask, value, reason in _RANGES if status & mask == value)
        return next(found, FailureReason.PROCESSING_FAILURE)


_RANGES = (
    (0xFF00, 0xA700, FailureReason.OUT_OF_RESOURCES),
    (0xFF00, 0xA900, FailureReason.DATA_SET_DOES_NOT_MATCH_SOP_CLASS),
    (0xF000, 0xC000, FailureReason.CANNOT_UNDERSTAND),
)
