"""Read the parameters of the URI Service (PS3.18 §9.4.1.2, §9.5.1.2) into a value. Pure.

What the standard leaves open or says twice:

- ``imageAnnotation`` of Table 9.5.1-1 is the same as ``annotation``.
- ``rows`` or ``columns`` alone limits that side, the other follows (§9.5.2.5; §9.5.1.2.4 wants both).
- ``region`` goes with a presentation state, as §9.5.1.2.7 has it (§9.5.2.3 rules it out).
- For ``application/dicom`` windows are refused (§9.5.1.2.6), ``annotation`` is ignored.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.media_types import parse_accept
from app.rendering_parameters import (
    check_size,
    check_window_width,
    parameters_of,
    parse_annotations,
    parse_decimal,
    parse_integer,
    parse_quality,
)
from dicomcore.errors import InvalidParameter
from dicomcore.rendering import Annotation, Region, RenderingOptions, Viewport, VoiFunction, Window
from dicomcore.resources import Resource
from dicomcore.uids import check_uid

DICOM = "application/dicom"
_IDENTIFIERS = ("studyUID", "seriesUID", "objectUID")
_PRESENTATION = ("presentationSeriesUID", "presentationUID")
_PARAMETERS = (
    "requestType",
    *_IDENTIFIERS,
    "contentType",
    "charset",
    "transferSyntax",
    "anonymize",
    "annotation",
    "imageAnnotation",
    "frameNumber",
    "imageQuality",
    "rows",
    "columns",
    "region",
    "windowCenter",
    "windowWidth",
    *_PRESENTATION,
)


@dataclass(frozen=True, slots=True)
class UriRequest:
    """What a request to the URI Service asks for.

    ``content_type`` is the parameter of that name, as written; ``presentation`` names the presentation state.
    """

    resource: Resource
    content_type: str | None
    options: RenderingOptions
    transfer_syntax_uid: str | None = None
    is_anonymized: bool = False
    frame_number: int | None = None
    presentation: Resource | None = None
    warnings: tuple[str, ...] = ()

    @property
    def names_dicom(self) -> bool:
        """Whether the instance itself is asked for by ``contentType``."""
        return self.content_type is not None and self.content_type.strip().lower() == DICOM


def parse_uri_request(query_string: bytes) -> UriRequest:
    """Read the query; raises `InvalidParameter` and `InvalidUid`."""
    given = parameters_of(query_string, _PARAMETERS)
    if given.get("requestType") != "WADO":
        raise InvalidParameter("requestType", "must be WADO")
    for name in _IDENTIFIERS:
        if name not in given:
            raise InvalidParameter(name, "is missing")
    resource = Resource(*(check_uid(given[name], name) for name in _IDENTIFIERS))
    annotations, warnings = _annotations(given)
    request = UriRequest(
        resource=resource,
        content_type=_content_type(given.get("contentType")),
        options=RenderingOptions(
            quality=parse_quality(given["imageQuality"], "imageQuality") if "imageQuality" in given else None,
            window=_window(given),
            viewport=_viewport(given),
            region=_region(given.get("region")),
            annotations=annotations,
        ),
        transfer_syntax_uid=_transfer_syntax(given.get("transferSyntax")),
        is_anonymized=_anonymize(given.get("anonymize")),
        frame_number=_frame_number(given.get("frameNumber")),
        presentation=_presentation(given, resource),
        warnings=warnings,
    )
    _check_together(request)
    return request


def _check_together(request: UriRequest) -> None:
    """Refuse what does not go together (§9.5.1.2.6, §9.5.1.2.7, §9.5.2.3)."""
    if request.names_dicom and request.options.window is not None:
        raise InvalidParameter("windowCenter", "has no meaning for application/dicom")
    if request.presentation is not None and request.options.window is not None:
        raise InvalidParameter("windowCenter", "a presentation state has windows of its own")
    if request.presentation is not None and request.frame_number is not None:
        raise InvalidParameter("frameNumber", "a presentation state names its frames")


def _content_type(text: str | None) -> str | None:
    if text is None:
        return None
    ranges = parse_accept(text)
    if not ranges:
        raise InvalidParameter("contentType", "no media type in it")
    parameters = {name for one in ranges for name, _ in one.parameters}
    if "charset" in parameters or any(one.transfer_syntax_uid for one in ranges):
        raise InvalidParameter("contentType", "charset and transfer-syntax are parameters of their own here")
    return text


def _annotations(given: dict[str, str]) -> tuple[frozenset[Annotation], tuple[str, ...]]:
    if "annotation" in given and "imageAnnotation" in given:
        raise InvalidParameter("imageAnnotation", "is the same as annotation: one of them")
    name = "imageAnnotation" if "imageAnnotation" in given else "annotation"
    return parse_annotations(given.get(name), name)


def _transfer_syntax(text: str | None) -> str | None:
    return None if text is None else check_uid(text, "transferSyntax")


def _anonymize(text: str | None) -> bool:
    if text not in (None, "yes"):
        raise InvalidParameter("anonymize", "must be yes")
    return text == "yes"


def _frame_number(text: str | None) -> int | None:
    if text is None:
        return None
    value = parse_integer(text, "frameNumber")
    if value < 1:
        raise InvalidParameter("frameNumber", "frames are counted from 1")
    return value


def _window(given: dict[str, str]) -> Window | None:
    names = ("windowCenter", "windowWidth")
    if not any(name in given for name in names):
        return None
    missing = next((name for name in names if name not in given), None)
    if missing is not None:
        raise InvalidParameter(missing, "center and width go together")
    center, width = (parse_decimal(given[name], name) for name in names)
    check_window_width(width, VoiFunction.LINEAR, "windowWidth")
    return Window(center, width)


def _viewport(given: dict[str, str]) -> Viewport | None:
    if "rows" not in given and "columns" not in given:
        return None
    height, width = (parse_integer(given[name], name) if name in given else None for name in ("rows", "columns"))
    check_size(width, height, "rows" if "rows" in given else "columns")
    return Viewport(width, height)


def _region(text: str | None) -> Region | None:
    if text is None:
        return None
    edges = [parse_decimal(piece, "region") for piece in text.split(",")]
    if len(edges) != 4:
        raise InvalidParameter("region", "must be xmin,ymin,xmax,ymax")
    left, top, right, bottom = edges
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise InvalidParameter("region", "must lie within 0 to 1, and not be empty")
    return Region(left, top, right, bottom)


def _presentation(given: dict[str, str], resource: Resource) -> Resource | None:
    if not any(name in given for name in _PRESENTATION):
        return None
    missing = next((name for name in _PRESENTATION if name not in given), None)
    if missing is not None:
        raise InvalidParameter(missing, "series and instance of the presentation state go together")
    return Resource(resource.study_instance_uid, *(check_uid(given[name], name) for name in _PRESENTATION))
