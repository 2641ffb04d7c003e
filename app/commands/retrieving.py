"""What `get` and `move` have in common: what is asked for, and how the node says it is getting on (PS3.4 §C.4.2)."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import typer

from app.commands.progress import growing_bar
from app.commands.texts import plain
from dicomcore.errors import DimseFailure, InvalidUid
from dicomcore.net.dimse.status import Category, Service, category, describe
from dicomcore.resources import Resource
from dicomcore.scu.retrieve import Progress
from dicomcore.uids import check_uid

STUDY = "Study Instance UID."
SERIES = "Series Instance UID."
INSTANCE = "SOP Instance UID."


def chosen(study: str | None, series: str | None, instance: str | None) -> Resource:
    """Check the UIDs that were given; raises what typer makes a sentence of."""
    uids = (study, series, instance)
    if not study:
        raise typer.BadParameter("say what is wanted: --study")
    if any(below and not above for above, below in itertools.pairwise(uids)):
        raise typer.BadParameter("--series needs --study, and --instance needs --series")
    try:
        return Resource(*(uid and check_uid(uid) for uid in uids))
    except InvalidUid as exc:
        raise typer.BadParameter(str(exc)) from exc


@dataclass
class Report:
    """How a retrieve went, as the node says, and what is to be said of it."""

    service: Service
    done: int = 0
    problems: list[str] = field(default_factory=list)

    async def follow(self, title: str, steps: AsyncIterator[Progress]) -> None:
        """Show a bar until the last step."""
        last = None
        with growing_bar(title) as moved:
            try:
                async for last in steps:
                    self.done = (last.completed or 0) + (last.warning or 0)
                    over = self.done + (last.failed or 0)
                    moved(over, None if last.remaining is None else over + last.remaining)
            except DimseFailure:
                pass  # the last step has said so
        if last is not None:
            self._note(last)

    def end(self) -> None:
        """Say what went wrong; raises typer.Exit with code 1 if anything did."""
        for problem in self.problems:
            typer.echo(f"failed: {plain(problem)}", err=True)
        if self.problems:
            raise typer.Exit(1)

    def _note(self, last: Progress) -> None:
        self.problems += [f"{uid}: the node could not send it" for uid in last.failed_sop_instance_uids]
        if category(last.status) is not Category.SUCCESS:
            words = describe(last.status, self.service)
            self.problems.append(f"status {last.status:04X}, {words}" + (f": {last.comment}" if last.comment else ""))
