import mmap
import pickle
from pathlib import Path

import numpy as np
import pytest

from dicomcore import errors
from dicomcore.resources import Resource
from dicomcore.worker_messages import (
    REPLY_HEADER,
    REQUEST_HEADER,
    Buffer,
    Kind,
    MalformedReply,
    Reply,
    drop,
    encode_request,
    read_reply,
    reply_of_error,
    reply_of_result,
    result_of,
)

LIMIT = 1 << 20


def arguments_of(buffers: list[Buffer]) -> tuple[object, ...]:
    """The arguments as the other process has them: what is read-only here is bytes there."""
    first = bytes(buffers[0])
    count, length = REQUEST_HEADER.unpack_from(first)
    lengths = np.frombuffer(first, "<u8", count, REQUEST_HEADER.size).tolist()
    rest = b"".join(map(bytes, buffers[1:]))
    pickled, at, received = rest[:length], length, []
    for one in lengths:
        piece = rest[at : at + (one >> 1)]
        received.append(bytearray(piece) if one & 1 else piece)
        at += one >> 1
    assert at == len(rest)
    _, arguments, _ = pickle.loads(pickled, buffers=received)
    return arguments


def read(data: bytes, limit: int = LIMIT) -> Reply:
    """Feed a reader with what it asks for."""
    reader, at = read_reply(limit), 0
    wanted = next(reader)
    while True:
        assert at + wanted <= len(data)
        at += wanted
        try:
            wanted = reader.send(data[at - wanted : at])
        except StopIteration as end:
            assert at == len(data)
            return end.value


def written(reply: Reply) -> bytes:
    return b"".join(reply.encode())


def test_bytes_arrive_as_bytes_and_are_sent_from_where_they_are() -> None:
    frame = bytes(100_000)
    buffers = encode_request(len, (frame,), {})
    assert arguments_of(buffers) == (frame,)
    assert isinstance(buffers[-1], memoryview) and buffers[-1].obj is frame


def test_bytes_within_other_arguments_are_not_copied_either() -> None:
    frame = bytes(100_000)
    buffers = encode_request(len, ([frame, b"small"],), {})
    assert any(one is frame for one in buffers)
    assert arguments_of(buffers) == ([frame, b"small"],)


def test_views_arrive_as_views_of_their_bytes_wherever_they_are() -> None:
    view = memoryview(b"0123456789")[2:6]
    (first, second) = arguments_of(encode_request(len, (view, {"a": [view]}), {}))
    assert isinstance(first, memoryview) and first == b"2345"
    assert second == {"a": [b"2345"]}


def test_a_view_with_gaps_arrives_without_them() -> None:
    (view,) = arguments_of(encode_request(len, (memoryview(b"0123456789")[::3],), {}))
    assert view == b"0369"


def test_memory_maps_arrive_as_views(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"mapped")
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        buffers = encode_request(len, (mapped,), {})
        (view,) = arguments_of(buffers)
        del buffers
    assert view == b"mapped"


def test_arrays_can_be_written_to_as_before() -> None:
    writable = np.arange(6, dtype=np.uint16).reshape(2, 3)
    fixed = writable.copy()
    fixed.flags.writeable = False
    arrived = arguments_of(encode_request(len, (writable, fixed), {}))
    assert [one.flags.writeable for one in arrived] == [True, False]  # type: ignore[attr-defined]
    assert all(np.array_equal(one, writable) for one in arrived)  # type: ignore[arg-type]


def test_a_function_without_a_name_is_no_request() -> None:
    with pytest.raises((pickle.PicklingError, AttributeError)):
        encode_request(lambda: b"", (), {})


def test_what_was_sent_is_dropped_with_the_empty_buffers_behind_it() -> None:
    unsent = [memoryview(one) for one in (b"", b"abc", b"", b"de", b"")]
    drop(unsent, 0)
    assert unsent == [b"abc", b"", b"de", b""]
    drop(unsent, 1)
    assert unsent == [b"bc", b"", b"de", b""]
    drop(unsent, 2)
    assert unsent == [b"de", b""]
    drop(unsent, 2)
    assert unsent == []


@pytest.mark.parametrize("result", [b"", b"abc", [], [b"a", b"", b"bc"], (), (b"a", b"")])
def test_results_come_back_as_what_they_are(result: bytes | list[bytes] | tuple[bytes, ...]) -> None:
    back = result_of(read(written(reply_of_result(result))))
    assert back == result and type(back) is type(result)


@pytest.mark.parametrize("result", [None, 1, "text", bytearray(b"a"), [1], (b"a", "b"), {b"a"}, memoryview(b"a")])
def test_results_of_other_types_are_refused(result: object) -> None:
    with pytest.raises(TypeError):
        reply_of_result(result)


@pytest.mark.parametrize(
    "error",
    [
        errors.CorruptFrame(4711, "it ends too early"),
        errors.CodecUnavailable("1.2.3"),
        errors.LimitExceeded("bytes in a decoded frame", 1 << 28),
        errors.NotAcceptable("no", ["image/png", "image/jpeg"]),
        errors.MalformedDataset("odd", offset=7, tag=0x00080018),
        errors.StorageFull("no room"),
        errors.WorkerFailed("it takes too much"),
    ],
)
def test_errors_come_back_with_their_facts(error: errors.DicomError) -> None:
    with pytest.raises(type(error)) as caught:
        result_of(read(written(reply_of_error(error))))
    assert type(caught.value) is type(error)
    assert str(caught.value) == str(error)
    assert vars(caught.value) == vars(error)


def test_facts_that_json_does_not_know_come_back_as_text() -> None:
    missing = errors.ResourceNotFound(Resource("1.2.3"))
    with pytest.raises(errors.ResourceNotFound) as caught:
        result_of(read(written(reply_of_error(missing))))
    assert caught.value.resource == str(missing.resource)
    with pytest.raises(errors.LimitExceeded) as large:
        result_of(read(written(reply_of_error(errors.LimitExceeded("\ud800", 1 << 70)))))
    assert (large.value.limit, large.value.allowed) == ("?", str(1 << 70))


def test_an_error_is_told_in_few_words() -> None:
    available = ["image/png" * 10_000] * 10_000
    with pytest.raises(errors.NotAcceptable) as caught:
        result_of(read(written(reply_of_error(errors.NotAcceptable("no" * 10_000, available)))))
    assert len(str(caught.value)) < 2000 and len(caught.value.available) < 1000


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"class":"CorruptFrame"}',
        b'{"class":"CorruptFrame","message":"m","facts":3}',
        b'{"class":"KeyError","message":"m","facts":{}}',
        b'{"class":"Sequence","message":"m","facts":{}}',
        b'{"class":["CorruptFrame"],"message":"m","facts":{}}',
        b"[" * 60_000,
        b'{"class":"CorruptFrame","message":"' + b"m" * (1 << 20) + b'","facts":{}}',
    ],
)
def test_an_error_that_is_none_of_ours_is_not_made(text: bytes) -> None:
    with pytest.raises(MalformedReply):
        result_of(Reply(Kind.ERROR, [text]))


def test_an_error_gets_no_facts_that_exceptions_have_of_their_own() -> None:
    text = (
        b'{"class":"DicomError","message":"m","facts":{"args":[1],"__notes__":3,"with_traceback":1,"a b":1,"fine":2}}'
    )
    with pytest.raises(errors.DicomError) as caught:
        result_of(Reply(Kind.ERROR, [text]))
    assert vars(caught.value) == {"fine": 2}
    assert caught.value.args == ("m",)


@pytest.mark.parametrize(
    "data",
    [
        REPLY_HEADER.pack(99, False, 0),
        REPLY_HEADER.pack(Kind.LIST, False, 1 << 31),
        REPLY_HEADER.pack(Kind.BYTES, False, 1) + (LIMIT + 1).to_bytes(8, "little"),
        REPLY_HEADER.pack(Kind.LIST, False, 2) + 2 * (LIMIT // 2 + 1).to_bytes(8, "little"),
        REPLY_HEADER.pack(Kind.BYTES, False, 1) + b"\xff" * 8,
    ],
)
def test_a_reply_that_makes_no_sense_is_refused_before_anything_is_allocated(data: bytes) -> None:
    with pytest.raises(MalformedReply):
        read(data)


@pytest.mark.parametrize(
    "reply", [Reply(Kind.READY), Reply(Kind.BYTES), Reply(Kind.BYTES, [b"", b""]), Reply(Kind.ERROR)]
)
def test_a_reply_without_its_one_value_is_no_result(reply: Reply) -> None:
    with pytest.raises(MalformedReply):
        result_of(read(written(reply)))


def test_a_reply_says_that_it_is_the_last() -> None:
    assert read(written(reply_of_error(errors.WorkerFailed("memory"), is_last=True))).is_last
    assert not read(written(reply_of_result(b""))).is_last
