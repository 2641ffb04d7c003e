"""Text that may stand in XML and HTML: what XML 1.0 does not have becomes U+FFFD (XML 1.0 §2.2)."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_TEXT = {"\r": "&#13;"}
_IN_ATTRIBUTE = {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;", '"': "&quot;"}


def legal_text(text: str) -> str:
    """Replace characters that no XML document may have, not even as references."""
    return _ILLEGAL.sub("\ufffd", text)


def escaped_text(text: str) -> str:
    """Escape text for the content of an XML element; carriage returns survive parsing."""
    return escape(legal_text(text), _IN_TEXT)


def quoted_text(text: str) -> str:
    """Escape text for an XML attribute and put it into quotation marks."""
    return f'"{escape(legal_text(text), _IN_ATTRIBUTE)}"'
