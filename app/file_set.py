"""A File-set that is being written (PS3.10 §8): File IDs for its instances, and the directory of those that are in it.

The export command and ZIP downloads fill one; where the files go is theirs.
"""

import asyncio
from dataclasses import dataclass, field

from dicomcore.data import (
    PLACEHOLDER,
    Dataset,
    DirectoryEntry,
    FileIds,
    decode_json,
    directory_entry,
    encode_dicomdir,
)
from dicomcore.instance import Instance
from dicomcore.resources import Resource
from dicomcore.source import Source

DICOMDIR = "DICOMDIR"
_PATIENT = (0x00100020, 0x00100021, 0x00100010)
_LARGE = 16 << 10  # bytes of metadata that take some milliseconds to read


@dataclass
class FileSet:
    """What has been written so far: add an instance's entry when its file is complete."""

    entries: list[DirectoryEntry] = field(default_factory=list)
    _file_ids: FileIds = field(default_factory=FileIds)

    async def place(self, source: Source, instance: Instance, transfer_syntax_uid: str) -> DirectoryEntry:
        """Give an instance its File ID, and its entry for the file that it will be in this transfer syntax."""
        (document,) = (await source.metadata(instance.resource)).objects
        if len(document) > _LARGE:
            return await asyncio.to_thread(self._entry, document, instance.resource, transfer_syntax_uid)
        return self._entry(document, instance.resource, transfer_syntax_uid)

    def _entry(self, document: bytes, resource: Resource, transfer_syntax_uid: str) -> DirectoryEntry:
        dataset = decode_json(document.replace(PLACEHOLDER, b"")).dataset
        series = str(resource.study_instance_uid), str(resource.series_instance_uid)
        return directory_entry(self._file_ids.next(_patient(dataset), *series), dataset, transfer_syntax_uid)

    def directory(self) -> bytes:
        """Write the DICOMDIR of what is in the File-set."""
        return encode_dicomdir(self.entries)


def _patient(dataset: Dataset) -> str:
    return "\\".join(dataset.text(tag) for tag in _PATIENT)
