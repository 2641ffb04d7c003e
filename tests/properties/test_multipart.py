"""Whatever the bytes and however the stream is cut: the same parts, or an error of ours."""

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.multipart import Event, PartBegin, PartData, Reader, closing, part_header
from dicomcore.errors import DicomError

# Bytes that come near a delimiter are what can go wrong.
tricky = st.lists(
    st.sampled_from([b"\r", b"\n", b"-", b"--", b"b", b"\r\n--b", b"--b", b" ", b"x", b": ", b"--b--"]), max_size=30
).map(b"".join)
cuts = st.lists(st.integers(0, 400), max_size=12)


def chunks(body: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    return [body[start:end] for start, end in pairwise(places)]


def outcome(pieces: list[bytes]) -> tuple[list[object], str]:
    """What was read, the data of a part in one, and the class of the error at the end."""
    reader = Reader("b")
    seen: list[object] = []
    try:
        for piece in pieces:
            for event in reader.feed(piece):
                note(seen, event)
        reader.close()
    except DicomError as exc:
        return seen, type(exc).__name__
    return seen, ""


def note(seen: list[object], event: Event) -> None:
    if isinstance(event, PartData) and isinstance(seen[-1], bytes):
        seen[-1] += bytes(event.data)
    elif isinstance(event, PartData):
        seen.append(bytes(event.data))
    elif isinstance(event, PartBegin):
        seen.append(event.headers)
    else:
        seen.append(type(event).__name__)


@given(st.one_of(tricky, st.binary(max_size=300)), cuts)
def test_garbage_in_any_cut_gives_the_same_parts_or_the_same_error(garbage: bytes, cuts: list[int]) -> None:
    body = b"--b\r\n\r\n" + garbage
    assert outcome(chunks(body, cuts)) == outcome([body])


@given(tricky, cuts)
def test_garbage_from_the_first_byte_never_raises_outside_the_tree(garbage: bytes, cuts: list[int]) -> None:
    assert outcome(chunks(garbage, cuts)) == outcome([garbage])


@given(st.lists(st.binary(max_size=100), max_size=4), cuts)
def test_what_is_written_is_read_in_any_cut(data: list[bytes], cuts: list[int]) -> None:
    boundary = "d41d8cd98f00b204e9800998ecf8427e"
    body = b"".join(part_header(boundary, [("A", str(n))], first=n == 0) + one for n, one in enumerate(data))
    reader = Reader(boundary)
    events = [event for piece in chunks(body + closing(boundary), cuts) for event in reader.feed(piece)]
    reader.close()
    seen: list[list[bytes]] = []
    for event in events:
        if isinstance(event, PartBegin):
            seen.append([])
        elif isinstance(event, PartData):
            seen[-1].append(bytes(event.data))
    assert [b"".join(pieces) for pieces in seen] == data
