"""Reading an instance once, on its way in: identity, metadata, frame index, everything the index keeps of it.

The same function serves the store and the rebuild of the index from stored objects, so that both give the same rows.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

import xxhash
import zstandard

from dicomcore.data import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    PLACEHOLDER,
    STORAGE_SOP_CLASSES,
    Buffer,
    BulkdataPolicy,
    Dataset,
    Part10,
    encode_elements,
    join,
    new_dataset,
    read_dataset,
    uid_name,
)
from dicomcore.errors import AttributeMismatch, DicomError, MissingAttribute, UnsupportedSopClass
from dicomcore.index import InstanceRecord
from dicomcore.pixels import frame_index, image_elements
from dicomcore.resources import Resource
from dicomcore.uids import check_uid

DEFAULT_INLINE_THRESHOLD = 1024

SOP_CLASS_UID = 0x00080016
SOP_INSTANCE_UID = 0x00080018
STUDY_INSTANCE_UID = 0x0020000D
SERIES_INSTANCE_UID = 0x0020000E
MEDIA_STORAGE_SOP_CLASS_UID = 0x00020002
MEDIA_STORAGE_SOP_INSTANCE_UID = 0x00020003
TRANSFER_SYNTAX_UID = 0x00020010

_EXECUTABLE_SIGNATURES = (
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"PK\x03\x04",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
)
_PREAMBLE_LENGTH = 128
_BINARY = frozenset(("OB", "OD", "OF", "OL", "OV", "OW", "UN"))
_METADATA_LEVEL = 1  # of zstd: the higher levels save a tenth of the bytes for several times the work


@dataclass(frozen=True, slots=True)
class Identity:
    """The UIDs of an instance, checked."""

    resource: Resource
    sop_class_uid: str


def identify(part10: Part10) -> Identity:
    """Read who an instance is; the data set decides, not the file meta information.

    Raises:
        MissingAttribute, InvalidUid: a UID is not there or is none.
        UnsupportedSopClass: it is a registered SOP Class whose instances are not stored, such as a DICOMDIR.
    """
    dataset = part10.dataset
    uids = {}
    for tag, name in _IDENTIFIERS:
        text = "\\".join(dataset.texts(tag))  # several values are none
        if not text:
            if part10.file_meta.text(MEDIA_STORAGE_SOP_CLASS_UID) in _NOT_STORED:
                raise UnsupportedSopClass(part10.file_meta.text(MEDIA_STORAGE_SOP_CLASS_UID))
            raise MissingAttribute(tag, name)
        uids[tag] = check_uid(text, name)
    sop_class_uid = uids[SOP_CLASS_UID]
    if sop_class_uid not in STORAGE_SOP_CLASSES and uid_name(sop_class_uid) != "":
        raise UnsupportedSopClass(sop_class_uid)
    resource = Resource(uids[STUDY_INSTANCE_UID], uids[SERIES_INSTANCE_UID], uids[SOP_INSTANCE_UID])
    return Identity(resource, sop_class_uid)


def catalogue(
    part10: Part10,
    identity: Identity,
    *,
    key: str = "",
    size: int,
    sha256: bytes,
    checksum: bytes,
    digest: bytes,
    inline_threshold: int = DEFAULT_INLINE_THRESHOLD,
) -> InstanceRecord:
    """Make the index's record of an instance whose ``size`` bytes are, or will be, stored under ``key``."""
    resource = identity.resource
    prefix = PLACEHOLDER + f"{resource.path}/bulkdata/".encode()
    fragments = encode_elements(part10.dataset, BulkdataPolicy(prefix, inline_threshold))
    frames = frame_index(part10.dataset)
    return InstanceRecord(
        study_instance_uid=str(resource.study_instance_uid),
        series_instance_uid=str(resource.series_instance_uid),
        sop_instance_uid=str(resource.sop_instance_uid),
        sop_class_uid=identity.sop_class_uid,
        transfer_syntax_uid=part10.transfer_syntax.uid,
        key=key,
        size=size,
        sha256=sha256,
        checksum=checksum,
        content_digest=digest,
        dataset_start=part10.dataset_start,
        metadata=_compress(join(fragments.values())),
        fragments=fragments,
        is_file=part10.preamble is not None
        and part10.file_meta.text(TRANSFER_SYNTAX_UID) == part10.transfer_syntax.uid,
        frames_header=frames.header + image_elements(part10.dataset),
        frames_pages=frames.pages,
    )


class _Compressors(threading.local):
    """A compressor for each thread: to make one takes a quarter of the time that it then needs for an image."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=_METADATA_LEVEL).compress


_COMPRESSORS = _Compressors()


def _compress(document: bytes) -> bytes:
    return _COMPRESSORS.compress(document)


def file_meta_of(view: memoryview) -> Dataset:
    """Read the File Meta Information of a file whose data set cannot be read; empty if it cannot be read either."""
    start = _PREAMBLE_LENGTH + 4
    try:
        length = read_dataset(view, EXPLICIT_VR_LITTLE_ENDIAN, start=start, end=min(start + 12, len(view)))
        end = start + 12 + (length.integer(0x00020000) or 0)
        return read_dataset(view, EXPLICIT_VR_LITTLE_ENDIAN, start=start, end=min(end, len(view)))
    except DicomError:
        return new_dataset()


def inline_size(dataset: Dataset) -> int:
    """About how many bytes of a data set become metadata: all but those of binary values."""
    return sum(element.end - element.start for element in dataset.elements.values() if element.vr not in _BINARY)


def content_digest(part10: Part10, windows: Iterable[Buffer]) -> bytes:
    """Digest what makes two instances the same: the data set and its transfer syntax, not preamble and file meta.

    The file meta information names the last writer, so that the same instance differs there by the way it came.
    ``windows`` are the bytes from ``dataset_start`` on.
    """
    digest = xxhash.xxh3_128(part10.transfer_syntax.uid.encode())
    for window in windows:
        digest.update(window)
    return digest.digest()


def meta_mismatch(part10: Part10, identity: Identity) -> AttributeMismatch | None:
    """Say how the file meta information contradicts the data set, if it does (PS3.10 §7.1)."""
    expected = (
        (MEDIA_STORAGE_SOP_CLASS_UID, "Media Storage SOP Class UID", identity.sop_class_uid),
        (MEDIA_STORAGE_SOP_INSTANCE_UID, "Media Storage SOP Instance UID", identity.resource.sop_instance_uid),
    )
    for tag, name, uid in expected:
        text = part10.file_meta.text(tag)
        if text and text != uid:
            return AttributeMismatch(tag, name, "differs from that of the data set")
    return None


def executable_preamble(view: memoryview) -> bool:
    """Say whether the preamble starts like a program or an archive (CVE-2019-11687); TIFF and others do not."""
    start = bytes(view[:4])
    return len(view) > _PREAMBLE_LENGTH and bytes(view[128:132]) == b"DICM" and start.startswith(_EXECUTABLE_SIGNATURES)


EMPTY_PREAMBLE = bytes(_PREAMBLE_LENGTH)
_IDENTIFIERS = (
    (SOP_CLASS_UID, "SOP Class UID"),
    (SOP_INSTANCE_UID, "SOP Instance UID"),
    (STUDY_INSTANCE_UID, "Study Instance UID"),
    (SERIES_INSTANCE_UID, "Series Instance UID"),
)
_NOT_STORED = ("1.2.840.10008.1.3.10",)
