import io
import zipfile
from collections.abc import AsyncIterator

from app.zip_archive import ZipWriter


async def stream(*buffers: bytes) -> AsyncIterator[bytes]:
    for buffer in buffers:
        yield buffer


async def archive(**files: tuple[bytes, ...]) -> bytes:
    writer = ZipWriter()
    pieces = [bytes(piece) for name, buffers in files.items() async for piece in writer.add(name, stream(*buffers))]
    return b"".join([*pieces, *map(bytes, writer.finish())])


async def test_files_come_out_as_they_went_in() -> None:
    content = await archive(a=(b"one", memoryview(b"two")), b=(b"",))
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        assert opened.testzip() is None
        assert {name: opened.read(name) for name in opened.namelist()} == {"a": b"onetwo", "b": b""}


async def test_bytes_leave_before_the_file_is_complete() -> None:
    writer = ZipWriter()
    steps = writer.add("a", stream(b"x" * 100, b"y" * 100))
    first = b"".join([bytes(await anext(steps)) for _ in range(2)])
    assert b"x" * 100 in first and b"y" not in first
    await steps.aclose()


async def test_equal_content_gives_equal_archives() -> None:
    assert await archive(a=(b"1",)) == await archive(a=(b"1",))
