from builders import CT_IMAGE_STORAGE, ct_instance
from running_provider import put

from dicomcore.archive import Archive
from dicomcore.resources import Resource
from dicomcore.scp.references import look_up


async def test_instances_are_found_by_their_uids_alone(archive: Archive) -> None:
    await put(archive, ct_instance(SOPInstanceUID="1.2.3.5"))
    found = [one async for one in look_up(archive, ["1.2.3.4", "1.2.3.5", "1.2.3.5"])]
    assert found == [(Resource("1.2.3", "1.2.3.1", "1.2.3.5"), CT_IMAGE_STORAGE)]


async def test_many_uids_are_looked_up_in_turns(archive: Archive) -> None:
    await put(archive, ct_instance(SOPInstanceUID="1.2.3.1"), ct_instance(SOPInstanceUID="1.2.3.1200"))
    found = [one async for one, _ in look_up(archive, [f"1.2.3.{number}" for number in range(1, 1201)])]
    assert [one.sop_instance_uid for one in found] == ["1.2.3.1", "1.2.3.1200"]
