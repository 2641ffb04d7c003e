"""Unique identifiers (PS3.5 §9, PS3.6 Annex A): the check at every door, the well-known ones, new ones."""

import re
import uuid

from dicomcore.errors import InvalidUid

MAX_LENGTH = 64

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
ENCAPSULATED_UNCOMPRESSED = "1.2.840.10008.1.2.1.98"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"
RLE_LOSSLESS = "1.2.840.10008.1.2.5"
MEDIA_STORAGE_DIRECTORY = "1.2.840.10008.1.3.10"

IMPLEMENTATION_CLASS_UID = "2.25.198513817269384917241637158203441905012"
IMPLEMENTATION_VERSION_NAME = "ISOCENTER"

_STRICT = re.compile(r"[0-2](?:\.(?:0|[1-9][0-9]*))+")
_TOLERATED = re.compile(r"[0-9]+(?:\.[0-9]+)*")


def is_valid_uid(text: str) -> bool:
    """Say whether ``text`` follows PS3.5 §9.1 to the letter."""
    return len(text) <= MAX_LENGTH and _STRICT.fullmatch(text) is not None


def check_uid(text: str, name: str = "UID") -> str:
    """Return ``text`` if it can serve as a UID here, else raise `InvalidUid`.

    Leading zeros in a component and single-component UIDs are tolerated because old modalities write them; letters,
    empty components and more than 64 characters are not.
    """
    if len(text) > MAX_LENGTH or _TOLERATED.fullmatch(text) is None:
        raise InvalidUid(text, name)
    return text


def new_uid() -> str:
    """Make a UID from a random UUID (PS3.5 §B.2)."""
    return f"2.25.{uuid.uuid4().int}"
