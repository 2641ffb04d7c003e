import pytest

from dicomcore.errors import MalformedPdu
from dicomcore.net.ul.data_transfer import PDataReader, data_pdus, gather
from dicomcore.net.ul.indications import Fragment, Indication

COMMAND = b"\x00\x00\x00\x05\x01\x03abc"  # the whole of a command set, in context 1
DATA = b"\x00\x00\x00\x04\x01\x00de" + b"\x00\x00\x00\x03\x01\x02f"  # two fragments of a data set


def fragments(body: bytes, *pieces: bytes) -> list[Indication]:
    """What is read from a PDU of which the variable field is ``body`` in ``pieces``, or in one."""
    reader = PDataReader()
    reader.accepted = {1}
    reader.begin(len(body))
    found: list[Indication] = []
    for piece in pieces or (body,):
        offset = 0
        while offset < len(piece):
            offset = reader.read(memoryview(piece), offset, len(piece), found)
    assert reader.left == 0
    return found


def values(found: list[Indication]) -> list[tuple[int, bool, bool, bytes]]:
    return [(*one[:3], bytes(one[3])) for one in found if isinstance(one, Fragment)]


def test_values_become_fragments() -> None:
    assert values(fragments(COMMAND + DATA)) == [
        (1, True, True, b"abc"),
        (1, False, False, b"de"),
        (1, False, True, b"f"),
    ]


def test_a_fragment_is_a_view_of_what_was_fed() -> None:
    [fragment] = fragments(COMMAND)
    assert isinstance(fragment, Fragment)
    assert fragment.data.obj is COMMAND


@pytest.mark.parametrize("cut", range(1, len(COMMAND)))
def test_only_the_last_piece_of_a_value_is_last(cut: int) -> None:
    found = values(fragments(COMMAND, COMMAND[:cut], COMMAND[cut:]))
    assert b"".join(data for *_, data in found) == b"abc"
    assert [is_last for _, _, is_last, _ in found] == [False] * (len(found) - 1) + [True]


def test_an_empty_value_is_told_only_if_it_is_last() -> None:
    empty = b"\x00\x00\x00\x02\x01\x00"
    assert values(fragments(empty + DATA[:8] + b"\x00\x00\x00\x02\x01\x02")) == [
        (1, False, False, b"de"),
        (1, False, True, b""),
    ]


def test_other_bits_of_the_control_header_are_not_looked_at() -> None:
    assert values(fragments(b"\x00\x00\x00\x03\x01\xfda")) == [(1, True, False, b"a")]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"\x00\x00\x00\x01\x01\x03", "does not fit"),
        (b"\x00\x00\x00\x04\x01\x03a", "does not fit"),
        (b"\xff\xff\xff\xff\x01\x03a", "does not fit"),
        (b"\x00\x00\x00\x03\x03\x03a", "context 3"),
        (COMMAND + b"\x00\x00\x00\x02\x01", "ends within"),
    ],
)
def test_a_value_that_breaks_the_rules_is_malformed(body: bytes, problem: str) -> None:
    with pytest.raises(MalformedPdu, match=problem):
        fragments(body)


@pytest.mark.parametrize("length", [0, 5])
def test_a_pdu_without_a_value_is_malformed(length: int) -> None:
    with pytest.raises(MalformedPdu, match="no presentation data value"):
        PDataReader().begin(length)


def test_gathering_takes_no_more_than_is_missing() -> None:
    kept = bytearray(b"ab")
    assert gather(kept, 6, memoryview(b"cdefgh"), 1, 3) == 3
    assert gather(kept, 6, memoryview(b"cdefgh"), 3, 6) == 5
    assert kept == b"abdefg"


def test_small_data_is_one_piece_with_its_header() -> None:
    assert data_pdus(5, True, b"abc", True, 16_384) == [b"\x04\x00\x00\x00\x00\x09\x00\x00\x00\x05\x05\x03abc"]


def test_data_is_cut_to_the_length_that_the_peer_receives() -> None:
    pdus = b"".join(data_pdus(1, False, b"abcdefg", True, 10))
    assert pdus == (
        b"\x04\x00\x00\x00\x00\x0a\x00\x00\x00\x06\x01\x00abcd" + b"\x04\x00\x00\x00\x00\x09\x00\x00\x00\x05\x01\x02efg"
    )


@pytest.mark.parametrize("maximum_length", [8, 9, 4096, 16_382, 16_384, 262_144, 0])
def test_no_pdu_is_longer_than_the_peer_receives(maximum_length: int) -> None:
    data = bytes(range(256)) * 1200
    stream = b"".join(data_pdus(1, False, data, True, maximum_length))
    offset, collected, lengths = 0, bytearray(), []
    while offset < len(stream):
        length = int.from_bytes(stream[offset + 2 : offset + 6], "big")
        lengths.append(length)
        collected += stream[offset + 12 : offset + 6 + length]
        offset += 6 + length
    assert collected == data
    assert max(lengths) <= (maximum_length or 262_144)
    assert all(length % 2 == 0 for length in lengths)


def test_large_data_is_not_copied() -> None:
    data = bytes(100_000)
    pieces = data_pdus(1, False, data, False, 65_536)
    assert [piece.obj is data for piece in pieces if isinstance(piece, memoryview)] == [True, True]


def test_only_the_last_fragment_is_last_and_only_if_the_data_is() -> None:
    assert [piece[11] for piece in data_pdus(1, False, bytes(40), True, 22)[::2]] == [0, 0, 2]
    assert [piece[11] for piece in data_pdus(1, True, bytes(40), False, 22)[::2]] == [1, 1, 1]


def test_empty_data_makes_a_pdu_only_at_the_end() -> None:
    assert data_pdus(1, False, b"", False, 0) == []
    assert data_pdus(1, False, b"", True, 0) == [b"\x04\x00\x00\x00\x00\x06\x00\x00\x00\x02\x01\x02"]


def test_data_may_be_any_buffer() -> None:
    words = memoryview(b"abcdefgh").cast("H")
    assert b"".join(data_pdus(1, False, words, True, 0)).endswith(b"\x00\x00\x00\x0a\x01\x02abcdefgh")
