"""Lists of JSON objects as they leave: as one array, or as one XML document each (PS3.18 §8.6.1, Annex F; PS3.19 A.1).

The objects come with ``PLACEHOLDER`` in the place of the Base URI, which is put in here, by bytes.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from app.multipart import closing, make_boundary, part_header
from app.negotiation import DICOM_XML
from dicomcore.data import PLACEHOLDER, load_json, load_plain, xml_of_json
from dicomcore.errors import LimitExceeded
from dicomcore.resources import Resource

MAX_JSON_FOR_XML = 16 << 20  # bytes; parsed they take twenty times as much
_STAND_IN = "\ufdd0".encode()
_UNKNOWN = "\ufffd".encode()
_RETRIEVE_URL = "00081190"
_UIDS = (("studies", "0020000D"), ("series", "0020000E"), ("instances", "00080018"))


def json_array(objects: Sequence[bytes], base: str) -> bytes:
    """Write the objects as one JSON array."""
    return _based(b"".join((b"[", b",".join(objects), b"]")), base)


def xml_document(json_object: bytes, base: str) -> bytes:
    """Write one object as an XML document; raises `LimitExceeded` if that would take too much memory."""
    return xml_of_json(_parsed(json_object, base))


def xml_parts(objects: Sequence[bytes], base: str) -> tuple[str, list[bytes]]:
    """Write the objects as parts of a multipart body, each as `xml_document`; returns the boundary and the buffers."""
    boundary = make_boundary(DICOM_XML, base, *(hashlib.sha256(one).digest() for one in objects))
    buffers: list[bytes] = []
    for number, json_object in enumerate(objects):
        attributes = _parsed(json_object, base)
        headers = [("Content-Type", DICOM_XML), ("Content-Location", _location(attributes, base))]
        buffers += (part_header(boundary, headers, first=number == 0), xml_of_json(attributes))
    return boundary, [*buffers, closing(boundary)]


def revision_tag(resource: Resource, revision: str, *form: str | bytes) -> str:
    """A strong validator of a resource at a revision, in a form."""
    digest = hashlib.blake2b(f"{resource.path}\0{revision}".encode(), digest_size=16)
    for word in form:
        digest.update(b"\0" + (word.encode() if isinstance(word, str) else word))
    return f'"{digest.hexdigest()}"'


def select_attributes(objects: Iterable[bytes], keep: frozenset[str]) -> list[bytes]:
    """Leave only the attributes named by tag: what the ``includefield`` of a metadata request asks for."""
    selected = []
    for json_object in objects:
        # The placeholder is no UTF-8: a noncharacter of Unicode stands for it while the JSON is taken apart.
        # Where that very character is in a text, it is written as the one for what cannot be shown.
        attributes = load_plain(json_object.replace(_STAND_IN, _UNKNOWN).replace(PLACEHOLDER, _STAND_IN))
        kept = {tag: value for tag, value in attributes.items() if tag in keep}
        selected.append(orjson.dumps(kept).replace(_STAND_IN, PLACEHOLDER))
    return selected


def _based(json: bytes, base: str) -> bytes:
    return json.replace(PLACEHOLDER, base.encode("ascii"))


def _parsed(json_object: bytes, base: str) -> Mapping[str, Any]:
    if len(json_object) > MAX_JSON_FOR_XML:
        raise LimitExceeded("bytes of metadata that are written as XML", MAX_JSON_FOR_XML)
    attributes: Mapping[str, Any] = load_json(_based(json_object, base))
    return attributes


def _location(attributes: Mapping[str, Any], base: str) -> str:
    """Where the resource of an object is: its Retrieve URL, or that of its metadata."""
    url = attributes.get(_RETRIEVE_URL, {}).get("Value")
    if url:
        return str(url[0])
    path = "".join(f"/{name}/{attributes[tag]['Value'][0]}" for name, tag in _UIDS if tag in attributes)
    return f"{base}{path}/metadata"
