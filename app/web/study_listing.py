"""One page of the study list: what is searched, what comes back, and which pages there are besides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from http import HTTPStatus

from app.dependencies import Services
from app.errors import problem_of, status_of
from app.web.display import Json, count_text, number_text
from app.web.list_form import ListForm
from app.web.list_query import Criteria, criteria_of
from app.web.study_rows import Place, StudyRow, parse_study, study_row, uid_of
from dicomcore.errors import DicomError, NetworkError, UnknownNode
from dicomcore.nodes import EVERYBODY
from dicomcore.query import MatchingKey, Query, UidList
from dicomcore.resources import Level
from dicomcore.source import Answer, Source

_STUDY_INSTANCE_UID = 0x0020000D


@dataclass(frozen=True, slots=True)
class Listing:
    """What a form found. ``total`` counts all matches, or says that there are at least so many.

    ``is_asked`` is false where nobody was searched, because of ``errors`` or since a node was to be asked for nothing
    in particular; ``problem`` says why there is no answer.
    """

    form: ListForm
    rows: Sequence[StudyRow] = ()
    total: int = 0
    warnings: Sequence[str] = ()
    problem: str = ""
    is_asked: bool = True
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def pages(self) -> int:
        """How many pages there are, as far as is known."""
        return max(1, -(-self.total // self.form.size))

    @property
    def page(self) -> int:
        """The number of this page, from 1 on."""
        return self.form.page

    @property
    def is_exact(self) -> bool:
        """Whether ``total`` is all there is; other archives are only asked for one match more than is shown."""
        return self.form.is_here or self.total <= self.page * self.form.size

    @property
    def is_empty_archive(self) -> bool:
        """Whether nothing was looked for in this archive, and it has nothing."""
        asked = self.form.has_criteria or self.errors or self.problem
        return self.form.is_here and self.is_asked and not self.total and not asked

    @property
    def summary(self) -> str:
        """Which studies these are: "1 to 50 of 10,000 studies"."""
        if not self.is_asked or self.problem:
            return ""
        if self.total == len(self.rows):
            return count_text(self.total, "study", "studies") if self.total else "No studies"
        first = (self.page - 1) * self.form.size + 1
        known = number_text(self.total) if self.is_exact else f"more than {number_text(self.total - 1)}"
        return f"{number_text(first)} to {number_text(first + len(self.rows) - 1)} of {known} studies"


async def list_studies(services: Services, root: str, form: ListForm, today: date) -> Listing:
    """Search for the studies of a form, and show one page of them."""
    criteria = criteria_of(form, today)
    errors = {**form.errors, **criteria.errors}
    if errors:
        return Listing(form, is_asked=False, errors=errors)
    if not form.is_here and not form.has_criteria and not form.everything:
        return Listing(form, is_asked=False)
    try:
        source = services.source if form.is_here else await services.remote(form.source)
        form, answer = await _page(source, form, criteria)
    except UnknownNode:
        return Listing(form, is_asked=False, errors={"source": "There is no such node."})
    except DicomError as error:
        if not isinstance(error, NetworkError) and status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return Listing(form, problem=str(problem_of(error)["detail"]))
    place = Place(root, services.settings.ae_title, form.source)
    studies = list(map(parse_study, answer.objects))
    known = await _known_here(services.source, studies, form)
    rows = [study_row(study, place, known) for study in studies]
    if not form.is_here and answer.total == len(rows):
        rows.sort(key=lambda row: (row.date, row.time), reverse=True)  # of a part of them nobody could say the order
    return Listing(form, rows, answer.total, answer.warnings)


async def _page(source: Source, form: ListForm, criteria: Criteria) -> tuple[ListForm, Answer]:
    """Search for the page that was asked for; where that is behind the last one, for the last one."""
    answer = await source.search(criteria.query(form, form.page))
    if answer.objects or form.page == 1:
        return form, answer
    form = replace(form, page=max(1, -(-answer.total // form.size)))
    return form, await source.search(criteria.query(form, form.page))


async def _known_here(archive: Source, studies: Sequence[Json], form: ListForm) -> frozenset[str]:
    """Find which of a node's studies are in this archive too."""
    uids = () if form.source in ("", EVERYBODY) else tuple({uid for study in studies if (uid := uid_of(study))})
    if not uids:
        return frozenset()
    key = MatchingKey((_STUDY_INSTANCE_UID,), "UI", UidList(uids))
    answer = await archive.search(Query(Level.STUDY, keys=(key,), limit=len(uids)))
    return frozenset(uid_of(parse_study(found)) for found in answer.objects)
