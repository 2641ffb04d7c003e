from __future__ import annotations

import pytest
from report_documents import dataset_of

from dicomcore.data import Dataset
from dicomcore.documents.encapsulated import ENCAPSULATED_MEDIA_TYPES, encapsulated_document
from dicomcore.errors import MissingAttribute

PDF = "1.2.840.10008.5.1.4.1.1.104.1"


def wrapped(document: bytes, **attributes: object) -> Dataset:
    made = dataset_of(SOPClassUID=PDF, **attributes)
    made.put_raw(0x00420011, "OB", document)
    return made


def test_the_length_says_whether_a_byte_is_padding() -> None:
    assert encapsulated_document(wrapped(b"%PDF-\0", EncapsulatedDocumentLength=5)) == b"%PDF-"
    assert encapsulated_document(wrapped(b"%PDF-\0", EncapsulatedDocumentLength=6)) == b"%PDF-\0"


@pytest.mark.parametrize("length", [0, 3, 7, 0xFFFFFFFF])
def test_a_length_that_cannot_be_is_not_believed(length: int) -> None:
    assert encapsulated_document(wrapped(b"%PDF-\0", EncapsulatedDocumentLength=length)) == b"%PDF-"


def test_without_a_length_a_last_nul_is_padding() -> None:
    assert encapsulated_document(wrapped(b"%PDF-\0")) == b"%PDF-"
    assert encapsulated_document(wrapped(b"%PDF-1")) == b"%PDF-1"


def test_a_binary_stl_may_end_in_nul() -> None:
    stl = bytes(80) + (2).to_bytes(4, "little") + bytes(100)
    assert encapsulated_document(wrapped(stl)) == stl


def test_an_instance_without_document_says_so() -> None:
    with pytest.raises(MissingAttribute, match="Encapsulated Document"):
        encapsulated_document(dataset_of(SOPClassUID=PDF))


def test_no_stored_document_is_html() -> None:
    assert not any("html" in media_type for media_type in ENCAPSULATED_MEDIA_TYPES.values())
