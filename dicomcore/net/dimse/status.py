"""Status codes of DIMSE responses (PS3.7 Annex C; PS3.4 for the service classes), and which service may answer which.

`status_of` is the table at this edge: class of an error -> status, as ``app/errors.py`` is at the edge of HTTP.
"""

from __future__ import annotations

import enum

from dicomcore import errors

SUCCESS = 0x0000
ATTRIBUTE_LIST_ERROR = 0x0107
PROCESSING_FAILURE = 0x0110
DUPLICATE_SOP_INSTANCE = 0x0111
NO_SUCH_SOP_INSTANCE = 0x0112
INVALID_ARGUMENT_VALUE = 0x0115
INVALID_SOP_INSTANCE = 0x0117
NO_SUCH_SOP_CLASS = 0x0118
SOP_CLASS_NOT_SUPPORTED = 0x0122
NO_SUCH_ACTION_TYPE = 0x0123
NOT_AUTHORIZED = 0x0124
DUPLICATE_TRANSACTION_UID = 0x0131
DUPLICATE_INVOCATION = 0x0210
UNRECOGNIZED_OPERATION = 0x0211
MISTYPED_ARGUMENT = 0x0212
RESOURCE_LIMITATION = 0x0213
OUT_OF_RESOURCES = 0xA700
CANNOT_COUNT_MATCHES = 0xA701
CANNOT_PERFORM_SUBOPERATIONS = 0xA702
MOVE_DESTINATION_UNKNOWN = 0xA801
DOES_NOT_MATCH_SOP_CLASS = 0xA900
COERCION = 0xB000
SOME_SUBOPERATIONS_FAILED = 0xB000
ELEMENTS_DISCARDED = 0xB006
DOES_NOT_MATCH_SOP_CLASS_WARNING = 0xB007
UNABLE_TO_PROCESS = 0xC000
CANCEL = 0xFE00
PENDING = 0xFF00
PENDING_WITH_WARNING = 0xFF01


class Category(enum.Enum):
    """PS3.7 Annex C."""

    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"
    CANCEL = "cancel"
    PENDING = "pending"


def category(status: int) -> Category:
    """Say what a status means; one outside all classes is a failure."""
    if status == SUCCESS:
        return Category.SUCCESS
    if status in (PENDING, PENDING_WITH_WARNING):
        return Category.PENDING
    if status == CANCEL:
        return Category.CANCEL
    is_warning = status in (0x0001, ATTRIBUTE_LIST_ERROR, 0x0116) or status & 0xF000 == 0xB000
    return Category.WARNING if is_warning else Category.FAILURE


class Service(enum.Enum):
    """Services, as far as their statuses differ."""

    ECHO = "C-ECHO"
    STORE = "C-STORE"
    FIND = "C-FIND"
    MOVE = "C-MOVE"
    GET = "C-GET"
    EVENT_REPORT = "N-EVENT-REPORT"
    N_GET = "N-GET"
    SET = "N-SET"
    ACTION = "N-ACTION"
    CREATE = "N-CREATE"
    DELETE = "N-DELETE"


_GENERAL = frozenset(
    (SUCCESS, SOP_CLASS_NOT_SUPPORTED, DUPLICATE_INVOCATION, UNRECOGNIZED_OPERATION, MISTYPED_ARGUMENT)
)
_QUERY = frozenset((SUCCESS, SOP_CLASS_NOT_SUPPORTED, NOT_AUTHORIZED, DOES_NOT_MATCH_SOP_CLASS, CANCEL, PENDING))
_RETRIEVE = _QUERY | {CANNOT_COUNT_MATCHES, CANNOT_PERFORM_SUBOPERATIONS, SOME_SUBOPERATIONS_FAILED}
_N = frozenset(
    (SUCCESS, 0x0110, 0x0112, 0x0117, 0x0118, 0x0119, NOT_AUTHORIZED, 0x0210, 0x0211, MISTYPED_ARGUMENT, 0x0213)
)

ALLOWED: dict[Service, frozenset[int]] = {
    Service.ECHO: _GENERAL,
    Service.STORE: _GENERAL | {INVALID_SOP_INSTANCE, NOT_AUTHORIZED},
    Service.FIND: _QUERY | {OUT_OF_RESOURCES, PENDING_WITH_WARNING},
    Service.MOVE: _RETRIEVE | {MOVE_DESTINATION_UNKNOWN},
    Service.GET: _RETRIEVE,
    Service.EVENT_REPORT: (_N - {NOT_AUTHORIZED}) | {0x0113, 0x0114, 0x0115},
    Service.N_GET: _N | {ATTRIBUTE_LIST_ERROR},
    Service.SET: _N | {0x0105, 0x0106, ATTRIBUTE_LIST_ERROR, 0x0116, 0x0121},
    Service.ACTION: _N | {0x0114, 0x0115, NO_SUCH_ACTION_TYPE},
    Service.CREATE: (_N - {0x0112, 0x0119}) | {0x0105, 0x0106, ATTRIBUTE_LIST_ERROR, 0x0111, 0x0116, 0x0120, 0x0121},
    Service.DELETE: _N,
}
"""Statuses by number (rows UL-019 and UL-020); `RANGES` has those that are classes of numbers."""

RANGES: dict[Service, tuple[tuple[int, int], ...]] = {
    Service.STORE: ((0xA700, 0xA7FF), (0xA900, 0xA9FF), (0xC000, 0xCFFF), (0xB000, 0xBFFF)),
    Service.FIND: ((0xC000, 0xCFFF),),
    Service.MOVE: ((0xC000, 0xCFFF),),
    Service.GET: ((0xC000, 0xCFFF),),
}


def is_allowed(status: int, service: Service) -> bool:
    """Say whether a service may answer a status."""
    return status in ALLOWED[service] or any(low <= status <= high for low, high in RANGES.get(service, ()))


# class of an error -> status of a C-STORE, of a query or retrieve, of a normalized service
_STATUS: dict[type[errors.DicomError], tuple[int, int, int]] = {
    errors.DicomError: (UNABLE_TO_PROCESS, UNABLE_TO_PROCESS, PROCESSING_FAILURE),
    errors.DataError: (UNABLE_TO_PROCESS, DOES_NOT_MATCH_SOP_CLASS, PROCESSING_FAILURE),
    errors.InvalidUid: (DOES_NOT_MATCH_SOP_CLASS, DOES_NOT_MATCH_SOP_CLASS, PROCESSING_FAILURE),
    errors.MissingAttribute: (DOES_NOT_MATCH_SOP_CLASS, DOES_NOT_MATCH_SOP_CLASS, PROCESSING_FAILURE),
    errors.AttributeMismatch: (DOES_NOT_MATCH_SOP_CLASS, DOES_NOT_MATCH_SOP_CLASS, PROCESSING_FAILURE),
    errors.LimitExceeded: (OUT_OF_RESOURCES, OUT_OF_RESOURCES, RESOURCE_LIMITATION),
    errors.RequestError: (UNABLE_TO_PROCESS, DOES_NOT_MATCH_SOP_CLASS, PROCESSING_FAILURE),
    errors.ResourceNotFound: (UNABLE_TO_PROCESS, UNABLE_TO_PROCESS, NO_SUCH_SOP_INSTANCE),
    errors.ResourceGone: (UNABLE_TO_PROCESS, UNABLE_TO_PROCESS, NO_SUCH_SOP_INSTANCE),
    errors.UnsupportedSopClass: (SOP_CLASS_NOT_SUPPORTED, SOP_CLASS_NOT_SUPPORTED, NO_SUCH_SOP_CLASS),
    errors.InstanceConflict: (DUPLICATE_SOP_INSTANCE, UNABLE_TO_PROCESS, PROCESSING_FAILURE),
    errors.StorageUnavailable: (OUT_OF_RESOURCES, OUT_OF_RESOURCES, RESOURCE_LIMITATION),
    errors.UnknownNode: (UNABLE_TO_PROCESS, MOVE_DESTINATION_UNKNOWN, PROCESSING_FAILURE),
}
_COLUMN = {Service.STORE: 0, Service.FIND: 1, Service.MOVE: 1, Service.GET: 1}
_INSTEAD = {
    (Service.STORE, DUPLICATE_SOP_INSTANCE): UNABLE_TO_PROCESS,  # C-STORE has no status for a duplicate
    (Service.FIND, MOVE_DESTINATION_UNKNOWN): UNABLE_TO_PROCESS,
    (Service.GET, MOVE_DESTINATION_UNKNOWN): UNABLE_TO_PROCESS,
    (Service.MOVE, OUT_OF_RESOURCES): CANNOT_PERFORM_SUBOPERATIONS,
    (Service.GET, OUT_OF_RESOURCES): CANNOT_PERFORM_SUBOPERATIONS,
    (Service.ECHO, PROCESSING_FAILURE): UNRECOGNIZED_OPERATION,
    (Service.ECHO, RESOURCE_LIMITATION): UNRECOGNIZED_OPERATION,
    (Service.ECHO, NO_SUCH_SOP_INSTANCE): UNRECOGNIZED_OPERATION,
    (Service.ECHO, NO_SUCH_SOP_CLASS): SOP_CLASS_NOT_SUPPORTED,
    (Service.CREATE, NO_SUCH_SOP_INSTANCE): PROCESSING_FAILURE,
}


def status_of(error: errors.DicomError, service: Service) -> int:
    """The status with which a service tells about an error: that of its nearest class in the table."""
    found = next(_STATUS[cls] for cls in type(error).__mro__ if cls in _STATUS)[_COLUMN.get(service, 2)]
    return _INSTEAD.get((service, found), found)


_WORDS = {
    SUCCESS: "success",
    ATTRIBUTE_LIST_ERROR: "attribute list error",
    PROCESSING_FAILURE: "processing failure",
    DUPLICATE_SOP_INSTANCE: "duplicate SOP instance",
    NO_SUCH_SOP_INSTANCE: "no such SOP instance",
    INVALID_ARGUMENT_VALUE: "invalid argument value",
    INVALID_SOP_INSTANCE: "invalid SOP instance",
    NO_SUCH_SOP_CLASS: "no such SOP class",
    SOP_CLASS_NOT_SUPPORTED: "SOP class not supported",
    NO_SUCH_ACTION_TYPE: "no such action type",
    NOT_AUTHORIZED: "not authorized",
    DUPLICATE_TRANSACTION_UID: "duplicate transaction UID",
    DUPLICATE_INVOCATION: "duplicate invocation",
    UNRECOGNIZED_OPERATION: "unrecognized operation",
    MISTYPED_ARGUMENT: "mistyped argument",
    RESOURCE_LIMITATION: "resource limitation",
    CANNOT_COUNT_MATCHES: "out of resources: the matches cannot be counted",
    CANNOT_PERFORM_SUBOPERATIONS: "out of resources: the sub-operations cannot be performed",
    MOVE_DESTINATION_UNKNOWN: "move destination unknown",
    COERCION: "coercion of data elements, or sub-operations that failed",
    ELEMENTS_DISCARDED: "elements discarded",
    DOES_NOT_MATCH_SOP_CLASS_WARNING: "the data set does not match the SOP class",
    CANCEL: "cancelled",
    PENDING: "pending",
    PENDING_WITH_WARNING: "pending, and optional keys are not supported",
}
_CLASSES = ((0xA700, "out of resources"), (0xA900, "the data set does not match the SOP class"))


def describe(status: int) -> str:
    """Say in words what a status tells."""
    if status in _WORDS:
        return _WORDS[status]
    return next(
        (words for code, words in _CLASSES if status & 0xFF00 == code),
        "cannot be understood or processed" if status & 0xF000 == 0xC000 else category(status).value,
    )
