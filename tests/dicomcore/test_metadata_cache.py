from dicomcore.index import StoredMetadata
from dicomcore.metadata_cache import MetadataCache
from dicomcore.resources import Resource

STUDY = Resource("1.2")


def metadata(size: int = 10, revision: int = 1) -> StoredMetadata:
    return StoredMetadata([b"x" * size], revision)


def test_what_was_put_is_found_at_its_revision_and_at_no_other() -> None:
    cache = MetadataCache()
    cache.put(STUDY, metadata(revision=1))
    assert cache.get(STUDY, 1) == metadata(revision=1)
    assert cache.get(STUDY, 2) is None
    cache.put(STUDY, metadata(revision=2))
    assert cache.get(STUDY, 1) is None
    assert cache.get(STUDY, 2) == metadata(revision=2)


def test_what_was_not_used_for_the_longest_time_makes_room() -> None:
    cache = MetadataCache(2000)
    first, second, third = (Resource(f"1.{number}") for number in range(3))
    cache.put(first, metadata(400))
    cache.put(second, metadata(400))
    cache.get(first, 1)
    cache.put(third, metadata(400))
    assert cache.get(first, 1) is not None
    assert cache.get(second, 1) is None
    assert cache.get(third, 1) is not None


def test_what_would_empty_the_cache_is_not_kept() -> None:
    cache = MetadataCache(2000)
    cache.put(STUDY, metadata(501))
    assert cache.get(STUDY, 1) is None


def test_putting_again_does_not_count_twice() -> None:
    cache = MetadataCache(2000)
    for _ in range(10):
        cache.put(STUDY, metadata(400))
    cache.put(Resource("1.3"), metadata(400))
    assert cache.get(STUDY, 1) is not None
