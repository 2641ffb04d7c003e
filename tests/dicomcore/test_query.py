"""The values of a query are plain: compared by what they hold, never changed."""

import dataclasses

import pytest

from dicomcore.query import ARCHIVE, CombinedRange, Literal, MatchingKey, Query, Range, ReturnKey, WildCard
from dicomcore.resources import Level

PATIENT_NAME = (0x00100010,)


def test_a_query_for_a_level_asks_for_everything_in_the_archive() -> None:
    query = Query(Level.STUDY)
    assert (query.resource, query.keys, query.limit, query.offset) == (ARCHIVE, (), None, 0)


def test_queries_that_ask_the_same_are_equal() -> None:
    keys = [MatchingKey(PATIENT_NAME, "PN", WildCard(("Doe*",))) for _ in range(2)]
    assert Query(Level.STUDY, keys=(keys[0],)) == Query(Level.STUDY, keys=(keys[1],))


def test_a_private_key_names_its_creator() -> None:
    assert MatchingKey((0x00091001,), "LO", Literal(("x",)), "Acme").private_creator == "Acme"
    assert ReturnKey((0x00091001,), "Acme") != ReturnKey((0x00091001,))


def test_a_combined_range_lies_in_the_data_set_unless_it_names_a_sequence() -> None:
    assert CombinedRange(0x00080020, 0x00080030, None, None).sequence == ()


def test_nothing_in_a_query_can_be_changed() -> None:
    bounds = Range("20200101", None)
    with pytest.raises(dataclasses.FrozenInstanceError):
        bounds.low = "20200102"  # type: ignore[misc]  # that it is refused is what is tested
