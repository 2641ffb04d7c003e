"""Another DICOMweb server as a `Remote`: QIDO-RS, WADO-RS and STOW-RS (PS3.18 §10.4 to §10.6).

Instances are asked for as they are stored there (``transfer-syntax=*``). Redirects are not followed, since addresses
come from the configuration alone. How multipart bodies are read is handed in (`ReadParts`).
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from dicomcore.bridge.answers import (
    RETRIEVE_AE_TITLE,
    RETRIEVE_URL,
    fragments_of,
    join_fragments,
    retrieve_url,
    text_of,
    with_values,
)
from dicomcore.bridge.identifiers import Fragments
from dicomcore.bridge.remote_ae import failure_of
from dicomcore.bridge.spooled import SpooledInstance
from dicomcore.bridge.steps import UNIQUE_KEYS
from dicomcore.bridge.web_query import query_string, search_path
from dicomcore.data import Buffer
from dicomcore.errors import (
    AssociationAborted,
    AssociationTimeout,
    NetworkError,
    PeerUnreachable,
    ResourceGone,
    ResourceNotFound,
)
from dicomcore.index.attributes import ATTRIBUTES
from dicomcore.net.reasons import reason_of
from dicomcore.nodes import Node
from dicomcore.query import Query
from dicomcore.resources import Level, Resource
from dicomcore.source import Answer, Change, FailureReason, StoreOutcome, WarningReason
from dicomcore.storage import Spool
from dicomcore.threads import Threads

ReadParts = Callable[[str, AsyncIterator[bytes]], AsyncIterator[Buffer | None]]
"""Read a multipart body, given its Content-Type: the data of each part in pieces, and None at its end."""

MAX_ANSWER = 256 << 20  # bytes of an answer to a search
_JSON = "application/dicom+json"
_DICOM = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_REMAINING = re.compile(r"There are (\d+) additional results")
_WARNING = re.compile(r'299 [^ ]+ "?((?:[^"\\]|\\.)*)')
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\],]', re.DOTALL)
_WARNING_REASON, _FAILURE_REASON = "00081196", "00081197"
_FAILED, _REFERENCED, _OTHER_FAILURES = "00081198", "00081199", "0008119A"
_PATIENT_ID, _ISSUER_OF_PATIENT_ID, _STUDIES_OF_PATIENT = 0x00100020, 0x00100021, 0x00201200
_GONE = {404: ResourceNotFound, 410: ResourceGone}


class RemoteDICOMweb:
    """A DICOMweb server; see `Remote`. ``transport`` is for connections that are not made over the network."""

    def __init__(
        self,
        node: Node,
        read_parts: ReadParts,
        threads: Threads,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.node = node
        self._read_parts = read_parts
        self._threads = threads
        self._base = node.base_url.rstrip("/")
        timeout = httpx.Timeout(node.dimse_timeout, connect=node.connect_timeout)
        limits = httpx.Limits(max_connections=max(node.max_associations, 1), keepalive_expiry=node.idle_timeout)
        self._client = httpx.AsyncClient(
            auth=_credentials(node), timeout=timeout, limits=limits, transport=transport, follow_redirects=False
        )

    @property
    def ae_title(self) -> str:
        """What it is called here."""
        return self.node.ae_title

    @property
    def arrives_elsewhere(self) -> bool:
        """Answers come to who has asked."""
        return False

    async def search(self, query: Query) -> Answer:
        """Pass a query on; patients are found by way of their studies, since no path of the standard finds them."""
        if query.level is Level.PATIENT:
            studies = await self.search(replace(query, level=Level.STUDY, limit=None, offset=0))
            return _patients(studies, query)
        path = f"{search_path(query.level, query.resource)}?{query_string(query)}"
        async with self._request("GET", path, accept=_JSON) as response:
            body = b"" if response.status_code == 204 else await self._body(response)
            headers = response.headers
        found = await self._threads(_split_array, body) if body.strip() else []
        objects = [self._answer(query.level, one) for one in found]
        warnings = [found[1] for text in headers.get_list("warning") for found in _WARNING.finditer(text)]
        return _answer(objects, query, warnings, headers.get("x-total-count", ""))

    async def fetch(self, resource: Resource, spool: Callable[[], Spool]) -> AsyncGenerator[Spool, None]:
        """Get instances as they arrive; see `Remote.fetch`."""
        async with self._request("GET", resource.path, accept=_DICOM, missing=resource) as response:
            parts = self._read_parts(response.headers.get("content-type", ""), self._chunks(response))
            current: Spool | None = None
            try:
                async for piece in parts:
                    if piece is None and current is not None:
                        complete, current = current, None
                        yield complete
                    elif piece is not None:
                        current = current or spool()
                        await self._write(current, piece)
            finally:
                if current is not None:
                    current.close()

    async def store(self, spool: Spool) -> StoreOutcome:
        """Send an instance."""
        instance = await SpooledInstance.read(spool, self._threads)
        boundary = secrets.token_hex(16)
        content_type = f'multipart/related; type="application/dicom"; boundary={boundary}'
        async with self._request(
            "POST",
            "/studies",
            accept=_JSON,
            content=self._multipart(spool, boundary),
            content_type=content_type,
            allowed=(200, 202, 409),
        ) as response:
            body = await self._body(response)
        return _outcome(instance, response.status_code, _parsed(body) if body.strip() else {})

    async def echo(self) -> float:
        """Ask for one study at most: a server that can be searched is there."""
        started = perf_counter()
        async with self._request("GET", "/studies?limit=1", accept=_JSON):
            return perf_counter() - started

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: str,
        *,
        accept: str,
        missing: Resource | None = None,
        content: AsyncIterator[bytes] | None = None,
        content_type: str = "",
        allowed: tuple[int, ...] = (200, 204, 206),
    ) -> AsyncIterator[httpx.Response]:
        """Make a request, and translate whatever goes wrong."""
        headers = {"Accept": accept} | ({"Content-Type": content_type} if content_type else {})
        try:
            async with self._client.stream(method, self._base + path, headers=headers, content=content) as response:
                status = response.status_code
                if missing is not None and status in _GONE:
                    raise _GONE[status](missing)
                if status not in allowed:
                    raise PeerUnreachable(self._address, f"it answers {status} {response.reason_phrase}".rstrip())
                yield response
        except httpx.ConnectTimeout as error:
            raise AssociationTimeout("connection", self.node.connect_timeout) from error
        except httpx.TimeoutException as error:
            raise AssociationTimeout("answer", self.node.dimse_timeout) from error
        except (httpx.ConnectError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise PeerUnreachable(self._address, reason_of(error)) from error
        except httpx.HTTPError as error:
            raise AssociationAborted(sentence=f"the connection to {self._address} broke: {reason_of(error)}") from error

    @property
    def _address(self) -> str:
        """Where it is, without what may be in front of or behind that."""
        return urlsplit(self._base).netloc.rpartition("@")[2]

    async def _chunks(self, response: httpx.Response) -> AsyncIterator[bytes]:
        async for chunk in response.aiter_bytes():
            yield chunk

    async def _body(self, response: httpx.Response) -> bytes:
        """A body that is no instance, and so not endless."""
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > MAX_ANSWER:
                raise PeerUnreachable(self._address, f"its answer has more than {MAX_ANSWER} bytes")
        return bytes(body)

    async def _write(self, spool: Spool, piece: Buffer) -> None:
        if spool.wants_thread:
            await self._threads(spool.write, piece)
        else:
            spool.write(piece)

    async def _multipart(self, spool: Spool, boundary: str) -> AsyncIterator[bytes]:
        yield f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        windows = spool.windows()
        while (window := await self._threads(next, windows, None)) is not None:
            yield bytes(window)
        yield f"\r\n--{boundary}--\r\n".encode()

    def _answer(self, level: Level, document: bytes) -> bytes:
        """Take an answer over; where instances are to be retrieved is for us to say."""
        found = fragments_of(document)
        found[RETRIEVE_AE_TITLE] = with_values(RETRIEVE_AE_TITLE, (self.ae_title,))
        found[RETRIEVE_URL] = retrieve_url(_resource(level, found))
        return join_fragments(found)


def _credentials(node: Node) -> httpx.Auth | None:
    if node.token:
        return _Bearer(node.token)
    return httpx.BasicAuth(node.username, node.password) if node.username else None


class _Bearer(httpx.Auth):
    """The Authorization header of RFC 6750."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Iterator[httpx.Request]:  # type: ignore[override]
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def _resource(level: Level, found: Fragments) -> Resource:
    levels = (Level.STUDY, Level.SERIES, Level.INSTANCE)
    return Resource(*(text_of(found, UNIQUE_KEYS[each]) for each in levels if each <= level))


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NetworkError("the answer is not JSON") from error
    if not isinstance(value, dict):
        raise NetworkError("the answer is no object")
    return value


def _split_array(body: bytes) -> list[bytes]:
    """Cut a JSON array into its objects, byte for byte."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NetworkError("the answer is not JSON") from error
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise NetworkError("the answer is not an array of objects")
    depth, start, found = 0, 0, []
    for token in _TOKEN.finditer(body):
        mark = token[0]
        if mark in b"{[":
            depth += 1
            start = token.start() if depth == 2 else start
        elif mark in b"}]":
            depth -= 1
            if depth == 1:
                found.append(body[start : token.end()])
    return found


def _answer(objects: list[bytes], query: Query, warnings: list[str], total: str) -> Answer:
    remaining = next((int(found[1]) for text in warnings if (found := _REMAINING.match(text))), 0)
    told = tuple(text for text in warnings if not _REMAINING.match(text))
    known = int(total) if total.isdecimal() else query.offset + len(objects) + remaining
    return Answer(objects, known, told)


def _patients(studies: Answer, query: Query) -> Answer:
    """Make one answer of all studies of a patient."""
    patients: dict[tuple[str, str], Fragments] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for found in map(fragments_of, studies.objects):
        identity = (text_of(found, _PATIENT_ID), text_of(found, _ISSUER_OF_PATIENT_ID))
        counts[identity] += 1
        kept = {tag: one for tag, one in found.items() if tag in ATTRIBUTES[Level.PATIENT] or tag == RETRIEVE_AE_TITLE}
        patients.setdefault(identity, kept)
    for identity, kept in patients.items():
        kept[_STUDIES_OF_PATIENT] = with_values(_STUDIES_OF_PATIENT, (counts[identity],))
    last = None if query.limit is None else query.offset + query.limit
    objects = [join_fragments(kept) for kept in patients.values()]
    return Answer(objects[query.offset : last], len(objects), studies.warnings)


def _outcome(instance: SpooledInstance, status: int, module: dict[str, Any]) -> StoreOutcome:
    """Read the Store Instances Response Module (PS3.18 Annex I) about the one instance that was sent."""
    outcome = StoreOutcome(instance.resource, instance.sop_class_uid, Change.STORED)
    failures = [*_items(module, _FAILED), *_items(module, _OTHER_FAILURES)]
    if status == 409 or failures:
        reason = _number(failures, _FAILURE_REASON)
        failure = FailureReason.PROCESSING_FAILURE if reason is None else failure_of(reason)
        said = f"it answered {status}" + (f" with {reason:04X}H" if reason is not None else "")
        return StoreOutcome(instance.resource, instance.sop_class_uid, failure=failure, detail=said)
    warning = _number(_items(module, _REFERENCED), _WARNING_REASON)
    if warning is None:
        return outcome
    known = warning if warning in set(WarningReason) else WarningReason.COERCED
    return StoreOutcome(
        instance.resource, instance.sop_class_uid, Change.STORED, warning=WarningReason(known), detail="it was changed"
    )


def _items(module: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    return [item for item in module.get(tag, {}).get("Value", ()) if isinstance(item, dict)]


def _number(items: list[dict[str, Any]], tag: str) -> int | None:
    values = (value for item in items for value in item.get(tag, {}).get("Value", ()))
    return next((value for value in values if isinstance(value, int)), None)
