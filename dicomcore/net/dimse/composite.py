"""The messages of the composite services (PS3.7 §9.3), which other services' messages have their first fields from.

Each message is a class whose fields are the elements of its command set, named by their keywords; ``has_dataset`` is
Command Data Set Type (0000,0800), ``field`` is Command Field (0000,0100).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

MEDIUM, HIGH, LOW = 0, 1, 2
"""Priorities (0000,0700)."""

VERIFICATION = "1.2.840.10008.1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFields:
    """What all requests have."""

    message_id: int
    has_dataset: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFields:
    """What all responses have; the fields about an error are empty when there is none (PS3.7 Annex C)."""

    message_id_being_responded_to: int
    status: int
    error_comment: str = ""
    offending_element: tuple[int, ...] = ()
    error_id: int | None = None
    has_dataset: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CStoreRQ(RequestFields):
    """C-STORE-RQ (PS3.7 §9.3.1.1)."""

    field: ClassVar[int] = 0x0001
    affected_sop_class_uid: str
    affected_sop_instance_uid: str
    priority: int = MEDIUM
    move_originator_application_entity_title: str = ""
    move_originator_message_id: int | None = None
    has_dataset: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CStoreRSP(ResponseFields):
    """C-STORE-RSP (PS3.7 §9.3.1.2)."""

    field: ClassVar[int] = 0x8001
    affected_sop_class_uid: str = ""
    affected_sop_instance_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CFindRQ(RequestFields):
    """C-FIND-RQ (PS3.7 §9.3.2.1)."""

    field: ClassVar[int] = 0x0020
    affected_sop_class_uid: str
    priority: int = MEDIUM
    has_dataset: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CFindRSP(ResponseFields):
    """C-FIND-RSP (PS3.7 §9.3.2.2)."""

    field: ClassVar[int] = 0x8020
    affected_sop_class_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted(ResponseFields):
    affected_sop_class_uid: str = ""
    number_of_remaining_suboperations: int | None = None
    number_of_completed_suboperations: int | None = None
    number_of_failed_suboperations: int | None = None
    number_of_warning_suboperations: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CGetRQ(RequestFields):
    """C-GET-RQ (PS3.7 §9.3.3.1)."""

    field: ClassVar[int] = 0x0010
    affected_sop_class_uid: str
    priority: int = MEDIUM
    has_dataset: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CGetRSP(_Counted):
    """C-GET-RSP (PS3.7 §9.3.3.2)."""

    field: ClassVar[int] = 0x8010


@dataclass(frozen=True, slots=True, kw_only=True)
class CMoveRQ(RequestFields):
    """C-MOVE-RQ (PS3.7 §9.3.4.1)."""

    field: ClassVar[int] = 0x0021
    affected_sop_class_uid: str
    move_destination: str
    priority: int = MEDIUM
    has_dataset: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CMoveRSP(_Counted):
    """C-MOVE-RSP (PS3.7 §9.3.4.2)."""

    field: ClassVar[int] = 0x8021


@dataclass(frozen=True, slots=True, kw_only=True)
class CEchoRQ(RequestFields):
    """C-ECHO-RQ (PS3.7 §9.3.5.1)."""

    field: ClassVar[int] = 0x0030
    affected_sop_class_uid: str = VERIFICATION


@dataclass(frozen=True, slots=True, kw_only=True)
class CEchoRSP(ResponseFields):
    """C-ECHO-RSP (PS3.7 §9.3.5.2)."""

    field: ClassVar[int] = 0x8030
    affected_sop_class_uid: str = VERIFICATION


@dataclass(frozen=True, slots=True, kw_only=True)
class CCancelRQ:
    """C-CANCEL-RQ (PS3.7 §9.3.2.3, §9.3.3.3, §9.3.4.3); it has no response."""

    field: ClassVar[int] = 0x0FFF
    message_id_being_responded_to: int
    has_dataset: bool = False
