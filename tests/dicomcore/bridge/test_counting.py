import orjson
import pytest
from builders import ct_instance
from running_provider import put

from dicomcore.archive import Archive
from dicomcore.bridge.counting import number_of_instances, summed
from dicomcore.query import Query
from dicomcore.resources import Resource
from dicomcore.source import Answer


class Telling:
    """A node that says how many instances its study has."""

    def __init__(self, *values: object) -> None:
        self.values = values

    async def search(self, _query: Query) -> Answer:
        return Answer([orjson.dumps({"00201208": {"vr": "IS", "Value": list(self.values)}})], 1)


async def test_instances_of_studies_and_series_are_counted(archive: Archive) -> None:
    for series, instance in (("1.1", "1.1.1"), ("1.1", "1.1.2"), ("1.2", "1.2.1")):
        uids = {"StudyInstanceUID": "1", "SeriesInstanceUID": series, "SOPInstanceUID": instance}
        await put(archive, ct_instance(**uids))
    assert await number_of_instances(archive, Resource("1")) == 3
    assert await number_of_instances(archive, Resource("1", "1.1")) == 2
    assert await number_of_instances(archive, Resource("1", "1.1", "1.1.1")) == 1
    assert await number_of_instances(archive, Resource("2")) == 0
    assert await number_of_instances(archive, Resource("2", "1.1")) == 0


async def test_a_whole_archive_is_not_counted(archive: Archive) -> None:
    assert await number_of_instances(archive, Resource()) is None


@pytest.mark.parametrize(
    ("values", "number"),
    [((12,), 12), (("12",), 12), ((), None), (("many",), None), ((-1,), None), (("9" * 99,), None)],
)
async def test_what_a_node_says_is_believed_if_it_can_be(values: tuple[object, ...], number: int | None) -> None:
    assert await number_of_instances(Telling(*values), Resource("1")) == number


def test_a_sum_is_known_if_all_of_it_is() -> None:
    assert (summed([1, 2]), summed([1, None]), summed([])) == (3, None, 0)
