import pytest
from builders import ct_instance

from dicomcore.archive import Archive
from dicomcore.bridge.named import NamedSource
from dicomcore.errors import UnknownNode
from dicomcore.query import Query
from dicomcore.resources import Level, Resource
from dicomcore.source import Source

INSTANCE = Resource("1.2.3", "1.2.3.1", "1.2.3.4")


async def test_everything_is_asked_of_the_source_that_is_found(archive: Archive) -> None:
    async def find(ae_title: str) -> Source:
        assert ae_title == "PACS"
        return archive

    source = NamedSource("PACS", find, archive.spool)
    spool = source.spool()
    spool.write(ct_instance())
    assert (await source.store(spool, study_instance_uid="1.2.3")).is_stored
    assert (await source.search(Query(Level.STUDY))).total == 1
    assert (await source.instance(INSTANCE)).resource == INSTANCE
    assert [one.resource async for one in source.retrieve(Resource("1.2.3"))] == [INSTANCE]
    assert len((await source.metadata(INSTANCE)).objects) == 1
    assert await source.revision(INSTANCE)
    assert await source.delete(INSTANCE) == 1


async def test_who_is_not_known_is_told_each_time(archive: Archive) -> None:
    async def find(ae_title: str) -> Source:
        raise UnknownNode(ae_title)

    with pytest.raises(UnknownNode):
        await NamedSource("PACS", find, archive.spool).search(Query(Level.STUDY))
