"""Hostile HTTP: raw bytes to a real server, which answers or hangs up, soon, and is none the worse for it."""

from __future__ import annotations

import gzip
import http.client
import io
import json
import re
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from functools import cache
from typing import NamedTuple

import httpx
import pytest
import zstandard
from builders import ct_instance
from running_server import RunningServer, start_server

PATIENCE = 20.0  # seconds that any answer may take
GROWTH = 256 << 20  # bytes that memory may grow, whatever was sent
HEADER_TIMEOUT = 3
STUDY = "/dicom-web/studies/1.2.3"
INSTANCE = f"{STUDY}/series/1.2.3.1/instances/1.2.3.4"
DICOM = {"Content-Type": "application/dicom"}
BOUNDARY = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b'}
JSON_METADATA = {"Content-Type": 'multipart/related; type="application/dicom+json"; boundary=b'}
XML_METADATA = {"Content-Type": 'multipart/related; type="application/dicom+xml"; boundary=b'}


class Canary:
    """A web server that nobody has a reason to talk to."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.visitors = 0
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.visitors += 1
            connection.close()


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    """Listen for requests that data made us send."""
    opened = Canary()
    yield opened
    opened.listener.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that is attacked by all tests of this file, and afterwards is what it was before."""
    # Whatever the Host is, so that it gets as far as it can.
    settings = {"ISOCENTER_HEADER_TIMEOUT_SECONDS": str(HEADER_TIMEOUT), "ISOCENTER_ALLOWED_HOSTS": "*"}
    running = start_server(tmp_path_factory.mktemp("hostile") / "data", **settings)
    for number in range(1, 30):
        one = ct_instance(SOPInstanceUID=f"1.2.3.{number}", PatientName="a" * 64, StudyDescription="a" * 64)
        httpx.post(f"{running.base}/studies", content=one, headers=DICOM).raise_for_status()
    httpx.get(f"{running.base}/instances?includefield=all").raise_for_status()
    before = running.memory
    try:
        yield running
        assert search_seconds(running) < 1
        assert running.memory - before < GROWTH
        assert running.process.poll() is None
        assert eventually_empty(running)
        assert re.findall(r'"status":5(?!03)\d\d', running.log) == []
        assert "Traceback" not in running.log
    finally:
        running.stop()


@pytest.fixture(autouse=True)
def modest(server: RunningServer) -> Iterator[None]:
    """No attack makes memory grow by more than what is promised."""
    before = server.memory
    server.forget_peak()
    yield
    assert server.peak_memory - before < GROWTH


def eventually_empty(running: RunningServer) -> bool:
    """Whether nothing is left of unfinished arrivals: their connections may still be closing."""
    deadline = time.monotonic() + 5
    while running.spooled and time.monotonic() < deadline:
        time.sleep(0.05)
    return running.spooled == []


class Answer(NamedTuple):
    """What came back; status 0 means that the server hung up without a word."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


def connect(running: RunningServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", running.port), timeout=PATIENCE)


def send(running: RunningServer, *pieces: bytes, method: str = "GET", finish: bool = False) -> Answer:
    """Send raw bytes and read one answer; ``finish`` ends our side of the connection after them."""
    with closing(connect(running)) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            if finish:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has heard enough
        return read_answer(connection, method)


def read_answer(connection: socket.socket, method: str = "GET") -> Answer:
    response = http.client.HTTPResponse(connection, method=method)
    try:
        response.begin()
        return Answer(response.status, response.msg, response.read())
    except (http.client.BadStatusLine, ConnectionResetError):
        return Answer(0, http.client.HTTPMessage(), b"")


def head(method: str, target: str, headers: dict[str, str] | None = None) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "localhost", **(headers or {})}.items())
    return f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")


def get(running: RunningServer, target: str, headers: dict[str, str] | None = None) -> Answer:
    return send(running, head("GET", target, headers))


def post(running: RunningServer, content: bytes, headers: dict[str, str], target: str = "/dicom-web/studies") -> Answer:
    return send(running, head("POST", target, {"Content-Length": str(len(content)), **headers}), content)


def search_seconds(running: RunningServer) -> float:
    start = time.monotonic()
    assert get(running, "/dicom-web/studies?PatientID=PID1", {"Connection": "close"}).status == 200
    return time.monotonic() - start


def part(content: bytes, *headers: str) -> bytes:
    return b"--b\r\n" + "".join(f"{line}\r\n" for line in headers).encode("latin-1") + b"\r\n" + content + b"\r\n"


# Framing.


@pytest.mark.parametrize(
    "length", ["-1", "+5", "5, 6", "0x10", "1e3", "", " ", "5 5", "99999999999999999999", "18446744073709551616", "A"]
)
def test_content_length_that_is_none_is_refused(server: RunningServer, length: str) -> None:
    answer = send(
        server, head("POST", "/dicom-web/studies", {**DICOM, "Content-Length": length}), b"12345", finish=True
    )
    assert answer.status in (0, 400)


@pytest.mark.parametrize("length", [4294967295, 10 << 30, 2**63 - 1, 2**64 - 1])
def test_content_length_that_lies_reserves_nothing(server: RunningServer, length: int) -> None:
    before = server.peak_memory
    request = head("POST", "/dicom-web/studies", {**DICOM, "Content-Length": str(length)})
    answer = send(server, request, ct_instance(), finish=True)
    assert answer.status in (0, 400, 413)
    assert server.peak_memory - before < 16 << 20


@pytest.mark.parametrize(
    "fields",
    [
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 5", "Content-Length: 5"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: chunked", "Content-Length: 5"],
        ["Transfer-Encoding: chunked, identity"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding : chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
        ["Transfer-Encoding: \x0bchunked"],
        ["Content-Length : 5"],
        ["Content Length: 5"],
        ["X: a\x00b"],
        ["X\x00: b"],
        [": empty"],
    ],
)
def test_smuggling_is_refused(server: RunningServer, fields: Sequence[str]) -> None:
    """Two requests are sent as one; if the second were seen, there would be an answer to it."""
    start = "POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/dicom\r\n" + "\r\n".join(
        fields
    )
    hidden = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with closing(connect(server)) as connection:
        connection.sendall(f"{start}\r\n\r\n0\r\n\r\n{hidden}".encode("latin-1"))
        connection.shutdown(socket.SHUT_WR)
        received = b"".join(iter(lambda: connection.recv(65536), b""))
    assert received.count(b"HTTP/1.1 200") == 0
    assert received[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 501", b"")


@pytest.mark.parametrize(
    "chunks",
    [
        b"-1\r\nA\r\n0\r\n\r\n",
        b"g\r\nA\r\n0\r\n\r\n",
        b"ffffffffffffffffff\r\nA",
        b"7fffffffffffffff\r\nA",
        b"1\r\nAB\r\n0\r\n\r\n",
        b"1\nA\n0\n\n",
        b"1" + b"0" * 100_000 + b"\r\nA",
        b"1;" + b"a" * 1_000_000 + b"\r\nA\r\n0\r\n\r\n",
        b"0\r\n" + b"A: b\r\n" * 100_000 + b"\r\n",
        b"0\r\n" + b"A" * 1_000_000,
        b"",
        b"5\r\nABC",
    ],
    ids=range(12),
)
def test_chunks_that_are_none_are_refused(server: RunningServer, chunks: bytes) -> None:
    request = head("POST", "/dicom-web/studies", {**DICOM, "Transfer-Encoding": "chunked"})
    assert send(server, request, chunks, finish=True).status in (0, 400, 409, 413, 431)


def test_a_hundred_thousand_chunks_of_one_byte_are_a_body(server: RunningServer) -> None:
    content = ct_instance(
        SOPInstanceUID="1.2.3.1", PixelData=bytes(98_000), PatientName="a" * 64, StudyDescription="a" * 64
    )
    request = head("POST", "/dicom-web/studies", {**DICOM, "Transfer-Encoding": "chunked"})
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in content)
    assert send(server, request, chunks, b"0\r\n\r\n").status == 200


@pytest.mark.parametrize(
    ("request_head", "statuses"),
    [
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", (414,)),
        (b"GET /dicom-web/studies?" + b"a=b&" * 10_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", (414,)),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000, (431,)),
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 200 + b"\r\n", (431,)),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 1_000_000, (431,)),
        (b"GET / HTTP/1.1\r\n" + b"y" * 1_000_000, (431, 400)),
        (b"A" * 100_000, (400, 414, 431)),
        (b"\0" * 1000, (400,)),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 500, (400,)),
        (b"GET / HTTP/9.9\r\n\r\n", (400, 505)),
        (b"GET /\r\n\r\n", (200, 400, 0)),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 404, 405, 505)),
        (b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: localhost\r\n\r\n", (400, 404, 405)),
        (b"TRACE /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\n\r\n", (400, 405)),
        (b"FOO /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\n\r\n", (400, 405)),
        (b"GET http://127.0.0.1:1/dicom-web/studies HTTP/1.1\r\nHost: localhost\r\n\r\n", (200, 400, 404)),
        (b"GET //evil.example/..//dicom-web HTTP/1.1\r\nHost: localhost\r\n\r\n", (404,)),
        (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", (200, 400, 404, 405)),
    ],
    ids=range(18),
)
def test_request_that_is_none_is_refused(server: RunningServer, request_head: bytes, statuses: Sequence[int]) -> None:
    assert send(server, request_head).status in statuses


def test_endless_headers_are_cut_off(server: RunningServer) -> None:
    with closing(connect(server)) as connection, pytest.raises(OSError):
        connection.sendall(b"GET / HTTP/1.1\r\n")
        start = time.monotonic()
        while time.monotonic() - start < PATIENCE:
            connection.sendall(b"X: y\r\n" * 1000)


# Multipart.


def multipart_lies() -> dict[str, tuple[dict[str, str], bytes]]:
    """By name: headers, and a body that is wrong in one way."""
    whole = part(ct_instance(), "Content-Type: application/dicom")
    kind = 'multipart/related; type="application/dicom"'
    return {
        "100,000 header lines": (BOUNDARY, b"--b\r\n" + b"X: y\r\n" * 100_000 + b"\r\n" + ct_instance() + b"\r\n--b--"),
        "endless header line": (BOUNDARY, b"--b\r\nX: " + b"y" * 5_000_000),
        "endless folded header": (BOUNDARY, b"--b\r\nX: y\r\n" + b" y\r\n" * 100_000),
        "header without colon": (BOUNDARY, b"--b\r\nabc\r\n\r\n" + ct_instance() + b"\r\n--b--"),
        "too many parts": (BOUNDARY, part(b"") * 10_001 + b"--b--"),
        "only preamble": (BOUNDARY, b"a" * 5_000_000),
        "only almost delimiters": (BOUNDARY, b"\r\n--" * 1_000_000),
        "only delimiters": (BOUNDARY, b"--b\r\n" * 200_000),
        "padding without end": (BOUNDARY, b"--b" + b" " * 1_000_000),
        "no closing delimiter": (BOUNDARY, b"--b\r\n\r\nA"),
        "no part": (BOUNDARY, b"--b--\r\n"),
        "nothing": (BOUNDARY, b""),
        "no boundary": ({"Content-Type": kind}, whole + b"--b--"),
        "empty boundary": ({"Content-Type": f'{kind}; boundary=""'}, b"--\r\n\r\nA\r\n----"),
        "long boundary": ({"Content-Type": f"{kind}; boundary={'b' * 71}"}, whole),
        "boundary of spaces": ({"Content-Type": f'{kind}; boundary="   "'}, whole),
        "boundary that ends in a space": ({"Content-Type": f'{kind}; boundary="b "'}, whole),
        "boundary with a null": ({"Content-Type": f"{kind}; boundary=b%00"}, whole),
        "boundary beyond ASCII": ({"Content-Type": f"{kind}; boundary=\xe9"}, whole),
        "two boundaries": ({"Content-Type": f"{kind}; boundary=a; boundary=b"}, b"--c--"),
        "semicolons": ({"Content-Type": "multipart/related" + ";" * 10_000}, whole),
        "backslashes": ({"Content-Type": f'{kind}; boundary="' + "\\" * 10_000 + '"'}, whole),
        "other multipart": ({"Content-Type": "multipart/form-data; boundary=b"}, whole + b"--b--"),
        "no type": ({"Content-Type": ""}, whole),
        "two in one": (
            BOUNDARY,
            b"--b\r\nContent-Type: multipart/related; boundary=c\r\n\r\n--c\r\n\r\nA\r\n--c--\r\n--b--",
        ),
        "not gzip": ({**DICOM, "Content-Encoding": "gzip"}, ct_instance()),
        "not zstd": ({**DICOM, "Content-Encoding": "zstd"}, ct_instance()),
        "not brotli": ({**DICOM, "Content-Encoding": "br"}, ct_instance()),
        "gzip 1,000 times": ({**DICOM, "Content-Encoding": ", ".join(["gzip"] * 1000)}, ct_instance()),
        "gzip cut off": ({**DICOM, "Content-Encoding": "gzip"}, gzip.compress(ct_instance())[:-9]),
    }


@pytest.mark.parametrize("name", multipart_lies())
def test_body_that_is_none_is_refused(server: RunningServer, name: str) -> None:
    headers, content = multipart_lies()[name]
    answer = post(server, content, headers)
    assert answer.status in (400, 409, 413, 415)
    assert answer.headers["content-type"] in ("application/problem+json", "application/dicom+json")


def test_part_whose_data_is_nearly_a_delimiter_is_whole(server: RunningServer) -> None:
    tricky = (b"\r\n--bb\r\n--b-\r\n--b\x00\r\n--B\r\n--b-- x" * 30).ljust(2000, b"\r")
    content = ct_instance(SOPInstanceUID="1.2.3.2", PixelData=tricky[: len(tricky) & ~1].replace(b"--b--", b"--c--"))
    assert post(server, part(content) + b"--b--", BOUNDARY).status == 200
    stored = get(server, INSTANCE[:-1] + "2", {"Accept": "application/dicom; transfer-syntax=*"})
    assert stored.body == content


def test_instances_before_the_damage_are_stored_and_the_damage_is_told(server: RunningServer) -> None:
    good = ct_instance(SOPInstanceUID="1.2.3.3", StudyDescription="kept")
    answer = post(server, part(good) + b"--b\r\nbroken\r\n\r\n", BOUNDARY)
    assert answer.status == 202
    module = json.loads(answer.body)
    assert len(module["00081199"]["Value"]) == len(module["0008119A"]["Value"]) == 1


@cache
def bomb(coding: str, size: int) -> bytes:
    """Zeros, compressed piece by piece."""
    coder = zlib.compressobj(9, wbits=31) if coding == "gzip" else zstandard.ZstdCompressor().compressobj()
    pieces = [coder.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return b"".join((*pieces, coder.flush()))


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
@pytest.mark.parametrize("headers", [DICOM, BOUNDARY, JSON_METADATA])
def test_compressed_bomb_is_refused(server: RunningServer, coding: str, headers: dict[str, str]) -> None:
    start = gzip.compress(b"--b\r\n\r\n") if coding == "gzip" else zstandard.compress(b"--b\r\n\r\n")
    content = bomb(coding, 1 << 30)
    answer = post(server, start + content if headers is not DICOM else content, {**headers, "Content-Encoding": coding})
    assert answer.status in (400, 409, 413)
    assert eventually_empty(server)


@pytest.mark.parametrize("headers", [DICOM, BOUNDARY, JSON_METADATA])
def test_unfinished_bodies_leave_nothing(server: RunningServer, headers: dict[str, str]) -> None:
    content = part(
        ct_instance(PixelData=bytes(6 << 20)), "Content-Type: application/octet-stream", "Content-Location: x"
    )
    content = content[:-4000] if headers is not DICOM else content[content.index(b"\r\n\r\n") + 4 : -4000]
    request = head("POST", "/dicom-web/studies", {**headers, "Content-Length": str(10 << 20)})
    for _ in range(5):
        with closing(connect(server)) as connection:
            connection.sendall(request + content)
            time.sleep(0.05)
    assert eventually_empty(server)


# Slow clients and many of them.


def test_client_that_is_slow_with_its_headers_is_cut_off(server: RunningServer) -> None:
    start = time.monotonic()
    with closing(connect(server)) as connection:
        connection.sendall(b"GET /dicom-web/studies HTTP/1.1\r\n")
        assert read_answer(connection).status == 408
    assert time.monotonic() - start < HEADER_TIMEOUT + 3


def test_client_that_drips_headers_is_cut_off(server: RunningServer) -> None:
    start = time.monotonic()
    with closing(connect(server)) as connection:
        connection.settimeout(0.2)
        connection.sendall(b"GET /dicom-web/studies HTTP/1.1\r\n")
        while time.monotonic() - start < PATIENCE and not hung_up(connection):
            connection.sendall(b"X")
    assert time.monotonic() - start < HEADER_TIMEOUT + 3


def hung_up(connection: socket.socket) -> bool:
    try:
        return connection.recv(1000) is not None
    except TimeoutError:
        return False
    except OSError:
        return True


@pytest.mark.parametrize(
    "opening",
    [
        b"",
        b"GET /dicom-web/studies HTTP/1.1\r\n",
        head("POST", "/dicom-web/studies", {**DICOM, "Content-Length": "5000000"}) + b"A" * 100_000,
        head("POST", "/dicom-web/studies", {**BOUNDARY, "Content-Length": "5000000"}) + part(ct_instance()) * 10,
        head("GET", f"{STUDY}/instances?includefield=all") * 3,
        head("GET", INSTANCE) * 20,
    ],
    ids=["idle", "headers", "body", "parts", "pipelined searches", "unread retrieves"],
)
def test_120_idle_clients_delay_nobody(server: RunningServer, opening: bytes) -> None:
    with ExitStack() as stack:
        for _ in range(120):
            stack.enter_context(closing(connect(server))).sendall(opening)
        assert max(search_seconds(server) for _ in range(5)) < 5
        assert post(server, ct_instance(SOPInstanceUID="1.2.3.4"), DICOM).status == 200
    assert search_seconds(server) < 5


# Paths.

SEGMENTS = [
    "..",
    "%2e%2e",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%2f..%2fetc%2fpasswd",
    "..%5c..%5cx",
    "%00",
    "1.2.3%00",
]
SEGMENTS += [
    "%2fetc%2fpasswd",
    "C:%5cx",
    "1.2.3%0d%0aX:%20y",
    "%c0%ae%c0%ae",
    "%ff",
    "%",
    "%zz",
    "1" * 65,
    "1..2",
    "*",
    "~",
    "'--",
]
SEGMENTS += ["1.2.3;a=b", "1.2.3 ", "+", "%2b1", "1%2E2%2E3%2F..", "\x7f", "-1", "nan", "None"]
PLACES = [
    "/dicom-web/studies/{}",
    "/dicom-web/studies/{}/metadata",
    "/dicom-web/studies/1.2.3/series/{}",
    "/dicom-web/studies/1.2.3/series/1.2.3.1/instances/{}",
    "/dicom-web/studies/{}/series/{}/instances/{}/metadata",
    INSTANCE + "/frames/{}",
    INSTANCE + "/bulkdata/{}",
    INSTANCE + "/bulkdata/00400275/{}/00080100",
    "/dicom-web/{}",
    "/{}",
    "/docs/{}",
]


@pytest.mark.parametrize("place", PLACES)
def test_traversal_in_a_path_finds_nothing(server: RunningServer, place: str) -> None:
    for segment in SEGMENTS:
        for method in ("GET", "DELETE"):
            if method == "DELETE" and "{}" not in place.partition("/studies/")[2]:
                continue
            answer = send(server, head(method, place.replace("{}", segment.replace(" ", "%20"))))
            assert answer.status in (400, 404, 405, 406), (segment, answer)
            assert b"root:" not in answer.body


def test_store_into_a_study_that_is_none_is_refused(server: RunningServer) -> None:
    for segment in SEGMENTS:
        answer = post(server, ct_instance(), DICOM, f"/dicom-web/studies/{segment.replace(' ', '%20')}")
        assert answer.status in (400, 404), segment


# Searches.


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize("value", ["-1", "1.5", "1e9", "0x1", "", " 1", "%D9%A1", "1,2", "NaN", "+1", "%00", "1%00"])
def test_number_that_is_none_is_refused(server: RunningServer, name: str, value: str) -> None:
    assert get(server, f"/dicom-web/studies?{name}={value.replace(' ', '%20')}").status == 400


@pytest.mark.parametrize("value", ["2147483647", "2147483648", "4294967296", "9223372036854775808", "9" * 1000])
def test_huge_limit_and_offset_are_answered(server: RunningServer, value: str) -> None:
    assert get(server, f"/dicom-web/instances?limit={value}").status == 200
    assert get(server, f"/dicom-web/instances?offset={value}").status == 204
    assert get(server, f"/dicom-web/instances?offset={value}&limit={value}&includefield=all").status == 204


def test_more_than_100_parameters_are_refused(server: RunningServer) -> None:
    keys = "&".join(f"0020000D=1.2.{number}" for number in range(101))
    assert get(server, f"/dicom-web/studies?{keys}").status == 400
    assert get(server, "/dicom-web/studies?" + "&".join(f"x{number}=1" for number in range(101))).status == 400


QUERIES = [
    "PatientName=" + "a*" * 500 + "b",
    "PatientName=" + "*a" * 1000,
    "PatientName=" + "*" * 2000 + "b",
    "PatientName=" + "?" * 2000,
    "PatientName=" + "*?" * 1000 + "b",
    "StudyDescription=" + "*a" * 700 + "*b",
    "StudyDescription=" + "%5B" * 500 + "*",
    "StudyDescription=" + "%25_" * 400 + "*",
    "SeriesDescription=" + "*l*" * 300 + "q&includefield=all",
    "ImageComments=" + "*a" * 500,
    "fuzzymatching=true&PatientName=" + "a" * 2000,
    "fuzzymatching=true&PatientName=" + "a%20" * 500,
    "StudyInstanceUID=" + ",".join(["1.2.3"] * 2000),
    "ModalitiesInStudy=" + "%5C".join(["CT"] * 300),
    "includefield=" + ",".join(f"{tag:08X}" for tag in range(0x00080001, 0x000803E0)),
    "StudyDate=" + "2" * 2000,
    "StudyDate=20240131-20240131-20240131",
    "StudyDate=99999999-00000000",
    "StudyTime=-&StudyDate=-",
    "StudyDate=-",
    "StudyDate=0-",
    "TimezoneOffsetFromUTC=%2B9999&StudyDate=20240131",
    "PatientName=%00",
    "PatientName=%ED%A0%80",
    "PatientName=%F0%9F%92%A9*",
    "PatientName=%",
    "PatientName=%C3%28",
    "%C3%28=1",
    "PatientName='%20OR%201=1--",
    'PatientName="%20OR%20""="',
    "StudyInstanceUID=1.2.3'%3B%20DROP%20TABLE%20study%3B--",
    "StudyInstanceUID=../../x",
    "0020000D=" + "1" * 65,
    ".".join(["00081140"] * 40) + "=1",
    "00081140.00081155=1.2&00081140.00081150=*",
    "FFFFFFFF=1",
    "FFFEE000=1",
    "7FE00010=1",
    "7FE00010=*",
    "00000000=1&00020010=1.2",
    "00091001=x",
    "InstanceNumber=" + "9" * 2000,
    "InstanceNumber=1e5",
    "NumberOfStudyRelatedInstances=NaN",
    "Rows=-1",
    "SliceThickness=1e999",
    "fuzzymatching=maybe",
    "accept=" + "text/html," * 1000,
    "accept=%0d%0aX-Evil:%201",
    "charset=%0d%0a",
    "=&&==&=&",
    "&" * 10_000,
    "a" * 16_000,
    "PatientID=" + "%61" * 2048,
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:40])
@pytest.mark.parametrize("level", ["studies", "series", "instances"])
def test_hostile_query_is_answered_fast(server: RunningServer, query: str, level: str) -> None:
    start = time.monotonic()
    answer = get(server, f"/dicom-web/{level}?{query}")
    assert answer.status in (200, 204, 400, 406, 413)
    assert time.monotonic() - start < 2
    if answer.status == 200:
        json.loads(answer.body)


@pytest.mark.parametrize(
    "accept",
    [
        "," * 16_000,
        ";" * 16_000,
        "a/b;" * 4_000,
        "*/*;q=" + "9" * 10_000,
        "*/*;q=nan",
        'multipart/related; type="' + "\\" * 8_000,
        "application/dicom;transfer-syntax=" + "1." * 8000,
        ", ".join(f"a/{number};q=0.{number}" for number in range(1000)),
        "\xff\xfe",
    ],
    ids=range(9),
)
def test_hostile_accept_is_answered_fast(server: RunningServer, accept: str) -> None:
    for target in (INSTANCE, "/dicom-web/studies", f"{INSTANCE}/frames/1", f"{INSTANCE}/metadata"):
        start = time.monotonic()
        assert get(server, target, {"Accept": accept}).status in (200, 400, 406)
        assert time.monotonic() - start < 2


# Ranges.

OCTETS = {"Accept": "application/octet-stream"}


@pytest.mark.parametrize(
    "ranges",
    [
        ",".join(f"{number}-{number}" for number in range(17)),
        ",".join("0-" for _ in range(5_000)),
        "-" * 10_000,
        "0-" + "9" * 10_000,
        "9" * 30 + "-",
        "5-1",
        "a-b",
        "",
    ],
    ids=range(8),
)
def test_ranges_that_are_too_many_or_none_are_ignored(server: RunningServer, ranges: str) -> None:
    whole = get(server, f"{INSTANCE}/bulkdata/7FE00010", OCTETS)
    answer = get(server, f"{INSTANCE}/bulkdata/7FE00010", {**OCTETS, "Range": f"bytes={ranges}"})
    assert (answer.status, answer.body) == (200, whole.body)


def test_overlapping_ranges_are_answered_once(server: RunningServer) -> None:
    headers = {**OCTETS, "Range": "bytes=" + ",".join(["0-"] * 16)}
    answer = get(server, f"{INSTANCE}/bulkdata/7FE00010", headers)
    assert (answer.status, len(answer.body)) == (206, 32)


@pytest.mark.parametrize("ranges", ["32-", "99-100", "-0", "32-,40-"])
def test_range_outside_is_told(server: RunningServer, ranges: str) -> None:
    answer = get(server, f"{INSTANCE}/bulkdata/7FE00010", {**OCTETS, "Range": f"bytes={ranges}"})
    assert (answer.status, answer.headers["content-range"]) == (416, "bytes */32")


@pytest.mark.parametrize("frames", ["0", "-1", "1,,2", "1-3", "9" * 100, ",".join(["1"] * 5000), "1%2C1", "%31", "1e1"])
def test_hostile_frame_list_is_answered(server: RunningServer, frames: str) -> None:
    assert get(server, f"{INSTANCE}/frames/{frames}").status in (200, 400, 404, 406, 413, 414)


# What is reflected.

INJECTION = "%0d%0aX-Evil:%201%0d%0a%0d%0a<script>"


@pytest.mark.parametrize(
    "target",
    [
        f"/dicom-web/studies?{INJECTION}=1",
        f"/dicom-web/studies?x{INJECTION}=1&PatientID=PID1",
        f"/dicom-web/studies?includefield=x{INJECTION}",
        f"/dicom-web/studies/{INJECTION}",
        f"/dicom-web/studies?accept={INJECTION}",
        f"{INSTANCE}/bulkdata/{INJECTION}",
        f"{INSTANCE}?accept=application/dicom;x={INJECTION}",
        f"/{INJECTION}",
    ],
)
def test_nothing_of_a_target_becomes_a_header(server: RunningServer, target: str) -> None:
    answer = get(server, target)
    assert "X-Evil" not in answer.headers
    assert "html" not in answer.headers.get("content-type", "")
    assert all(value.isprintable() for value in answer.headers.values())


@pytest.mark.parametrize(
    "name", ["Host", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Forwarded-Port"]
)
@pytest.mark.parametrize(
    "value",
    [
        "evil/../x",
        'a"b',
        "a b",
        "a<script>",
        "a\tb",
        "\xe9vil",
        "a@b:80:80",
        "javascript:alert(1)",
        "a" * 5000,
        "[::1",
        "",
        "a%0d%0ab",
    ],
)
def test_nothing_but_a_host_becomes_part_of_a_url(server: RunningServer, name: str, value: str) -> None:
    answer = get(server, "/dicom-web/studies", {name: value})
    assert answer.status in (200, 400)
    if answer.status == 200:
        url = httpx.URL(json.loads(answer.body)[0]["00081190"]["Value"][0])
        assert (url.scheme, url.path) == ("http", "/dicom-web/studies/1.2.3")
        assert url.host in ("127.0.0.1", "h", "localhost")
        assert not url.userinfo


@pytest.mark.parametrize("value", ["a b", "<script>", "\xff", "a" * 65, '"', "{}", "a;b"])
def test_request_id_that_is_no_word_is_replaced(server: RunningServer, value: str) -> None:
    answer = get(server, "/dicom-web/studies", {"X-Request-ID": value})
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])


@pytest.mark.parametrize("path", ["/dicom-web/studies/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "/%3Cscript%3Ealert(1)"])
def test_error_page_escapes_what_it_tells(server: RunningServer, path: str) -> None:
    answer = get(server, path, {"Accept": "text/html"})
    assert (answer.status, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert b"<script>" not in answer.body
    assert "script-src 'self';" in answer.headers["content-security-policy"]


def test_errors_of_services_are_no_pages_that_could_act(server: RunningServer) -> None:
    answer = get(server, "/dicom-web/studies?limit=%3Cscript%3Ealert(1)", {"Accept": "text/html"})
    assert answer.status in (400, 406)
    assert b"<script" not in answer.body
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"


# Metadata with bulk data: nothing is ever fetched.


def metadata(uri: str | None = None, **more: object) -> dict[str, object]:
    attributes: dict[str, object] = {
        "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.7"]},
        "00080018": {"vr": "UI", "Value": ["1.2.9.1"]},
        "0020000D": {"vr": "UI", "Value": ["1.2.9"]},
        "0020000E": {"vr": "UI", "Value": ["1.2.9.2"]},
    }
    bulk = {"00420011": {"vr": "OB", "BulkDataURI": uri}} if uri is not None else {}
    return {**attributes, **bulk, **more}


def json_part(document: bytes) -> bytes:
    return part(document, "Content-Type: application/dicom+json") + b"--b--"


def xml_part(document: str) -> bytes:
    return part(document.encode(), "Content-Type: application/dicom+xml") + b"--b--"


@pytest.mark.parametrize("path", ["/x", "/", "", "/x?y=z", "@127.0.0.1/", "/../../etc/passwd"])
def test_bulkdata_uri_is_never_fetched(server: RunningServer, canary: Canary, path: str) -> None:
    uri = canary.url + path
    answer = post(server, json_part(json.dumps([metadata(uri)]).encode()), JSON_METADATA)
    assert answer.status == 409
    attributes = native([("00420011", "OB", f'<BulkData uri="{uri}"/>')])
    assert post(server, xml_part(attributes), XML_METADATA).status == 409
    assert canary.visitors == 0


@pytest.mark.parametrize(
    "uri", ["file:///etc/passwd", "/etc/passwd", "../../etc/passwd", "data:,x", "ftp://127.0.0.1/", "", "\0"]
)
def test_bulkdata_uri_of_another_scheme_is_refused(server: RunningServer, uri: str) -> None:
    answer = post(server, json_part(json.dumps([metadata(uri)]).encode()), JSON_METADATA)
    assert answer.status == 409
    assert b"root:" not in answer.body


def native(attributes: Sequence[tuple[str, str, str]], doctype: str = "") -> str:
    required = [(tag, "UI", f'<Value number="1">{one["Value"][0]}</Value>') for tag, one in metadata().items()]  # type: ignore[index]
    content = "".join(
        f'<DicomAttribute tag="{tag}" vr="{vr}">{value}</DicomAttribute>' for tag, vr, value in (*required, *attributes)
    )
    namespace = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
    return f'<?xml version="1.0"?>{doctype}<NativeDicomModel xmlns="{namespace}">{content}</NativeDicomModel>'


def test_xml_with_a_document_type_is_refused_and_nothing_is_fetched(server: RunningServer, canary: Canary) -> None:
    patient = [("00100020", "LO", '<Value number="1">&x;</Value>')]
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for doctype in (
        '<!DOCTYPE x [<!ENTITY x "y">]>',
        '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        f'<!DOCTYPE x [<!ENTITY x SYSTEM "{canary.url}/e">]>',
        f'<!DOCTYPE x SYSTEM "{canary.url}/d">',
        f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{canary.url}/p"> %p;]>',
        f'<!DOCTYPE x [<!ENTITY l0 "lol">{laughs}<!ENTITY x "&l9;">]>',
        f'<!DOCTYPE x [<!ENTITY x "{"a" * 100_000}">]>',
    ):
        answer = post(server, xml_part(native(patient, doctype)), XML_METADATA)
        assert answer.status in (400, 409), doctype
        assert b"root:" not in answer.body
    assert canary.visitors == 0


def test_xml_include_and_stylesheet_are_not_followed(server: RunningServer, canary: Canary) -> None:
    included = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{canary.url}/i"/>'
    document = native([("00100020", "LO", f'<Value number="1">{included}</Value>')])
    styled = document.replace("<NativeDicomModel", f'<?xml-stylesheet href="{canary.url}/s"?><NativeDicomModel', 1)
    for one in (document, styled):
        assert post(server, xml_part(one), XML_METADATA).status in (200, 202, 400, 409)
    assert canary.visitors == 0


def nested_items(depth: int) -> str:
    start = '{"00400275":{"vr":"SQ","Value":['
    return start * depth + "{}" + "]}}" * depth


DOCUMENTS = {
    "arrays": "[" * 100_000,
    "closed arrays": "[" * 100_000 + "]" * 100_000,
    "objects": '{"a":' * 100_000,
    "65 levels": json.dumps([metadata()])[:-2] + "," + nested_items(65)[1:] + "]",
    "10,000 levels": json.dumps([metadata()])[:-2] + "," + nested_items(10_000)[1:] + "]",
    "number": '[{"00280010":{"vr":"US","Value":[' + "9" * 100_000 + "]}}]",
    "exponent": '[{"00189810":{"vr":"FD","Value":[1e999999999]}}]',
    "NaN": '[{"00189810":{"vr":"FD","Value":[NaN]}}]',
    "surrogate": '[{"00100020":{"vr":"LO","Value":["\\ud800"]}}]',
    "null": '[{"00100020":{"vr":"LO","Value":["a\\u0000b"]}}]',
    "nulls": "[" + "null," * 100_000 + "null]",
    "strings": "[" + '"",' * 100_000 + '""]',
    "empty": "",
    "text": '"text"',
    "no objects": "[]",
    "keys": "[{" + ",".join(f'"{number:08X}":{{"vr":"ZZ"}}' for number in range(20_000)) + "}]",
    "not Base64": json.dumps([metadata(**{"00420011": {"vr": "OB", "InlineBinary": "%%%"}})]),
    "binary of another type": json.dumps([metadata(**{"00420011": {"vr": "OB", "InlineBinary": 5}})]),
    "VR of another type": json.dumps([metadata(**{"00420011": {"vr": ["OB"]}})]),
    "value of another type": json.dumps([metadata(**{"00100020": {"vr": "LO", "Value": {"a": 1}}})]),
    "name of another type": json.dumps([metadata(**{"00100010": {"vr": "PN", "Value": [{"Alphabetic": [1]}]}})]),
    "sequence of texts": json.dumps([metadata(**{"00400275": {"vr": "SQ", "Value": ["a", 1, None]}})]),
    "traversal": json.dumps([metadata(**{"00080018": {"vr": "UI", "Value": ["../../x"]}})]),
    "two values": json.dumps([metadata(**{"00080018": {"vr": "UI", "Value": ["1.2", "1.3"]}})]),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_hostile_json_is_refused(server: RunningServer, name: str) -> None:
    answer = post(server, json_part(DOCUMENTS[name].encode("utf-8", "surrogatepass")), JSON_METADATA)
    assert answer.status in (400, 409, 413), answer.body


def test_hostile_json_that_is_an_instance_is_stored_or_refused(server: RunningServer) -> None:
    for more in (
        {"00020010": {"vr": "UI", "Value": ["../../x"]}},
        {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "a^b=c\\d\r\n\0\ud800"}]}},
        {"00081190": {"vr": "UR", "Value": ["javascript:alert(1)"]}},
        {"00100020": {"vr": "LO", "Value": ["a" * 1_000_000]}},
        {"00189810": {"vr": "FD", "Value": [1e308, -1e308, 5e-324]}},
        {"00280010": {"vr": "US", "Value": [-1, 65536, 1.5]}},
        {"0040A730": {"vr": "SQ", "Value": [{}] * 50_000}},
    ):
        document = json.dumps([metadata(**more)]).encode()
        assert post(server, json_part(document), JSON_METADATA).status in (200, 202, 409)
        found = get(server, "/dicom-web/studies/1.2.9/instances?includefield=all")
        assert found.status in (200, 204, 404, 410)
        if found.status == 200:
            json.loads(found.body.decode())


@pytest.mark.parametrize(
    "document",
    [
        "",
        "<",
        "<x/>",
        "<x>" * 100_000,
        "<x>" * 100_000 + "</x>" * 100_000,
        '<x a="' + "a" * 1_000_000 + '"/>',
        "<x " + " ".join(f'a{number}=""' for number in range(20_000)) + "/>",
        native([("00100020", "LO", '<Value number="999999999">x</Value>')]),
        native([("00100020", "LO", '<Value number="-1">x</Value><Value number="x">y</Value>')]),
        native([("00100020", "LO", '<Value number="1">&#0;</Value>')]),
        native([("ZZZZZZZZ", "LO", ""), ("", "", ""), ("00100020", "ZZ", "")]),
        native([("00400275", "SQ", '<Item number="1">' + "<DicomAttribute>" * 500)]),
        native([("00420011", "OB", "<InlineBinary>%%%</InlineBinary>")]),
    ],
    ids=range(13),
)
def test_hostile_xml_is_answered(server: RunningServer, document: str) -> None:
    assert post(server, xml_part(document), XML_METADATA).status in (200, 202, 400, 409, 413)


def test_a_thousand_bulkdata_parts_of_one_name_are_answered(server: RunningServer) -> None:
    bulk = part(b"x" * 100, "Content-Type: application/octet-stream", "Content-Location: x") * 1000
    content = part(json.dumps([metadata("x")]).encode(), "Content-Type: application/dicom+json") + bulk + b"--b--"
    assert post(server, content, JSON_METADATA).status in (200, 202, 400, 409)


# Hostile objects, as they are in test_objects.py, through the whole of the server.


def nested(depth: int) -> bytes:
    start = struct.pack("<HH2sHI", 0x0040, 0x0275, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    return start * depth + struct.pack("<HHIHHI", 0xFFFE, 0xE00D, 0, 0xFFFE, 0xE0DD, 0) * depth


def deflate_bomb() -> bytes:
    coder = zlib.compressobj(9, wbits=-15)
    whole = io.BytesIO()
    whole.write(coder.compress(struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 1 << 30)))
    for _ in range(1 << 10):
        whole.write(coder.compress(bytes(1 << 20)))
    start = ct_instance("1.2.840.10008.1.2.1.99")
    return start[: start.index(b"1.2.840.10008.1.2.1.99") + 200] + whole.getvalue() + coder.flush()


OBJECTS = {
    "nothing": b"",
    "truncated": ct_instance()[:-1],
    "10,000 levels": ct_instance(extra=nested(10_000)),
    "a million items": ct_instance(
        extra=struct.pack("<HH2sHI", 0x40, 0x275, b"SQ", 0, 8 << 20) + b"\xfe\xff\0\xe0\0\0\0\0" * (1 << 20)
    ),
    "declares 4 GB": ct_instance(PixelData=None)
    + struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 0xFFFFFFFE)
    + bytes(100),
    "deflate bomb": deflate_bomb(),
    "illegal UID": ct_instance(SOPInstanceUID="../../x"),
    "a million bytes of text": ct_instance(PatientID="a" * 60_000),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_hostile_object_is_refused(server: RunningServer, name: str) -> None:
    assert post(server, OBJECTS[name], DICOM).status in (200, 400, 409, 413)


def test_hostile_objects_by_eight_clients_at_once_are_refused(server: RunningServer) -> None:
    def attack() -> None:
        statuses.extend(post(server, content, DICOM).status for content in OBJECTS.values())

    statuses: list[int] = []
    clients = [threading.Thread(target=attack) for _ in range(8)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert len(statuses) == 8 * len(OBJECTS)
    assert set(statuses) <= {200, 400, 409, 413, 503}  # 503: the third who brings very much metadata at once
