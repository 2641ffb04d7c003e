"""Values of content items in words: one function for each kind of value, in one table."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from dicomcore.data import uid_name
from dicomcore.documents.codes import Code, with_unit
from dicomcore.documents.outline import Line, Run, Tone
from dicomcore.documents.values import (
    Concept,
    Container,
    ContentItem,
    Coordinates,
    Link,
    Moment,
    Number,
    PersonName,
    Reference,
    Table,
    TemporalCoordinates,
    Text,
    Uid,
    Unreadable,
    Value,
)
from dicomcore.documents.wording import (
    readable_date,
    readable_list,
    readable_moment,
    readable_number,
    readable_time,
    shorten,
)
from dicomcore.written_names import readable_name

Links: TypeAlias = Callable[[Reference], str | None]
"""Gives the URL of an instance that is referred to; None where there is nothing to link to."""

MAX_SHOWN_POINTS = 8
"""How many points of a graphic are written out; the XML form has all."""
MAX_QUOTED = 80
"""How many letters of an item are repeated where another refers to it."""
# A URL without a scheme, or of the web; browsers drop white space and control characters before they look.
_SAFE_LINK = re.compile(r"(?:https?://|(?![a-z][a-z0-9+.-]*:))[!-~]+", re.IGNORECASE)


class Phrases:
    """Puts values into words.

    ``links`` makes URLs, ``offset`` is the Timezone Offset From UTC of the document, ``root`` is its content: what
    relationships by reference lead to.
    """

    def __init__(self, links: Links | None = None, offset: str = "", root: ContentItem | None = None) -> None:
        self._links = links
        self._offset = offset
        self._root = root

    def of(self, value: Value) -> Line:
        """Return the words for a value; nothing for a container or a table, which are more than a line."""
        writer: Callable[[Phrases, Any], Line] = _WRITERS[type(value)]
        return writer(self, value)

    def moment(self, text: str) -> str:
        """Write a DT value of the document."""
        return readable_moment(text, self._offset)

    def text(self, value: Text) -> Line:
        """Write TEXT: as it is."""
        return (Run(value.text, Tone.VALUE),)

    def moment_of(self, value: Moment) -> Line:
        """Write DATETIME, DATE or TIME."""
        words = {"DT": self.moment, "DA": readable_date, "TM": readable_time}[value.vr](value.text)
        return (Run(words, Tone.VALUE),)

    def uid(self, value: Uid) -> Line:
        """Write UIDREF: the name of a registered UID, else the UID."""
        name = uid_name(value.uid)
        return (Run(name, Tone.VALUE, hint=value.uid),) if name else (Run(value.uid, Tone.UID),)

    def person(self, value: PersonName) -> Line:
        """Write PNAME."""
        return (Run(readable_name(value.name), Tone.VALUE),)

    def concept(self, value: Concept) -> Line:
        """Write CODE: its meaning, the code as a hint."""
        return (Run(value.code.label, Tone.VALUE, hint=value.code.triplet),)

    def number(self, value: Number) -> Line:
        """Write NUM: the number as it was written, its unit, and why it is missing or in doubt."""
        words = value.text or ("" if value.value is None else readable_number(value.value))
        runs = [Run(with_unit(words, value.unit), Tone.VALUE, hint=_hint(value.unit))] if words else []
        if value.qualifier is not None:
            runs.append(Run(f"({value.qualifier.label})", Tone.NOTE, hint=value.qualifier.triplet))
        return tuple(runs) or _NO_VALUE

    def reference(self, value: Reference) -> Line:
        """Write COMPOSITE, IMAGE or WAVEFORM: what kind of instance, which parts of it, and its UID."""
        kind = uid_name(value.sop_class_uid).removesuffix(" Storage") or "Instance"
        parts = (("frame", value.frames), ("segment", value.segments))
        words = [kind, *(f"{name}{'s' * (len(some) > 1)} {readable_list(some)}" for name, some in parts if some)]
        if value.channels:
            words.append("channels " + ", ".join(f"{group}/{channel}" for group, channel in value.channels[:24]))
        runs = [Run(", ".join(words), Tone.VALUE, link=safe_link(self._links, value), hint=value.sop_class_uid)]
        runs.append(Run(value.sop_instance_uid, Tone.UID))
        if value.purpose is not None:
            runs.insert(0, Run(f"{value.purpose.label}:", Tone.NOTE, hint=value.purpose.triplet))
        if value.presentation:
            runs += [Run("as presented by", Tone.NOTE), Run(value.presentation, Tone.UID)]
        return tuple(runs)

    def coordinates(self, value: Coordinates) -> Line:
        """Write SCOORD or SCOORD3D: the shape and its first points."""
        written = ("(" + ", ".join(map(readable_number, point)) + ")" for point in value.points[:MAX_SHOWN_POINTS])
        left_out = len(value.points) - MAX_SHOWN_POINTS
        words = " ".join(written) + (f" and {left_out} more points" if left_out > 0 else "")
        runs = [Run(f"{value.graphic_type.capitalize()} {words}".strip(), Tone.VALUE)]
        if value.frame_of_reference_uid:
            runs += [Run("mm in the frame of reference", Tone.NOTE), Run(value.frame_of_reference_uid, Tone.UID)]
        return tuple(runs)

    def temporal(self, value: TemporalCoordinates) -> Line:
        """Write TCOORD: the kind of range and its moments."""
        words = {
            "samples": readable_list(value.samples),
            "seconds": ", ".join(map(readable_number, value.offsets[:24])),
            "at": ", ".join(map(self.moment, value.moments[:24])),
        }
        kind = value.range_type.capitalize()
        parts = [kind, *(f"{name} {some}" for name, some in words.items() if some)]
        return (Run(" ".join(filter(None, parts)), Tone.VALUE),)

    def link(self, value: Link) -> Line:
        """Write a relationship by reference: the words of the item that it leads to, and its place."""
        place = ".".join(map(str, value.target))
        target = None if self._root is None else self._root.at(value.target)
        if target is None:
            return (Run(f"item {place}, which is not there", Tone.MISSING),)
        label = "" if target.name is None else target.name.label
        line = () if isinstance(target.value, Link) else self.of(target.value)
        words = " ".join(run.text[:MAX_QUOTED] for run in line)
        said = shorten(": ".join(part for part in (label, words) if part), MAX_QUOTED)
        return (Run(f"{said} (item {place})" if said else f"item {place}", Tone.NOTE, target=place),)

    def nothing(self, _: Value) -> Line:
        """Write a container or a table: what they hold is laid out below."""
        return ()

    def missing(self, _: Value) -> Line:
        """Write a value that is not there."""
        return _NO_VALUE


_NO_VALUE: Line = (Run("no value", Tone.MISSING),)
_WRITERS: dict[type, Callable[[Phrases, Any], Line]] = {
    Text: Phrases.text,
    Moment: Phrases.moment_of,
    Uid: Phrases.uid,
    PersonName: Phrases.person,
    Concept: Phrases.concept,
    Number: Phrases.number,
    Reference: Phrases.reference,
    Coordinates: Phrases.coordinates,
    TemporalCoordinates: Phrases.temporal,
    Container: Phrases.nothing,
    Table: Phrases.nothing,
    Link: Phrases.link,
    Unreadable: Phrases.missing,
}


def safe_link(links: Links | None, reference: Reference) -> str:
    """Ask for the link to an instance; one that would run a script is none."""
    link = (links(reference) if links is not None else None) or ""
    return link if _SAFE_LINK.fullmatch(link) else ""


def label_of(code: Code | None) -> Run | None:
    """Write a concept name as a label."""
    return None if code is None else Run(code.label, Tone.LABEL, hint=code.triplet)


def _hint(unit: Code | None) -> str:
    return "" if unit is None else unit.triplet
