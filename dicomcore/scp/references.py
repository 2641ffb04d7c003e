"""Instances that are referred to by SOP Instance UID alone, without their study (PS3.4 §J, §Y)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import orjson

from dicomcore.data import PLACEHOLDER
from dicomcore.query import MatchingKey, Query, ReturnKey, UidList
from dicomcore.resources import Level, Resource
from dicomcore.source import Source

_SOP_CLASS_UID = 0x00080016
_SOP_INSTANCE_UID = 0x00080018
_STUDY_INSTANCE_UID = 0x0020000D
_SERIES_INSTANCE_UID = 0x0020000E
_AT_ONCE = 500  # UIDs that are looked up in one query

_RETURNED = tuple(
    ReturnKey((tag,)) for tag in (_SOP_CLASS_UID, _SOP_INSTANCE_UID, _STUDY_INSTANCE_UID, _SERIES_INSTANCE_UID)
)


async def look_up(source: Source, sop_instance_uids: Sequence[str]) -> AsyncIterator[tuple[Resource, str]]:
    """Find instances by UID: each as a resource, with its SOP Class UID; those that are not there are left out."""
    for start in range(0, len(sop_instance_uids), _AT_ONCE):
        wanted = UidList(tuple(dict.fromkeys(sop_instance_uids[start : start + _AT_ONCE])))
        query = Query(Level.INSTANCE, keys=(MatchingKey((_SOP_INSTANCE_UID,), "UI", wanted),), include=_RETURNED)
        for found in (await source.search(query)).objects:
            attributes = orjson.loads(found.replace(PLACEHOLDER, b""))
            study, series, instance, sop_class = (
                _text(attributes, tag)
                for tag in (_STUDY_INSTANCE_UID, _SERIES_INSTANCE_UID, _SOP_INSTANCE_UID, _SOP_CLASS_UID)
            )
            yield Resource(study, series, instance), sop_class


def _text(attributes: dict[str, Any], tag: int) -> str:
    values = attributes.get(f"{tag:08X}", {}).get("Value") or [""]
    return str(values[0])
