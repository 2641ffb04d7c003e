"""Status codes of DIMSE responses (PS3.7 Annex C; PS3.4 for the service classes), and which service may answer which.

`status_of` is the table at this edge: class of an error -> status, as ``app/errors.py`` is at the edge of HTTP. The
table says one status for each class; where a service does not have it, `nearest` finds what that service has instead.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from dicomcore import errors

SUCCESS = 0x0000
REQUESTED_OPTIONAL_ATTRIBUTES_NOT_SUPPORTED = 0x0001
NO_SUCH_ATTRIBUTE = 0x0105
INVALID_ATTRIBUTE_VALUE = 0x0106
ATTRIBUTE_LIST_ERROR = 0x0107
PROCESSING_FAILURE = 0x0110
DUPLICATE_SOP_INSTANCE = 0x0111
NO_SUCH_SOP_INSTANCE = 0x0112
NO_SUCH_EVENT_TYPE = 0x0113
NO_SUCH_ARGUMENT = 0x0114
INVALID_ARGUMENT_VALUE = 0x0115
ATTRIBUTE_VALUE_OUT_OF_RANGE = 0x0116
INVALID_SOP_INSTANCE = 0x0117
NO_SUCH_SOP_CLASS = 0x0118
CLASS_INSTANCE_CONFLICT = 0x0119
MISSING_ATTRIBUTE = 0x0120
MISSING_ATTRIBUTE_VALUE = 0x0121
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
ANOTHER_INSTANCE_STORED = 0xC111
"""Ours, of the class Cxxx: C-STORE has no status for a duplicate SOP Instance UID."""
TRANSFER_SYNTAX_NOT_SUPPORTED = 0xC122
"""Ours for C-STORE, the number being that of PS3.18 Table I.2-2."""
CANCEL = 0xFE00
PENDING = 0xFF00
PENDING_WITH_WARNING = 0xFF01


class Category(enum.Enum):
    """The classes of statuses (PS3.7 Annex C)."""

    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"
    CANCEL = "cancel"
    PENDING = "pending"


_CATEGORIES: Mapping[int, Category] = {
    SUCCESS: Category.SUCCESS,
    REQUESTED_OPTIONAL_ATTRIBUTES_NOT_SUPPORTED: Category.WARNING,
    ATTRIBUTE_LIST_ERROR: Category.WARNING,
    ATTRIBUTE_VALUE_OUT_OF_RANGE: Category.WARNING,
    CANCEL: Category.CANCEL,
    PENDING: Category.PENDING,
    PENDING_WITH_WARNING: Category.PENDING,
}


def category(status: int) -> Category:
    """Say what class a status is of; one that is outside all classes is a failure."""
    return _CATEGORIES.get(status) or (Category.WARNING if 0xB000 <= status <= 0xBFFF else Category.FAILURE)


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


_WORDS: Mapping[int, str] = {
    SUCCESS: "success",
    REQUESTED_OPTIONAL_ATTRIBUTES_NOT_SUPPORTED: "requested optional attributes are not supported",
    NO_SUCH_ATTRIBUTE: "no such attribute",
    INVALID_ATTRIBUTE_VALUE: "invalid attribute value",
    ATTRIBUTE_LIST_ERROR: "attribute list error",
    PROCESSING_FAILURE: "processing failure",
    DUPLICATE_SOP_INSTANCE: "duplicate SOP instance",
    NO_SUCH_SOP_INSTANCE: "no such SOP instance",
    NO_SUCH_EVENT_TYPE: "no such event type",
    NO_SUCH_ARGUMENT: "no such argument",
    INVALID_ARGUMENT_VALUE: "invalid argument value",
    ATTRIBUTE_VALUE_OUT_OF_RANGE: "attribute value out of range",
    INVALID_SOP_INSTANCE: "invalid SOP instance",
    NO_SUCH_SOP_CLASS: "no such SOP class",
    CLASS_INSTANCE_CONFLICT: "the SOP instance is not of the SOP class",
    MISSING_ATTRIBUTE: "missing attribute",
    MISSING_ATTRIBUTE_VALUE: "missing attribute value",
    SOP_CLASS_NOT_SUPPORTED: "SOP class not supported",
    NO_SUCH_ACTION_TYPE: "no such action type",
    NOT_AUTHORIZED: "not authorized",
    DUPLICATE_TRANSACTION_UID: "duplicate transaction UID",
    DUPLICATE_INVOCATION: "duplicate invocation",
    UNRECOGNIZED_OPERATION: "unrecognized operation",
    MISTYPED_ARGUMENT: "mistyped argument",
    RESOURCE_LIMITATION: "resource limitation",
    CANCEL: "cancelled",
    PENDING: "pending",
    PENDING_WITH_WARNING: "pending, with optional keys that are not supported",
}


def _words(*statuses: int) -> dict[int, str]:
    return {status: _WORDS[status] for status in statuses}


_INVOCATION = _words(SUCCESS, DUPLICATE_INVOCATION, UNRECOGNIZED_OPERATION, MISTYPED_ARGUMENT)
_GENERAL = _INVOCATION | _words(SOP_CLASS_NOT_SUPPORTED)
_IDENTIFIER = {DOES_NOT_MATCH_SOP_CLASS: "the identifier does not match the SOP class"}
_QUERY = _GENERAL | _words(NOT_AUTHORIZED, CANCEL, PENDING) | _IDENTIFIER
_RETRIEVE = _QUERY | {
    CANNOT_COUNT_MATCHES: "out of resources: the matches cannot be counted",
    CANNOT_PERFORM_SUBOPERATIONS: "out of resources: the sub-operations cannot be performed",
    SOME_SUBOPERATIONS_FAILED: "sub-operations are complete, with failures or warnings",
}
_NORMALIZED = _INVOCATION | _words(PROCESSING_FAILURE, INVALID_SOP_INSTANCE, NO_SUCH_SOP_CLASS, RESOURCE_LIMITATION)
_EXISTING = _NORMALIZED | _words(NO_SUCH_SOP_INSTANCE, CLASS_INSTANCE_CONFLICT)
_ATTRIBUTES = _words(
    NO_SUCH_ATTRIBUTE,
    INVALID_ATTRIBUTE_VALUE,
    ATTRIBUTE_LIST_ERROR,
    ATTRIBUTE_VALUE_OUT_OF_RANGE,
    MISSING_ATTRIBUTE_VALUE,
    NOT_AUTHORIZED,
)
_ARGUMENTS = _words(NO_SUCH_ARGUMENT, INVALID_ARGUMENT_VALUE)

STATUSES: Mapping[Service, Mapping[int, str]] = {
    Service.ECHO: _GENERAL,
    Service.STORE: _GENERAL
    | _words(INVALID_SOP_INSTANCE, NOT_AUTHORIZED)
    | {
        COERCION: "data elements were coerced",
        ELEMENTS_DISCARDED: "elements were discarded",
        DOES_NOT_MATCH_SOP_CLASS_WARNING: "the data set does not match the SOP class, and is stored",
        ANOTHER_INSTANCE_STORED: "another instance with this UID is stored",
        TRANSFER_SYNTAX_NOT_SUPPORTED: "the transfer syntax is not supported",
    },
    Service.FIND: _QUERY | _words(PENDING_WITH_WARNING) | {OUT_OF_RESOURCES: "out of resources"},
    Service.MOVE: _RETRIEVE | {MOVE_DESTINATION_UNKNOWN: "the move destination is unknown"},
    Service.GET: _RETRIEVE,
    Service.EVENT_REPORT: _EXISTING | _ARGUMENTS | _words(NO_SUCH_EVENT_TYPE),
    Service.N_GET: _EXISTING | _words(ATTRIBUTE_LIST_ERROR, NOT_AUTHORIZED),
    Service.SET: _EXISTING | _ATTRIBUTES,
    Service.ACTION: _EXISTING | _ARGUMENTS | _words(NO_SUCH_ACTION_TYPE, NOT_AUTHORIZED),
    Service.CREATE: _NORMALIZED | _ATTRIBUTES | _words(DUPLICATE_SOP_INSTANCE, MISSING_ATTRIBUTE),
    Service.DELETE: _EXISTING | _words(NOT_AUTHORIZED),
}
"""What each service may answer, in words (PS3.7 §9.1, §10.1; PS3.4 §B.2.3, §C.4); `RANGES` has whole classes."""

_UNABLE = (0xC000, 0xCFFF, "unable to process")

RANGES: Mapping[Service, tuple[tuple[int, int, str], ...]] = {
    Service.STORE: (
        (0xA700, 0xA7FF, "out of resources"),
        (0xA900, 0xA9FF, "the data set does not match the SOP class"),
        (0xB000, 0xBFFF, "stored, with a warning"),
        (0xC000, 0xCFFF, "the data set cannot be understood"),
    ),
    Service.FIND: (_UNABLE,),
    Service.MOVE: (_UNABLE,),
    Service.GET: (_UNABLE,),
}

COMMITMENT_FAILURES: Mapping[int, str] = _words(
    PROCESSING_FAILURE,
    NO_SUCH_SOP_INSTANCE,
    RESOURCE_LIMITATION,
    SOP_CLASS_NOT_SUPPORTED,
    CLASS_INSTANCE_CONFLICT,
    DUPLICATE_TRANSACTION_UID,
)
"""Failure Reasons (0008,1197) of Storage Commitment, which has no statuses of its own (PS3.3 §C.14, PS3.4 §J.3)."""


def is_allowed(status: int, service: Service) -> bool:
    """Say whether a service may answer a status."""
    return status in STATUSES[service] or any(low <= status <= high for low, high, _ in RANGES.get(service, ()))


def describe(status: int, service: Service | None = None) -> str:
    """Say in words what a status tells, as answered by a service or, without one, by any."""
    for one in Service if service is None else (service,):
        if status in STATUSES[one]:
            return STATUSES[one][status]
    ranges = (one for of, rows in RANGES.items() if service in (None, of) for one in rows)
    found = next((words for low, high, words in ranges if low <= status <= high), None)
    return found or _WORDS.get(status) or category(status).value


_N_SERVICES = tuple(service for service in Service if service.value.startswith("N-"))
_RETRIEVES = (Service.MOVE, Service.GET)
_LIMITED = dict.fromkeys(_N_SERVICES, RESOURCE_LIMITATION)

# status -> what services have in its place; those that are not named have their general failure
_INSTEAD: Mapping[int, Mapping[Service, int]] = {
    PROCESSING_FAILURE: {Service.STORE: OUT_OF_RESOURCES},  # nothing is wrong with the instance: to be sent again
    DUPLICATE_SOP_INSTANCE: {Service.STORE: ANOTHER_INSTANCE_STORED},
    SOP_CLASS_NOT_SUPPORTED: dict.fromkeys(_N_SERVICES, NO_SUCH_SOP_CLASS),
    NO_SUCH_SOP_CLASS: dict.fromkeys((Service.ECHO, Service.STORE, Service.FIND, *_RETRIEVES), SOP_CLASS_NOT_SUPPORTED),
    OUT_OF_RESOURCES: _LIMITED | dict.fromkeys(_RETRIEVES, CANNOT_PERFORM_SUBOPERATIONS),
    CANNOT_PERFORM_SUBOPERATIONS: _LIMITED | {Service.STORE: OUT_OF_RESOURCES, Service.FIND: OUT_OF_RESOURCES},
    DOES_NOT_MATCH_SOP_CLASS: {
        Service.ACTION: INVALID_ARGUMENT_VALUE,
        Service.EVENT_REPORT: INVALID_ARGUMENT_VALUE,
        Service.SET: INVALID_ATTRIBUTE_VALUE,
        Service.CREATE: INVALID_ATTRIBUTE_VALUE,
    },
}
_GENERAL_FAILURE: Mapping[Service, int] = {
    Service.ECHO: UNRECOGNIZED_OPERATION,
    **dict.fromkeys((Service.STORE, Service.FIND, *_RETRIEVES), UNABLE_TO_PROCESS),
    **dict.fromkeys(_N_SERVICES, PROCESSING_FAILURE),
}


def nearest(status: int, service: Service) -> int:
    """Return a failure status as a service may answer it: itself, or what this service has in its place."""
    if is_allowed(status, service):
        return status
    return _INSTEAD.get(status, {}).get(service, _GENERAL_FAILURE[service])


STATUS: Mapping[type[errors.DicomError], int] = {
    errors.DicomError: UNABLE_TO_PROCESS,
    errors.DataError: UNABLE_TO_PROCESS,
    errors.NotDicom: UNABLE_TO_PROCESS,
    errors.MalformedDataset: UNABLE_TO_PROCESS,
    errors.InvalidUid: DOES_NOT_MATCH_SOP_CLASS,
    errors.MissingAttribute: DOES_NOT_MATCH_SOP_CLASS,
    errors.AttributeMismatch: DOES_NOT_MATCH_SOP_CLASS,
    errors.LimitExceeded: OUT_OF_RESOURCES,
    errors.RequestError: DOES_NOT_MATCH_SOP_CLASS,
    errors.InvalidParameter: DOES_NOT_MATCH_SOP_CLASS,
    errors.NotAcceptable: UNABLE_TO_PROCESS,
    errors.UnsupportedMediaType: UNABLE_TO_PROCESS,
    errors.ResourceNotFound: NO_SUCH_SOP_INSTANCE,
    errors.ResourceGone: NO_SUCH_SOP_INSTANCE,
    errors.UnsupportedTransferSyntax: TRANSFER_SYNTAX_NOT_SUPPORTED,
    errors.UnsupportedSopClass: SOP_CLASS_NOT_SUPPORTED,
    errors.InstanceConflict: DUPLICATE_SOP_INSTANCE,
    errors.RangeNotSatisfiable: UNABLE_TO_PROCESS,
    errors.CodecError: UNABLE_TO_PROCESS,
    errors.CodecUnavailable: UNABLE_TO_PROCESS,
    errors.CorruptFrame: UNABLE_TO_PROCESS,
    errors.WorkerFailed: UNABLE_TO_PROCESS,
    errors.StorageUnavailable: OUT_OF_RESOURCES,
    errors.StorageFull: OUT_OF_RESOURCES,
    errors.IndexUnavailable: OUT_OF_RESOURCES,
    errors.DamagedInstance: UNABLE_TO_PROCESS,
    errors.WorkersUnavailable: OUT_OF_RESOURCES,
    # Another application entity was asked, to answer this one: what it could not do, neither can we now.
    errors.NetworkError: CANNOT_PERFORM_SUBOPERATIONS,
    errors.MalformedPdu: CANNOT_PERFORM_SUBOPERATIONS,
    errors.MalformedCommand: MISTYPED_ARGUMENT,
    errors.UnexpectedCall: UNRECOGNIZED_OPERATION,
    errors.PeerUnreachable: CANNOT_PERFORM_SUBOPERATIONS,
    errors.AssociationRejected: CANNOT_PERFORM_SUBOPERATIONS,
    errors.AssociationAborted: CANNOT_PERFORM_SUBOPERATIONS,
    errors.AssociationTimeout: CANNOT_PERFORM_SUBOPERATIONS,
    errors.NoPresentationContext: CANNOT_PERFORM_SUBOPERATIONS,
    errors.DimseFailure: UNABLE_TO_PROCESS,
    errors.UnknownNode: MOVE_DESTINATION_UNKNOWN,
}
"""Class of an error -> the status that says it best, whatever the service."""


def status_of(error: errors.DicomError, service: Service) -> int:
    """Return the status with which a service tells about an error: that of its nearest class in the table.

    The failure that another application entity answered is passed on.
    """
    if isinstance(error, errors.DimseFailure) and category(error.status) is Category.FAILURE:
        return nearest(error.status, service)
    return nearest(next(STATUS[cls] for cls in type(error).__mro__ if cls in STATUS), service)
