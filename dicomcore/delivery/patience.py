"""What may be better in a while, and how long that is waited for."""

from __future__ import annotations

from collections.abc import Sequence

from dicomcore.errors import (
    AssociationAborted,
    AssociationRejected,
    AssociationTimeout,
    DamagedInstance,
    DicomError,
    PeerUnreachable,
    StorageFull,
    StorageUnavailable,
)

PAUSES: Sequence[float] = (2.0, 8.0)
"""Seconds between attempts of which none has brought anything; behind the last one it is given up."""

_REJECTED_TRANSIENT = 2  # PS3.8 Table 9-21
_PASSING = (PeerUnreachable, AssociationAborted, AssociationTimeout, StorageUnavailable)
_LASTING = (StorageFull, DamagedInstance)


def may_pass(error: DicomError | None) -> bool:
    """Say whether it makes sense to try again: a peer that has rejected us for good (PS3.8 §9.3.4) will again."""
    if isinstance(error, AssociationRejected):
        return error.result == _REJECTED_TRANSIENT
    return isinstance(error, _PASSING) and not isinstance(error, _LASTING)


def ends_all(error: DicomError) -> bool:
    """Say whether what follows in the same transfer would fail as well."""
    return may_pass(error) or isinstance(error, AssociationRejected | StorageFull)
