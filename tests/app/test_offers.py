"""What resources are offered as (PS3.18 §8.7.3, §10.4.4)."""

import pytest

from app.media_types import Offer
from app.offers import (
    NEVER_ON_THE_WEB,
    Category,
    document_offers,
    encapsulated_document_offers,
    instance_offers,
    pixel_offers,
)
from dicomcore.data.transfer_syntax import TRANSFER_SYNTAXES

IMPLICIT_LE = "1.2.840.10008.1.2"
EXPLICIT_LE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
JPEG_BASELINE = "1.2.840.10008.1.2.4.50"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
JPEG_2000_LOSSY = "1.2.840.10008.1.2.4.91"


def forms(offers: tuple[Offer, ...]) -> list[tuple[str, bool, str]]:
    return [(offer.media_type, offer.multipart, offer.transfer_syntax_uid) for offer in offers]


@pytest.mark.parametrize("category", Category)
def test_every_category_of_documents_has_one_default(category: Category) -> None:
    defaults = [offer for offer in document_offers(category, single=False) if offer.wildcard == 2]
    assert len(defaults) == 1
    assert all(offer.parameters == (("charset", "utf-8"),) for offer in document_offers(category, single=True))


def test_metadata_of_one_instance_are_offered_as_one_document_too() -> None:
    of_one = set(document_offers(Category.METADATA, single=True)) - set(
        document_offers(Category.METADATA, single=False)
    )
    assert forms(tuple(of_one)) == [("application/dicom+xml", False, "")]


@pytest.mark.parametrize("stored", sorted(TRANSFER_SYNTAXES))
@pytest.mark.parametrize("decodable", [True, False])
def test_some_transfer_syntaxes_are_never_offered(stored: str, decodable: bool) -> None:
    offers = instance_offers(stored, decodable, True, ()) + pixel_offers(stored, decodable, True, ())
    assert NEVER_ON_THE_WEB.isdisjoint(offer.transfer_syntax_uid for offer in offers)


def test_instances_are_offered_natively_deflated_and_as_what_they_can_become() -> None:
    offers = instance_offers(IMPLICIT_LE, True, False, (JPEG_LS,))
    found = [
        uid for media_type, multipart, uid in forms(offers) if (media_type, multipart) == ("application/dicom", True)
    ]
    assert found == [EXPLICIT_LE, JPEG_LS, DEFLATED]


def test_what_cannot_be_decoded_is_offered_as_it_is_stored_and_nothing_else() -> None:
    for offers in (instance_offers(JPEG_BASELINE, False, True, ()), pixel_offers(JPEG_BASELINE, False, True, ())):
        assert {offer.transfer_syntax_uid for offer in offers} == {JPEG_BASELINE}


def test_single_parts_are_offered_for_single_items_only() -> None:
    for single in (True, False):
        offers = pixel_offers(EXPLICIT_LE, True, single, ()) + encapsulated_document_offers(
            EXPLICIT_LE, True, single, "application/pdf"
        )
        assert any(not offer.multipart for offer in offers) == single


def test_a_document_is_its_own_media_type_before_it_is_octets() -> None:
    first, second = encapsulated_document_offers(EXPLICIT_LE, True, False, "application/pdf")
    assert (first.media_type, first.wildcard) == ("application/pdf", 2)
    assert (second.media_type, second.wildcard) == ("application/octet-stream", 0)


def test_a_media_type_means_the_first_target_that_loses_nothing() -> None:
    offers = pixel_offers(EXPLICIT_LE, True, False, (JPEG_2000_LOSSY, JPEG_2000, JPEG_LS))
    meant = [offer.transfer_syntax_uid for offer in offers if offer.is_default]
    assert meant == [EXPLICIT_LE, JPEG_2000, JPEG_LS]
    assert all(offer.wildcard == 0 for offer in offers if offer.transfer_syntax_uid != EXPLICIT_LE)


def test_codestreams_are_offered_under_their_old_names_and_as_octets_too() -> None:
    (offer,) = (one for one in pixel_offers(JPEG_LS, True, False, ()) if one.media_type == "image/jls")
    assert offer.aliases == ("image/x-jls",) and offer.stored_aliases == ("application/octet-stream",)
