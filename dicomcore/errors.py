"""Every error of dicomcore.

A branch says who can do something about it, a leaf says what happened. Errors carry facts as attributes; the message
is one sentence a person can act on. The two edges translate classes to codes by table (``app/errors.py`` to HTTP
status codes); a test walks this tree and fails when a leaf is missing there.

- DicomError
    - DataError: the bytes are at fault
        - NotDicom
        - MalformedDataset
        - InvalidUid
        - MissingAttribute
        - AttributeMismatch
        - LimitExceeded
    - RequestError: the request is at fault
        - InvalidParameter
        - NotAcceptable
        - UnsupportedMediaType
        - ResourceNotFound
        - ResourceGone
        - UnsupportedTransferSyntax
        - UnsupportedSopClass
        - InstanceConflict
        - RangeNotSatisfiable
    - CodecError: the pixels are at fault
        - CodecUnavailable
        - CorruptFrame
        - WorkerFailed
    - StorageUnavailable: the operator can do something
        - StorageFull
        - IndexUnavailable
        - DamagedInstance
        - WorkersUnavailable
    - NetworkError: another application entity is at fault, or the way to it
        - MalformedPdu
        - MalformedCommand
        - UnexpectedCall
        - PeerUnreachable
        - AssociationRejected
        - AssociationAborted
        - AssociationTimeout
        - NoPresentationContext
        - DimseFailure
        - UnknownNode
"""

from collections.abc import Sequence


class DicomError(Exception):
    """The root: whatever dicomcore raises on purpose."""


class DataError(DicomError):
    """The bytes that were given are at fault."""


class NotDicom(DataError):
    """The bytes are no DICOM data set at all."""


class MalformedDataset(DataError):
    """A data set breaks the encoding rules of PS3.5.

    ``offset`` counts bytes from the start of the buffer that was read, ``tag`` is the element at fault, if known.
    """

    def __init__(self, problem: str, *, offset: int | None = None, tag: int | None = None) -> None:
        self.problem = problem
        self.offset = offset
        self.tag = tag
        where = "" if tag is None else f" in ({tag >> 16:04X},{tag & 0xFFFF:04X})"
        where += "" if offset is None else f" at byte {offset}"
        super().__init__(f"{problem}{where}")


class InvalidUid(DataError):
    """A UID breaks PS3.5 §9.1; ``name`` says which one."""

    def __init__(self, uid: str, name: str = "UID") -> None:
        self.uid = uid
        self.name = name
        super().__init__(f"{name} is not a valid UID: {uid[:80]!r}")


class MissingAttribute(DataError):
    """A data set lacks an attribute without which it cannot be stored."""

    def __init__(self, tag: int, name: str) -> None:
        self.tag = tag
        super().__init__(f"{name} ({tag >> 16:04X},{tag & 0xFFFF:04X}) is missing or empty")


class AttributeMismatch(DataError):
    """An attribute has another value than the one that the request or the file meta information demands."""

    def __init__(self, tag: int, name: str, problem: str) -> None:
        self.tag = tag
        super().__init__(f"{name} ({tag >> 16:04X},{tag & 0xFFFF:04X}) {problem}")


class LimitExceeded(DataError):
    """The input is larger than a published limit; ``limit`` names it, ``allowed`` is its value."""

    def __init__(self, limit: str, allowed: int) -> None:
        self.limit = limit
        self.allowed = allowed
        super().__init__(f"more than the allowed {limit} ({allowed})")


class RequestError(DicomError):
    """The request is at fault, not the data."""


class InvalidParameter(RequestError):
    """A parameter, header or path segment has a value that the standard does not allow there."""

    def __init__(self, name: str, problem: str) -> None:
        self.name = name
        self.problem = problem
        super().__init__(f"{name}: {problem}")


class NotAcceptable(RequestError):
    """Nothing that the client accepts can be made; ``available`` lists what could be."""

    def __init__(self, problem: str, available: Sequence[str] = ()) -> None:
        self.available = tuple(available)
        super().__init__(problem)


class UnsupportedMediaType(RequestError):
    """The payload has a media type that is not taken here; ``available`` lists those that are."""

    def __init__(self, problem: str, available: Sequence[str] = ()) -> None:
        self.available = tuple(available)
        super().__init__(problem)


class ResourceNotFound(RequestError):
    """No such study, series, instance, frame or bulk data."""

    def __init__(self, resource: object) -> None:
        self.resource = resource
        super().__init__(f"{resource} is not here")


class ResourceGone(RequestError):
    """It was here and has been deleted."""

    def __init__(self, resource: object) -> None:
        self.resource = resource
        super().__init__(f"{resource} has been deleted")


class UnsupportedTransferSyntax(RequestError):
    """The transfer syntax is unknown, or not to be had in the direction asked for."""

    def __init__(self, uid: str) -> None:
        self.uid = uid
        super().__init__(f"transfer syntax {uid} is not supported")


class UnsupportedSopClass(RequestError):
    """The SOP Class is not supported for what was asked."""

    def __init__(self, uid: str) -> None:
        self.uid = uid
        super().__init__(f"SOP Class {uid} is not supported")


class InstanceConflict(RequestError):
    """Another instance with this SOP Instance UID is stored, and the policy is to keep it."""

    def __init__(self, resource: object) -> None:
        self.resource = resource
        super().__init__(f"{resource} is stored already with other content")


class RangeNotSatisfiable(RequestError):
    """No byte range that was asked for lies within the ``size`` bytes of the representation."""

    def __init__(self, size: int) -> None:
        self.size = size
        super().__init__(f"no range asked for lies within the {size} bytes")


class CodecError(DicomError):
    """Pixel data cannot be decoded or encoded."""


class CodecUnavailable(CodecError):
    """There is no codec for this transfer syntax."""

    def __init__(self, uid: str) -> None:
        self.uid = uid
        super().__init__(f"no codec for transfer syntax {uid}")


class CorruptFrame(CodecError):
    """The bytes of frame ``frame_number`` (from 1) do not decode."""

    def __init__(self, frame_number: int, problem: str) -> None:
        self.frame_number = frame_number
        super().__init__(f"frame {frame_number} is corrupt: {problem}")


class WorkerFailed(CodecError):
    """The process that worked on pixels was ended by one of its limits, or died; ``reason`` says of what."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the pixels cannot be processed: {reason}")


class StorageUnavailable(DicomError):
    """Storage does not answer; the operator can do something about it, the client can try again."""


class StorageFull(StorageUnavailable):
    """No room is left for what is to be stored."""


class IndexUnavailable(StorageUnavailable):
    """The index database does not answer.

    ``is_unchanged`` says that what was to be written certainly has not been.
    """

    def __init__(self, problem: str, *, is_unchanged: bool = False) -> None:
        self.is_unchanged = is_unchanged
        super().__init__(problem)


class DamagedInstance(StorageUnavailable):
    """The stored bytes of an instance are missing or differ from what was stored."""

    def __init__(self, resource: object, problem: str) -> None:
        self.resource = resource
        super().__init__(f"{resource} is damaged in storage: {problem}")


class WorkersUnavailable(StorageUnavailable):
    """No process can work on pixels now: too much is waiting, none can be started, or the server is shutting down."""


class NetworkError(DicomError):
    """Another application entity is at fault, or the way to it."""


class MalformedPdu(NetworkError):
    """Bytes break the rules of PS3.8 §9.3; ``offset`` counts from the start of the PDU."""

    def __init__(self, problem: str, *, offset: int | None = None) -> None:
        self.problem = problem
        self.offset = offset
        super().__init__(problem if offset is None else f"{problem} at byte {offset}")


class MalformedCommand(NetworkError):
    """A message breaks the rules of PS3.7."""


class UnexpectedCall(NetworkError):
    """Something was asked of an association that its state does not allow."""


class PeerUnreachable(NetworkError):
    """No connection to an application entity can be made."""

    def __init__(self, address: str, problem: str) -> None:
        self.address = address
        super().__init__(f"{address} cannot be reached: {problem}")


class AssociationRejected(NetworkError):
    """The peer rejected the association (PS3.8 Table 9-21)."""

    def __init__(self, result: int, source: int, reason: int, sentence: str = "") -> None:
        self.result = result
        self.source = source
        self.reason = reason
        super().__init__(sentence or f"the association was rejected (result {result}, source {source}, {reason})")


class AssociationAborted(NetworkError):
    """The peer aborted the association, or the connection broke (PS3.8 §9.3.8)."""

    def __init__(self, source: int = 0, reason: int = 0, sentence: str = "the association was aborted") -> None:
        self.source = source
        self.reason = reason
        super().__init__(sentence)


class AssociationTimeout(NetworkError):
    """The peer did not answer in time; ``what`` was waited for."""

    def __init__(self, what: str, seconds: float) -> None:
        self.what = what
        self.seconds = seconds
        super().__init__(f"no {what} within {seconds:g} seconds")


class NoPresentationContext(NetworkError):
    """The peer accepted no presentation context for what is to be sent."""

    def __init__(self, sop_class_uid: str, transfer_syntax_uid: str | None = None) -> None:
        self.uid = sop_class_uid
        form = "" if transfer_syntax_uid is None else f" in transfer syntax {transfer_syntax_uid}"
        super().__init__(f"the peer does not accept SOP Class {sop_class_uid}{form}")


class DimseFailure(NetworkError):
    """The peer answered an operation with a failure status (PS3.7 Annex C)."""

    def __init__(self, status: int, comment: str = "") -> None:
        self.status = status
        self.comment = comment
        super().__init__(f"status {status:04X}" + (f": {comment}" if comment else ""))


class UnknownNode(NetworkError):
    """No application entity with this title is configured."""

    def __init__(self, ae_title: str) -> None:
        self.ae_title = ae_title
        super().__init__(f"no node is called {ae_title!r}")
