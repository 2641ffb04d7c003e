"""C-FIND (PS3.4 §C.4.1): matches go out as they are read, a page at a time, until there are no more or it is cancelled.

Memory does not depend on the number of matches. Identifiers are read and written by `dicomcore.scp.identifiers`.
"""

from __future__ import annotations

from dataclasses import replace

from dicomcore.data import Dataset
from dicomcore.net.dimse.commands import CFindRQ
from dicomcore.net.dimse.status import CANCEL, SUCCESS
from dicomcore.scp.identifiers import read_query
from dicomcore.scp.operation import Operation

PAGE = 500  # matches that are read at once


async def find(operation: Operation[CFindRQ], identifier: Dataset) -> None:
    """Answer with every match."""
    request = read_query(identifier, operation.context.abstract_syntax, operation.agreed)
    offset = 0
    while True:
        answer = await operation.source.search(replace(request.query, limit=PAGE, offset=offset))
        for found in answer.objects:
            if operation.is_cancelled:
                await operation.respond(CANCEL)
                return
            await operation.respond(request.pending_status, request.response(found, operation.surroundings.ae_title))
        offset += len(answer.objects)
        if len(answer.objects) < PAGE:
            await operation.respond(SUCCESS)
            return
