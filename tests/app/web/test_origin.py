from __future__ import annotations

import httpx
import pytest
from builders import ct_instance

from app.web.origin import Origin, return_keys, uid_in
from dicomcore.archive import Archive
from dicomcore.errors import ResourceGone, ResourceNotFound
from dicomcore.query import Query
from dicomcore.resources import Level, Resource

STUDY, SERIES = Resource("1.2.3"), Resource("1.2.3", "1.2.3.1")
INSTANCE = Resource("1.2.3", "1.2.3.1", "1.2.3.4")
UI = "http://pacs.test/ui"


async def store(archive: Archive, content: bytes) -> None:
    spool = archive.spool()
    spool.write(content)
    await archive.store(spool)


def test_addresses_are_below_the_prefix_and_name_the_source(archive: Archive) -> None:
    here = Origin("/pacs", "/dicom-web", archive)
    assert here.page(INSTANCE) == "/pacs/ui/studies/1.2.3/series/1.2.3.1/instances/1.2.3.4"
    assert here.view(SERIES) == "/pacs/ui/view/1.2.3?series=1.2.3.1"
    assert here.viewer(STUDY) == "/pacs/viewer?StudyInstanceUIDs=1.2.3"
    assert here.web(STUDY, accept="application/zip") == "/pacs/dicom-web/studies/1.2.3?accept=application%2Fzip"
    assert here.thumbnail(SERIES) == "/pacs/dicom-web/studies/1.2.3/series/1.2.3.1/thumbnail?viewport=256,256"
    assert here.part(STUDY, "series", offset=100) == "/pacs/ui/parts/studies/1.2.3/series?offset=100"
    assert here.list_page == "/pacs/"
    assert here.is_local


def test_addresses_of_a_node_go_through_the_bridge(archive: Archive) -> None:
    there = Origin("", "/dicom-web", archive, "OLD PACS")
    assert there.service == "/dicom-web/aets/OLD%20PACS"
    assert there.page(STUDY) == "/ui/studies/1.2.3?source=OLD+PACS"
    assert there.part(STUDY, "priors") == "/ui/parts/studies/1.2.3/priors?source=OLD+PACS"
    assert there.list_page == "/?source=OLD+PACS"
    everybody = Origin("", "/dicom-web", archive, "*")
    assert (everybody.is_everybody, everybody.service) == (True, "/dicom-web/aets/*")


async def test_a_search_gives_objects_with_addresses_as_the_page_sees_them(archive: Archive) -> None:
    await store(archive, ct_instance())
    origin = Origin("/pacs", "/dicom-web", archive)
    found = await origin.search(Query(Level.SERIES, STUDY, include=return_keys((0x00180015,))))
    assert found.total == 1
    assert found.objects[0]["00081190"]["Value"] == ["/pacs/dicom-web/studies/1.2.3/series/1.2.3.1"]
    assert uid_in(found.objects[0], 0x0020000E) == "1.2.3.1"


@pytest.mark.parametrize("resource", [STUDY, SERIES, INSTANCE])
async def test_one_resource_is_found_or_was_deleted_or_was_never_here(archive: Archive, resource: Resource) -> None:
    origin = Origin("", "/dicom-web", archive)
    with pytest.raises(ResourceNotFound):
        await origin.one(resource)
    await store(archive, ct_instance())
    assert await origin.one(resource, (0x00081030,))
    await archive.delete(STUDY)
    with pytest.raises(ResourceGone):
        await origin.one(resource)


def test_uids_of_other_archives_are_not_believed() -> None:
    assert uid_in({"0020000D": {"vr": "UI", "Value": ["../../etc"]}}, 0x0020000D) == ""
    assert uid_in({}, 0x0020000D) == ""


async def test_a_page_of_an_unknown_node_or_of_no_uid_says_so(client: httpx.AsyncClient) -> None:
    unknown = await client.get(f"{UI}/studies/1.2.3?source=NOBODY")
    assert (unknown.status_code, "NOBODY" in unknown.text) == (404, True)
    assert (await client.get(f"{UI}/studies/no-uid")).status_code == 400
