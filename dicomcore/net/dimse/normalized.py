"""The messages of the normalized services (PS3.7 §10.3), as `dicomcore.net.dimse.composite` has those of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from dicomcore.net.dimse.composite import RequestFields, ResponseFields


@dataclass(frozen=True, slots=True, kw_only=True)
class NEventReportRQ(RequestFields):
    """N-EVENT-REPORT-RQ (PS3.7 §10.3.1.1)."""

    field: ClassVar[int] = 0x0100
    affected_sop_class_uid: str
    affected_sop_instance_uid: str
    event_type_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NEventReportRSP(ResponseFields):
    """N-EVENT-REPORT-RSP (PS3.7 §10.3.1.2)."""

    field: ClassVar[int] = 0x8100
    affected_sop_class_uid: str = ""
    affected_sop_instance_uid: str = ""
    event_type_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NGetRQ(RequestFields):
    """N-GET-RQ (PS3.7 §10.3.2.1)."""

    field: ClassVar[int] = 0x0110
    requested_sop_class_uid: str
    requested_sop_instance_uid: str
    attribute_identifier_list: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _AffectedRSP(ResponseFields):
    affected_sop_class_uid: str = ""
    affected_sop_instance_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NGetRSP(_AffectedRSP):
    """N-GET-RSP (PS3.7 §10.3.2.2)."""

    field: ClassVar[int] = 0x8110


@dataclass(frozen=True, slots=True, kw_only=True)
class NSetRQ(RequestFields):
    """N-SET-RQ (PS3.7 §10.3.3.1)."""

    field: ClassVar[int] = 0x0120
    requested_sop_class_uid: str
    requested_sop_instance_uid: str
    has_dataset: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NSetRSP(_AffectedRSP):
    """N-SET-RSP (PS3.7 §10.3.3.2)."""

    field: ClassVar[int] = 0x8120


@dataclass(frozen=True, slots=True, kw_only=True)
class NActionRQ(RequestFields):
    """N-ACTION-RQ (PS3.7 §10.3.4.1)."""

    field: ClassVar[int] = 0x0130
    requested_sop_class_uid: str
    requested_sop_instance_uid: str
    action_type_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NActionRSP(_AffectedRSP):
    """N-ACTION-RSP (PS3.7 §10.3.4.2)."""

    field: ClassVar[int] = 0x8130
    action_type_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NCreateRQ(RequestFields):
    """N-CREATE-RQ (PS3.7 §10.3.5.1)."""

    field: ClassVar[int] = 0x0140
    affected_sop_class_uid: str
    affected_sop_instance_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class NCreateRSP(_AffectedRSP):
    """N-CREATE-RSP (PS3.7 §10.3.5.2)."""

    field: ClassVar[int] = 0x8140


@dataclass(frozen=True, slots=True, kw_only=True)
class NDeleteRQ(RequestFields):
    """N-DELETE-RQ (PS3.7 §10.3.6.1)."""

    field: ClassVar[int] = 0x0150
    requested_sop_class_uid: str
    requested_sop_instance_uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NDeleteRSP(_AffectedRSP):
    """N-DELETE-RSP (PS3.7 §10.3.6.2)."""

    field: ClassVar[int] = 0x8150
