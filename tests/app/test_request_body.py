import gzip
import zlib
from collections.abc import Iterable

import pytest
import zstandard
from starlette.requests import Request

from app.request_body import read_body
from dicomcore.errors import InvalidParameter, LimitExceeded, UnsupportedMediaType

CONTENT = b"some bytes that compress " * 1000
RAW_DEFLATE = zlib.compressobj(wbits=-15)
CODED = {
    "": CONTENT,
    "identity": CONTENT,
    "gzip": gzip.compress(CONTENT),
    "GZIP": gzip.compress(CONTENT),
    "deflate": zlib.compress(CONTENT),
    "zstd": zstandard.compress(CONTENT),
}


def request(chunks: Iterable[bytes], *, disconnect: bool = False, **headers: str) -> Request:
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    end = {"type": "http.disconnect"} if disconnect else {"type": "http.request", "body": b"", "more_body": False}
    remaining = iter([*messages, end])

    async def receive() -> dict[str, object]:
        return next(remaining)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


async def body(sent: Request, limit: int = 1 << 20) -> bytes:
    return b"".join([piece async for piece in read_body(sent, limit)])


def cut(content: bytes, size: int = 100) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


@pytest.mark.parametrize("coding", CODED)
async def test_a_body_is_read_whatever_its_content_coding(coding: str) -> None:
    assert await body(request(cut(CODED[coding]), content_encoding=coding)) == CONTENT


async def test_deflate_without_its_header_is_tolerated() -> None:
    raw = RAW_DEFLATE.compress(CONTENT) + RAW_DEFLATE.flush()
    assert await body(request(cut(raw), content_encoding="deflate")) == CONTENT


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
async def test_a_compressed_body_that_ends_early_is_refused(coding: str) -> None:
    with pytest.raises(InvalidParameter, match="before it is complete"):
        await body(request(cut(CODED[coding], 20)[:-1], content_encoding=coding))


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_a_damaged_compressed_body_is_refused(coding: str) -> None:
    damaged = CODED[coding][:20] + b"\xff" * 30 + CODED[coding][50:]
    with pytest.raises(InvalidParameter, match=r"damaged|complete"):
        await body(request(cut(damaged), content_encoding=coding))


@pytest.mark.parametrize("coding", ["br", "gzip, gzip"])
async def test_an_unknown_content_coding_is_refused_with_the_known_ones(coding: str) -> None:
    with pytest.raises(UnsupportedMediaType) as refusal:
        await body(request([b"x"], content_encoding=coding))
    assert "gzip" in refusal.value.available


async def test_a_declared_length_beyond_the_limit_is_refused_before_reading() -> None:
    with pytest.raises(LimitExceeded):
        await body(request([], content_length="4294967295"), limit=1000)


async def test_an_undeclared_length_beyond_the_limit_is_refused_while_reading() -> None:
    with pytest.raises(LimitExceeded):
        await body(request(cut(CONTENT)), limit=1000)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_a_bomb_is_refused_by_what_it_becomes(coding: str) -> None:
    zeros = bytes(50 << 20)
    bomb = gzip.compress(zeros) if coding == "gzip" else zstandard.compress(zeros)
    with pytest.raises(LimitExceeded):
        await body(request([bomb], content_encoding=coding), limit=10 << 20)


async def test_a_client_that_goes_away_leaves_an_incomplete_body() -> None:
    with pytest.raises(InvalidParameter, match="ended before"):
        await body(request([b"x"], disconnect=True))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
async def test_a_bomb_is_refused_long_before_the_limit(coding: str) -> None:
    zeros = bytes(128 << 20)
    bomb = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstandard.compress}[coding](zeros)
    with pytest.raises(LimitExceeded, match="times"):
        await body(request(cut(bomb, 65_536), content_encoding=coding), limit=10 << 30)
