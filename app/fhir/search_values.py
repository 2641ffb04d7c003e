"""Values of search parameters: lists, tokens and references (FHIR R4 and R5, search.html §3.1.1.4). Pure.

A backslash takes the meaning from a comma, a bar, a dollar sign or a backslash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ELEMENT = re.compile(r"(?:[^\\,]|\\.)+")
_TOKEN = re.compile(r"((?:[^\\|]|\\.)*)\|(.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\([\\,|$])")


@dataclass(frozen=True, slots=True)
class Token:
    """A value with the system it is of; None is any system, the empty one is none at all."""

    system: str | None
    value: str


def elements_of(text: str) -> list[str]:
    """Cut a list at its commas; what was escaped stays so."""
    return _ELEMENT.findall(text)


def plain(text: str) -> str:
    """Undo escapes."""
    return _ESCAPE.sub(r"\1", text).strip()


def token_of(text: str) -> Token:
    """Read ``value``, ``system|value`` or ``|value``."""
    found = _TOKEN.fullmatch(text)
    return Token(None, plain(text)) if found is None else Token(plain(found[1]), plain(found[2]))


def reference_of(text: str, kind: str) -> str:
    """Give the id that a reference to a resource of this kind ends in: ``Patient/7`` and ``7`` are 7."""
    reference = plain(text)
    _, found, after = reference.rpartition(f"{kind}/")
    return after if found and (reference.startswith(f"{kind}/") or "://" in reference) else reference
