"""What the index says depends on which instances are stored, not on how they came there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from index_fixtures import contents, open_index, record, sqlite_url

from dicomcore.index import Index, InstanceRecord
from dicomcore.resources import Resource

INSTANCES = st.integers(0, 5)
VALUES = st.sampled_from([None, "", "A", "B"])


@st.composite
def arrivals(draw: st.DrawFn) -> InstanceRecord:
    """An instance that may be in any series of any study, and say anything about them."""
    study, series, instance = draw(st.integers(0, 1)), draw(st.integers(0, 1)), draw(INSTANCES)
    values = {
        "StudyDescription": draw(VALUES),
        "PatientID": draw(VALUES),
        "PatientName": draw(VALUES),
        "SeriesDescription": draw(VALUES),
        "Modality": draw(st.sampled_from(["CT", "MR", None])),
    }
    given_values = {keyword: value or None for keyword, value in values.items() if value != ""}
    sop_class_uid = draw(st.sampled_from(["1.2.1", "1.2.2"]))
    number = draw(st.integers(0, 999_999))
    return record(
        f"1.{study}",
        f"1.9.{series}",
        f"1.8.{instance}",
        key=f"{number:06}{instance}{draw(st.uuids()).hex}",
        content=str(number),
        sop_class_uid=sop_class_uid,
        **given_values,
    )


STEPS = st.one_of(
    st.lists(arrivals(), min_size=1, max_size=4),
    st.builds(lambda study: Resource(f"1.{study}"), st.integers(0, 1)),
    st.builds(lambda study, series: Resource(f"1.{study}", f"1.9.{series}"), st.integers(0, 1), st.integers(0, 1)),
    st.builds(lambda place: place, INSTANCES),
)


@pytest.fixture
def urls(tmp_path: Path) -> tuple[str, str]:
    return sqlite_url(tmp_path / "lived"), sqlite_url(tmp_path / "rebuilt")


@pytest.fixture
def indexes(urls: tuple[str, str]) -> Iterator[tuple[Index, Index]]:
    with open_index(urls[0]) as lived, open_index(urls[1]) as rebuilt:
        yield lived, rebuilt


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=8))
def test_an_index_that_lived_equals_one_that_was_rebuilt(
    urls: tuple[str, str], indexes: tuple[Index, Index], steps: list[list[InstanceRecord] | Resource | int]
) -> None:
    lived, rebuilt = indexes
    lived.clear()
    rebuilt.clear()
    stored: dict[str, InstanceRecord] = {}
    for step in steps:
        if isinstance(step, list):
            for one, answer in zip(step, lived.store(step), strict=True):
                if answer.outcome.value in ("new", "replaced"):
                    stored[one.sop_instance_uid] = one
        else:
            resource = step if isinstance(step, Resource) else _resource(stored, step)
            keys = set(lived.delete(resource))
            stored = {uid: one for uid, one in stored.items() if one.key not in keys}
    rebuilt.store(sorted(stored.values(), key=lambda one: one.key))
    assert contents(urls[0]) == contents(urls[1])


def _resource(stored: dict[str, InstanceRecord], place: int) -> Resource:
    found = stored.get(f"1.8.{place}")
    return found.resource if found else Resource("1.0", "1.9.0", f"1.8.{place}")
