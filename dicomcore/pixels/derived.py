"""An image that was compressed with loss as an instance of its own (PS3.3 §C.7.6.1.1.5, §C.12.4).

Another SOP Instance UID keeps it apart from what it was made of, which it names: Derivation Description and Code say
what was done, the Source Image Sequence to what. The series stays, and so does everything else.
"""

from __future__ import annotations

from dataclasses import replace

from dicomcore.data import Dataset, Part10, new_dataset, transfer_syntax
from dicomcore.pixels.encoding import Encoding

IMAGE_TYPE = 0x00080008
SOP_CLASS_UID, SOP_INSTANCE_UID = 0x00080016, 0x00080018
DERIVATION_DESCRIPTION, SOURCE_IMAGE_SEQUENCE, DERIVATION_CODE_SEQUENCE = 0x00082111, 0x00082112, 0x00089215
_MEDIA_STORAGE_SOP_INSTANCE_UID = 0x00020003
_REFERENCED_SOP_CLASS_UID, _REFERENCED_SOP_INSTANCE_UID = 0x00081150, 0x00081155
_PURPOSE_OF_REFERENCE = 0x0040A170
_LOSSY_COMPRESSION = ("113040", "Lossy Compression")  # CID 7203
_UNCOMPRESSED_PREDECESSOR = ("121320", "Uncompressed predecessor")  # CID 7202
_MAX_TEXT = 1024


def derived(part10: Part10, transfer_syntax_uid: str, encoding: Encoding, sop_instance_uid: str) -> Part10:
    """Return a file whose data set says that it was compressed with loss; its pixels are still those of before."""
    source = part10.dataset
    dataset = source.copy()
    description = f"{transfer_syntax(transfer_syntax_uid).name}, quality {encoding.lossy_quality}"
    before = "\\".join(source.texts(DERIVATION_DESCRIPTION))
    dataset.put(SOP_INSTANCE_UID, "UI", sop_instance_uid)
    dataset.put(IMAGE_TYPE, "CS", "DERIVED", *(source.texts(IMAGE_TYPE)[1:] or ("PRIMARY",)))
    dataset.put(DERIVATION_DESCRIPTION, "ST", "; ".join(filter(None, (before, description)))[-_MAX_TEXT:])
    codes = (*source.items(DERIVATION_CODE_SEQUENCE), _code(dataset, *_LOSSY_COMPRESSION))
    dataset.put_items(DERIVATION_CODE_SEQUENCE, codes)
    dataset.put_items(SOURCE_IMAGE_SEQUENCE, (*source.items(SOURCE_IMAGE_SEQUENCE), _reference(source, dataset)))
    file_meta = part10.file_meta
    if len(file_meta):
        file_meta = file_meta.copy()
        file_meta.put(_MEDIA_STORAGE_SOP_INSTANCE_UID, "UI", sop_instance_uid)
    return replace(part10, dataset=dataset, file_meta=file_meta)


def _reference(source: Dataset, parent: Dataset) -> Dataset:
    item = new_dataset(parent)
    item.put(_REFERENCED_SOP_CLASS_UID, "UI", source.text(SOP_CLASS_UID))
    item.put(_REFERENCED_SOP_INSTANCE_UID, "UI", source.text(SOP_INSTANCE_UID))
    item.put_items(_PURPOSE_OF_REFERENCE, (_code(item, *_UNCOMPRESSED_PREDECESSOR),))
    return item


def _code(parent: Dataset, value: str, meaning: str) -> Dataset:
    item = new_dataset(parent)
    item.put(0x00080100, "SH", value)
    item.put(0x00080102, "SH", "DCM")
    item.put(0x00080104, "LO", meaning)
    return item
