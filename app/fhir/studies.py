"""Find studies in a `Source`, as few searches as can be: one for the studies of a page, one for all their series.

Where identifiers have alternatives that the index cannot match at once, each is searched for by itself, and the studies
are then named by their UIDs: so none comes twice, and totals are exact.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import orjson

from app.fhir.criteria import Keys
from app.fhir.dicom_values import DicomJson, Json, text
from app.fhir.imaging_study import (
    INSTANCE_ATTRIBUTES,
    SERIES_ATTRIBUTES,
    SERIES_INSTANCE_UID,
    STUDY_ATTRIBUTES,
    STUDY_INSTANCE_UID,
    Dialect,
    imaging_study,
)
from app.fhir.search_parameters import StudySearch
from dicomcore.data import PLACEHOLDER
from dicomcore.errors import LimitExceeded, ResourceNotFound
from dicomcore.query import MatchingKey, Query, ReturnKey, UidList
from dicomcore.resources import Level, Resource
from dicomcore.source import Answer, Source

MAX_NAMED = 1_000
"""How many studies alternatives of a search may stand for."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page of studies, and the number of all that match."""

    resources: list[Json]
    total: int
    warnings: tuple[str, ...] = ()


async def find_studies(source: Source, search: StudySearch, dialect: Dialect) -> Found:
    """Answer a search; raises `LimitExceeded`."""
    keys = await _one_group(source, search)
    if keys is None:
        return Found([], 0)
    datasets, total, warnings = await _page(source, search, keys)
    by_study = await _series_of(source, datasets)
    resources = [imaging_study(one, by_study.get(_uid(one), []), dialect) for one in datasets]
    return Found(resources, total, warnings)


async def read_study(source: Source, study_instance_uid: str, meta: Json, dialect: Dialect) -> Json:
    """Give one study with all its instances; ``meta`` tells its version. Raises `ResourceNotFound`."""
    resource = Resource(study_instance_uid)
    found, series, instances = await asyncio.gather(
        source.search(_query(Level.STUDY, STUDY_ATTRIBUTES, keys=(_named([study_instance_uid]),))),
        source.search(_query(Level.SERIES, SERIES_ATTRIBUTES, resource=resource)),
        source.search(_query(Level.INSTANCE, INSTANCE_ATTRIBUTES, resource=resource)),
    )
    if not found.objects:
        raise ResourceNotFound(resource)
    return await asyncio.to_thread(_mapped, found, series, instances, dialect, meta)


def _mapped(found: Answer, series: Answer, instances: Answer, dialect: Dialect, meta: Json) -> Json:
    by_series = _grouped(_datasets(instances), SERIES_INSTANCE_UID)
    return imaging_study(_datasets(found)[0], _datasets(series), dialect, by_series, meta)


async def _one_group(source: Source, search: StudySearch) -> Keys | None:
    """Make one group of keys of the alternatives; None if nothing can match."""
    if len(search.keys) == 1 and search.ranges:
        return search.keys[0]
    uids: dict[str, None] = {}
    for keys in search.keys if search.ranges else ():
        answer = await source.search(Query(Level.STUDY, keys=keys, limit=MAX_NAMED))
        if answer.total > MAX_NAMED:
            raise LimitExceeded("studies that alternatives of a search stand for", MAX_NAMED)
        uids |= dict.fromkeys(map(_uid, _datasets(answer)))
    return (_named(list(uids)),) if uids else None


_Studies = tuple[list[DicomJson], int, tuple[str, ...]]


async def _page(source: Source, search: StudySearch, keys: Keys) -> _Studies:
    """Find the studies of a page; where the earliest come first, by its place from the end."""
    offset, size = search.page.offset, search.page.size
    if not search.page.is_ascending:
        return await _latest(source, search, keys, offset, size)
    _, total, _ = await _latest(source, search, keys, 0, 0)
    end = max(0, total - offset)
    start = max(0, end - size)
    datasets, _, warnings = await _latest(source, search, keys, start, end - start)
    return datasets[::-1], total, warnings


async def _latest(source: Source, search: StudySearch, keys: Keys, offset: int, size: int) -> _Studies:
    """Follow the matches of one range with those of the next: they come in the order of dates."""
    datasets: list[DicomJson] = []
    total, warnings = 0, dict[str, None]()
    query = _query(Level.STUDY, STUDY_ATTRIBUTES, keys=keys)
    query = replace(query, timezone=search.timezone, changed=search.changed)
    for one in search.ranges:
        asked = replace(
            query,
            combined=() if one is None else (one,),
            offset=max(0, offset - total),
            limit=size - len(datasets),
        )
        answer = await source.search(asked)
        datasets += _datasets(answer)
        total += answer.total
        warnings |= dict.fromkeys(answer.warnings)
    return datasets, total, tuple(warnings)


async def _series_of(source: Source, studies: Sequence[DicomJson]) -> dict[str, list[DicomJson]]:
    if not studies:
        return {}
    named = _named([_uid(study) for study in studies])
    answer = await source.search(_query(Level.SERIES, SERIES_ATTRIBUTES, keys=(named,)))
    return _grouped(_datasets(answer), STUDY_INSTANCE_UID)


def _query(level: Level, tags: Iterable[int], *, resource: Resource | None = None, keys: Keys = ()) -> Query:
    include = tuple(ReturnKey((tag,)) for tag in tags)
    return Query(level, resource or Resource(), keys=keys, include=include)


def _named(uids: Sequence[str]) -> MatchingKey:
    return MatchingKey((STUDY_INSTANCE_UID,), "UI", UidList(tuple(uids)))


def _datasets(answer: Answer) -> list[DicomJson]:
    """Parse the answers; where they are to be had is told by Endpoints, and not by the URLs in them."""
    return [orjson.loads(one.replace(PLACEHOLDER, b"")) for one in answer.objects]


def _grouped(datasets: Iterable[DicomJson], tag: int) -> dict[str, list[DicomJson]]:
    groups: dict[str, list[DicomJson]] = {}
    for dataset in datasets:
        groups.setdefault(text(dataset, tag), []).append(dataset)
    return groups


def _uid(study: DicomJson) -> str:
    return text(study, STUDY_INSTANCE_UID)
