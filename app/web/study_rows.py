"""The studies of a page, as the list shows them: from the JSON objects of a search to texts and links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import orjson

from app.viewer import viewer_url
from app.web.display import Json, all_values, date_text, first_value, time_text, values_of
from dicomcore.data import PLACEHOLDER
from dicomcore.errors import InvalidUid
from dicomcore.nodes import EVERYBODY
from dicomcore.uids import check_uid

_STUDY_DATE, _STUDY_TIME, _ACCESSION_NUMBER = 0x00080020, 0x00080030, 0x00080050
_RETRIEVE_AE_TITLE, _INSTANCE_AVAILABILITY, _MODALITIES_IN_STUDY = 0x00080054, 0x00080056, 0x00080061
_REFERRING_PHYSICIAN_NAME, _STUDY_DESCRIPTION = 0x00080090, 0x00081030
_PATIENT_NAME, _PATIENT_ID, _BIRTH_DATE, _SEX = 0x00100010, 0x00100020, 0x00100030, 0x00100040
_STUDY_INSTANCE_UID, _SERIES, _INSTANCES = 0x0020000D, 0x00201206, 0x00201208
_ONLINE = "ONLINE"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the list was asked for: the prefix of our pages, our AE title, and who was searched."""

    root: str
    ae_title: str
    source: str


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One study. ``source`` is whom its pages read it from, empty for this archive; ``uid`` is empty if it has none.

    ``holders`` are the nodes that have it, ``is_here`` says whether this archive does.
    """

    uid: str
    name: str
    patient_id: str
    birth_date: str
    sex: str
    date: str
    time: str
    accession: str
    description: str
    modalities: str
    series: str
    instances: str
    referring: str
    source: str
    is_here: bool
    holders: tuple[str, ...]
    availability: str
    page: str
    view: str
    viewer: str

    @property
    def label(self) -> str:
        """What the study is called in messages and questions."""
        return ", ".join(
            part for part in (self.name or self.patient_id or "no name", self.date, self.modalities) if part
        )

    @property
    def counts(self) -> str:
        """How much there is of it, as far as its archive tells."""
        instances = "instance" if self.instances == "1" else "instances"
        counts = (("series", self.series), (instances, self.instances))
        return ", ".join(f"{count} {name}" for name, count in counts if count)


def parse_study(found: bytes) -> Json:
    """Parse an object of an answer."""
    parsed: Json = orjson.loads(found.replace(PLACEHOLDER, b""))
    return parsed


def uid_of(study: Json) -> str:
    """Return the Study Instance UID; empty if it is none, since other archives send what they like."""
    try:
        return check_uid(first_value(study, _STUDY_INSTANCE_UID))
    except InvalidUid:
        return ""


def study_row(study: Json, place: Place, known_here: frozenset[str] = frozenset()) -> StudyRow:
    """Show a study; ``known_here`` are the UIDs of those of a node's studies that this archive has too."""
    uid = uid_of(study)
    titles = [str(title) for title in values_of(study, _RETRIEVE_AE_TITLE)]
    is_here = not place.source or uid in known_here or (place.source == EVERYBODY and place.ae_title in titles)
    holders = tuple(title for title in titles if title != place.ae_title)
    source = _source(place, is_here, holders)
    return StudyRow(
        uid=uid,
        source=source,
        is_here=is_here,
        holders=holders if place.source else (),
        availability=_availability(study),
        **_texts(study),
        **_links(place.root, uid, source),
    )


def _source(place: Place, is_here: bool, holders: Sequence[str]) -> str:
    """Say whom to read a study from: of several nodes one, and this archive if all were asked and it has it."""
    if place.source != EVERYBODY:
        return place.source
    return "" if is_here or not holders else holders[0]


def _availability(study: Json) -> str:
    availability = first_value(study, _INSTANCE_AVAILABILITY)
    return "" if availability == _ONLINE else availability.lower()


def _texts(study: Json) -> dict[str, str]:
    return {
        "name": all_values(study, _PATIENT_NAME, "; "),
        "patient_id": first_value(study, _PATIENT_ID),
        "birth_date": date_text(first_value(study, _BIRTH_DATE)),
        "sex": first_value(study, _SEX),
        "date": date_text(first_value(study, _STUDY_DATE)),
        "time": time_text(first_value(study, _STUDY_TIME)),
        "accession": first_value(study, _ACCESSION_NUMBER),
        "description": first_value(study, _STUDY_DESCRIPTION),
        "modalities": all_values(study, _MODALITIES_IN_STUDY, " "),
        "series": first_value(study, _SERIES),
        "instances": first_value(study, _INSTANCES),
        "referring": first_value(study, _REFERRING_PHYSICIAN_NAME),
    }


def _links(root: str, uid: str, source: str) -> Mapping[str, str]:
    if not uid:
        return {"page": "", "view": "", "viewer": ""}
    asked = f"?source={quote(source, safe='')}" if source else ""
    return {
        "page": f"{root}/ui/studies/{uid}{asked}",
        "view": f"{root}/ui/view/{uid}{asked}",
        "viewer": viewer_url(root, [uid], source or None),
    }
