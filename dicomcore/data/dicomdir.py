"""DICOMDIR, the directory of a File-set (PS3.3 Annex F, PS3.10 §8.6), and the File IDs in it (PS3.10 §8.2).

Records are written depth first (patient, its first study, ...), each list linked by offsets from the beginning of the
file. A record keeps text as the instance has it, with the instance's Specific Character Set. Values that an instance
lacks stay empty in its records, also where PS3.3 §F.5 wants one (Type 1): a directory invents nothing.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from dicomcore.data.dataset import SPECIFIC_CHARACTER_SET, Dataset, new_dataset
from dicomcore.data.dictionary import tag_of, vr_of
from dicomcore.data.directory_records import RECORD_KEYS, ROOT_RECORDS, record_type_of
from dicomcore.data.file_format import file_header
from dicomcore.data.transfer_syntax import EXPLICIT_VR_LITTLE_ENDIAN
from dicomcore.data.vr import VRS, Kind
from dicomcore.data.writer import write_dataset
from dicomcore.errors import InvalidParameter, LimitExceeded
from dicomcore.uids import MEDIA_STORAGE_DIRECTORY, new_uid

_SOP_CLASS_UID = 0x00080016
_SOP_INSTANCE_UID = 0x00080018
_ROWS = 0x00280010
_CONTENT_SEQUENCE = 0x0040A730
_RELATIONSHIP_TYPE = 0x0040A010
_VERIFYING_OBSERVERS = 0x0040A073
_VERIFICATION_DATE_TIME = 0x0040A030
_VERIFICATION_FLAG = 0x0040A493
_IN_USE = 0xFFFF
_COMPONENT = re.compile(r"[A-Z0-9_]{1,8}").fullmatch
_FILE_SET_ID = re.compile(r"[A-Z0-9_ ]{0,16}").fullmatch
# Where the value of the first and the third element of every record lie, from its first byte.
_NEXT_RECORD = 8
_LOWER_LEVEL = 30
_SEQUENCE_HEADER = struct.Struct("<HH2sHI")
_MAX_LENGTH = 0xFFFFFFFE


def check_file_id(file_id: Sequence[str]) -> tuple[str, ...]:
    """Return a File ID if it has one to eight components of one to eight characters A-Z, 0-9, _ (PS3.10 §8.2, §8.5)."""
    if not 1 <= len(file_id) <= 8 or not all(_COMPONENT(component) for component in file_id):
        raise InvalidParameter("File ID", f"{'/'.join(file_id)[:80]!r} does not follow PS3.10 §8.2")
    return tuple(file_id)


class FileIds:
    """Give each instance of a File-set its File ID: DICOM, then a directory for patient, study and series."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, ...], dict[str, int]] = {}

    def next(self, patient: str, study_instance_uid: str, series_instance_uid: str) -> tuple[str, ...]:
        """Return the File ID of the next instance of this patient (any identifier), study and series."""
        path: tuple[str, ...] = ("DICOM",)
        for letters, name in (("PA", patient), ("ST", study_instance_uid), ("SE", series_instance_uid)):
            path += (self._number(path, letters, name),)
        siblings = self._numbers.setdefault(path, {})
        siblings[str(len(siblings))] = 0
        return (*path, f"IM{len(siblings):06d}")

    def _number(self, path: tuple[str, ...], letters: str, name: str) -> str:
        siblings = self._numbers.setdefault(path, {})
        return f"{letters}{siblings.setdefault(name, len(siblings) + 1):06d}"


@dataclass(frozen=True)
class DirectoryEntry:
    """What the directory says about one instance: its file, and the keys of its records by record type, top first.

    It holds nothing of the data set that it was made from but copies of the keys.
    """

    file_id: tuple[str, ...]
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    records: tuple[tuple[str, str, Dataset], ...]
    """Record type, identity within its list, keys."""


def directory_entry(file_id: Sequence[str], dataset: Dataset, transfer_syntax_uid: str) -> DirectoryEntry:
    """Collect what the directory needs to know about an instance; metadata without bulk data will do."""
    sop_class_uid = dataset.text(_SOP_CLASS_UID)
    record_type = record_type_of(sop_class_uid, is_image=_ROWS in dataset)
    levels = () if record_type in ROOT_RECORDS else ("PATIENT", "STUDY", "SERIES")
    sop_instance_uid = dataset.text(_SOP_INSTANCE_UID)
    identities = (_patient(dataset), dataset.text(0x0020000D), dataset.text(0x0020000E))
    records = [
        (level, identity, _record_keys(level, dataset)) for level, identity in zip(levels, identities, strict=False)
    ]
    records.append((record_type, sop_instance_uid, _record_keys(record_type, dataset)))
    return DirectoryEntry(check_file_id(file_id), sop_class_uid, sop_instance_uid, transfer_syntax_uid, tuple(records))


def _patient(dataset: Dataset) -> str:
    """Return what tells patients apart: ID and issuer or, without an ID, name and birth date."""
    patient_id = dataset.text(0x00100020)
    others = (0x00100021,) if patient_id else (0x00100010, 0x00100030)
    return "\\".join((patient_id, *(dataset.text(tag) for tag in others)))


def encode_dicomdir(
    entries: Iterable[DirectoryEntry], file_set_id: str = "", sop_instance_uid: str | None = None
) -> bytes:
    """Write the DICOMDIR file of a File-set; with a SOP Instance UID the same entries give the same bytes."""
    if not _FILE_SET_ID(file_set_id):
        raise InvalidParameter("File-set ID", "it has up to 16 characters A-Z, 0-9, _ and space")
    header = file_header(
        sop_class_uid=MEDIA_STORAGE_DIRECTORY,
        sop_instance_uid=sop_instance_uid or new_uid(),
        transfer_syntax_uid=EXPLICIT_VR_LITTLE_ENDIAN.uid,
    )
    start = len(header) + len(_file_set(file_set_id, 0, 0)) + _SEQUENCE_HEADER.size
    root = _tree(entries)
    records = bytearray()
    offsets = _write(root.lower, start, records)
    if len(records) > _MAX_LENGTH:
        raise LimitExceeded("bytes in a DICOMDIR", _MAX_LENGTH)
    sequence = _SEQUENCE_HEADER.pack(0x0004, 0x1220, b"SQ", 0, len(records))
    first, last = (offsets[0], offsets[-1]) if offsets else (0, 0)
    return b"".join((header, _file_set(file_set_id, first, last), sequence, records))


@dataclass
class _Record:
    """A record and those of the directory entity below it."""

    encoded: bytes = b""
    lower: dict[tuple[str, str], _Record] = field(default_factory=dict)


def _tree(entries: Iterable[DirectoryEntry]) -> _Record:
    root = _Record()
    for entry in entries:
        record = root
        for record_type, identity, keys in entry.records:
            above, name = record, (record_type, identity)
            found = above.lower.get(name)
            if found is None:
                is_leaf = keys is entry.records[-1][2]
                found = above.lower[name] = _Record(_encode_record(record_type, keys, entry if is_leaf else None))
            record = found
    return root


def _encode_record(record_type: str, keys: Dataset, entry: DirectoryEntry | None) -> bytes:
    """Encode a record with offsets of zero; those are at fixed places, see `_write`."""
    record = keys.copy()
    record.put(0x00041400, "UL", 0)
    record.put(0x00041410, "US", _IN_USE)
    record.put(0x00041420, "UL", 0)
    record.put(0x00041430, "CS", record_type)
    if entry is not None:
        record.put(0x00041500, "CS", *entry.file_id)
        record.put(0x00041510, "UI", entry.sop_class_uid)
        record.put(0x00041511, "UI", entry.sop_instance_uid)
        record.put(0x00041512, "UI", entry.transfer_syntax_uid)
    return b"".join(write_dataset(record, EXPLICIT_VR_LITTLE_ENDIAN))


def _write(records: dict[tuple[str, str], _Record], start: int, written: bytearray) -> list[int]:
    """Append records and what is below them to ``written``, linked to each other; return their offsets in the file.

    ``start`` is the offset of the first byte of ``written``; an offset names the item of the record (PS3.3 §F.3.2.2).
    """
    offsets: list[int] = []
    previous: int | None = None
    for record in records.values():
        offsets.append(start + len(written))
        if previous is not None:
            struct.pack_into("<I", written, previous + _NEXT_RECORD, offsets[-1])
        written += struct.pack("<HHI", 0xFFFE, 0xE000, len(record.encoded))
        previous = len(written)
        written += record.encoded
        lower = _write(record.lower, start, written)
        if lower:
            struct.pack_into("<I", written, previous + _LOWER_LEVEL, lower[0])
    return offsets


def _file_set(file_set_id: str, first: int, last: int) -> bytes:
    """Encode the File-set Identification and Directory Information Modules up to the records."""
    dataset = new_dataset()
    dataset.put(0x00041130, "CS", file_set_id)
    dataset.put(0x00041200, "UL", first)
    dataset.put(0x00041202, "UL", last)
    dataset.put(0x00041212, "US", 0)
    return b"".join(write_dataset(dataset, EXPLICIT_VR_LITTLE_ENDIAN))


def _record_keys(record_type: str, dataset: Dataset) -> Dataset:
    """Copy the keys of a record from the data set of an instance."""
    keys = new_dataset()
    _copy(dataset, SPECIFIC_CHARACTER_SET, keys)
    rows = RECORD_KEYS[record_type]
    for keyword in rows.always:
        _copy(dataset, _tag(keyword), keys, is_required=True)
    for keyword in rows.if_present:
        _copy(dataset, _tag(keyword), keys)
    if record_type in ("SR DOCUMENT", "KEY OBJECT DOC"):
        _copy_document_keys(dataset, keys)
    return keys


def _copy_document_keys(dataset: Dataset, keys: Dataset) -> None:
    """Copy what modifies the title of the document, and when it was last verified (PS3.3 §F.5.24, §F.5.25)."""
    content = dataset.items(_CONTENT_SEQUENCE)
    modifiers = tuple(item for item in content if item.text(_RELATIONSHIP_TYPE) == "HAS CONCEPT MOD")
    if modifiers:
        keys.put_items(_CONTENT_SEQUENCE, modifiers)
    verified = [observer.text(_VERIFICATION_DATE_TIME) for observer in dataset.items(_VERIFYING_OBSERVERS)]
    if any(verified) and _VERIFICATION_FLAG in keys:
        keys.put(_VERIFICATION_DATE_TIME, "DT", max(verified))


def _tag(keyword: str) -> int:
    tag = tag_of(keyword)
    if tag is None:
        raise InvalidParameter("keyword", keyword)
    return tag


def _copy(dataset: Dataset, tag: int, keys: Dataset, *, is_required: bool = False) -> None:
    element = dataset.get(tag)
    vr = vr_of(tag)
    if element is not None and element.items is not None:
        keys.put_items(tag, element.items)
    elif element is not None and element.end > element.start:
        raw = bytes(dataset.raw(tag))
        known = element.vr if element.vr in VRS else vr
        keys.put_raw(tag, known, raw + VRS[known].padding if len(raw) & 1 else raw)
    elif is_required and VRS[vr].kind is Kind.SEQUENCE:
        keys.put_items(tag, ())
    elif is_required:
        keys.put(tag, vr)
