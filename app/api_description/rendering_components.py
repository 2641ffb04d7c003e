"""The parameters of rendered resources, volumes and the URI Service, as OpenAPI objects; the keys are their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.api_description.components import Json
from app.rendering_parameters import MAX_SIDE
from dicomcore.rendering import Annotation, IccProfile, VoiFunction
from dicomcore.volumes import Orientation, RenderingMethod

_TEXT: Json = {"type": "string"}
_NUMBER: Json = {"type": "number"}
_UID: Json = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)*$", "maxLength": 64}
_SIDE: Json = {"type": "integer", "minimum": 1, "maximum": MAX_SIDE}
_FUNCTIONS = ", ".join(one.value for one in VoiFunction)


def _query(name: str, description: str, schema: Json = _TEXT, **more: Any) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema, **more}


def _keywords(words: type[Annotation]) -> Json:
    return {"type": "array", "items": {"type": "string", "enum": [one.value for one in words]}}


RENDERING_PARAMETERS: Mapping[str, Json] = {
    "annotation": _query(
        "annotation",
        "What is burned into the picture, last (PS3.18 §8.3.5.1.1).",
        _keywords(Annotation),
        style="form",
        explode=False,
    ),
    "quality": _query(
        "quality",
        "Quality of lossy media types (PS3.18 §8.3.5.1.2).",
        {"type": "integer", "minimum": 1, "maximum": 100},
    ),
    "viewport": _query(
        "viewport",
        f"`vw,vh` or `vw,vh,sx,sy,sw,sh`: the part of the image from sx,sy is scaled to fit into vw times vh pixels, "
        f"at most {MAX_SIDE} each way; a negative sw or sh flips it (PS3.18 §8.3.5.1.3). Of presentation states and "
        "thumbnails only `vw,vh`.",
    ),
    "window": _query("window", f"`center,width,function`; functions are {_FUNCTIONS} (PS3.18 §8.3.5.1.4)."),
    "iccprofile": _query(
        "iccprofile",
        "The colour space of the picture, and whether its profile goes with it (PS3.18 §8.3.5.1.5).",
        {"type": "string", "enum": [one.value for one in IccProfile]},
    ),
}

URI_PARAMETERS: Mapping[str, Json] = {
    "requestType": _query("requestType", "Always `WADO`.", {"type": "string", "enum": ["WADO"]}, required=True),
    "studyUID": _query("studyUID", "Study Instance UID", _UID, required=True),
    "seriesUID": _query("seriesUID", "Series Instance UID", _UID, required=True),
    "objectUID": _query("objectUID", "SOP Instance UID", _UID, required=True),
    "contentType": _query(
        "contentType", "`application/dicom`, or rendered media types with weights (PS3.18 §9.1.2.2.1)."
    ),
    "transferSyntax": _query("transferSyntax", "For application/dicom: the transfer syntax (PS3.18 §9.4.1.2.3).", _UID),
    "anonymize": _query(
        "anonymize", "`yes` asks for a de-identified instance: 501 as yet.", {"type": "string", "enum": ["yes"]}
    ),
    "imageAnnotation": _query("imageAnnotation", "Another name of `annotation` (PS3.18 Table 9.5.1-1)."),
    "frameNumber": _query("frameNumber", "A frame of a multi-frame image, from 1.", {"type": "integer", "minimum": 1}),
    "imageQuality": _query(
        "imageQuality", "Quality of lossy media types.", {"type": "integer", "minimum": 1, "maximum": 100}
    ),
    "rows": _query("rows", "The most rows that the picture may have.", _SIDE),
    "columns": _query("columns", "The most columns that the picture may have.", _SIDE),
    "region": _query("region", "`xmin,ymin,xmax,ymax` as fractions of the picture (PS3.18 §9.5.1.2.5)."),
    "windowCenter": _query("windowCenter", "Window Center; goes with windowWidth.", _NUMBER),
    "windowWidth": _query("windowWidth", "Window Width; goes with windowCenter.", _NUMBER),
    "presentationSeriesUID": _query("presentationSeriesUID", "Series of the presentation state.", _UID),
    "presentationUID": _query("presentationUID", "SOP Instance UID of the presentation state.", _UID),
}

_POINT = "`x,y,z` in mm in the patient coordinate system (PS3.3 §C.7.6.2.1.1)"

VOLUME_PARAMETERS: Mapping[str, Json] = {
    "volumeinputreference": _query(
        "volumeinputreference", "SOP Instance UIDs, or frame numbers, that the volume is made of; all without it."
    ),
    "renderingmethod": _query(
        "renderingmethod",
        "How samples along a ray become one value (PS3.18 §8.3.5.3.3).",
        {"type": "string", "enum": [one.value for one in RenderingMethod]},
    ),
    "orientation": _query(
        "orientation",
        "The side of the patient that is seen (PS3.18 §8.3.5.3.4); without it a volume is seen as it was acquired.",
        {"type": "string", "enum": [one.value for one in Orientation]},
    ),
    "viewpointposition": _query("viewpointposition", f"Where the viewer is: {_POINT}."),
    "viewpointlookat": _query("viewpointlookat", f"What the viewer looks at: {_POINT}."),
    "viewpointup": _query("viewpointup", f"Which direction is up in the picture: {_POINT}."),
    "mprslab": _query("mprslab", "Thickness of the slab of an MPR, in mm.", _NUMBER),
    "swivelrange": _query("swivelrange", "How far an animation turns, in degrees.", _NUMBER),
    "volumetriccurvepoint": _query("volumetriccurvepoint", "Points that an animation moves along: `x,y,z,x,y,z...`."),
    "animationstepsize": _query(
        "animationstepsize", "Degrees, or mm of the curve, from one picture to the next.", _NUMBER
    ),
    "animationrate": _query("animationrate", "Pictures a second of an animation.", _NUMBER),
    "renderedvolumetricmetadata": _query(
        "renderedvolumetricmetadata",
        "`yes` asks for the Rendered Volume Response Module in place of the picture (PS3.18 Annex K).",
        {"type": "string", "enum": ["yes"]},
    ),
}
