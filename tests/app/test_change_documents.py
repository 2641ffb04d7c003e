"""Changes as clients see them; sums lose no study, whatever the batches are and wherever a client goes on."""

import pytest

from app.change_documents import at_level, change_document
from dicomcore.delivery import ChangeEntry, ChangeKind
from dicomcore.resources import Level, Resource

STORED, REPLACED, DELETED = ChangeKind


def changes(*rows: tuple[ChangeKind, str]) -> list[ChangeEntry]:
    """Changes from number 1 on; a path is UIDs with slashes between."""
    return [
        ChangeEntry(number, kind, Resource(*path.split("/")), 1_790_000_000_000_000 + number)
        for number, (kind, path) in enumerate(rows, 1)
    ]


def summed(level: Level, *rows: tuple[ChangeKind, str]) -> list[tuple[int, ChangeKind, str]]:
    found = at_level(changes(*rows), level)
    return [(one.sequence, one.kind, one.resource.path) for one in found]


def test_a_change_has_all_its_members() -> None:
    [entry] = changes((STORED, "1.2/1.3/1.4"))
    assert change_document(entry) == {
        "sequence": 1,
        "kind": "stored",
        "level": "instance",
        "study_instance_uid": "1.2",
        "series_instance_uid": "1.3",
        "sop_instance_uid": "1.4",
        "time": "2026-09-21T14:13:20.000001Z",
    }


def test_uids_below_the_level_are_null() -> None:
    [entry] = changes((DELETED, "1.2"))
    document = change_document(entry)
    assert (document["level"], document["series_instance_uid"], document["sop_instance_uid"]) == ("study", None, None)


def test_without_a_level_all_changes_are_given() -> None:
    entries = changes((STORED, "1/2/3"), (DELETED, "1/2/3"), (DELETED, "1/2"), (DELETED, "1"))
    assert at_level(entries, None) == entries


def test_at_the_level_of_instances_nothing_is_said_of_what_is_above() -> None:
    rows = (STORED, "1/2/3"), (DELETED, "1/2/3"), (DELETED, "1/2"), (DELETED, "1")
    assert [number for number, _, _ in summed(Level.INSTANCE, *rows)] == [1, 2]


def test_a_study_is_told_once_by_its_last_number() -> None:
    rows = (STORED, "1/1/1"), (STORED, "2/1/1"), (STORED, "1/1/2"), (STORED, "1/2/1")
    assert summed(Level.STUDY, *rows) == [(2, STORED, "/studies/2"), (4, STORED, "/studies/1")]


def test_each_series_is_told_once() -> None:
    rows = (STORED, "1/1/1"), (STORED, "1/2/1"), (STORED, "1/1/2"), (DELETED, "1")
    assert summed(Level.SERIES, *rows) == [
        (2, STORED, "/studies/1/series/2"),
        (3, STORED, "/studies/1/series/1"),
    ]


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ([(STORED, "1/1/1"), (REPLACED, "1/1/1")], STORED),
        ([(REPLACED, "1/1/1"), (STORED, "1/1/2")], STORED),
        ([(REPLACED, "1/1/1")], REPLACED),
        ([(DELETED, "1/1/1")], REPLACED),
        ([(STORED, "1/1/1"), (DELETED, "1/1/2")], STORED),
        ([(DELETED, "1/1/1"), (DELETED, "1/1")], REPLACED),
        ([(DELETED, "1/1/1"), (DELETED, "1/1"), (DELETED, "1")], DELETED),
        ([(DELETED, "1/1/1"), (DELETED, "1/1"), (DELETED, "1"), (STORED, "1/1/1")], STORED),
    ],
)
def test_a_sum_says_what_is_true_of_the_study_now(rows: list[tuple[ChangeKind, str]], kind: ChangeKind) -> None:
    assert summed(Level.STUDY, *rows) == [(len(rows), kind, "/studies/1")]


def test_who_goes_on_after_any_sum_gets_every_study_that_changed_later() -> None:
    entries = changes(*((STORED, f"{number % 5}/1/{number}") for number in range(40)))
    for seen in at_level(entries, Level.STUDY):
        later = {entry.resource.study_instance_uid for entry in entries if entry.sequence > seen.sequence}
        again = at_level([entry for entry in entries if entry.sequence > seen.sequence], Level.STUDY)
        assert {entry.resource.study_instance_uid for entry in again} == later
