"""Content negotiation (PS3.18 §8.7.8): which of the representations that a resource offers a request selects.

`acceptable` reads the request once; the ``select_...`` functions choose from what `app.offers` says there is. The order
is that of §8.7.8.1: the ``accept`` query parameter, then the media types that the Accept header names, then what its
wildcards mean for the resource category, else `NotAcceptable` with the list of what there is. Each instance of a
multipart answer is chosen for by itself (§8.7.8.2), from its stored transfer syntax.

Decisions: without a transfer-syntax parameter ``application/dicom`` means Explicit VR Little Endian, whatever is
stored; Implicit VR Little Endian and Explicit VR Big Endian never leave (§8.7.3). Compression that is not stored has to
be asked for by name: a media type means its default, or the first lossless one that can hold the image, and what loses
something its transfer syntax UID. Named tolerances:

- A compressed bulk data media type without transfer-syntax means the stored syntax of that type, although §8.7.8.2
  names one of them the default: what is there in the media type asked for is not compressed anew.
- ``application/octet-stream; transfer-syntax=*`` means the stored frames under their own media type (OHIF asks so).
- Wildcards on bulk data mean what is stored where it cannot be decoded (dicomweb-client asks for ``*/*``).
- ``application/json`` is the same as ``application/dicom+json``.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple, TypeVar

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
from app.offers import (
    DICOM,
    DICOM_JSON,
    DICOM_XML,
    JSON,
    NEVER_ON_THE_WEB,
    WADL,
    ZIP,
    Category,
    document_offers,
    encapsulated_document_offers,
    instance_offers,
    pixel_offers,
)
from dicomcore.data.transfer_syntax import TRANSFER_SYNTAXES
from dicomcore.errors import InvalidParameter, NotAcceptable

__all__ = [
    "DICOM",
    "DICOM_JSON",
    "DICOM_XML",
    "JSON",
    "NEVER_ON_THE_WEB",
    "WADL",
    "ZIP",
    "Acceptable",
    "Category",
    "Selection",
    "Stored",
    "acceptable",
    "check_charset",
    "content_type",
    "depends_on_targets",
    "multipart_content_type",
    "select_bulkdata",
    "select_document",
    "select_instances",
]

_DICOM_NAMES = frozenset((DICOM, DICOM_JSON, DICOM_XML, JSON))
_PART_OF_A_PAGE = re.compile(r"(?i)script|css")
_RENDERED_PREFIXES = ("image/", "video/", "text/", "application/pdf")
# Everything that anything could be put into.
_ALL_TARGETS = tuple(one.uid for one in TRANSFER_SYNTAXES.values() if one.encapsulated and not one.video)


@dataclass(frozen=True, slots=True)
class Acceptable:
    """What a request accepts: the ranges of its Accept header and of its ``accept`` parameter.

    Choices are remembered by it, so its hash is computed once.
    """

    header: tuple[MediaRange, ...]
    parameter: tuple[MediaRange, ...] = ()
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.header, self.parameter)))

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen: the media type of the representation or, with ``multipart``, of its parts.

    ``transfer_syntax_uid`` is the actual one, never ``*``; it is empty for JSON and XML.
    """

    media_type: str
    multipart: bool = False
    transfer_syntax_uid: str = ""


class Stored(NamedTuple):
    """How instances are stored, and the encapsulated transfer syntaxes that their pixel data can be put into."""

    transfer_syntax_uid: str
    targets: tuple[str, ...] = ()


def acceptable(header: str | None, parameter: str | None = None, *, strict: bool = False) -> Acceptable:
    """Read the Accept header and the ``accept`` query parameter (PS3.18 §8.7.5, §8.3.3.1).

    Without any range a request accepts everything or, with ``strict``, nothing.
    """
    accepted = _accepted(header or "", strict)
    return accepted if parameter is None else Acceptable(accepted.header, _accept_parameter(parameter, accepted.header))


@lru_cache(maxsize=512)
def _accepted(header: str, strict: bool) -> Acceptable:
    ranges = parse_accept(header)
    return Acceptable((ANYTHING,) if not ranges and not strict else ranges)


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
    return _select(accepted, document_offers(category, single=single))


Form = TypeVar("Form", str, Stored)
"""A stored transfer syntax UID, of which nothing can be made but Explicit VR Little Endian, or a `Stored`."""


def select_instances(
    accepted: Acceptable, stored: Iterable[Form], *, can_decode: Callable[[str], bool], single: bool = False
) -> dict[Form, Selection]:
    """Choose for each form that is stored how its instances leave (PS3.18 §10.4.4).

    All selections have one packaging: multipart, single part (only when the resource is one instance: ``single``) or
    zip. A form for which nothing fits is missing in the result; when that is all, `NotAcceptable` is raised.
    The bulk data media types, which §10.4.4 wants here too, ask for the bulk data of the instances.
    """
    return _select_each(accepted, [(form, _instances_of(_stored(form), can_decode, single)) for form in stored])


def select_bulkdata(
    accepted: Acceptable,
    stored: Iterable[Form],
    *,
    can_decode: Callable[[str], bool],
    single: bool = False,
    document_type: str = "",
) -> dict[Form, Selection]:
    """Choose for each form that is stored how frames or pixel data leave (PS3.18 §8.7.3.3).

    Other bulk data than pixel data are never compressed: give Explicit VR Little Endian as their stored syntax, and for
    an Encapsulated Document its MIME Type (0042,0012) as ``document_type``, which is passed over when it is none,
    or one that browsers would load into our pages as a script or a style sheet. ``single``: the answer is one item.
    """
    document_type = document_type.strip()
    if not is_media_type_name(document_type) or _PART_OF_A_PAGE.search(document_type):
        document_type = ""
    return _select_each(
        accepted, [(form, _bulkdata_of(_stored(form), can_decode, single, document_type)) for form in stored]
    )


def depends_on_targets(
    accepted: Acceptable, stored: str, *, for_instances: bool, can_decode: Callable[[str], bool], single: bool
) -> bool:
    """Say whether it matters for a choice which targets there are, which takes a look at the data set to know.

    It does not where the best of all that could be is there without them: most who ask get what is stored.
    """
    return _depends(accepted, stored, for_instances, can_decode(stored), single)


@lru_cache(maxsize=512)
def _depends(accepted: Acceptable, stored: str, for_instances: bool, decodable: bool, single: bool) -> bool:
    make = instance_offers if for_instances else pixel_offers
    found = _find(accepted, make(stored, decodable, single, ()))
    return found is None or found != _find(accepted, make(stored, decodable, single, _ALL_TARGETS))


def _stored(form: str | Stored) -> Stored:
    return form if isinstance(form, Stored) else Stored(form)


def _instances_of(stored: Stored, can_decode: Callable[[str], bool], single: bool) -> tuple[Offer, ...]:
    uid = stored.transfer_syntax_uid
    return instance_offers(uid, can_decode(uid), single, stored.targets)


def _bulkdata_of(
    stored: Stored, can_decode: Callable[[str], bool], single: bool, document_type: str
) -> tuple[Offer, ...]:
    uid = stored.transfer_syntax_uid
    if document_type:
        return encapsulated_document_offers(uid, can_decode(uid), single, document_type)
    return pixel_offers(uid, can_decode(uid), single, stored.targets)


def content_type(selection: Selection) -> str:
    """Write the Content-Type of a part or of a single-part answer, always with the transfer syntax (PS3.18 §8.7.9)."""
    if not selection.transfer_syntax_uid or selection.media_type == ZIP:
        return selection.media_type
    return f"{selection.media_type}; {TRANSFER_SYNTAX}={selection.transfer_syntax_uid}"


def multipart_content_type(media_type: str, boundary: str) -> str:
    """Write the Content-Type of a multipart answer; ``media_type`` is that of its first part (RFC 2387 §3.1)."""
    return f"multipart/related; type={quoted(media_type)}; boundary={quoted(boundary)}"


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


Key = TypeVar("Key", bound=Hashable)
_Choices = Sequence[tuple[Key, tuple[Offer, ...]]]
"""What is stored, and what can be offered of it."""


def _select_each(accepted: Acceptable, choices: _Choices[Key]) -> dict[Key, Selection]:
    if len(choices) == 1:  # nearly always
        ((key, offers),) = choices
        return {key: _select(accepted, offers)}
    found = _found(accepted, choices)
    packagings = dict.fromkeys(_packaging(offer) for offer in found.values())
    if len(packagings) > 1:
        # One answer has one packaging: the one that serves most; of equals the one that came first.
        found = max((_found(accepted, _packaged(choices, packaging)) for packaging in packagings), key=len)
    if not found:
        raise _not_acceptable(offer for _, offers in choices for offer in offers)
    return {key: _selection(offer) for key, offer in found.items()}


def _found(accepted: Acceptable, choices: _Choices[Key]) -> dict[Key, Offer]:
    candidates = ((key, _find(accepted, offers)) for key, offers in choices)
    return {key: offer for key, offer in candidates if offer is not None}


def _packaging(offer: Offer) -> tuple[bool, bool]:
    """Tell apart: multipart instances, multipart bulk data, single part, zip."""
    return offer.multipart, offer.media_type in (DICOM, ZIP)


def _packaged(choices: _Choices[Key], packaging: tuple[bool, bool]) -> _Choices[Key]:
    return [(key, tuple(one for one in offers if _packaging(one) == packaging)) for key, offers in choices]


def _not_acceptable(offers: Iterable[Offer]) -> NotAcceptable:
    available = dict.fromkeys(_described(offer) for offer in offers)
    return NotAcceptable("nothing that Accept names can be made of this resource", tuple(available))


def _described(offer: Offer) -> str:
    syntax = offer.transfer_syntax_uid
    if not offer.multipart:
        return offer.media_type + (f"; {TRANSFER_SYNTAX}={syntax}" if syntax else "")
    return f"multipart/related; type={quoted(offer.media_type)}" + (f"; {TRANSFER_SYNTAX}={syntax}" if syntax else "")
