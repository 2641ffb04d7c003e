"""Content negotiation (PS3.18 §8.7.8): what a resource offers, and which of it a request selects.

`acceptable` reads the request once; the ``select_...`` functions choose. The order is that of §8.7.8.1: the ``accept``
query parameter, then the media types that the Accept header names, then what its wildcards mean for the resource
category, else `NotAcceptable` with the list of what there is. Each instance of a multipart answer is chosen for by
itself (§8.7.8.2), from its stored transfer syntax.

Decisions: without a transfer-syntax parameter ``application/dicom`` means Explicit VR Little Endian, whatever is
stored; Implicit VR Little Endian and Explicit VR Big Endian never leave (§8.7.3). Named tolerances:

- A compressed bulk data media type without transfer-syntax means the stored syntax of that type, although §8.7.8.2
  names one of them the default: we don't turn one compression into another.
- ``application/octet-stream; transfer-syntax=*`` means the stored frames under their own media type (OHIF asks so).
- Wildcards on bulk data mean what is stored where it cannot be decoded (dicomweb-client asks for ``*/*``).
- ``application/json`` is the same as ``application/dicom+json``.
"""

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from app.media_types import (
    ANYTHING,
    TRANSFER_SYNTAX,
    MediaRange,
    Offer,
    is_media_type_name,
    parse_accept,
    quoted,
    weigh,
)
from dicomcore.data.transfer_syntax import MEDIA_TYPE_ALIASES, OCTET_STREAM, lookup
from dicomcore.errors import InvalidParameter, NotAcceptable
from dicomcore.uids import EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN

DICOM = "application/dicom"
DICOM_JSON = "application/dicom+json"
DICOM_XML = "application/dicom+xml"
JSON = "application/json"
ZIP = "application/zip"
WADL = "application/vnd.sun.wadl+xml"

_DICOM_NAMES = frozenset((DICOM, DICOM_JSON, DICOM_XML, JSON))
_RENDERED_PREFIXES = ("image/", "video/", "text/", "application/pdf")
_NEVER_ON_THE_WEB = frozenset((IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN))
_ALIASES = {
    name: tuple(old for old, new in MEDIA_TYPE_ALIASES.items() if new == name) for name in MEDIA_TYPE_ALIASES.values()
}


@dataclass(frozen=True, slots=True)
class Acceptable:
    """What a request accepts: the ranges of its Accept header and of its ``accept`` parameter."""

    header: tuple[MediaRange, ...]
    parameter: tuple[MediaRange, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen: the media type of the representation or, with ``multipart``, of its parts.

    ``transfer_syntax_uid`` is the actual one, never ``*``; it is empty for JSON and XML.
    """

    media_type: str
    multipart: bool = False
    transfer_syntax_uid: str = ""


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


def acceptable(header: str | None, parameter: str | None = None, *, strict: bool = False) -> Acceptable:
    """Read the Accept header and the ``accept`` query parameter (PS3.18 §8.7.5, §8.3.3.1).

    Without any range a request accepts everything or, with ``strict``, nothing.
    """
    ranges = parse_accept(header or "")
    if not ranges and not strict:
        ranges = (ANYTHING,)
    return Acceptable(ranges, () if parameter is None else _accept_parameter(parameter, ranges))


def _accept_parameter(text: str, header: tuple[MediaRange, ...]) -> tuple[MediaRange, ...]:
    ranges = parse_accept(text)
    if not ranges:
        raise InvalidParameter("accept", "no media type in it")
    if any(one.is_wildcard for one in ranges):
        raise InvalidParameter("accept", "wildcards are not allowed here")
    if any(one.name in _DICOM_NAMES for one in ranges) and any(
        one.name.startswith(_RENDERED_PREFIXES) for one in ranges
    ):
        raise InvalidParameter("accept", "DICOM and rendered media types don't go together")
    compatible = tuple(one for one in ranges if any(broader.includes(one) for broader in header))
    if not compatible:
        raise NotAcceptable("the accept parameter names nothing that the Accept header allows")
    return compatible


def check_charset(text: str) -> None:
    """Raise `InvalidParameter` unless the ``charset`` query parameter (PS3.18 §8.3.3.2) allows UTF-8, all we write."""
    names = {element.partition(";")[0].strip().strip('"').lower() for element in text.split(",")}
    if "*" in names:
        raise InvalidParameter("charset", "wildcards are not allowed here")
    if names.isdisjoint(("utf-8", "utf8", "iso_ir 192")):
        raise InvalidParameter("charset", "only UTF-8 is supported")


def select_document(accepted: Acceptable, category: Category, *, single: bool = False) -> Selection:
    """Choose the form of metadata, search results or a store response; ``single``: the answer has one item."""
    offers, for_one_item = _DOCUMENTS[category]
    return _select(accepted, offers + for_one_item if single else offers)


def select_instances(
    accepted: Acceptable, stored: Iterable[str], *, can_decode: Callable[[str], bool], single: bool = False
) -> dict[str, Selection]:
    """Choose for each stored transfer syntax UID how its instances leave (PS3.18 §10.4.4).

    All selections have one packaging: multipart, single part (only when the resource is one instance: ``single``) or
    zip. A transfer syntax for which nothing fits is missing in the result; when that is all, `NotAcceptable` is raised.
    The bulk data media types, which §10.4.4 wants here too, ask for the bulk data of the instances.
    """
    return _select_each(accepted, tuple((uid, _instance_offers(uid, can_decode(uid), single)) for uid in stored))


def select_bulkdata(
    accepted: Acceptable,
    stored: Iterable[str],
    *,
    can_decode: Callable[[str], bool],
    single: bool = False,
    document_type: str = "",
) -> dict[str, Selection]:
    """Choose for each stored transfer syntax UID how frames or pixel data leave (PS3.18 §8.7.3.3).

    Other bulk data than pixel data are never compressed: give Explicit VR Little Endian as their stored syntax, and for
    an Encapsulated Document its MIME Type (0042,0012) as ``document_type``, which is passed over when it is none.
    ``single``: the answer is one item.
    """
    document_type = document_type.strip() if is_media_type_name(document_type.strip()) else ""
    return _select_each(
        accepted, tuple((uid, _bulkdata_offers(uid, can_decode(uid), single, document_type)) for uid in stored)
    )


def content_type(selection: Selection) -> str:
    """Write the Content-Type of a part or of a single-part answer, always with the transfer syntax (PS3.18 §8.7.9)."""
    if not selection.transfer_syntax_uid or selection.media_type == ZIP:
        return selection.media_type
    return f"{selection.media_type}; {TRANSFER_SYNTAX}={selection.transfer_syntax_uid}"


def multipart_content_type(media_type: str, boundary: str) -> str:
    """Write the Content-Type of a multipart answer; ``media_type`` is that of its first part (RFC 2387 §3.1)."""
    return f"multipart/related; type={quoted(media_type)}; boundary={quoted(boundary)}"


def _is_native(uid: str) -> bool:
    syntax = lookup(uid)
    return syntax is not None and not syntax.encapsulated and not syntax.referenced


@lru_cache(maxsize=512)
def _instance_offers(stored: str, decodable: bool, single: bool) -> tuple[Offer, ...]:
    as_stored = EXPLICIT_VR_LITTLE_ENDIAN if stored in _NEVER_ON_THE_WEB else stored
    syntaxes = [as_stored]
    if as_stored != EXPLICIT_VR_LITTLE_ENDIAN and (decodable or _is_native(stored)):
        syntaxes.append(EXPLICIT_VR_LITTLE_ENDIAN)

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
    )


@lru_cache(maxsize=512)
def _bulkdata_offers(stored: str, decodable: bool, single: bool, document_type: str) -> tuple[Offer, ...]:
    forms = (True, False) if single else (True,)
    if document_type:
        # PS3.18 §10.5.1.4: an encapsulated document is its own media type; whoever asks for octets has them as well.
        return (
            *(Offer(document_type, form, wildcard=2) for form in forms),
            *_octet_stream_offers(stored, decodable, forms, wildcard=0),
        )
    return (
        *_compressed_offers(stored, forms, wildcard=1),
        *_octet_stream_offers(stored, decodable, forms, wildcard=2),
    )


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


def _octet_stream_offers(stored: str, decodable: bool, forms: tuple[bool, ...], *, wildcard: int) -> Iterable[Offer]:
    """Offer little endian values (PS3.18 Table 8.7.3-4), also under the UID of Encapsulated Uncompressed."""
    syntax = lookup(stored)
    encapsulated_uncompressed = syntax is not None and syntax.encapsulated and syntax.media_type == OCTET_STREAM
    for form in forms:
        if encapsulated_uncompressed:
            yield Offer(OCTET_STREAM, form, stored, is_default=False, is_stored=True, wildcard=wildcard)
        if decodable or encapsulated_uncompressed or _is_native(stored):
            yield Offer(OCTET_STREAM, form, EXPLICIT_VR_LITTLE_ENDIAN, is_stored=_is_native(stored), wildcard=wildcard)


@lru_cache(maxsize=512)
def _find(accepted: Acceptable, offers: tuple[Offer, ...]) -> Offer | None:
    """Choose by PS3.18 §8.7.8.1; of equal weights the first offer wins."""
    weighed = [(offer, *weigh(offer, accepted.parameter)) for offer in offers] if accepted.parameter else []
    weighed.sort(key=lambda entry: -entry[1])
    if weighed and weighed[0][1] > 0:
        return weighed[0][0]
    weighed = [(offer, *weigh(offer, accepted.header)) for offer in offers]
    named = [(weight, offer) for offer, weight, by_wildcard in weighed if weight > 0 and not by_wildcard]
    if named:
        return max(named, key=lambda entry: entry[0])[1]
    wild = [(weight, offer) for offer, weight, by_wildcard in weighed if weight > 0]
    return max(wild, key=lambda entry: (entry[0], entry[1].wildcard))[1] if wild else None


def _selection(offer: Offer) -> Selection:
    return Selection(offer.media_type, offer.multipart, offer.transfer_syntax_uid)


def _select(accepted: Acceptable, offers: tuple[Offer, ...]) -> Selection:
    found = _find(accepted, offers)
    if found is None:
        raise _not_acceptable(offers)
    return _selection(found)


_Choices = tuple[tuple[str, tuple[Offer, ...]], ...]
"""Stored transfer syntaxes, and what can be offered of each."""


def _select_each(accepted: Acceptable, choices: _Choices) -> dict[str, Selection]:
    if len(choices) == 1:  # nearly always
        ((uid, offers),) = choices
        return {uid: _select(accepted, offers)}
    found = _found(accepted, choices)
    packagings = dict.fromkeys(_packaging(offer) for offer in found.values())
    if len(packagings) > 1:
        # One answer has one packaging: the one that serves most; of equals the one that came first.
        found = max((_found(accepted, _packaged(choices, packaging)) for packaging in packagings), key=len)
    if not found:
        raise _not_acceptable(offer for _, offers in choices for offer in offers)
    return {uid: _selection(offer) for uid, offer in found.items()}


def _found(accepted: Acceptable, choices: _Choices) -> dict[str, Offer]:
    candidates = ((uid, _find(accepted, offers)) for uid, offers in choices)
    return {uid: offer for uid, offer in candidates if offer is not None}


def _packaging(offer: Offer) -> tuple[bool, bool]:
    """Tell apart: multipart instances, multipart bulk data, single part, zip."""
    return offer.multipart, offer.media_type in (DICOM, ZIP)


def _packaged(choices: _Choices, packaging: tuple[bool, bool]) -> _Choices:
    return tuple((uid, tuple(one for one in offers if _packaging(one) == packaging)) for uid, offers in choices)


def _not_acceptable(offers: Iterable[Offer]) -> NotAcceptable:
    available = dict.fromkeys(_described(offer) for offer in offers)
    return NotAcceptable("nothing that Accept names can be made of this resource", tuple(available))


def _described(offer: Offer) -> str:
    syntax = offer.transfer_syntax_uid
    if not offer.multipart:
        return offer.media_type + (f"; {TRANSFER_SYNTAX}={syntax}" if syntax else "")
    return f"multipart/related; type={quoted(offer.media_type)}" + (f"; {TRANSFER_SYNTAX}={syntax}" if syntax else "")
