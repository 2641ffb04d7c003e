"""Instances that come as metadata and bulk data (PS3.18 §10.5.1.4): collecting the parts, putting them together.

Bulk data parts are spooled, so that memory does not grow with them; metadata is held, up to its limit. A bulk data URI
is a name for a part of the same body and never an address: nothing is ever fetched (row JSN-018).
"""

from collections.abc import Iterator

from app.media_types import TRANSFER_SYNTAX, parse_media_type
from app.negotiation import DICOM_JSON, JSON
from dicomcore.data import (
    AssembledInstance,
    BulkdataPart,
    Metadata,
    decode_json_instances,
    decode_xml,
    instance_from_metadata,
)
from dicomcore.errors import DicomError, InvalidParameter, LimitExceeded
from dicomcore.source import Source, StoreOutcome, claimed_identity, failure_reason
from dicomcore.storage import Spool

MAX_METADATA = 64 << 20
_METADATA_TYPES = {DICOM_JSON: (DICOM_JSON, JSON), "application/dicom+xml": ("application/dicom+xml", "text/xml")}


class MetadataParts:
    """The parts of one request; ``root`` is the media type that its metadata parts have."""

    def __init__(self, source: Source, root: str) -> None:
        self._source = source
        self._root = root
        self._documents: list[bytearray] = []
        self._bulkdata: dict[str, list[tuple[dict[str, str], Spool]]] = {}
        self._spools: list[Spool] = []
        self._document: bytearray | None = None
        self._metadata_size = 0

    @property
    def wants_thread(self) -> bool:
        """Whether the next `write` may touch the disk."""
        return self._document is None and bool(self._spools) and self._spools[-1].wants_thread

    def begin(self, headers: dict[str, str]) -> None:
        """A part begins: metadata by its type, everything else is bulk data and has a name."""
        media_type = parse_media_type(headers.get("content-type", self._root))
        if media_type.name in _METADATA_TYPES[self._root]:
            self._document = bytearray()
            self._documents.append(self._document)
            return
        if media_type.name == "application/dicom":
            raise InvalidParameter("body", "instances and metadata in one request")
        location = headers.get("content-location")
        if not location:
            raise InvalidParameter("body", "a bulk data part has no Content-Location")
        self._document = None
        spool = self._source.spool()
        self._spools.append(spool)
        self._bulkdata.setdefault(location, []).append((headers, spool))

    def write(self, data: memoryview) -> None:
        """Take bytes of the part that began last."""
        if self._document is None:
            self._spools[-1].write(data)
            return
        self._metadata_size += len(data)
        if self._metadata_size > MAX_METADATA:
            raise LimitExceeded("bytes of metadata", MAX_METADATA)
        self._document += data

    def instances(self) -> Iterator[AssembledInstance | StoreOutcome]:
        """Put each instance together; the refusal of one that cannot be is given in its place."""
        parts = {
            location: [_bulkdata_part(headers, spool) for headers, spool in found]
            for location, found in self._bulkdata.items()
        }
        for metadata in self._metadata():
            if isinstance(metadata, StoreOutcome):
                yield metadata
                continue
            resource, sop_class_uid = claimed_identity(metadata.dataset)
            try:
                yield instance_from_metadata(metadata.dataset, metadata.references, parts)
            except DicomError as error:
                yield StoreOutcome(resource, sop_class_uid, failure=failure_reason(error), detail=str(error))

    def close(self) -> None:
        """Drop the parts."""
        for spool in self._spools:
            spool.close()

    def _metadata(self) -> Iterator[Metadata | StoreOutcome]:
        for document in self._documents:
            try:
                if self._root == DICOM_JSON:
                    yield from decode_json_instances(document)
                else:
                    yield decode_xml(document)
            except DicomError as error:
                yield StoreOutcome(failure=failure_reason(error), detail=str(error))


def _bulkdata_part(headers: dict[str, str], spool: Spool) -> BulkdataPart:
    media_type = parse_media_type(headers.get("content-type", "application/octet-stream"))
    return BulkdataPart(media_type.name, media_type.parameter(TRANSFER_SYNTAX), spool.view() if spool.size else b"")
