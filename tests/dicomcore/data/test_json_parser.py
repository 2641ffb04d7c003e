import orjson
import pytest
from noted_threads import noted_threads

from dicomcore.data import json_parser
from dicomcore.data.json_parser import Number, load_plain, parse_json
from dicomcore.errors import LimitExceeded, MalformedDataset


def test_numbers_keep_their_characters() -> None:
    parsed = parse_json(b'[1.10, -0, 1e5, "2"]')
    assert parsed == ["1.10", "-0", "1e5", "2"]
    assert [type(value) for value in parsed] == [Number, Number, Number, str]


def test_a_byte_order_mark_is_taken() -> None:
    assert parse_json(b"\xef\xbb\xbf{}") == {}


@pytest.mark.parametrize("document", [b"", b"{", b"[NaN]", b"[Infinity]", b'{"a":1,"a":2}', b"\xff", b"[1,]", b"'a'"])
def test_what_is_no_strict_json_is_refused(document: bytes) -> None:
    with pytest.raises(MalformedDataset):
        parse_json(document)


def test_128_levels_are_taken_and_129_are_not() -> None:
    assert parse_json(b"[" * 128 + b"]" * 128)
    with pytest.raises(LimitExceeded):
        parse_json(b"[" * 129 + b"]" * 129)


def test_brackets_in_strings_are_no_levels() -> None:
    assert parse_json(b'["' + b"[{" * 200 + rb"\"[" + b'"]')


def test_a_hundred_thousand_levels_are_refused_quickly() -> None:
    with pytest.raises(LimitExceeded):
        parse_json(b'{"a":[' * 100_000)


def test_too_many_bytes_and_too_many_values_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_parser, "MAX_METADATA", 20)
    with pytest.raises(LimitExceeded):
        parse_json(b'["' + b"x" * 20 + b'"]')
    monkeypatch.setattr(json_parser, "MAX_VALUES", 3)
    with pytest.raises(LimitExceeded):
        parse_json(b"[1,2,3,4]")


def test_brackets_are_counted_in_pieces_that_take_little_time(monkeypatch: pytest.MonkeyPatch) -> None:
    document = orjson.dumps([{"vr": "LO", "Value": [f'"{number}\\[']} for number in range(50_000)])
    pieces = [piece[0] for piece in json_parser._PIECE.finditer(document)]
    assert b"".join(pieces) == document
    assert max(map(len, pieces)) < 200_000
    assert len(parse_json(document)) == 50_000


@pytest.mark.parametrize(("count", "is_in_turns"), [(10, False), (100_000, True)])
def test_large_documents_are_parsed_calling_functions_of_ours(
    monkeypatch: pytest.MonkeyPatch, count: int, is_in_turns: bool
) -> None:
    found = [{"vr": "DS", "Value": [number, 1.5, "ä"]} for number in range(count)]
    calls = noted_threads(monkeypatch, json_parser, "_members")
    assert load_plain(orjson.dumps(found)) == found
    assert len(calls) == count * is_in_turns
