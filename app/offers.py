"""What resources are offered as: the representations that `app.negotiation` chooses from (PS3.18 §8.7.3, §10.4.4).

The offers of instances and of their bulk data follow from the transfer syntax that they are stored in, from what can be
decoded here, and from what the pixels can be put into. Implicit VR Little Endian and Explicit VR Big Endian are never
offered (§8.7.3).
"""

import enum
from collections.abc import Iterable, Sequence
from functools import lru_cache

from app.media_types import Offer
from dicomcore.data.transfer_syntax import (
    DEFAULT_TRANSFER_SYNTAXES,
    MEDIA_TYPE_ALIASES,
    OCTET_STREAM,
    TRANSFER_SYNTAXES,
    lookup,
)
from dicomcore.uids import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
DICOM_XML = "application/dicom+xml"
JSON = "application/json"
ZIP = "application/zip"
WADL = "application/vnd.sun.wadl+xml"

NEVER_ON_THE_WEB = frozenset((IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN))
_ALIASES = {
    name: tuple(old for old, new in MEDIA_TYPE_ALIASES.items() if new == name) for name in MEDIA_TYPE_ALIASES.values()
}


class Category(enum.Enum):
    """The resource categories whose representations don't depend on the stored transfer syntax (Table 10.4.4-1)."""

    METADATA = "metadata"
    SEARCH = "search results"
    STORE = "store response"
    CAPABILITIES = "capabilities"


_UTF8 = (("charset", "utf-8"),)
_JSON_OFFERS = (
    Offer(DICOM_JSON, wildcard=2, parameters=_UTF8),
    Offer(JSON, wildcard=0, parameters=_UTF8),
)
_XML_PARTS = Offer(DICOM_XML, multipart=True, parameters=_UTF8)
_XML_DOCUMENT = Offer(DICOM_XML, parameters=_UTF8)

# (offers, those for a single item in addition)
_DOCUMENTS: dict[Category, tuple[tuple[Offer, ...], tuple[Offer, ...]]] = {
    Category.METADATA: ((*_JSON_OFFERS, _XML_PARTS), (_XML_DOCUMENT,)),
    Category.SEARCH: ((*_JSON_OFFERS, _XML_PARTS), ()),
    Category.STORE: ((*_JSON_OFFERS, _XML_DOCUMENT), ()),
    Category.CAPABILITIES: ((Offer(WADL, wildcard=2, parameters=_UTF8), Offer(JSON, parameters=_UTF8)), ()),
}


def document_offers(category: Category, *, single: bool) -> tuple[Offer, ...]:
    """What documents of a category are offered as; ``single``: the answer has one item."""
    offers, for_one_item = _DOCUMENTS[category]
    return offers + for_one_item if single else offers


def _is_native(uid: str) -> bool:
    syntax = lookup(uid)
    return syntax is not None and not syntax.encapsulated and not syntax.referenced


@lru_cache(maxsize=1024)
def instance_offers(stored: str, decodable: bool, single: bool, targets: tuple[str, ...]) -> tuple[Offer, ...]:
    """What instances are offered as (PS3.18 §10.4.4), and the bulk data of instances.

    ``decodable``: the stored frames can be decoded here; ``targets``: what else they can be put into.
    """
    as_stored = EXPLICIT_VR_LITTLE_ENDIAN if stored in NEVER_ON_THE_WEB else stored
    syntaxes = [as_stored]
    if decodable or _is_native(stored):
        syntaxes += [EXPLICIT_VR_LITTLE_ENDIAN, *targets, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN]
    syntaxes = list(dict.fromkeys(syntaxes))

    def offers(media_type: str, multipart: bool, wildcard: int) -> Iterable[Offer]:
        for uid in syntaxes:
            # A zip is a download: without a transfer syntax it holds what is stored.
            is_default = uid == (as_stored if media_type == ZIP else EXPLICIT_VR_LITTLE_ENDIAN)
            yield Offer(media_type, multipart, uid, is_default, uid == as_stored, wildcard)

    return (
        *offers(DICOM, True, 2),
        *(offers(DICOM, False, 1) if single else ()),
        *offers(ZIP, False, 0),
        *_compressed_offers(stored, (True,), wildcard=0),
        *_octet_stream_offers(stored, decodable, (True,), wildcard=0),
        *_target_offers(stored, targets, (True,)),
    )


@lru_cache(maxsize=512)
def encapsulated_document_offers(stored: str, decodable: bool, single: bool, document_type: str) -> tuple[Offer, ...]:
    """What an encapsulated document is offered as (PS3.18 §10.5.1.4).

    It is its own media type; whoever asks for octets has them as well.
    """
    forms = _forms(single)
    return (
        *(Offer(document_type, form, wildcard=2) for form in forms),
        *_octet_stream_offers(stored, decodable, forms, wildcard=0),
    )


@lru_cache(maxsize=1024)
def pixel_offers(stored: str, decodable: bool, single: bool, targets: tuple[str, ...]) -> tuple[Offer, ...]:
    """What frames or pixel data are offered as (PS3.18 §8.7.3.3); see `instance_offers`."""
    forms = _forms(single)
    return (
        *_compressed_offers(stored, forms, wildcard=1),
        *_octet_stream_offers(stored, decodable, forms, wildcard=2),
        *_target_offers(stored, targets, forms),
    )


def _forms(single: bool) -> tuple[bool, ...]:
    return (True, False) if single else (True,)


def _compressed_offers(stored: str, forms: tuple[bool, ...], *, wildcard: int) -> Iterable[Offer]:
    """Offer the codestreams as they are (PS3.18 Table 8.7.3-5)."""
    syntax = lookup(stored)
    if _is_native(stored) or (syntax is not None and syntax.media_type == OCTET_STREAM):
        return
    media_type = (syntax and syntax.media_type) or OCTET_STREAM
    for form in forms:
        yield Offer(
            media_type,
            form,
            stored,
            is_default=media_type != OCTET_STREAM,
            is_stored=True,
            wildcard=wildcard,
            aliases=_ALIASES.get(media_type, ()),
            stored_aliases=(OCTET_STREAM,),
        )


def _target_offers(stored: str, targets: Sequence[str], forms: tuple[bool, ...]) -> Iterable[Offer]:
    """Offer what frames can be converted to (PS3.18 Tables 8.7.3-4 and -5), never for a wildcard."""
    syntax = lookup(stored)
    meant = {syntax.media_type if syntax is not None else None: stored, OCTET_STREAM: EXPLICIT_VR_LITTLE_ENDIAN}
    preferred = (one.uid for one in DEFAULT_TRANSFER_SYNTAXES.values())
    for uid in (*preferred, *targets):
        if uid in targets and TRANSFER_SYNTAXES[uid].lossless:
            meant.setdefault(TRANSFER_SYNTAXES[uid].media_type, uid)
    for form in forms:
        for uid in targets:
            media_type = TRANSFER_SYNTAXES[uid].media_type or OCTET_STREAM
            aliases = _ALIASES.get(media_type, ())
            is_meant = meant.get(media_type) == uid
            yield Offer(media_type, form, uid, is_meant, wildcard=0, aliases=aliases, is_any=is_meant)


def _octet_stream_offers(stored: str, decodable: bool, forms: tuple[bool, ...], *, wildcard: int) -> Iterable[Offer]:
    """Offer little endian values (PS3.18 Table 8.7.3-4), also under the UID of Encapsulated Uncompressed."""
    syntax = lookup(stored)
    encapsulated_uncompressed = syntax is not None and syntax.encapsulated and syntax.media_type == OCTET_STREAM
    for form in forms:
        if encapsulated_uncompressed:
            yield Offer(OCTET_STREAM, form, stored, is_default=False, is_stored=True, wildcard=wildcard)
        if decodable or encapsulated_uncompressed or _is_native(stored):
            yield Offer(OCTET_STREAM, form, EXPLICIT_VR_LITTLE_ENDIAN, is_stored=_is_native(stored), wildcard=wildcard)
