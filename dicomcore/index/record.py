"""What the index is told about an instance, and what it answers to that."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dicomcore.resources import Resource


class DuplicatePolicy(enum.Enum):
    """What to do with an instance whose SOP Instance UID is stored already with other content."""

    REPLACE_IF_CHANGED = "replace-if-changed"
    KEEP_FIRST = "keep-first"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class InPlaceOf:
    """Store an instance only in place of the version that is stored under ``key``; otherwise what is stored is kept.

    That another form of an instance is made takes time, in which it may be replaced or deleted.
    """

    key: str


Policy = DuplicatePolicy | InPlaceOf


class Outcome(enum.Enum):
    """What became of a record. After IDENTICAL, KEPT and CONFLICT the bytes that came are not needed."""

    NEW = "new"
    IDENTICAL = "identical"
    REPLACED = "replaced"
    KEPT = "kept"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True)
class Stored:
    """The answer to one record; ``replaced_key`` is the storage key of bytes that no row refers to any more."""

    outcome: Outcome
    replaced_key: str | None = None


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """Everything the index keeps of an instance.

    ``key`` is the storage key; the order of keys is the order of arrival, and where instances of one study disagree,
    the earliest counts. ``content_digest`` decides whether two instances with one UID are the same. ``fragments`` are
    the top-level attributes by tag in DICOM JSON, ``metadata`` is all of them as one compressed object. The frame index
    comes as bytes whose meaning the index does not know: a header, and pages that are read one by one.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    key: str
    size: int
    sha256: bytes
    checksum: bytes
    content_digest: bytes
    dataset_start: int
    metadata: bytes
    fragments: Mapping[int, bytes]
    is_file: bool = True
    frames_header: bytes = b""
    frames_pages: Sequence[bytes] = ()

    @property
    def resource(self) -> Resource:
        """Where the instance is to be found."""
        return Resource(self.study_instance_uid, self.series_instance_uid, self.sop_instance_uid)
