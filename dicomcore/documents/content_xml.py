"""A document as XML: the content tree with its codes, for programs that want more than the words.

The vocabulary is our own, in the namespace `NAMESPACE`. ``document`` holds ``header`` and the root ``item``. An
``item`` has the attributes ``id`` (its place, ``1.2.3``), ``type`` (the value type), ``relationship``, ``observed``,
``template`` and ``uid`` as far as they are there, then ``concept``, the value, and its items. A code is an element
with the attributes ``code``, ``scheme``, ``version`` and the meaning as text. Values keep the form of their VR.

=====================  ===============================================================================================
value type             element
=====================  ===============================================================================================
TEXT, PNAME, UIDREF    ``text``, ``name``, ``uid``
DATETIME, DATE, TIME   ``datetime``, ``date``, ``time``
CODE                   ``value`` (a code)
NUM                    ``number`` (attributes ``value`` as written, ``exact``, ``numerator``, ``denominator``) with
                       ``unit`` and ``qualifier``
COMPOSITE, IMAGE,      ``reference`` (attributes ``class``, ``instance``, ``series``, ``study``, ``frames``,
WAVEFORM               ``segments``, ``channels``, ``presentation``, ``href``)
SCOORD, SCOORD3D       ``graphic`` (attributes ``type``, ``frame-of-reference``, ``origin``) with ``point``
TCOORD                 ``times`` (attribute ``type``) with ``sample``, ``offset``, ``moment``
CONTAINER              nothing; the item has the attribute ``continuity``
TABLE                  ``table`` with ``row`` and ``column`` definitions and ``cell`` (``row``, ``column`` from 1)
by reference           ``link`` (attribute ``item``)
=====================  ===============================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from dicomcore.documents.codes import Code
from dicomcore.documents.header import DocumentHeader, Observer
from dicomcore.documents.phrases import Links, safe_link
from dicomcore.documents.report import Report
from dicomcore.documents.values import (
    Axis,
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
)
from dicomcore.documents.xml_text import escaped_text, quoted_text

NAMESPACE = "urn:isocenter:document:1"
"""The namespace of the vocabulary; another number would be another vocabulary."""

_MOMENTS = {"DT": "datetime", "DA": "date", "TM": "time"}


def content_xml(report: Report, links: Links | None = None) -> bytes:
    """Write a document as XML in UTF-8; ``links`` gives the ``href`` of references."""
    writer = _Writer(links)
    pieces = ['<?xml version="1.0" encoding="UTF-8"?>\n', f'<document xmlns="{NAMESPACE}">\n']
    pieces += writer.header(report.header)
    pieces += writer.item(report.content, "  ")
    pieces.append("</document>\n")
    return "".join(pieces).encode("utf-8", "replace")


def _element(name: str, text: str = "", content: str = "", **attributes: object) -> str:
    """Write one element; attributes that are empty are left out, ``_`` in their names is a hyphen."""
    written = "".join(
        f" {key.strip('_').replace('_', '-')}={quoted_text(str(value))}"
        for key, value in attributes.items()
        if value not in ("", None)
    )
    inner = escaped_text(text) + content
    return f"<{name}{written}>{inner}</{name}>" if inner else f"<{name}{written}/>"


def _code(name: str, code: Code | None) -> str:
    if code is None:
        return ""
    return _element(name, code.meaning, code=code.value, scheme=code.scheme, version=code.scheme_version)


def _listed(numbers: Iterable[object]) -> str:
    return " ".join(map(str, numbers))


class _Writer:
    """Writes the parts of one document."""

    def __init__(self, links: Links | None) -> None:
        self._links = links

    def header(self, header: DocumentHeader) -> Iterator[str]:
        """Write the head: patient, study, state, people, requests and evidence."""
        patient, study = header.patient, header.study
        yield "  <header>\n"
        for line in (
            _element("class", header.sop_class_uid),
            _element("instance", header.sop_instance_uid),
            _element(
                "patient",
                patient.name,
                id=patient.patient_id,
                issuer=patient.issuer,
                birth_date=patient.birth_date,
                sex=patient.sex,
                age=patient.age,
            ),
            _element(
                "study",
                study.description,
                uid=study.study_instance_uid,
                id=study.study_id,
                date=study.date,
                time=study.time,
                accession_number=study.accession_number,
            ),
            _element("series", study.series_description, uid=study.series_instance_uid, number=study.series_number),
            _element("content", date=header.content_date, time=header.content_time, offset=header.offset),
            _element("institution", header.institution, department=header.department),
            _element(
                "state",
                header.completion_description,
                completion=header.completion,
                preliminary=header.preliminary,
                verification=header.verification,
            ),
            *(self._observer("verifier", one) for one in header.verifying_observers),
            *(self._observer("author", one) for one in header.authors),
            *(self._observer("participant", one) for one in header.participants),
            *(_code("procedure", one) for one in header.procedures),
            *self._requests(header),
            *(self._reference(one, "predecessor") for one in header.predecessors),
            *(self._reference(one, "evidence") for one in header.evidence),
            *(self._reference(one, "other-evidence") for one in header.other_evidence),
        ):
            yield f"    {line}\n"
        yield "  </header>\n"

    def _requests(self, header: DocumentHeader) -> Iterator[str]:
        for one in header.requests:
            yield _element(
                "request",
                one.description,
                accession_number=one.accession_number,
                id=one.requested_procedure_id,
                placer_order=one.placer_order,
                filler_order=one.filler_order,
            )

    def _observer(self, name: str, one: Observer) -> str:
        identification = _code("identification", one.identification)
        return _element(name, one.name, identification, organization=one.organization, at=one.at, role=one.role)

    def item(self, item: ContentItem, margin: str) -> Iterator[str]:
        """Write an item and all below it."""
        continuity = ""
        if isinstance(item.value, Container):
            continuity = "CONTINUOUS" if item.value.is_continuous else "SEPARATE"
        start = _element(
            "item",
            id=item.anchor,
            type=item.value_type,
            relationship=item.relationship,
            continuity=continuity,
            observed=item.observed_at,
            template=item.template,
            uid=item.uid,
        ).removesuffix("/>")
        yield f"{margin}{start}>\n"
        value: str = _WRITERS[type(item.value)](self, item.value)
        for piece in (_code("concept", item.name), value):
            if piece:
                yield f"{margin}  {piece}\n"
        for child in item.children:
            yield from self.item(child, margin + "  ")
        yield f"{margin}</item>\n"

    def _text(self, value: Text) -> str:
        return _element("text", value.text)

    def _moment(self, value: Moment) -> str:
        return _element(_MOMENTS[value.vr], value.text)

    def _uid(self, value: Uid) -> str:
        return _element("uid", value.uid)

    def _person(self, value: PersonName) -> str:
        return _element("name", value.name)

    def _concept(self, value: Concept) -> str:
        return _code("value", value.code)

    def _number(self, value: Number) -> str:
        content = _code("unit", value.unit) + _code("qualifier", value.qualifier)
        numerator, denominator = value.rational or ("", "")
        exact = "" if value.value is None else repr(value.value)
        return _element(
            "number", "", content, value=value.text, exact=exact, numerator=numerator, denominator=denominator
        )

    def _reference(self, value: Reference, name: str = "reference") -> str:
        return _element(
            name,
            "",
            _code("purpose", value.purpose),
            class_=value.sop_class_uid,
            instance=value.sop_instance_uid,
            series=value.series_instance_uid,
            study=value.study_instance_uid,
            frames=_listed(value.frames),
            segments=_listed(value.segments),
            channels=_listed(f"{group}/{channel}" for group, channel in value.channels),
            presentation=value.presentation,
            href=safe_link(self._links, value),
        )

    def _graphic(self, value: Coordinates) -> str:
        points = "".join(_element("point", _listed(point)) for point in value.points)
        origin, frame = value.pixel_origin, value.frame_of_reference_uid
        return _element("graphic", "", points, type=value.graphic_type, frame_of_reference=frame, origin=origin)

    def _times(self, value: TemporalCoordinates) -> str:
        kinds = (("sample", value.samples), ("offset", value.offsets), ("moment", value.moments))
        content = "".join(_element(name, str(one)) for name, some in kinds for one in some)
        return _element("times", "", content, type=value.range_type)

    def _table(self, value: Table) -> str:
        content = _axes("row", value.rows) + _axes("column", value.columns)
        content += "".join(_element("cell", text, row=row + 1, column=at + 1) for row, at, text in value.cells)
        return _element("table", "", content)

    def _link(self, value: Link) -> str:
        return _element("link", item=".".join(map(str, value.target)))

    def _nothing(self, _: object) -> str:
        return ""


def _axes(name: str, axes: Iterable[Axis]) -> str:
    defined = (_code("concept", axis.name) + _code("unit", axis.unit) for axis in axes)
    return "".join(_element(name, "", content, number=at) for at, content in enumerate(defined, 1))


_WRITERS: dict[type, Callable[[_Writer, Any], str]] = {
    Text: _Writer._text,
    Moment: _Writer._moment,
    Uid: _Writer._uid,
    PersonName: _Writer._person,
    Concept: _Writer._concept,
    Number: _Writer._number,
    Reference: _Writer._reference,
    Coordinates: _Writer._graphic,
    TemporalCoordinates: _Writer._times,
    Container: _Writer._nothing,
    Table: _Writer._table,
    Link: _Writer._link,
    Unreadable: _Writer._nothing,
}
