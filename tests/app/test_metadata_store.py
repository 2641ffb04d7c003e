from collections.abc import Iterator

import orjson
import pytest

from app.metadata_store import MAX_METADATA, MetadataParts
from dicomcore.archive import Archive
from dicomcore.data import AssembledInstance
from dicomcore.errors import InvalidParameter, LimitExceeded
from dicomcore.resources import Resource
from dicomcore.source import FailureReason, StoreOutcome

JSON = "application/dicom+json"
METADATA = {
    "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.66"]},
    "00080018": {"vr": "UI", "Value": ["1.1.1"]},
    "0020000D": {"vr": "UI", "Value": ["1"]},
    "0020000E": {"vr": "UI", "Value": ["1.1"]},
    "00660016": {"vr": "OF", "BulkDataURI": "points"},
}
BULK = {"content-type": "application/octet-stream", "content-location": "points"}


@pytest.fixture
def parts(archive: Archive) -> Iterator[MetadataParts]:
    made = MetadataParts(archive, JSON)
    yield made
    made.close()


def put(parts: MetadataParts, headers: dict[str, str], *chunks: bytes) -> None:
    parts.begin(headers)
    for chunk in chunks:
        parts.write(memoryview(chunk))


@pytest.mark.parametrize("media_type", [JSON, "application/json", f"{JSON}; charset=utf-8", None])
def test_metadata_are_told_by_their_type(parts: MetadataParts, media_type: str | None) -> None:
    document = orjson.dumps([METADATA])
    put(parts, {} if media_type is None else {"content-type": media_type}, document[:50], document[50:])
    put(parts, BULK, b"abcd", b"efgh")
    (instance,) = parts.instances()
    assert isinstance(instance, AssembledInstance)
    assert bytes(instance.dataset.raw(0x00660016)) == b"abcdefgh"


def test_an_instance_that_cannot_be_put_together_is_named_in_its_refusal(parts: MetadataParts) -> None:
    put(parts, {"content-type": JSON}, orjson.dumps([METADATA]))
    (refusal,) = parts.instances()
    assert isinstance(refusal, StoreOutcome)
    assert (refusal.resource, refusal.failure) == (Resource("1", "1.1", "1.1.1"), FailureReason.CANNOT_UNDERSTAND)


def test_a_part_may_be_empty(parts: MetadataParts) -> None:
    put(parts, {"content-type": JSON}, orjson.dumps([METADATA]))
    put(parts, BULK)
    (instance,) = parts.instances()
    assert isinstance(instance, AssembledInstance)
    assert len(instance.dataset.raw(0x00660016)) == 0


def test_one_document_that_cannot_be_read_leaves_the_others(parts: MetadataParts) -> None:
    for document in (b"[", orjson.dumps([METADATA])):
        put(parts, {"content-type": JSON}, document)
    put(parts, BULK, b"abcd")
    first, second = parts.instances()
    assert isinstance(first, StoreOutcome) and isinstance(second, AssembledInstance)


@pytest.mark.parametrize(
    "headers", [{"content-type": "application/dicom"}, {"content-type": "image/jpeg"}, {"content-type": "nonsense"}]
)
def test_a_part_that_cannot_be_placed_is_refused(parts: MetadataParts, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidParameter):
        parts.begin(headers)


def test_metadata_have_a_limit(parts: MetadataParts) -> None:
    parts.begin({"content-type": JSON})
    parts.write(memoryview(bytes(MAX_METADATA)))
    with pytest.raises(LimitExceeded):
        parts.write(memoryview(b"x"))


def test_bulk_data_that_is_large_is_written_in_a_thread(parts: MetadataParts) -> None:
    assert not parts.wants_thread
    put(parts, BULK, bytes(5_000_000))
    assert parts.wants_thread
    parts.begin({"content-type": JSON})
    assert not parts.wants_thread
