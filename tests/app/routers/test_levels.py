from app.routers.levels import LEVELS
from dicomcore.resources import Resource


def test_the_paths_are_those_that_resources_are_written_with() -> None:
    resources = (Resource("{study}"), Resource("{study}", "{series}"), Resource("{study}", "{series}", "{instance}"))
    assert [level.path for level in LEVELS] == [resource.path for resource in resources]


def test_a_level_is_named_alone_and_in_a_sentence() -> None:
    assert all(level.article.endswith(f" {level.name}") for level in LEVELS)
