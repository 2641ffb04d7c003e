"""Which instances are held, by SOP Instance UID and by the bytes that they were stored as.

Whoever is about to send many instances asks first, and sends those that are missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from dicomcore.resources import Resource


@dataclass(frozen=True, slots=True)
class Holding:
    """An instance that is held, and the SHA-256 of the object that it is stored as."""

    resource: Resource
    sha256: bytes

    def is_same(self, sha256: bytes | None) -> bool:
        """Say whether the object has this digest; what has none is not known to be the same."""
        return sha256 == self.sha256


class Holdings(Protocol):
    """Whoever knows what is held."""

    async def known(self, sop_instance_uids: Sequence[str]) -> Mapping[str, Holding]:
        """Give those of the instances that are held, by SOP Instance UID; raises `IndexUnavailable`."""
