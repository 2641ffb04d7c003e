"""What a URL or an identifier names: a study, a series or an instance (PS3.18 §10.1, PS3.4 §C.6)."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Level(enum.IntEnum):
    """The levels of the DICOM information model, from the top; "IMAGE" is the wire's word for INSTANCE."""

    PATIENT = 0
    STUDY = 1
    SERIES = 2
    INSTANCE = 3


@dataclass(frozen=True, slots=True)
class Resource:
    """All studies, one study, one series or one instance, by the UIDs that are given."""

    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    sop_instance_uid: str | None = None

    @property
    def level(self) -> Level | None:
        """The level of what is named; None for the whole archive."""
        if self.sop_instance_uid is not None:
            return Level.INSTANCE
        if self.series_instance_uid is not None:
            return Level.SERIES
        return Level.STUDY if self.study_instance_uid is not None else None

    @property
    def path(self) -> str:
        """The path below the Base URI, as PS3.18 Table 10.4.1-1 writes it: ``/studies/{study}/series/...``."""
        path = "" if self.study_instance_uid is None else f"/studies/{self.study_instance_uid}"
        if self.series_instance_uid is not None:
            path += f"/series/{self.series_instance_uid}"
        return path if self.sop_instance_uid is None else f"{path}/instances/{self.sop_instance_uid}"

    def __str__(self) -> str:
        return self.path or "the archive"
