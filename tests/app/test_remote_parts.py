from collections.abc import AsyncIterator

import pytest

from app.remote_parts import read_parts
from dicomcore.errors import NetworkError

CONTENT_TYPE = 'multipart/related; type="application/dicom"; boundary=x'
BODY = b"--x\r\nContent-Type: application/dicom\r\n\r\none\r\n--x\r\n\r\ntwo\r\n--x--\r\n"


async def chunks(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def parts(body: bytes, *, size: int = 7, content_type: str = CONTENT_TYPE) -> list[bytes]:
    found, current = [], b""
    async for piece in read_parts(content_type, chunks(body, size)):
        if piece is None:
            found.append(current)
            current = b""
        else:
            current += bytes(piece)
    return found


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_parts_come_in_their_order_however_the_body_is_cut(size: int) -> None:
    assert await parts(BODY, size=size) == [b"one", b"two"]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (BODY[:-10], CONTENT_TYPE),
        (b"", CONTENT_TYPE),
        (b"--x\r\nno colon\r\n\r\none\r\n--x--", CONTENT_TYPE),
        (BODY, "application/dicom"),
        (BODY, "multipart/related"),
        (BODY, ""),
    ],
)
async def test_what_cannot_be_read_is_the_fault_of_the_server(body: bytes, content_type: str) -> None:
    with pytest.raises(NetworkError, match="the answer cannot be read"):
        await parts(body, content_type=content_type)
