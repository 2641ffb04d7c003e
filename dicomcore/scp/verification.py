"""Verification (PS3.4 Annex A): a C-ECHO is answered."""

from dicomcore.net.connection import DataStream
from dicomcore.net.dimse.commands import CEchoRQ
from dicomcore.net.dimse.status import SUCCESS
from dicomcore.scp.operation import Operation, Rest


async def echo(operation: Operation[CEchoRQ], _: DataStream | None) -> Rest:
    """Answer; a data set, which no C-ECHO has, is passed over."""
    return operation.respond(SUCCESS)
