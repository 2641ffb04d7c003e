"""Further viewers that studies can be opened in: links made of a template of the operator's. Pure.

``viewer_links`` holds ``NAME=TEMPLATE``; in a template ``{study_uid}``, ``{accession}``, ``{patient_id}`` and
``{dicomweb_url}`` stand for what was found. Where a link leads is the template's alone: scheme and host have no
placeholders, and whatever is put in is escaped, so that nobody who writes a link to `/launch` chooses its target.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import Formatter
from urllib.parse import quote, urlsplit

PLACEHOLDERS = ("study_uid", "accession", "patient_id", "dicomweb_url")
SCHEMES = ("http", "https", "weasis")
OWN_VIEWERS = ("builtin", "ohif")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_TEMPLATE = re.compile(r"[!#-&(-;=?-\[\]_a-z{}~]+")  # printable ASCII without space, quotes, <>, backslash, ^, ` and |
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_HAS_MEANING_ELSEWHERE = re.compile(r"[\"'\\$`\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link is to open; ``dicomweb_url`` is where the studies are to be had."""

    study_uids: tuple[str, ...]
    accession: str
    patient_id: str
    dicomweb_url: str


@dataclass(frozen=True, slots=True)
class ViewerLink:
    """A viewer by its name, and how it is called."""

    name: str
    template: str

    def url(self, opened: Opened) -> str:
        """Make the link; several studies have commas between their UIDs."""
        values = {
            "study_uid": ",".join(opened.study_uids),
            "accession": opened.accession,
            "patient_id": opened.patient_id,
            "dicomweb_url": opened.dicomweb_url,
        }
        return self.template.format_map({name: self._escaped(value) for name, value in values.items()})

    def _escaped(self, value: str) -> str:
        # A viewer that is not a web page reads the link as a command line: nothing in a value may end an argument.
        is_web = self.template.startswith("http")
        plain = value if is_web else _HAS_MEANING_ELSEWHERE.sub("", value)
        return quote(plain.encode("utf-8", "replace"), safe=",")


def parse_viewer_link(text: str) -> ViewerLink:
    """Read ``NAME=TEMPLATE``; raises ValueError with what is wrong."""
    name, equals, template = text.partition("=")
    name, template = name.strip(), template.strip()
    if not equals or not _NAME.fullmatch(name) or name.lower() in OWN_VIEWERS:
        raise ValueError(f"{text[:80]!r} must be NAME=TEMPLATE, with a name that is not {' or '.join(OWN_VIEWERS)}")
    if not _TEMPLATE.fullmatch(template):
        raise ValueError(f"the template of {name} must be a URL, with its special characters escaped by %")
    _check_placeholders(name, template)
    _check_target(name, template)
    return ViewerLink(name, template)


def _check_placeholders(name: str, template: str) -> None:
    try:
        pieces = list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"the template of {name} has a brace that is not closed") from error
    fields = [(field, form, conversion) for _, field, form, conversion in pieces if field is not None]
    if any(field not in PLACEHOLDERS or form or conversion for field, form, conversion in fields):
        known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
        raise ValueError(f"the template of {name} may have {known} and no other braces")
    if not any(field != "dicomweb_url" for field, _, _ in fields):
        raise ValueError(f"the template of {name} does not say which study")


def _check_target(name: str, template: str) -> None:
    scheme, colon, rest = template.partition("://")
    if not colon or scheme not in SCHEMES:
        raise ValueError(f"the template of {name} must begin with one of {', '.join(f'{one}://' for one in SCHEMES)}")
    if scheme == "weasis":
        return
    try:
        authority = urlsplit(template).netloc
    except ValueError as error:
        raise ValueError(f"the template of {name} has no host") from error
    if not _HOST.fullmatch(authority) or not rest.startswith(authority):
        raise ValueError(f"the template of {name} must name its host without placeholders, user or password")
