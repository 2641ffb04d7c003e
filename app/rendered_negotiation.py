"""Content negotiation for rendered resources (PS3.18 §8.7.4, §8.7.8): what there is of an instance, and what is asked.

The ``accept`` parameter goes first, then the Accept header. Unlike for DICOM media types a range with a wildcard counts
as much as a name: browsers name image/avif and image/webp beside ``image/*`` in whatever they fetch, and would make us
encode these, which take ten times as long as the default that the range includes. At equal weights what is offered
first wins, which is the default of the category. Single parts are for single items only (§10.4.4 note 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from app.media_types import MediaRange, Offer, weigh
from app.negotiation import Acceptable, Selection
from dicomcore.errors import NotAcceptable

_CHARSET = (("charset", "utf-8"),)
_TEXT = "text/"


def select_rendered(accepted: Acceptable, media_types: Sequence[str], *, single: bool) -> Selection:
    """Choose the form of one instance or frame; ``single``: it is all that is answered.

    Raises `NotAcceptable` with what there is.
    """
    best = _best(accepted, tuple(media_types), single)
    if best is None:
        available = tuple(map(_described, _offers(media_types, single)))
        raise NotAcceptable("nothing that Accept names can be made of this resource", available)
    return best


def rendered_content_type(media_type: str) -> str:
    """The Content-Type of a rendered form: text has its character set with it (PS3.18 §8.8)."""
    return f"{media_type}; charset=utf-8" if media_type.startswith(_TEXT) else media_type


@lru_cache(maxsize=512)
def _best(accepted: Acceptable, media_types: tuple[str, ...], single: bool) -> Selection | None:
    offers = tuple(_offers(media_types, single))
    for ranges in (accepted.parameter, accepted.header):
        weighed = [(_weight(offer, ranges), offer) for offer in offers]
        weight, best = max(weighed, key=lambda one: one[0], default=(0, None))
        if best is not None and weight > 0:
            return Selection(best.media_type, best.multipart)
    return None


def _offers(media_types: Sequence[str], single: bool) -> Iterable[Offer]:
    for is_multipart in (False, True) if single else (True,):
        for media_type in media_types:
            parameters = _CHARSET if media_type.startswith(_TEXT) else ()
            yield Offer(media_type, is_multipart, parameters=parameters)


def _weight(offer: Offer, ranges: tuple[MediaRange, ...]) -> int:
    weight, _ = weigh(offer, ranges)
    return weight


def _described(offer: Offer) -> str:
    return f'multipart/related; type="{offer.media_type}"' if offer.multipart else offer.media_type
