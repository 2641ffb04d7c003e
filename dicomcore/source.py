"""The waist: what everything that holds instances can do, and everything that asks for them relies on.

An archive, a remote application entity and a remote DICOMweb server are `Source`s; HTTP routers and DIMSE providers
see nothing else. Per-instance failures of a store are values (`StoreOutcome`), since the others go on.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from typing import Protocol

from dicomcore.data import Dataset
from dicomcore.errors import (
    AttributeMismatch,
    DicomError,
    InstanceConflict,
    InvalidUid,
    LimitExceeded,
    MalformedDataset,
    MissingAttribute,
    NotDicom,
    StorageFull,
    StorageUnavailable,
    UnsupportedSopClass,
    UnsupportedTransferSyntax,
)
from dicomcore.instance import Instance
from dicomcore.query import Query
from dicomcore.resources import Resource
from dicomcore.storage import Spool
from dicomcore.uids import check_uid


class FailureReason(enum.IntEnum):
    """Why an instance was not stored (PS3.18 Table I.2-2, and 0111H of PS3.7 Annex C for duplicates)."""

    PROCESSING_FAILURE = 0x0110
    DUPLICATE_SOP_INSTANCE = 0x0111
    SOP_CLASS_NOT_SUPPORTED = 0x0122
    OUT_OF_RESOURCES = 0xA700
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS = 0xA900
    CANNOT_UNDERSTAND = 0xC000
    TRANSFER_SYNTAX_NOT_SUPPORTED = 0xC122


class WarningReason(enum.IntEnum):
    """What happened to an instance that was stored (PS3.18 Table I.2-1)."""

    COERCED = 0xB000
    ELEMENTS_DISCARDED = 0xB006
    DATA_SET_DOES_NOT_MATCH_SOP_CLASS = 0xB007


class Change(enum.Enum):
    """What a store did to the archive."""

    STORED = "stored"
    IDENTICAL = "already there"
    REPLACED = "replaced"
    KEPT = "another version kept"


FAILURE_REASONS: dict[type[DicomError], FailureReason] = {
    NotDicom: FailureReason.CANNOT_UNDERSTAND,
    MalformedDataset: FailureReason.CANNOT_UNDERSTAND,
    InvalidUid: FailureReason.DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
    MissingAttribute: FailureReason.DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
    AttributeMismatch: FailureReason.DATA_SET_DOES_NOT_MATCH_SOP_CLASS,
    LimitExceeded: FailureReason.OUT_OF_RESOURCES,
    UnsupportedTransferSyntax: FailureReason.TRANSFER_SYNTAX_NOT_SUPPORTED,
    UnsupportedSopClass: FailureReason.SOP_CLASS_NOT_SUPPORTED,
    InstanceConflict: FailureReason.DUPLICATE_SOP_INSTANCE,
    StorageFull: FailureReason.OUT_OF_RESOURCES,
    StorageUnavailable: FailureReason.PROCESSING_FAILURE,
}


def failure_reason(error: DicomError) -> FailureReason:
    """The reason that tells a sender about ``error``: that of its nearest class in the table."""
    return next(
        (FAILURE_REASONS[cls] for cls in type(error).__mro__ if cls in FAILURE_REASONS),
        FailureReason.PROCESSING_FAILURE,
    )


@dataclass(frozen=True, slots=True)
class StoreOutcome:
    """What became of one instance. UIDs are empty where the bytes did not tell them."""

    resource: Resource = field(default_factory=Resource)
    sop_class_uid: str = ""
    change: Change | None = None
    failure: FailureReason | None = None
    warning: WarningReason | None = None
    detail: str = ""

    @property
    def is_stored(self) -> bool:
        """Whether the instance can be retrieved now."""
        return self.failure is None


def claimed_identity(*datasets: Dataset) -> tuple[Resource, str]:
    """Tell who a data set, or File Meta Information, says it is, and its SOP Class UID: to name it in a refusal."""
    study, series, instance, sop_class = (_first_uid(datasets, tags) for tags in _IDENTIFIERS)
    return Resource(study, series, instance), sop_class or ""


def _first_uid(datasets: Sequence[Dataset], tags: Sequence[int]) -> str | None:
    for dataset, tag in product(datasets, tags):
        with suppress(InvalidUid):
            return check_uid("\\".join(dataset.texts(tag)))
    return None


# Of the data set, or of File Meta Information: Study, Series and SOP Instance UID, SOP Class UID.
_IDENTIFIERS = ((0x0020000D,), (0x0020000E,), (0x00080018, 0x00020003), (0x00080016, 0x00020002))


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a search: JSON objects with ``PLACEHOLDER`` for the Base URI, and the number of all matches."""

    objects: list[bytes]
    total: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metadata:
    """The metadata of a resource: one JSON object an instance, with ``PLACEHOLDER`` for the Base URI.

    ``array`` is all of them as one JSON array, cut where the Base URI stands: most ask for that, and for long lists.
    """

    objects: list[bytes]
    revision: str
    array: list[bytes]


class Source(Protocol):
    """Whoever holds instances."""

    async def search(self, query: Query) -> Answer:
        """Find what matches (PS3.18 §10.6, PS3.4 §C.4.1)."""

    async def instance(self, resource: Resource) -> Instance:
        """Find one instance; raises `ResourceNotFound` or `ResourceGone`."""

    def retrieve(self, resource: Resource) -> AsyncIterator[Instance]:
        """The instances of a resource, in order.

        Raises, before the first one: `ResourceNotFound` or `ResourceGone`.
        """

    async def metadata(self, resource: Resource) -> Metadata:
        """The metadata of all instances of a resource; raises `ResourceNotFound` or `ResourceGone`."""

    async def revision(self, resource: Resource) -> str:
        """A word that changes whenever something in the resource does; raises as `metadata` does."""

    def spool(self) -> Spool:
        """A place for the bytes of an instance that is to be stored."""

    async def store(self, spool: Spool, *, study_instance_uid: str | None = None) -> StoreOutcome:
        """Store what was spooled, and close the spool; on return the instance is durable, searchable, retrievable.

        ``study_instance_uid`` is the study that the sender named, if it did (PS3.18 §10.5.1.1.1).
        """

    async def delete(self, resource: Resource) -> int:
        """Delete a resource and return how many instances that were; raises as `metadata` does."""
