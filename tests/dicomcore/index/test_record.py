import dataclasses

import pytest
from index_fixtures import record

from dicomcore.index.record import DuplicatePolicy
from dicomcore.resources import Resource


def test_a_record_knows_where_its_instance_is() -> None:
    assert record("1.1", "1.2", "1.3").resource == Resource("1.1", "1.2", "1.3")


def test_a_record_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        record().key = "other"  # type: ignore[misc]


def test_policies_are_named_as_in_the_settings() -> None:
    assert [policy.value for policy in DuplicatePolicy] == ["replace-if-changed", "keep-first", "reject"]
