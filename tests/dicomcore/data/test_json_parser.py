import pytest

from dicomcore.data import json_parser
from dicomcore.data.json_parser import Number, parse_json
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
