"""One set of attributes out of those of many instances: what a study, series or patient is said to be.

Instances of one study may disagree. Each attribute has the value of the earliest instance, by storage key, that has it
with a value; failing that, of the earliest that has it at all. So the result depends on which instances are stored and
not on the order in which they were committed, deleted or indexed anew. To keep that up for each new instance without
looking at the others, the key that each attribute came from is kept too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from dicomcore.index.documents import is_empty, join_lines, split_lines, tag_of_fragment


@dataclass(slots=True)
class Merged:
    """Fragments by tag, and the key of the instance that each came from."""

    fragments: dict[int, bytes] = field(default_factory=dict)
    sources: dict[int, str] = field(default_factory=dict)
    _latest: str | None = None  # of the sources, while it is known
    _open: tuple[int, ...] = ()  # then: the tags that a later instance can still give a value

    def absorb(self, tags: Sequence[int], key: str, fragments: Mapping[int, bytes]) -> bool:
        """Take what an instance adds; say whether that changed anything. ``tags`` are the same every time."""
        if self._latest is None:
            self._latest = max(self.sources.values(), default="")
            held = self.fragments.get
            self._open = tuple([tag for tag in tags if is_empty(held(tag, b""))])
        # Instances mostly come in order and repeat each other: look only at what they can add.
        candidates = self._open if key > self._latest else tags
        changed = False
        for tag in candidates:
            offered = fragments.get(tag)
            if offered is not None and self._is_better(tag, key, offered):
                self.fragments[tag] = offered
                self.sources[tag] = key
                changed = True
        if changed:
            self._latest = None
        return changed

    def absorb_merged(self, tags: Iterable[int], other: Merged) -> bool:
        """Take what the instances behind ``other`` add; say whether that changed anything."""
        changed = False
        for tag in tags:
            source = other.sources.get(tag)
            if source is not None and self._is_better(tag, source, other.fragments[tag]):
                self.fragments[tag] = other.fragments[tag]
                self.sources[tag] = source
                changed = True
        self._latest = None
        return changed

    def _is_better(self, tag: int, key: str, offered: bytes) -> bool:
        held = self.fragments.get(tag)
        if held is None:
            return True
        if key > self.sources[tag] and not is_empty(held):
            return False
        return (is_empty(offered), key) < (is_empty(held), self.sources[tag])

    def forget(self, keys: Collection[str]) -> set[int]:
        """Drop what came from these instances, and return its tags."""
        lost = {tag for tag, key in self.sources.items() if key in keys}
        for tag in lost:
            del self.fragments[tag], self.sources[tag]
        self._latest = None
        return lost

    def lacks(self, tags: Iterable[int]) -> bool:
        """Say whether one of the tags has no value."""
        return any(map(self._has_no_value, tags))

    def _has_no_value(self, tag: int) -> bool:
        return is_empty(self.fragments.get(tag, b""))

    def attributes(self) -> bytes:
        """Write the fragments as one object."""
        return join_lines(self.fragments[tag] for tag in sorted(self.fragments))

    def written_sources(self) -> bytes:
        """Write where the fragments came from: the tags by key."""
        tags: dict[str, list[int]] = {}
        for tag in sorted(self.sources):
            tags.setdefault(self.sources[tag], []).append(tag)
        return orjson.dumps(tags)


def read_merged(attributes: bytes, sources: bytes) -> Merged:
    """Read what `Merged.attributes` and `Merged.written_sources` wrote."""
    fragments = {tag_of_fragment(line): line for line in split_lines(attributes)}
    return Merged(fragments, {tag: key for key, tags in orjson.loads(sources).items() for tag in tags})
