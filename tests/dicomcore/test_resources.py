import pytest

from dicomcore.resources import Level, Resource


@pytest.mark.parametrize(
    ("resource", "level", "path"),
    [
        (Resource(), None, ""),
        (Resource("1"), Level.STUDY, "/studies/1"),
        (Resource("1", "2"), Level.SERIES, "/studies/1/series/2"),
        (Resource("1", "2", "3"), Level.INSTANCE, "/studies/1/series/2/instances/3"),
    ],
)
def test_level_and_path_follow_from_the_uids(resource: Resource, level: Level | None, path: str) -> None:
    assert (resource.level, resource.path) == (level, path)


def test_a_resource_names_itself_by_its_path() -> None:
    assert str(Resource("1", "2")) == "/studies/1/series/2"
    assert str(Resource()) == "the archive"


def test_levels_are_ordered_from_the_top() -> None:
    assert sorted(Level) == [Level.PATIENT, Level.STUDY, Level.SERIES, Level.INSTANCE]
