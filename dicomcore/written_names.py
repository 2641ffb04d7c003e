"""Write person names (PN, PS3.5 §6.2.1) in the order that lists of people have, wherever they are shown."""

from __future__ import annotations


def readable_groups(name: str) -> list[str]:
    """Return the component groups of a name that say something: alphabetic, ideographic, phonetic.

    The alphabetic group is written as "Family, Prefix Given Middle, Suffix", the others without commas.
    """
    alphabetic, *others = name.split("=")[:3]
    written = [_alphabetic(alphabetic), *(" ".join(filter(None, _components(other))) for other in others)]
    return [group for group in written if group]


def readable_name(name: str) -> str:
    """Return a name as "Family, Prefix Given Middle, Suffix (ideographic, phonetic)"."""
    first, *others = readable_groups(name) or [""]
    return f"{first} ({', '.join(others)})" if others else first


def _alphabetic(group: str) -> str:
    family, given, middle, prefix, suffix = [*_components(group), "", "", "", "", ""][:5]
    called = " ".join(filter(None, (prefix, given, middle)))
    return ", ".join(filter(None, (family, called, suffix)))


def _components(group: str) -> list[str]:
    return [part.strip() for part in group.split("^")]
