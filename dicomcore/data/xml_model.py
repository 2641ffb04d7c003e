"""Native DICOM Model encoder (PS3.19 §A.1), from the DICOM JSON Model.

The JSON model is the one source: what is bulk data, how a number is written and which text stands for wrong bytes is
decided in `json_model`, and stored metadata become XML without the instance. Numbers keep the characters that JSON has.

What XML has of its own:

- Private elements lose the block from their tag (``00291010`` is ``00290010``) and get the attribute
  ``privateCreator``; the elements that reserve blocks are left out. A private element without a creator keeps its tag
  and has no such attribute: the standard has no form for it, and so nothing is lost.
- Characters that XML 1.0 does not have become U+FFFD; carriage returns are written as references, to survive parsing.
- Components of person names beyond the fifth stay with the suffix.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

from dicomcore.data.dataset import Dataset
from dicomcore.data.dictionary import is_private, is_private_creator, keyword_of, private_creator_tag
from dicomcore.data.json_model import PLACEHOLDER, BulkdataPolicy, encode_json
from dicomcore.data.json_parser import load_json

NAMESPACE = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")

_START = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<NativeDicomModel xmlns="{NAMESPACE}" xml:space="preserve">'
).encode()
_END = b"</NativeDicomModel>"
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_TEXT = {"\r": "&#13;"}
_IN_ATTRIBUTE = {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;", '"': "&quot;"}
# The placeholder of the Base URI is no UTF-8; while the metadata are text, a noncharacter stands for it.
_STAND_IN = "\ufdd0"


def encode_xml(dataset: Dataset, policy: BulkdataPolicy) -> bytes:
    """Encode a data set as one Native DICOM Model document."""
    return xml_of_json(encode_json(dataset, policy))


def xml_of_json(metadata: bytes | Mapping[str, Any]) -> bytes:
    """Turn one object of the DICOM JSON Model, as text or parsed, into one Native DICOM Model document."""
    return b"".join(iterate_xml(metadata))


def iterate_xml(metadata: bytes | Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the document of `xml_of_json` in pieces, one for each attribute of the data set.

    A `PLACEHOLDER` in the metadata is one in the document.
    """
    members = metadata if isinstance(metadata, Mapping) else _parse(metadata)
    stand_in = b"" if isinstance(metadata, Mapping) or PLACEHOLDER not in metadata else _STAND_IN.encode()
    yield _START
    for piece in _attributes(members):
        encoded = piece.encode("utf-8", "replace")
        yield encoded.replace(stand_in, PLACEHOLDER) if stand_in else encoded
    yield _END


def _parse(metadata: bytes) -> Mapping[str, Any]:
    if PLACEHOLDER not in metadata:
        parsed = load_json(metadata)
    else:
        stand_in = _STAND_IN.encode()
        parsed = load_json(metadata.replace(stand_in, "\ufffd".encode()).replace(PLACEHOLDER, stand_in))
    return parsed if isinstance(parsed, Mapping) else parsed[0]


def _attributes(members: Mapping[str, Any]) -> Iterator[str]:
    for name, attribute in members.items():
        tag = int(name, 16)
        if is_private_creator(tag):
            continue
        start = f'<DicomAttribute {_identity(tag, members)} vr="{attribute["vr"]}"'
        keyword = keyword_of(tag)
        start += f' keyword="{keyword}"' if keyword else ""
        content = "".join(_content(attribute))
        yield f"{start}>{content}</DicomAttribute>" if content else f"{start}/>"


def _identity(tag: int, members: Mapping[str, Any]) -> str:
    creator = members.get(f"{private_creator_tag(tag):08X}", {}).get("Value", [None])[0] if is_private(tag) else None
    if not isinstance(creator, str):
        return f'tag="{tag:08X}"'
    return f'tag="{tag & 0xFFFF00FF:08X}" privateCreator={_quoted(creator)}'


def _content(attribute: Mapping[str, Any]) -> Iterator[str]:
    if "BulkDataURI" in attribute:
        yield f"<BulkData uri={_quoted(attribute['BulkDataURI'])}/>"
    elif "InlineBinary" in attribute:
        yield f"<InlineBinary>{attribute['InlineBinary']}</InlineBinary>"
    write = _WRITERS.get(attribute["vr"], _value)
    for number, value in enumerate(attribute.get("Value", ()), start=1):
        yield write(number, value)


def _value(number: int, value: Any) -> str:
    if value is None:
        return f'<Value number="{number}"/>'
    return f'<Value number="{number}">{_text(value if isinstance(value, str) else repr(value))}</Value>'


def _item(number: int, members: Mapping[str, Any]) -> str:
    content = "".join(_attributes(members))
    return f'<Item number="{number}">{content}</Item>' if content else f'<Item number="{number}"/>'


def _person_name(number: int, groups: Mapping[str, str] | None) -> str:
    if not groups:
        return f'<PersonName number="{number}"/>'
    content = "".join(f"<{group}>{_components(text)}</{group}>" for group, text in groups.items())
    return f'<PersonName number="{number}">{content}</PersonName>'


def _components(text: str) -> str:
    pairs = zip(COMPONENTS, text.split("^", len(COMPONENTS) - 1), strict=False)
    return "".join(f"<{component}>{_text(part)}</{component}>" for component, part in pairs if part)


_WRITERS: dict[str, Callable[[int, Any], str]] = {"SQ": _item, "PN": _person_name}


def _text(text: str) -> str:
    return escape(_ILLEGAL.sub("\ufffd", text), _IN_TEXT)


def _quoted(text: str) -> str:
    return f'"{escape(_ILLEGAL.sub(chr(0xFFFD), text), _IN_ATTRIBUTE)}"'
