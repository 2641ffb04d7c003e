"""What the value types of content items hold (PS3.3 §C.17.3.2, §C.18): frozen values, as stored.

Dates and times are kept in the form of their VR; `wording` makes them readable. Nothing here refers to a data set, so
that a content tree outlives the file it was read from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from dicomcore.documents.codes import Code


@dataclass(frozen=True, slots=True)
class Text:
    """TEXT: unformatted text, with the line breaks that its author made."""

    text: str


@dataclass(frozen=True, slots=True)
class Moment:
    """DATETIME, DATE or TIME: a moment in the form of ``vr`` (DT, DA or TM)."""

    vr: str
    text: str


@dataclass(frozen=True, slots=True)
class Uid:
    """UIDREF: the identity of something."""

    uid: str


@dataclass(frozen=True, slots=True)
class PersonName:
    """PNAME: a person name, component groups and all."""

    name: str


@dataclass(frozen=True, slots=True)
class Concept:
    """CODE: a coded concept."""

    code: Code


@dataclass(frozen=True, slots=True)
class Number:
    """NUM: a measurement (PS3.3 §C.18.1).

    ``text`` is the Numeric Value as written, empty where there is none and ``qualifier`` says why. ``value`` is the
    most exact number at hand: Floating Point Value, else the quotient of the rational, else the text's. ``rational`` is
    (numerator, denominator).
    """

    text: str
    value: float | None
    unit: Code | None
    qualifier: Code | None = None
    rational: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to an instance (PS3.3 §10.8): what a link is made of.

    ``frames``, ``segments`` and ``channels`` (multiplex group, channel) select parts of it; ``presentation`` is the SOP
    Instance UID of the presentation state that it is to be shown with. The series and the study are those that the
    document lists as evidence (PS3.3 §C.17.2.3), empty where it does not.
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    frames: tuple[int, ...] = ()
    segments: tuple[int, ...] = ()
    channels: tuple[tuple[int, int], ...] = ()
    presentation: str = ""
    purpose: Code | None = None


@dataclass(frozen=True, slots=True)
class Coordinates:
    """SCOORD or SCOORD3D: points (PS3.3 §C.18.6, §C.18.9).

    SCOORD has (column, row) pairs relative to the image that it is selected from; SCOORD3D has (x, y, z) triples in mm
    in the frame of reference.
    """

    graphic_type: str
    points: tuple[tuple[float, ...], ...]
    frame_of_reference_uid: str = ""
    pixel_origin: str = ""


@dataclass(frozen=True, slots=True)
class TemporalCoordinates:
    """TCOORD: moments in a waveform, as sample numbers, seconds or times of day (PS3.3 §C.18.7)."""

    range_type: str
    samples: tuple[int, ...] = ()
    offsets: tuple[float, ...] = ()
    moments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Container:
    """CONTAINER: a heading of what it contains; ``is_continuous`` lets it read as one text (PS3.3 §C.18.8)."""

    is_continuous: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """What a row or a column of a table holds."""

    name: Code | None = None
    unit: Code | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """TABLE: tabulated values (PS3.3 §C.18.10).

    ``cells`` are (row, column, text), counted from 0, cells without a value left out.
    """

    rows: tuple[Axis, ...]
    columns: tuple[Axis, ...]
    cells: tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A by-reference relationship: the place of another content item in the same document (PS3.3 §C.17.3.2.5)."""

    target: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value that is missing, or of a type that this software does not know."""


Value: TypeAlias = (
    Text
    | Moment
    | Uid
    | PersonName
    | Concept
    | Number
    | Reference
    | Coordinates
    | TemporalCoordinates
    | Container
    | Table
    | Link
    | Unreadable
)


@dataclass(frozen=True, slots=True)
class ContentItem:
    """One node of the content tree (PS3.3 §C.17.3).

    ``place`` is its identifier: the ordinals from the root, which is (1,), down to it. ``relationship`` to its parent
    is the defined term (``CONTAINS``), empty for the root. ``observed_at`` is its own Observation DateTime,
    ``template`` the identifier of the template that a container follows.
    """

    place: tuple[int, ...]
    relationship: str
    value_type: str
    name: Code | None
    value: Value
    children: tuple[ContentItem, ...] = ()
    observed_at: str = ""
    template: str = ""
    uid: str = ""

    @property
    def anchor(self) -> str:
        """The identifier as one word, ``1.2.3``."""
        return ".".join(map(str, self.place))

    def at(self, place: tuple[int, ...]) -> ContentItem | None:
        """Return the item with this place in the tree whose root this is, None if there is none."""
        found = self if place[:1] == self.place else None
        for ordinal in place[1:]:
            if found is None or not 1 <= ordinal <= len(found.children):
                return None
            found = found.children[ordinal - 1]
        return found
