"""The client: complete answers, however they are cut into pieces."""

import socket
import threading

import pytest

from benchmarks.client import Address, Connection, Request, ResponseReader, load

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
PLAIN = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-Any: thing\r\n\r\nabcde"


def feed(reader: ResponseReader, data: bytes) -> bool:
    reader.space()[: len(data)] = data
    return reader.advance(len(data))


@pytest.mark.parametrize("data", [CHUNKED, PLAIN])
def test_a_response_is_complete_with_its_last_byte_and_not_before(data: bytes) -> None:
    reader = ResponseReader()
    assert [feed(reader, data[at : at + 1]) for at in range(len(data))] == [False] * (len(data) - 1) + [True]
    assert bytes(reader.response().body) == b"abcde"


def test_a_reader_is_used_again() -> None:
    reader = ResponseReader()
    assert feed(reader, PLAIN)
    reader.reset()
    assert feed(reader, CHUNKED)
    assert (reader.response().status, reader.is_last) == (200, False)


def test_a_response_without_length_ends_with_the_connection() -> None:
    reader = ResponseReader()
    assert not feed(reader, b"HTTP/1.1 200 OK\r\n\r\nabc")
    assert reader.advance(0)
    assert (bytes(reader.response().body), reader.is_last) == (b"abc", True)


def test_a_response_without_content_has_no_body() -> None:
    reader = ResponseReader()
    assert feed(reader, b"HTTP/1.1 204 No Content\r\n\r\n")
    assert bytes(reader.response().body) == b""


def test_an_answer_that_breaks_off_is_an_error() -> None:
    reader = ResponseReader()
    feed(reader, PLAIN[:-1])
    with pytest.raises(ConnectionError):
        reader.advance(0)


def test_the_buffer_grows_with_the_answer() -> None:
    reader = ResponseReader(capacity=16)
    body = bytes(range(256)) * 4096
    data = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    while data:
        piece = data[: len(reader.space())][:100_000]
        is_complete = feed(reader, piece)
        data = data[len(piece) :]
    assert is_complete
    assert bytes(reader.response().body) == body


def test_a_request_is_written_below_the_base_uri() -> None:
    encoded = Request("POST", "/studies", (("Accept", "x/y"),), b"body").encode(Address("h", 80))
    assert encoded == b"POST /dicom-web/studies HTTP/1.1\r\nHost: h:80\r\nAccept: x/y\r\nContent-Length: 4\r\n\r\nbody"


def serve(listener: socket.socket, connections: int) -> None:
    """Answer each request of each connection with PLAIN, until the client closes it."""

    def answer(peer: socket.socket) -> None:
        with peer:
            while b"\r\n\r\n" in peer.recv(65536):
                peer.sendall(PLAIN)

    for _ in range(connections):
        threading.Thread(target=answer, args=listener.accept()[:1], daemon=True).start()


@pytest.fixture
def address():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener, 3))
        thread.start()
        yield Address(*listener.getsockname())
        for _ in range(3):
            socket.create_connection(listener.getsockname()).close()
        thread.join()


def test_a_connection_asks_one_thing_after_the_other(address: Address) -> None:
    connection = Connection(address)
    statuses = [connection.ask(Request("GET", "/studies")).status for _ in range(3)]
    connection.close()
    assert statuses == [201, 201, 201]


def test_a_load_gets_an_answer_to_every_request(address: Address) -> None:
    result = load(address, [Request("GET", f"/studies?n={n}") for n in range(50)], clients=3, sample_every=10)
    assert (len(result.latencies), set(result.statuses)) == (50, {201})
    assert [number for number, _ in sorted(result.samples, key=lambda s: s[0])] == [0, 10, 20, 30, 40]
