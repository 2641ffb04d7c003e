"""Tests of `app.web.parsing`."""

from __future__ import annotations

import gc

import orjson
import pytest

from app.web.parsing import LARGE, parse, parse_all

SMALL, BIG = {"00100020": {"vr": "LO"}}, {"00100020": {"vr": "LO", "Value": ["x" * LARGE]}}


@pytest.mark.parametrize("found", [SMALL, BIG])
def test_an_object_is_parsed(found: dict[str, object]) -> None:
    assert parse(orjson.dumps(found)) == found


def test_garbage_is_looked_for_while_it_is_parsed_and_not_among_all_of_it_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(gc, "disable")
    assert len(parse(orjson.dumps({str(number): {"vr": "LO"} for number in range(100_000)}))) == 100_000


@pytest.mark.parametrize("found", [[], [SMALL, SMALL], [SMALL, BIG]])
async def test_objects_are_parsed_in_their_order(found: list[dict[str, object]]) -> None:
    assert await parse_all([orjson.dumps(one) for one in found]) == found
