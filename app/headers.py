"""Header values: the one place where text becomes a header (RFC 9110 §5.5), and the fields with a form of their own."""

import re
from urllib.parse import quote

_NOT_ALLOWED = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")
_NOT_IN_FILENAME = re.compile(r"[^ !#$&+\-.0-9A-Z^_`a-z()@{}~,;=\[\]]+")


def header_value(text: str) -> str:
    """Make ``text`` harmless: control characters become a space, what is not Latin-1 a question mark."""
    if text.isascii() and text.isprintable():
        return text.strip()
    return _NOT_ALLOWED.sub(" ", text).strip().encode("latin-1", "replace").decode("latin-1")


def warning(service: str, text: str, code: str = "299") -> str:
    """Write a Warning (PS3.18 §8.3.4 and others): ``299 {service}: {text}``; ``service`` is the Base URI."""
    return header_value(f"{code} {service}: {text}")


def content_disposition(filename: str, disposition: str = "attachment") -> str:
    """Write Content-Disposition (RFC 6266) with an ASCII name and, where that loses something, RFC 8187's form."""
    name = _NOT_ALLOWED.sub(" ", filename.replace("/", "_").replace("\\", "_")).strip()
    ascii_name = _NOT_IN_FILENAME.sub("_", name) or "file"
    value = f'{disposition}; filename="{ascii_name}"'
    if ascii_name == name:
        return value
    return f"{value}; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"
