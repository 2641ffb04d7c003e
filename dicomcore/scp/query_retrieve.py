"""C-FIND (PS3.4 §C.4.1): matches go out as they are read, a page at a time, until there are no more or it is cancelled.

Memory does not depend on the number of matches. Identifiers are read by `dicomcore.scp.identifiers` and responses made
by `dicomcore.scp.find_request`.
"""

from __future__ import annotations

from dataclasses import replace

from dicomcore.data import Dataset, transfer_syntax
from dicomcore.net.dimse.commands import CFindRQ, encode
from dicomcore.net.dimse.status import CANCEL, PENDING, PENDING_WITH_WARNING, SUCCESS
from dicomcore.scp.find_request import FindRequest
from dicomcore.scp.flat_responses import FlatResponses
from dicomcore.scp.identifiers import read_query
from dicomcore.scp.operation import Operation, encoded
from dicomcore.source import Answer

PAGE = 500  # matches that are read at once
_TOGETHER = 64  # responses that are sent at once, before it is looked whether the peer has cancelled


async def find(operation: Operation[CFindRQ], identifier: Dataset) -> None:
    """Answer with every match."""
    request = read_query(identifier, operation.context.abstract_syntax, operation.agreed)
    sending = _Sending(operation, request)
    offset = 0
    while True:
        answer = await operation.source.search(replace(request.query, limit=PAGE, offset=offset))
        if not await sending.send(answer):
            return await operation.respond(CANCEL)
        offset += PAGE
        if len(answer.objects) < PAGE:
            return await operation.respond(SUCCESS)


class _Sending:
    """Sends responses: those of the usual kind encoded at once and many together, others one by one."""

    def __init__(self, operation: Operation[CFindRQ], request: FindRequest) -> None:
        self._operation = operation
        self._request = request
        self._ae_title = operation.surroundings.ae_title
        self._flat = FlatResponses.of(request, transfer_syntax(operation.context.transfer_syntax), self._ae_title)
        self._commands = {
            status: encode(operation.response(status, has_dataset=True)) for status in (PENDING, PENDING_WITH_WARNING)
        }

    async def send(self, answer: Answer) -> bool:
        """Send a page of responses; false if the peer has cancelled meanwhile."""
        operation = self._operation
        for start in range(0, len(answer.objects), _TOGETHER):
            if operation.is_cancelled:
                return False
            messages = [self._message(found, answer) for found in answer.objects[start : start + _TOGETHER]]
            await operation.connection.send_encoded(operation.context.context_id, messages)
        return not operation.is_cancelled

    def _message(self, found: bytes, answer: Answer) -> tuple[bytes, bytes]:
        is_complete = not answer.warnings
        flat = None if self._flat is None else self._flat.response(found, is_complete=is_complete)
        if flat is None:
            response = self._request.response(found, self._ae_title, is_complete=is_complete)
            flat = response.status, encoded(response.identifier, self._operation.context)[0]
        return self._commands[flat[0]], flat[1]
