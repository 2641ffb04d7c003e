"""DICOMweb servers for the commands that ask nodes: what `find`, `get` and `send` do there by HTTP."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Generator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from app.commands.received import Target
from app.parameters import parse_search
from dicomcore.bridge.remote_web import RemoteDICOMweb
from dicomcore.bridge.spooled import SpooledInstance
from dicomcore.data import PLACEHOLDER, Dataset, decode_json, file_header
from dicomcore.errors import DicomError, ResourceNotFound
from dicomcore.query import Query
from dicomcore.resources import Level, Resource
from dicomcore.scu.arrivals import Received
from dicomcore.scu.outgoing import Outgoing
from dicomcore.source import StoreOutcome
from dicomcore.storage import DEFAULT_MEMORY_LIMIT, DEFAULT_SIZE_LIMIT, LocalSpool, Spool
from dicomcore.threads import Threads

_UIDS = ("StudyInstanceUID", "SeriesInstanceUID")


def web_query(level: Level, keys: Sequence[str], limit: int) -> tuple[Query, tuple[str, ...]]:
    """Make a query of what was typed, and say what is ignored of it; raises `InvalidParameter`.

    The UIDs of the levels above are where the search is sent (PS3.18 Table 10.6.1-1).
    """
    given = {name: value for name, is_given, value in map(_pair, keys) if is_given}
    above = list(itertools.takewhile(given.__contains__, _UIDS[: max(level - 1, 0)]))
    resource = Resource(*(given[name] for name in above))
    parameters = [
        f"{quote(name)}={quote(value)}" if is_given else f"includefield={quote(name)}"
        for name, is_given, value in map(_pair, keys)
        if not (is_given and name in above)
    ]
    request = parse_search("&".join([*parameters, f"limit={limit}"]), level, resource)
    return request.query, request.warnings


def _pair(key: str) -> tuple[str, str, str]:
    return key.partition("=")


async def search(remote: RemoteDICOMweb, query: Query) -> tuple[list[Dataset], tuple[str, ...]]:
    """Search, and give what was found and what the server warns of."""
    answer = await remote.search(query)
    return [decode_json(one.replace(PLACEHOLDER, b"")).dataset for one in answer.objects], answer.warnings


async def fetch(remote: RemoteDICOMweb, resource: Resource, target: Target, threads: Threads) -> AsyncIterator[int]:
    """Retrieve into ``target``, and give the number of instances that have come, after each one."""
    numbers = itertools.count(1)
    try:
        async with aclosing(remote.fetch(resource, target.spool)) as spools:
            async for spool in spools:
                await _take(spool, target, threads)
                yield next(numbers)
    except ResourceNotFound as exc:
        target.problems.append(str(exc))


async def _take(spool: Spool, target: Target, threads: Threads) -> None:
    try:
        instance = await SpooledInstance.read(spool, threads)
    except DicomError as exc:
        target.problems.append(f"an instance that cannot be read: {exc}")
        spool.close()
        return
    await target.take(Received(spool, instance.sop_class_uid, instance.sop_instance_uid, instance.transfer_syntax_uid))


async def store(remote: RemoteDICOMweb, item: Outgoing, spools: Iterator[Spool]) -> StoreOutcome:
    """Store one instance on the server, as it is here."""
    spool = next(spools)
    try:
        spool.write(
            file_header(
                sop_class_uid=item.sop_class_uid,
                sop_instance_uid=item.sop_instance_uid,
                transfer_syntax_uid=item.transfer_syntax_uid,
            )
        )
        async for buffer in await item.dataset(item.transfer_syntax_uid):
            await asyncio.to_thread(spool.write, buffer)
        return await remote.store(spool)
    finally:
        spool.close()


def temporary_spools() -> Generator[Spool, None, None]:
    """Places for instances that are on their way; their files go with the generator."""
    with TemporaryDirectory(prefix="isocenter-") as folder:
        for number in itertools.count():
            path = Path(folder, str(number))
            yield LocalSpool(path, memory_limit=DEFAULT_MEMORY_LIMIT, size_limit=DEFAULT_SIZE_LIMIT)
