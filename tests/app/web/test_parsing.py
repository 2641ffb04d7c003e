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
    assert gc.isenabled()


def test_garbage_is_looked_for_again_after_what_cannot_be_parsed() -> None:
    with pytest.raises(orjson.JSONDecodeError):
        parse(b"[" + b" " * LARGE)
    assert gc.isenabled()


@pytest.mark.parametrize("found", [[], [SMALL, SMALL], [SMALL, BIG]])
async def test_objects_are_parsed_in_their_order(found: list[dict[str, object]]) -> None:
    assert await parse_all([orjson.dumps(one) for one in found]) == found
