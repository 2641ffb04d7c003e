"""Measure how memory grows with the size of an instance: ``python -m benchmarks.memory``.

An instance of 2 GB is stored, retrieved and looked into; it is made while it is sent and checked while it comes, so
that it is never in memory here either. The resident memory of no process of the server may grow by 64 MB.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks import corpus as corpora
from benchmarks import headers, part10
from benchmarks.answers import WrongAnswer, framed, stored
from benchmarks.client import Address, Connection, Request, ResponseReader, connect
from benchmarks.corpus import SEED
from benchmarks.instance import uid
from benchmarks.loading import load_corpus
from benchmarks.scenarios import path, stow
from benchmarks.servers import Isocenter, Orthanc, Server, fresh_directory

LIMIT = 64 << 20
_FRAME = 512 * 512 * 2
_BLOCK = 1 << 20
_SOP_CLASS = "1.2.840.10008.5.1.4.1.1.7.3"
_ACCEPT = ("Accept", 'multipart/related; type="application/dicom"; transfer-syntax=*')
_SERVERS: dict[str, type[Server]] = {"orthanc": Orthanc, "isocenter": Isocenter}


@dataclass(frozen=True)
class LargeInstance:
    """A multi-frame image that exists only as a stream of blocks."""

    frame_count: int

    @property
    def names(self) -> tuple[str, str, str]:
        """Its study, series and SOP Instance UID."""
        return uid("large"), uid("large", "series"), uid("large", self.frame_count)

    def opening(self) -> tuple[bytes, bytes]:
        """Return the File Meta Information, and the data set up to the value of Pixel Data."""
        study, series, sop = self.names
        elements = [
            *headers.general(_SOP_CLASS, sop, study, series, "OT", "LA000001"),
            *headers.image_pixel(512, 512, self.frame_count, colour=False),
        ]
        meta = part10.file_header(_SOP_CLASS, sop, part10.EXPLICIT_VR_LITTLE_ENDIAN)
        return meta, part10.encode(elements) + part10.native_pixels_header(self.frame_count * _FRAME)

    def frames(self) -> Iterator[bytes]:
        """Yield frame after frame, each signed with its number."""
        noise = random.Random(SEED).randbytes(_FRAME - 4)
        for number in range(1, self.frame_count + 1):
            yield number.to_bytes(4, "little") + noise

    def frame(self, number: int) -> bytes:
        """Make one frame."""
        return number.to_bytes(4, "little") + random.Random(SEED).randbytes(_FRAME - 4)

    def digest(self) -> tuple[int, str]:
        """Return the size and the SHA-256 of the data set."""
        _, opening = self.opening()
        digest = hashlib.sha256(opening)
        for frame in self.frames():
            digest.update(frame)
        return len(opening) + self.frame_count * _FRAME, digest.hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; return 1 if memory grew over the limit."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=2000, help="size of the instance (2000)")
    parser.add_argument("--server", choices=list(_SERVERS), default="isocenter")
    options = parser.parse_args(arguments)
    directory = fresh_directory(corpora.ROOT)
    server = _SERVERS[options.server](directory)
    try:
        server.start()
        load_corpus(server, corpora.load(tiny=20))
        growths = _run(server, LargeInstance(options.megabytes * 1_000_000 // _FRAME))
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
    return int(max(growths) >= LIMIT)


def _run(server: Server, large: LargeInstance) -> list[int]:
    size, digest = large.digest()
    print(
        f"an instance of {size / 1e6:.0f} MB; growth of the resident memory of any process, limit {LIMIT / 1e6:.0f} MB;"
    )
    print("and of the memory that all processes have for themselves, without mapped files, as far as seen every 20 ms")
    steps: tuple[tuple[str, Callable[[], None]], ...] = (
        ("store", lambda: _store(server.address, large)),
        ("retrieve", lambda: _retrieve(server.address, large, size, digest)),
        ("retrieve again", lambda: _retrieve(server.address, large, size, digest)),
        ("one frame", lambda: _one_frame(server.address, large)),
        ("metadata", lambda: _metadata(server.address, large)),
    )
    growths = []
    for name, step in steps:
        server.forget_peaks()
        before = server.processes()
        started = time.perf_counter()
        with _Watch(server) as watch:
            step()
        seconds = time.perf_counter() - started
        after = server.processes()
        growth = max(usage.peak_of_one - before[pid].rss for pid, usage in after.items() if pid in before)
        growths.append(growth)
        verdict = "met" if growth < LIMIT else "NOT MET"
        own = watch.peak - sum(usage.anonymous for usage in before.values())
        print(f"{name:16} {seconds:7.2f} s   {growth / 1e6:8.1f} MB {max(0, own) / 1e6:8.1f} MB  {verdict}", flush=True)
    return growths


class _Watch:
    """Looks at the anonymous memory of a server every 20 ms while something is done."""

    def __init__(self, server: Server) -> None:
        self.peak = 0
        self._server = server
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._is_over.wait(0.02):
            self.peak = max(self.peak, self._server.usage().anonymous)


def _store(address: Address, large: LargeInstance) -> None:
    meta, opening = large.opening()
    before, after = stow([b"\0"]).body.split(b"\0")
    length = len(before) + len(meta) + len(opening) + large.frame_count * _FRAME + len(after)
    lines = ["POST " + address.base + "/studies HTTP/1.1", f"Host: {address.host}:{address.port}"]
    lines += [f"{name}: {value}" for name, value in stow([]).headers]
    head = "\r\n".join((*lines, f"Content-Length: {length}", "", "")).encode()
    reader = ResponseReader()
    with connect(address) as opened:
        opened.sendall(head + before + meta + opening)
        for frame in large.frames():
            opened.sendall(frame)
        opened.sendall(after)
        while not reader.advance(opened.recv_into(reader.space())):
            pass
    stored([large.names[2]])(reader.response())


def _retrieve(address: Address, large: LargeInstance, size: int, digest: str) -> None:
    request = Request("GET", path(*large.names), (_ACCEPT, ("Connection", "close")))
    with connect(address) as opened:
        opened.sendall(request.encode(address))
        blocks = _body(opened)
        received = b""
        while (start := received.find(b"DICM")) < 0 or len(received) < start + 4096:
            received += next(blocks)
        received = received[start - 128 :]
        received = received[part10.dataset_start(received) :]
        found, count = hashlib.sha256(received), len(received)
        for block in blocks:
            count += len(block)
            found.update(block[: max(0, len(block) - max(0, count - size))])
    if found.hexdigest() != digest:
        raise WrongAnswer(f"another data set: {count} bytes were received")


def _body(opened: socket.socket) -> Iterator[bytes]:
    """Yield the body of a response as it comes, chunks put together; the connection ends with it."""
    file = opened.makefile("rb", _BLOCK)
    status = file.readline()
    if b" 200 " not in status:
        raise WrongAnswer(status.decode("latin-1").strip())
    is_chunked = False
    while (line := file.readline()) != b"\r\n":
        is_chunked = is_chunked or b"chunked" in line.lower()
    if is_chunked:
        while size := int(file.readline().split(b";")[0], 16):
            yield file.read(size)
            file.readline()
    else:
        while block := file.read(_BLOCK):
            yield block


def _one_frame(address: Address, large: LargeInstance) -> None:
    number = large.frame_count // 2
    accept = ("Accept", 'multipart/related; type="application/octet-stream"')
    where = f"{path(*large.names)}/frames/{number}"
    framed(large.frame(number))(Connection(address).ask(Request("GET", where, (accept,))))


def _metadata(address: Address, large: LargeInstance) -> None:
    accept = ("Accept", "application/dicom+json")
    response = Connection(address).ask(Request("GET", path(*large.names) + "/metadata", (accept,)))
    if large.names[2].encode() not in bytes(response.body):
        raise WrongAnswer("the metadata of another instance")


if __name__ == "__main__":
    sys.exit(main())
