from dataclasses import dataclass, field

import pytest

from dicomcore.net.ul.indications import Fragment, Indication
from dicomcore.net.ul.pdu import Abort, AbortReason, Pdu, ReleaseRP, ReleaseRQ
from dicomcore.net.ul.pdu_reader import PduReader
from dicomcore.net.ul.state import Event

RELEASE = ReleaseRQ().encode()
ABORT = Abort(2, 1).encode()
DATA = b"\x04\x00\x00\x00\x00\x09\x00\x00\x00\x05\x01\x03abc"


@dataclass
class Seen:
    """A receiver that expects everything but A-RELEASE-RP, and writes down what it is told."""

    pdus: list[Pdu] = field(default_factory=list)
    refused: list[tuple[Event, AbortReason]] = field(default_factory=list)
    fragments: list[Indication] = field(default_factory=list)

    def expects(self, event: Event) -> bool:
        return event is not Event.RELEASE_RP

    def take(self, event: Event, pdu: Pdu) -> None:
        self.pdus.append(pdu)

    def refuse(self, event: Event, reason: AbortReason, problem: str) -> None:
        self.refused.append((event, reason))


def reader_of(seen: Seen) -> PduReader:
    """A reader in the middle of an association with presentation context 1."""
    reader = PduReader(seen, seen.fragments, 100)
    reader.takes_data = True
    reader.data.accepted = {1}
    return reader


def read(*pieces: bytes, maximum_length: int = 0) -> Seen:
    seen = Seen()
    reader = reader_of(seen)
    reader.maximum_length = maximum_length
    for piece in pieces:
        reader.feed(memoryview(piece))
    return seen


def data_of(seen: Seen) -> bytes:
    return b"".join(one.data for one in seen.fragments if isinstance(one, Fragment))


def test_pdus_are_read_in_their_order() -> None:
    seen = read(RELEASE + DATA + ABORT)
    assert (seen.pdus, data_of(seen), seen.refused) == ([ReleaseRQ(), Abort(2, 1)], b"abc", [])


@pytest.mark.parametrize("cut", range(1, len(RELEASE + DATA + ABORT)))
def test_it_does_not_matter_where_the_stream_is_cut(cut: int) -> None:
    stream = RELEASE + DATA + ABORT
    seen = read(stream[:cut], stream[cut:])
    assert (seen.pdus, data_of(seen), seen.refused) == ([ReleaseRQ(), Abort(2, 1)], b"abc", [])


INVALID = (Event.INVALID_PDU, AbortReason.INVALID_PDU_PARAMETER)


@pytest.mark.parametrize(
    ("pdu", "refusal"),
    [
        (b"\x08\x00\x00\x00\x00\x03abc", (Event.INVALID_PDU, AbortReason.UNRECOGNIZED_PDU)),
        (ReleaseRP().encode(), (Event.RELEASE_RP, AbortReason.UNEXPECTED_PDU)),
        (b"\x05\x00\x00\x00\x00\x65" + bytes(101), INVALID),
        (b"\x05\x00\x00\x00\x00\x03abc", INVALID),
        (b"\x05\x00\x00\x00\x00\x00", INVALID),
        (b"\x04\x00\x00\x00\x00\x00", INVALID),
        (b"\x04\x00\x00\x00\x00\x05\x00\x00\x00\x01\x01", INVALID),
        (b"\x04\x00\x00\x00\x00\x07\x00\x00\x00\x01\x01\x03a", INVALID),
        (b"\x04\x00\x00\x00\x00\x21\x00\x00\x00\x1d\x01\x03" + bytes(27), INVALID),
    ],
    ids=["unknown", "unexpected", "long", "short", "empty", "no value", "short value", "bad value", "longer than said"],
)
@pytest.mark.parametrize("size", [1, 5, 8, 1000])
def test_a_pdu_that_is_refused_is_skipped_and_the_next_one_is_read(
    pdu: bytes, refusal: tuple[Event, AbortReason], size: int
) -> None:
    stream = pdu + ABORT
    seen = read(*(stream[start : start + size] for start in range(0, len(stream), size)), maximum_length=32)
    assert (seen.pdus, seen.refused) == ([Abort(2, 1)], [refusal])


def test_a_pdu_as_long_as_we_said_is_read() -> None:
    assert data_of(read(DATA, maximum_length=9)) == b"abc"


def test_data_of_four_gigabytes_is_passed_on_as_it_comes() -> None:
    seen = read(b"\x04\x00\xff\xff\xff\xff\xff\xff\xff\xfb\x01\x02", b"abc", b"def")
    assert [bytes(one.data) for one in seen.fragments if isinstance(one, Fragment)] == [b"abc", b"def"]


def test_the_rest_of_data_is_skipped_when_no_data_is_taken_any_more() -> None:
    seen = Seen()
    reader = reader_of(seen)
    reader.feed(memoryview(DATA[:-1]))
    reader.takes_data = False
    reader.feed(memoryview(DATA[-1:] + ABORT))
    assert (data_of(seen), seen.pdus) == (b"ab", [Abort(2, 1)])


def test_nothing_is_read_after_the_end() -> None:
    seen = Seen()
    reader = reader_of(seen)
    reader.stop()
    reader.feed(memoryview(RELEASE + DATA))
    assert seen == Seen()
