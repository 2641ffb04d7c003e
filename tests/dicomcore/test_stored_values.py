"""Bulk data of stored instances: found by their paths, opened when they are sent."""

import pytest
from builders import DEFLATED_LE, EXPLICIT_LE, ct_dataset, ct_instance, element, part10, sequence
from stored_instances import bytes_of, whole

from dicomcore.archive import Archive
from dicomcore.errors import ResourceNotFound
from dicomcore.stored_values import all_values, value_at


@pytest.mark.parametrize("transfer_syntax", [EXPLICIT_LE, DEFLATED_LE])
async def test_values_are_found_by_their_paths(archive: Archive, transfer_syntax: str) -> None:
    nested = sequence(0x00540016, element(0x00189345, "OB", b"n" * 2000))
    kept = await bytes_of(archive, ct_instance(transfer_syntax, extra=nested))
    value = value_at(kept, "00540016/0/00189345")
    assert await whole(value.content) == b"n" * 2000
    assert await whole(value_at(kept, "00100020").content) == b"PID1"
    for path in ("00540016", "00540016/1/00189345", "00189345", "", "x", "00540016/0"):
        with pytest.raises(ResourceNotFound):
            value_at(kept, path)


@pytest.mark.parametrize(("threshold", "paths"), [(1024, {"00660016", "7FE00010"}), (3000, {"7FE00010"})])
async def test_all_bulk_data_are_those_that_metadata_with_this_threshold_refer_to(
    archive: Archive, threshold: int, paths: set[str]
) -> None:
    kept = await bytes_of(archive, ct_instance(extra=element(0x00660016, "OF", bytes(2000))))
    values = all_values(kept, threshold)
    assert {value.path for value in values} == paths


async def test_a_document_says_what_it_is(archive: Archive) -> None:
    extra = element(0x00420011, "OB", b"%PDF" * 500) + element(0x00420012, "LO", "application/pdf")
    kept = await bytes_of(archive, part10(ct_dataset(PixelData=None) + extra))
    value = value_at(kept, "00420011")
    assert (value.document_type, await whole(value.content)) == ("application/pdf", b"%PDF" * 500)
    assert value_at(kept, "00420012").document_type == ""
