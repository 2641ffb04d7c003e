"""C-FIND (PS3.4 §C.4.1): matches go out as they are read, a page at a time, until there are no more or it is cancelled.

Memory does not depend on the number of matches. Identifiers are read by `dicomcore.scp.identifiers` and responses made
by `dicomcore.scp.find_request`.
"""

from __future__ import annotations

from dataclasses import replace

from dicomcore.data import Dataset
from dicomcore.net.dimse.commands import CFindRQ
from dicomcore.net.dimse.status import CANCEL, SUCCESS
from dicomcore.scp.find_request import FindRequest
from dicomcore.scp.identifiers import read_query
from dicomcore.scp.operation import Operation
from dicomcore.source import Answer

PAGE = 500  # matches that are read at once


async def find(operation: Operation[CFindRQ], identifier: Dataset) -> None:
    """Answer with every match."""
    request = read_query(identifier, operation.context.abstract_syntax, operation.agreed)
    offset = 0
    while True:
        answer = await operation.source.search(replace(request.query, limit=PAGE, offset=offset))
        if not await _respond_to_all(operation, request, answer):
            return await operation.respond(CANCEL)
        offset += PAGE
        if len(answer.objects) < PAGE:
            return await operation.respond(SUCCESS)


async def _respond_to_all(operation: Operation[CFindRQ], request: FindRequest, answer: Answer) -> bool:
    """Send a page of responses; false if the peer has cancelled meanwhile."""
    ae_title = operation.surroundings.ae_title
    for found in answer.objects:
        if operation.is_cancelled:
            return False
        response = request.response(found, ae_title, is_complete=not answer.warnings)
        await operation.respond(response.status, response.identifier)
    return not operation.is_cancelled
