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
from dicomcore.errors import DicomError, UnknownNode
from dicomcore.instance import Instance
from dicomcore.net.dimse.commands import CGetRQ, CMoveRQ, CStoreRQ
from dicomcore.net.dimse.status import CANNOT_PERFORM_SUBOPERATIONS, PENDING, SOME_SUBOPERATIONS_FAILED, SUCCESS
from dicomcore.nodes import Kind, Node
from dicomcore.scp.acceptance import WITHOUT_BULKDATA_GET
from dicomcore.scp.encoding import context_for, dataset_without_bulkdata
from dicomcore.scp.matches import Retrieval, find_matches
from dicomcore.scp.operation import Operation, comment
from dicomcore.scp.suboperations import Progress, window
from dicomcore.scu.client import Originator
from dicomcore.scu.outgoing import StoredInstance
from dicomcore.scu.sending import send

logger = logging.getLogger(__name__)


async def get(operation: Operation[CGetRQ], identifier: Dataset) -> None:
    """Send what is asked for on the association of the request (PS3.4 §C.4.3.2)."""
    matches = await find_matches(operation, identifier)
    progress = Progress(len(matches.instances), is_cancelled=matches.is_cancelled)
    waiting = deque(matches.instances)
    async with operation.invoker.receiving():
        width = max(1, min(window(operation.connection), len(waiting)))
        await _beside([_store_all(operation, waiting, progress) for _ in range(width)])
    await _conclude(operation, progress, matches.problem)


async def move(operation: Operation[CMoveRQ], identifier: Dataset) -> None:
    """Send what is asked for to another application entity (PS3.4 §C.4.2.2)."""
    surroundings, command = operation.surroundings, operation.command
    node = await surroundings.nodes.get(command.move_destination)
    if node is None or node.kind is not Kind.DIMSE:
        raise UnknownNode(command.move_destination)
    matches = await find_matches(operation, identifier)
    progress = Progress(len(matches.instances), is_cancelled=matches.is_cancelled)
    problem = matches.problem
    if not progress.is_cancelled:
        problem = await _send_all(operation, node, matches.instances, progress) or problem
    await _conclude(operation, progress, problem)


async def _send_all(
    operation: Operation[CMoveRQ], node: Node, instances: Sequence[Instance], progress: Progress
) -> DicomError | None:
    """Send instances to a node until all are sent or it is cancelled; return what went wrong last."""
    surroundings, command = operation.surroundings, operation.command
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
    return problem


async def _conclude(operation: Retrieval, progress: Progress, problem: DicomError | None) -> None:
    """Send the final response; there is more to it than success if the source may have kept something back."""
    status = progress.final_status
    if status == SUCCESS and problem is not None:
        status = SOME_SUBOPERATIONS_FAILED
    counts = progress.counts if progress.is_cancelled else progress.final_counts
    sentence = "" if problem is None else comment(str(problem))
    await operation.respond(status, progress.identifier(), error_comment=sentence, **counts)


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
