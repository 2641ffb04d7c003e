"""An instance of 2 GB comes and goes, in every form, and no process of the server grows by 64 MB."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from builders import ct_dataset, element, header, part10
from running_server import RunningServer, start_server

FRAME = 512 * 512 * 2
FRAMES = 4096
SIZE = FRAME * FRAMES  # 2 GiB
LIMIT = 64 << 20
DICOM = {"Content-Type": "application/dicom"}
MULTIPART = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
SINGLE_PART = {"Accept": "application/dicom; transfer-syntax=*"}
PARTS = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}
OCTETS = {"Accept": "application/octet-stream"}


def opening(uid: str) -> bytes:
    """The file up to the value of Pixel Data."""
    frames = element(0x00280008, "IS", str(FRAMES))
    dataset = ct_dataset(SOPInstanceUID=uid, Rows=512, Columns=512, PixelData=None)
    at = dataset.index(b"\x28\x00\x10\x00")
    return part10(dataset[:at] + frames + dataset[at:] + header(0x7FE00010, "OW", SIZE), sop_instance=uid)


def pixels() -> Iterator[bytes]:
    """Frame after frame, each with its number at its start; never all of them in memory."""
    rest = bytes(range(256)) * (FRAME // 256)
    for number in range(1, FRAMES + 1):
        yield struct.pack("<I", number) + rest[4:]


def digest(pieces: Iterator[bytes]) -> bytes:
    total = hashlib.sha256()
    for piece in pieces:
        total.update(piece)
    return total.digest()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that has done every kind of work once, on a small scale."""
    running = start_server(tmp_path_factory.mktemp("memory") / "data")
    small = part10(ct_dataset(SOPInstanceUID="1.2.3.1", PixelData=bytes(8 << 20), Rows=2048, Columns=2048))
    for headers, content in ((DICOM, small), (MULTIPART, b"--b\r\n\r\n" + small + b"\r\n--b--")):
        httpx.post(f"{running.base}/studies", content=content, headers=headers, timeout=60).raise_for_status()
    for path, headers in (("", SINGLE_PART), ("", PARTS), ("/bulkdata/7FE00010", OCTETS), ("/metadata", {})):
        httpx.get(running.base + instance("1.2.3.1") + path, headers=headers, timeout=60).raise_for_status()
    yield running
    running.stop()


def instance(uid: str) -> str:
    return f"/studies/1.2.3/series/1.2.3.1/instances/{uid}"


def store(server: RunningServer, uid: str, headers: dict[str, str]) -> None:
    def body() -> Iterator[bytes]:
        yield b"--b\r\nContent-Type: application/dicom\r\n\r\n" if headers is MULTIPART else b""
        yield opening(uid)
        yield from pixels()
        yield b"\r\n--b--" if headers is MULTIPART else b""

    url = f"{server.base}/studies"
    httpx.post(url, content=body(), headers=headers, timeout=600).raise_for_status()


def retrieve(server: RunningServer, uid: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """How many bytes came, and the digest of the last ``SIZE`` of them but for the end of a multipart body."""
    skip = 0
    total, size = hashlib.sha256(), 0
    with httpx.stream("GET", server.base + instance(uid) + path, headers=headers, timeout=600) as answer:
        answer.raise_for_status()
        kind, length = answer.headers["content-type"], int(answer.headers["content-length"])
        tail = len(kind.rpartition("boundary=")[2]) + 8 if kind.startswith("multipart") else 0
        skip = length - tail - SIZE
        for piece in answer.iter_raw(1 << 20):
            wanted = piece[max(0, skip - size) : max(0, skip + SIZE - size)]
            total.update(wanted)
            size += len(piece)
    assert size == length
    return skip, total.digest()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_size_of_an_instance(server: RunningServer, tmp_path: Path) -> None:
    before = server.peak_memory
    growth = {}
    store(server, "1.2.3.2", DICOM)
    growth["store"] = server.peak_memory - before
    store(server, "1.2.3.3", MULTIPART)
    growth["store multipart"] = server.peak_memory - before
    expected = digest(pixels())
    for name, path, headers in (
        ("retrieve", "", SINGLE_PART),
        ("retrieve multipart", "", PARTS),
        ("bulk data", "/bulkdata/7FE00010", OCTETS),
        ("frames", f"/frames/{','.join(map(str, range(1, FRAMES + 1, 512)))}", {}),
    ):
        if name != "frames":
            assert retrieve(server, "1.2.3.2", path, headers)[1] == expected, name
        else:
            httpx.get(server.base + instance("1.2.3.2") + path, timeout=60).raise_for_status()
        growth[name] = server.peak_memory - before
    assert {name: size >> 20 for name, size in growth.items() if size >= LIMIT} == {}, growth
    (frame,) = [next(pixels())]
    answer = httpx.get(server.base + instance("1.2.3.3") + "/frames/1", headers=OCTETS, timeout=60)
    assert answer.content == frame
