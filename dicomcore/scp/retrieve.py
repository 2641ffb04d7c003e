"""C-GET and C-MOVE (PS3.4 §C.4.2, §C.4.3, Annexes Y and Z): C-STORE sub-operations, counted as they end.

What is to be sent is known before the first sub-operation, so that the counts of every response are exact. An instance
that fails is counted and listed, the others go on. C-MOVE goes to configured nodes only, whatever address a peer has.
Single frames (PS3.4 §Y.3) are not extracted: a request for them is refused with A900.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Coroutine, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from dicomcore.data import Dataset
from dicomcore.errors import DicomError, InvalidParameter, MissingAttribute, ResourceGone, ResourceNotFound, UnknownNode
from dicomcore.instance import Instance
from dicomcore.net.dimse.commands import CGetRQ, CMoveRQ, CStoreRQ
from dicomcore.net.dimse.status import CANNOT_PERFORM_SUBOPERATIONS, PENDING
from dicomcore.nodes import Kind
from dicomcore.resources import Resource
from dicomcore.scp.acceptance import INSTANCE_ROOT_GET, INSTANCE_ROOT_MOVE, WITHOUT_BULKDATA_GET
from dicomcore.scp.encoding import context_for, dataset_without_bulkdata
from dicomcore.scp.operation import Operation, comment
from dicomcore.scp.references import look_up
from dicomcore.scp.retrieve_identifiers import resources_of
from dicomcore.scp.suboperations import Progress, window
from dicomcore.scu.client import Originator
from dicomcore.scu.outgoing import StoredInstance
from dicomcore.scu.sending import send
from dicomcore.source import Source
from dicomcore.uids import check_uid

logger = logging.getLogger(__name__)

_SOP_INSTANCE_UID = 0x00080018
_INSTANCE_ROOT = (INSTANCE_ROOT_MOVE, INSTANCE_ROOT_GET, WITHOUT_BULKDATA_GET)
_FRAME_SELECTIONS = (0x00081161, 0x00081162, 0x00081163)

Retrieval = Operation[CGetRQ] | Operation[CMoveRQ]


async def get(operation: Operation[CGetRQ], identifier: Dataset) -> None:
    """Send what is asked for on the association of the request (PS3.4 §C.4.3.2)."""
    instances = await matches(operation, identifier)
    progress = Progress(len(instances))
    waiting = deque(instances)
    async with operation.invoker.receiving():
        width = max(1, min(window(operation.connection), len(waiting)))
        await _beside([_store_all(operation, waiting, progress) for _ in range(width)])
    await _conclude(operation, progress)


async def move(operation: Operation[CMoveRQ], identifier: Dataset) -> None:
    """Send what is asked for to another application entity (PS3.4 §C.4.2.2)."""
    surroundings, command = operation.surroundings, operation.command
    node = await surroundings.nodes.get(command.move_destination)
    if node is None or node.kind is not Kind.DIMSE:
        raise UnknownNode(command.move_destination)
    instances = await matches(operation, identifier)
    progress = Progress(len(instances))
    items = [StoredInstance(instance, surroundings.threads) for instance in instances]
    originator = Originator(operation.connection.calling_ae_title, command.message_id)
    problem: DicomError | None = None
    sending = send(surroundings.pool, node, items, originator=originator, priority=command.priority)
    async with aclosing(sending) as results:
        async for sent in results:
            problem = sent.error or problem
            status = CANNOT_PERFORM_SUBOPERATIONS if sent.response is None else sent.response.status
            progress.note(sent.item.sop_instance_uid, status)
            await operation.respond(PENDING, **progress.counts)
            if operation.is_cancelled:
                progress.is_cancelled = True
                break
    await _conclude(operation, progress, problem)


async def matches(operation: Retrieval, identifier: Dataset) -> list[Instance]:
    """Find what an identifier asks for; what is not here, or no longer, does not count (PS3.4 §C.4.2.3)."""
    sop_class_uid = operation.context.abstract_syntax
    if sop_class_uid in _INSTANCE_ROOT:
        resources = await _instances_by_uid(operation.source, identifier)
    else:
        resources = await resources_of(identifier, sop_class_uid, operation.agreed, operation.source)
    found: list[Instance] = []
    for resource in resources:
        try:
            found += [instance async for instance in operation.source.retrieve(resource)]
        except (ResourceNotFound, ResourceGone):
            continue
    return found


async def _instances_by_uid(source: Source, identifier: Dataset) -> list[Resource]:
    """The instances of a Composite Instance Root identifier, which names nothing above them (PS3.4 §Y.3.3, §Z.3.3)."""
    if any(tag in identifier for tag in _FRAME_SELECTIONS):
        raise InvalidParameter("Simple Frame List", "frames of an instance are not extracted here")
    uids = [check_uid(uid, "SOP Instance UID") for uid in identifier.texts(_SOP_INSTANCE_UID)]
    if not uids:
        raise MissingAttribute(_SOP_INSTANCE_UID, "SOP Instance UID")
    return [resource async for resource, _ in look_up(source, uids)]


async def _conclude(operation: Retrieval, progress: Progress, problem: DicomError | None = None) -> None:
    counts = progress.counts if progress.is_cancelled else progress.final_counts
    sentence = "" if problem is None else comment(str(problem))
    await operation.respond(progress.final_status, progress.identifier(), error_comment=sentence, **counts)


async def _store_all(operation: Operation[CGetRQ], waiting: deque[Instance], progress: Progress) -> None:
    """Take one instance after the other, as others may do at the same time."""
    while waiting and not progress.is_cancelled:
        instance = waiting.popleft()
        progress.note(str(instance.resource.sop_instance_uid), await _store(operation, instance))
        await operation.respond(PENDING, **progress.counts)
        progress.is_cancelled = operation.is_cancelled


async def _store(operation: Operation[CGetRQ], instance: Instance) -> int:
    """Perform one sub-operation and return its status, a failure if it could not even begin."""
    with_bulkdata = operation.context.abstract_syntax != WITHOUT_BULKDATA_GET
    request = CStoreRQ(
        message_id=operation.connection.next_message_id(),
        affected_sop_class_uid=instance.sop_class_uid,
        affected_sop_instance_uid=str(instance.resource.sop_instance_uid),
        priority=operation.command.priority,
    )
    try:
        context = context_for(operation.connection, instance, with_bulkdata=with_bulkdata)
        invoke = partial(operation.invoker.invoke, context.context_id, request)
        if with_bulkdata:
            data = await StoredInstance(instance, operation.surroundings.threads).dataset(context.transfer_syntax)
            return (await invoke(data)).status
        async with dataset_without_bulkdata(instance, context.transfer_syntax, operation.source) as rest:
            return (await invoke(rest)).status
    except DicomError as error:
        logger.warning(
            "an instance could not be sent: %s", error, extra={"sop_instance_uid": instance.resource.sop_instance_uid}
        )
        return CANNOT_PERFORM_SUBOPERATIONS


async def _beside(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Do several things at once; what one raises ends the others."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
