"""Put answers to searches together from attributes that are encoded already (PS3.18 §10.6.3.3, Annex F).

Everything is done on fragments, as in the index: how a number was written is kept. The Base URI is left open by
``PLACEHOLDER``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson

from dicomcore.bridge.identifiers import Fragments
from dicomcore.data import PLACEHOLDER, dictionary
from dicomcore.index.attributes import REQUIRED
from dicomcore.index.documents import join_lines, split_object, tag_of_fragment
from dicomcore.resources import Level, Resource

RETRIEVE_AE_TITLE = 0x00080054
RETRIEVE_URL = 0x00081190


def answer_object(level: Level, resource: Resource, found: Fragments, shown: Sequence[Level], ae_title: str) -> bytes:
    """Write an answer: what was found, what is required of the levels ``shown``, and where it can be retrieved."""
    known = {one.tag: with_values(one.tag, ()) for each in shown for one in REQUIRED[each] if not _is_ours(one.tag)}
    known |= found
    known[RETRIEVE_AE_TITLE] = with_values(RETRIEVE_AE_TITLE, (ae_title,))
    if level is not Level.PATIENT:
        known[RETRIEVE_URL] = retrieve_url(resource)
    return join_fragments(known)


_INSTANCE_AVAILABILITY = 0x00080056
_AVAILABLE_TRANSFER_SYNTAX_UID = 0x00083002


def _is_ours(tag: int) -> bool:
    """Whether only we return it without a value, or know it better than the archive: it is required if known."""
    return tag in (_INSTANCE_AVAILABILITY, _AVAILABLE_TRANSFER_SYNTAX_UID, RETRIEVE_URL)


def with_values(tag: int, values: Iterable[str | int]) -> bytes:
    """Write an attribute that is neither a name nor a sequence, unless it has no values."""
    kept = list(values)
    start = b'"%08X":{"vr":"%s"' % (tag, dictionary.vr_of(tag).encode())
    return start + (b',"Value":' + orjson.dumps(kept) if kept else b"") + b"}"


def retrieve_url(resource: Resource) -> bytes:
    """Write the Retrieve URL (0008,1190) of a resource."""
    return b'"%08X":{"vr":"UR","Value":["%b%b"]}' % (RETRIEVE_URL, PLACEHOLDER, resource.path.encode())


def values_of(found: Fragments, tag: int) -> list[object]:
    """Parse the values of one attribute; none if it is absent."""
    fragment = found.get(tag)
    if fragment is None:
        return []
    element = orjson.loads(b"{" + fragment.replace(PLACEHOLDER, b"") + b"}")[f"{tag:08X}"]
    values: list[object] = element.get("Value", [])
    return values


def text_of(found: Fragments, tag: int) -> str:
    """The first value as text; empty if there is none."""
    return next((str(value) for value in values_of(found, tag) if value is not None), "")


def fragments_of(answer: bytes) -> Fragments:
    """Take an answer apart."""
    return {tag_of_fragment(one): one for one in split_object(answer)}


def join_fragments(found: Fragments) -> bytes:
    """Put an answer together."""
    return join_lines(found[tag] for tag in sorted(found))
