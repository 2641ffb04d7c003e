"""Answer a search by C-FIND, level by level (PS3.4 §C.4.1.2.1), and complete what PS3.18 §10.6.3.3 requires.

An archive need not return how many series and instances there are, nor the modalities of a study: they are found by
asking for the level below, for the answers that are returned, and for as long as a search may take.

Searching stops, and is cancelled, as soon as one more match than those asked for is known. `Answer.total` then is that
number, at least so many; the order is that of the archive.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from time import monotonic

from dicomcore.bridge.answers import answer_object, text_of, with_values
from dicomcore.bridge.identifiers import Fragments, Identifiers
from dicomcore.bridge.steps import UNIQUE_KEYS, Step, relational_step, steps_of
from dicomcore.data import Dataset
from dicomcore.query import Query, Universal
from dicomcore.resources import Level, Resource
from dicomcore.source import Answer

MAX_WALKED = 1_000
"""Studies or series below which a search looks; there is one C-FIND for each."""
COUNTING_SECONDS = 5.0
"""How long a search goes on with further C-FINDs for what archives leave out."""

FUZZY_IGNORED = "The fuzzymatching parameter is not supported. Only literal matching has been performed."
_IGNORED = "The {} parameter is not supported. It has been ignored."
_CUT = "Only the first {} studies and series have been searched; a more selective search finds more."
_NOT_COUNTED = "Numbers of series and instances are left out where the archive does not tell them."

_MODALITIES_IN_STUDY = 0x00080061
_MODALITY = 0x00080060
_SERIES_OF_STUDY = 0x00201206
_INSTANCES_OF_STUDY = 0x00201208
_INSTANCES_OF_SERIES = 0x00201209
_COUNTED = {
    Level.STUDY: (_MODALITIES_IN_STUDY, _SERIES_OF_STUDY, _INSTANCES_OF_STUDY),
    Level.SERIES: (_INSTANCES_OF_SERIES,),
}

Find = Callable[[Level, Dataset], AsyncGenerator[Dataset, None]]
"""C-FIND at a level with an identifier."""


@dataclass(slots=True)
class HierarchicalSearch:
    """One search of one archive; ``ae_title`` is what the archive is called here."""

    query: Query
    ae_title: str
    identifiers: Identifiers
    find: Find
    warnings: dict[str, None] = field(default_factory=dict)
    counting_seconds: float = COUNTING_SECONDS
    max_walked: int = MAX_WALKED
    _counting_until: float = 0.0
    _walked: int = 0

    async def run(self) -> Answer:
        """Search, and complete the answers that are returned."""
        query = self.query
        if query.fuzzy and not self.identifiers.agreed.fuzzy:
            self.warnings[FUZZY_IGNORED] = None
        last = None if query.limit is None else query.offset + query.limit
        found: list[_Match] = []
        async with aclosing(self._walk(self._steps(), 0, _Match(query.resource, {}))) as matches:
            async for match in matches:
                found.append(match)
                if last is not None and len(found) > last:
                    break
        page = found[query.offset : last]
        objects = [await self._object(match) for match in page]
        return Answer(objects, len(found), tuple(self.warnings))

    def _steps(self) -> list[Step]:
        steps = steps_of(self.query)
        is_relational = self.identifiers.agreed.relational and len(steps) > 1
        return [relational_step(steps)] if is_relational else steps

    async def _walk(self, steps: Sequence[Step], depth: int, above: _Match) -> AsyncGenerator[_Match, None]:
        step = steps[depth]
        if depth == len(steps) - 1:
            async with aclosing(self._matching(step, above)) as matches:
                async for match in matches:
                    yield match
            return
        for match in await self._some(step, above):
            async with aclosing(self._walk(steps, depth + 1, match)) as matches:
                async for below in matches:
                    yield below

    async def _some(self, step: Step, above: _Match) -> list[_Match]:
        """All matches of an upper level, but no more than can be searched below."""
        found: list[_Match] = []
        async with aclosing(self._matching(step, above)) as matches:
            async for match in matches:
                if self._walked >= self.max_walked:
                    self.warnings[_CUT.format(self.max_walked)] = None
                    break
                self._walked += 1
                found.append(match)
        return found

    async def _matching(self, step: Step, above: _Match) -> AsyncGenerator[_Match, None]:
        """The matches of one step, with what is known from above."""
        fixed = _fixed(step.level, self.query.resource, above.resource)
        async with aclosing(self._responses(step, fixed)) as responses:
            async for resource, found in responses:
                for name in self.identifiers.unsupported(step, found):
                    self.warnings[_IGNORED.format(name)] = None
                if self.identifiers.matches(step, found, query=self.query):
                    kept = {tag: one for tag, one in found.items() if tag in step.kept}
                    yield _Match(resource, above.found | kept)

    async def _responses(self, step: Step, fixed: Resource) -> AsyncGenerator[tuple[Resource, Fragments], None]:
        """The responses to one C-FIND; what is left out of them is found first if it is to be matched."""
        responses = self._identified(step, fixed)
        async with aclosing(responses):
            if not _matches_counts(step):
                async for found in responses:
                    yield found
                return
            everything = [found async for found in responses]  # one association has one C-FIND at a time
        for resource, attributes in everything:
            yield resource, await self._complete(step.level, resource, attributes)

    async def _identified(self, step: Step, fixed: Resource) -> AsyncGenerator[tuple[Resource, Fragments], None]:
        async with aclosing(self.find(step.level, self.identifiers.write(step, fixed))) as responses:
            async for response in responses:
                found = self.identifiers.read(response)
                resource = _resource(step.level, fixed, found)
                if resource is not None:
                    yield resource, found

    async def _object(self, match: _Match) -> bytes:
        found, shown = match.found, self._shown()
        for level in shown:
            found = await self._complete(level, _up_to(level, match.resource), found)
        return answer_object(self.query.level, match.resource, found, shown, self.ae_title)

    def _shown(self) -> list[Level]:
        return [step.level for step in steps_of(self.query) if step.shown]

    async def _complete(self, level: Level, resource: Resource, found: Fragments) -> Fragments:
        """Find out what was left out."""
        missing = [tag for tag in _COUNTED.get(level, ()) if not text_of(found, tag)]
        if not missing or resource.level is not level:
            return found
        if not self._may_count():
            return found
        values = await (self._of_study(resource, missing) if level is Level.STUDY else self._of_series(resource))
        return found | {tag: with_values(tag, values[tag]) for tag in missing}

    async def _of_study(self, study: Resource, missing: Sequence[int]) -> dict[int, list[str | int]]:
        series = await self._below(Level.SERIES, study, (_MODALITY, _INSTANCES_OF_SERIES))
        modalities = dict.fromkeys(text_of(one, _MODALITY) for one in series)
        values: dict[int, list[str | int]] = {
            _MODALITIES_IN_STUDY: [name for name in modalities if name],
            _SERIES_OF_STUDY: [len(series)],
        }
        if _INSTANCES_OF_STUDY in missing:
            values[_INSTANCES_OF_STUDY] = await self._sum(study, series)
        return values

    async def _sum(self, study: Resource, series: Sequence[Fragments]) -> list[str | int]:
        total = 0
        for one in series:
            count = text_of(one, _INSTANCES_OF_SERIES)
            if not count.isdecimal():
                uid = text_of(one, UNIQUE_KEYS[Level.SERIES])
                values = await self._of_series(replace(study, series_instance_uid=uid))
                if not values[_INSTANCES_OF_SERIES]:
                    return []
                count = str(values[_INSTANCES_OF_SERIES][0])
            total += int(count)
        return [total]

    async def _of_series(self, series: Resource) -> dict[int, list[str | int]]:
        if not self._may_count():
            return {_INSTANCES_OF_SERIES: []}
        return {_INSTANCES_OF_SERIES: [len(await self._below(Level.INSTANCE, series, ()))]}

    def _may_count(self) -> bool:
        """Say whether there is time left, from the first question on."""
        now = monotonic()
        self._counting_until = self._counting_until or now + self.counting_seconds
        if now < self._counting_until:
            return True
        self.warnings[_NOT_COUNTED] = None
        return False

    async def _below(self, level: Level, above: Resource, tags: Sequence[int]) -> list[Fragments]:
        """All that lies directly below a resource."""
        step = Step(level, False, returned=dict.fromkeys((UNIQUE_KEYS[level], *tags)))
        responses = self.find(level, self.identifiers.write(step, above))
        async with aclosing(responses):
            return [self.identifiers.read(response) async for response in responses]


@dataclass(frozen=True, slots=True)
class _Match:
    """What was found, and what is known of it and of what is above."""

    resource: Resource
    found: Fragments


def _matches_counts(step: Step) -> bool:
    counted = _COUNTED.get(step.level, ())
    return any(len(key.path) == 1 and key.path[0] in counted and key.match != Universal() for key in step.keys)


def _fixed(level: Level, asked: Resource, above: Resource) -> Resource:
    """The unique keys of a step: what was found above, and what the request names down to this level."""
    study = above.study_instance_uid or asked.study_instance_uid
    series = above.series_instance_uid or asked.series_instance_uid
    return Resource(study if level >= Level.STUDY else None, series if level >= Level.SERIES else None)


def _resource(level: Level, fixed: Resource, found: Fragments) -> Resource | None:
    """Who a response is; None if it does not say so."""
    if level is Level.PATIENT:
        return Resource()
    uids: list[str | None] = [fixed.study_instance_uid, fixed.series_instance_uid, None]
    for place, each in enumerate((Level.STUDY, Level.SERIES, Level.INSTANCE)):
        if each <= level:
            uids[place] = text_of(found, UNIQUE_KEYS[each]) or uids[place]
    complete = uids[: level - Level.PATIENT]
    return Resource(*complete) if all(complete) else None


def _up_to(level: Level, resource: Resource) -> Resource:
    study, series, instance = resource.study_instance_uid, resource.series_instance_uid, resource.sop_instance_uid
    return Resource(study, series if level >= Level.SERIES else None, instance if level >= Level.INSTANCE else None)
