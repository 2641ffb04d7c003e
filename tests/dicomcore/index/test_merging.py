from index_fixtures import fragments

from dicomcore.index.merging import Merged, read_merged

DESCRIPTION = 0x00081030
TAGS = (DESCRIPTION, 0x00100010)


def merged(*instances: tuple[str, str | None]) -> Merged:
    made = Merged()
    for key, description in instances:
        made.absorb(TAGS, key, fragments(StudyDescription=description))
    return made


def value(made: Merged) -> bytes:
    return made.fragments[DESCRIPTION]


def test_the_earliest_value_counts_in_whatever_order_it_comes() -> None:
    first, second = ("k1", "first"), ("k2", "second")
    assert value(merged(first, second)) == value(merged(second, first))
    assert b"first" in value(merged(first, second))


def test_a_value_counts_more_than_an_earlier_empty_one() -> None:
    assert b"late" in value(merged(("k1", None), ("k2", "late")))
    assert b"late" in value(merged(("k2", "late"), ("k1", None)))


def test_nothing_new_changes_nothing() -> None:
    made = merged(("k1", "first"))
    assert not made.absorb(TAGS, "k2", fragments(StudyDescription="second"))
    assert made.absorb(TAGS, "k3", fragments(PatientName="A"))


def test_what_came_from_an_instance_is_forgotten_with_it() -> None:
    made = merged(("k1", "first"))
    assert made.forget({"k1"}) == {DESCRIPTION}
    assert made.fragments == {}
    assert made.lacks([DESCRIPTION])


def test_merging_merged_ones_is_merging_their_instances() -> None:
    made = merged(("k2", "second"))
    assert made.absorb_merged(TAGS, merged(("k1", "first")))
    assert not made.absorb_merged(TAGS, merged(("k3", "third")))
    assert b"first" in value(made)
    assert made.sources == {DESCRIPTION: "k1"}


def test_it_is_read_as_it_was_written() -> None:
    made = merged(("k1", "first"))
    made.absorb(TAGS, "k2", fragments(PatientName="A"))
    again = read_merged(made.attributes(), made.written_sources())
    assert (again.fragments, again.sources) == (made.fragments, made.sources)
