from __future__ import annotations

import pytest
from report_documents import COMPREHENSIVE_SR, CT_IMAGE, KEY_OBJECTS, dataset_of, document, image, text

from dicomcore.documents import document_media_types, rendered_document
from dicomcore.errors import NotAcceptable

TEXTS = ("text/html", "text/plain", "text/xml")


@pytest.mark.parametrize(
    ("sop_class_uid", "media_types"),
    [
        (COMPREHENSIVE_SR, TEXTS),
        (KEY_OBJECTS, TEXTS),
        ("1.2.840.10008.5.1.4.1.1.88.67", TEXTS),
        ("1.2.840.10008.5.1.4.1.1.88.999", TEXTS),
        ("1.2.840.10008.5.1.4.1.1.88.1", ()),
        ("1.2.840.10008.5.1.4.1.1.104.1", ("application/pdf",)),
        ("1.2.840.10008.5.1.4.1.1.104.2", ("text/xml",)),
        ("1.2.840.10008.5.1.4.1.1.104.3", ("model/stl",)),
        ("1.2.840.10008.5.1.4.1.1.104.4", ("model/obj",)),
        ("1.2.840.10008.5.1.4.1.1.104.5", ("model/mtl",)),
        (CT_IMAGE, ()),
        ("", ()),
    ],
)
def test_each_class_has_its_media_types(sop_class_uid: str, media_types: tuple[str, ...]) -> None:
    assert document_media_types(sop_class_uid) == media_types


@pytest.mark.parametrize("media_type", TEXTS)
def test_a_report_is_rendered_to_each_text_type(media_type: str) -> None:
    assert "größer" in rendered_document(document(text("Finding", "größer")), media_type).decode()


def test_links_reach_the_page() -> None:
    page = rendered_document(document(image("I", "9")), "text/html", lambda one: f"/instances/{one.sop_instance_uid}")
    assert b'href="/instances/9"' in page


def test_an_encapsulated_document_is_given_as_its_class_says_whatever_it_claims() -> None:
    pdf = dataset_of(SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1", MIMETypeOfEncapsulatedDocument="text/html")
    pdf.put_raw(0x00420011, "OB", b"<script>\0")
    assert rendered_document(pdf, "application/pdf") == b"<script>"
    with pytest.raises(NotAcceptable):
        rendered_document(pdf, "text/html")


def test_what_is_no_document_is_not_rendered() -> None:
    with pytest.raises(NotAcceptable):
        rendered_document(dataset_of(SOPClassUID=CT_IMAGE), "text/html")
