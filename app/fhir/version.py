"""The versions of FHIR that are spoken here, and how a request chooses one (FHIR R4 and R5, http.html §3.2.0.1).

The path decides where it names one (``/fhir/R4``, ``/fhir/R5``), else the ``fhirVersion`` parameter of the media type,
else it is R4, which most systems speak.
"""

from __future__ import annotations

from enum import StrEnum

from app.media_types import MediaRange, parse_accept
from dicomcore.errors import NotAcceptable

MEDIA_TYPE = "application/fhir+json"
_NAMES = (MEDIA_TYPE, "application/json", "text/json")
_SHORT_NAMES = {"json": MEDIA_TYPE}


class Version(StrEnum):
    """A version, by what ``fhirVersion`` calls it."""

    R4 = "4.0"
    R5 = "5.0"

    @property
    def release(self) -> str:
        """The version with the number of its publication: what a CapabilityStatement says."""
        return {"4.0": "4.0.1", "5.0": "5.0.0"}[self.value]

    @property
    def content_type(self) -> str:
        """The Content-Type of an answer."""
        return f"{MEDIA_TYPE}; fhirVersion={self.value}; charset=utf-8"


DEFAULT = Version.R4
AVAILABLE = tuple(f"{MEDIA_TYPE}; fhirVersion={version.value}" for version in Version)


def choose_version(named: Version | None, accept: str | None, format_: str | None) -> Version:
    """Say which version is to be answered with; ``named`` is that of the path, ``format_`` is ``_format``.

    ``_format`` goes before Accept. Raises `NotAcceptable` for XML, Turtle, and versions that are not spoken.
    """
    if format_ is not None:
        # A plus that was not escaped has become a space.
        text = _SHORT_NAMES.get(format_.strip().lower(), format_.strip().replace(" json", "+json"))
        accept = text if "/" in text else "none/none"
    ranges = sorted(parse_accept(accept or "*/*"), key=lambda one: -one.weight)
    for one in ranges:
        found = _version_of(one, named)
        if found is not None:
            return found
    raise NotAcceptable("FHIR is spoken in JSON, in versions 4.0 and 5.0", AVAILABLE)


def _version_of(accepted: MediaRange, named: Version | None) -> Version | None:
    if not accepted.weight or not any(accepted.covers(name) for name in _NAMES):
        return None
    asked = dict(accepted.parameters).get("fhirversion")
    if asked is None:
        return named or DEFAULT
    found = next((version for version in Version if asked in (version.value, version.release)), None)
    return found if named in (None, found) else None
