"""The three kinds of resource that most transactions have (PS3.18 Table 10.4.1-1): a path and a name for each."""

from typing import NamedTuple


class LevelPath(NamedTuple):
    """Where a study, a series or an instance is below the Base URI, and what it is called in a sentence."""

    path: str
    name: str
    article: str


STUDY = LevelPath("/studies/{study}", "study", "a study")
SERIES = LevelPath("/studies/{study}/series/{series}", "series", "a series")
INSTANCE = LevelPath("/studies/{study}/series/{series}/instances/{instance}", "instance", "an instance")
LEVELS = (STUDY, SERIES, INSTANCE)
READ = ["GET", "HEAD"]
