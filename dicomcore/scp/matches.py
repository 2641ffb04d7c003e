"""What a C-GET or C-MOVE asks for (PS3.4 §C.4.2.3, §C.4.3.3, §Y.4): the instances, before the first one is sent.

Of an archive they are known at once. Where the source has to fetch them from elsewhere this takes its time, and the
requestor is told again and again that we are still there, with how many there are so far.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from dicomcore.data import Dataset
from dicomcore.errors import (
    DicomError,
    InvalidParameter,
    MissingAttribute,
    NetworkError,
    ResourceGone,
    ResourceNotFound,
)
from dicomcore.instance import Instance
from dicomcore.net.dimse.commands import CGetRQ, CMoveRQ
from dicomcore.net.dimse.status import PENDING
from dicomcore.resources import Resource
from dicomcore.scp.acceptance import INSTANCE_ROOT_GET, INSTANCE_ROOT_MOVE, WITHOUT_BULKDATA_GET
from dicomcore.scp.operation import Operation
from dicomcore.scp.references import look_up
from dicomcore.scp.retrieve_identifiers import resources_of
from dicomcore.scp.suboperations import Progress
from dicomcore.source import Source
from dicomcore.uids import check_uid

_SOP_INSTANCE_UID = 0x00080018
_INSTANCE_ROOT = (INSTANCE_ROOT_MOVE, INSTANCE_ROOT_GET, WITHOUT_BULKDATA_GET)
_FRAME_SELECTIONS = (0x00081161, 0x00081162, 0x00081163)  # Simple and Calculated Frame List, Time Range

Retrieval = Operation[CGetRQ] | Operation[CMoveRQ]


@dataclass(slots=True)
class Matches:
    """The instances that were found; ``problem`` is why there may be more, which the source could not give."""

    instances: list[Instance] = field(default_factory=list)
    problem: DicomError | None = None
    is_cancelled: bool = False


async def find_matches(operation: Retrieval, identifier: Dataset) -> Matches:
    """Find everything that an identifier asks for; what is not here, or no longer, does not count.

    Raises what the source does, if it has given nothing before.
    """
    matches = Matches()
    is_over = asyncio.Event()
    reassuring = asyncio.create_task(_reassure(operation, matches, is_over))
    try:
        for resource in await _resources(operation, identifier):
            if not matches.is_cancelled:
                await _collect(operation, resource, matches)
    finally:
        is_over.set()
        await asyncio.wait([reassuring])
    return matches


async def _collect(operation: Retrieval, resource: Resource, matches: Matches) -> None:
    try:
        async for instance in operation.source.retrieve(resource):
            matches.instances.append(instance)
            if matches.is_cancelled:
                break
    except (ResourceNotFound, ResourceGone):
        return
    except DicomError as error:
        if not matches.instances:
            raise
        matches.problem = error


async def _reassure(operation: Retrieval, matches: Matches, is_over: asyncio.Event) -> None:
    """Send a pending response now and then; who cancels, or is no longer there, ends it."""
    while not is_over.is_set():
        try:
            async with asyncio.timeout(operation.surroundings.reassurance_seconds):
                await is_over.wait()
        except TimeoutError:
            matches.is_cancelled = operation.is_cancelled or not await _is_told(operation, len(matches.instances))


async def _is_told(operation: Retrieval, count: int) -> bool:
    try:
        await operation.respond(PENDING, **Progress(count).counts)
    except NetworkError:
        return False
    return True


async def _resources(operation: Retrieval, identifier: Dataset) -> list[Resource]:
    sop_class_uid = operation.context.abstract_syntax
    if sop_class_uid in _INSTANCE_ROOT:
        return await _instances_by_uid(operation.source, identifier)
    return await resources_of(identifier, sop_class_uid, operation.agreed, operation.source)


async def _instances_by_uid(source: Source, identifier: Dataset) -> list[Resource]:
    """The instances of a Composite Instance Root identifier, which names nothing above them (PS3.4 §Y.3.3, §Z.3.3)."""
    if any(tag in identifier for tag in _FRAME_SELECTIONS):
        raise InvalidParameter("Simple Frame List", "frames of an instance are not extracted here")
    uids = [check_uid(uid, "SOP Instance UID") for uid in identifier.texts(_SOP_INSTANCE_UID)]
    if not uids:
        raise MissingAttribute(_SOP_INSTANCE_UID, "SOP Instance UID")
    return [resource async for resource, _ in look_up(source, uids)]
