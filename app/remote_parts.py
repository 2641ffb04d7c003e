"""The multipart answers of other DICOMweb servers, read for `dicomcore.bridge.RemoteDICOMweb` (PS3.18 §8.6.1.2)."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from app.multipart import Limits, PartData, PartEnd, Reader, boundary_of
from dicomcore.data import Buffer
from dicomcore.errors import DataError, NetworkError, RequestError

_LIMITS = Limits(parts=10_000_000)


async def read_parts(content_type: str, chunks: AsyncIterator[bytes]) -> AsyncIterator[Buffer | None]:
    """Give the data of each part as it comes, and None at its end; what is wrong with it is the server's fault.

    Raises `NetworkError` if this is no multipart body, or if it breaks off.
    """
    with _blaming_the_server():
        reader = Reader(boundary_of(content_type), _LIMITS)
    async for chunk in chunks:
        with _blaming_the_server():
            events = reader.feed(chunk)
        for event in events:
            if isinstance(event, PartData):
                yield event.data
            elif isinstance(event, PartEnd):
                yield None
    with _blaming_the_server():
        reader.close()


@contextmanager
def _blaming_the_server() -> Iterator[None]:
    """Our reader speaks of requests."""
    try:
        yield
    except (RequestError, DataError) as exc:
        raise NetworkError(f"the answer cannot be read: {exc}") from exc
