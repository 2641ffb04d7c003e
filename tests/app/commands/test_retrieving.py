from collections.abc import AsyncIterator

import pytest
import typer

from app.commands.retrieving import Report, chosen
from dicomcore.errors import DimseFailure
from dicomcore.net.dimse.status import Service
from dicomcore.resources import Resource
from dicomcore.scu.retrieve import Progress


async def steps(*given: Progress, failure: int = 0) -> AsyncIterator[Progress]:
    for step in given:
        yield step
    if failure:
        raise DimseFailure(failure)


@pytest.mark.parametrize("uids", [("1.2",), ("1.2", "1.3"), ("1.2", "1.3", "1.4")])
def test_a_resource_is_chosen_by_its_uids(uids: tuple[str, ...]) -> None:
    study, series, instance = (*uids, None, None)[:3]
    assert chosen(study, series, instance) == Resource(*uids)


@pytest.mark.parametrize(
    "uids", [(None, None, None), ("", None, None), ("1.2", None, "1.4"), (None, "1.3", None), ("abc", None, None)]
)
def test_what_names_no_resource_is_a_wrong_use(uids: tuple[str | None, str | None, str | None]) -> None:
    with pytest.raises(typer.BadParameter):
        chosen(*uids)


async def test_success_needs_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(Service.GET)
    await report.follow("Getting", steps(Progress(0xFF00, 1, 1, 0, 0), Progress(0x0000, None, 2, 0, 1)))
    report.end()
    assert (report.done, capsys.readouterr().err) == (3, "")


async def test_instances_that_failed_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(Service.MOVE)
    await report.follow("Moving", steps(Progress(0xB000, None, 1, 1, 0, failed_sop_instance_uids=("1.9",))))
    with pytest.raises(typer.Exit):
        report.end()
    said = capsys.readouterr().err
    assert (report.done, "1.9: the node could not send it" in said, "status B000" in said) == (1, True, True)


async def test_a_failure_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report(Service.MOVE)
    await report.follow("Moving", steps(Progress(0xA801, comment="who is\x1b that"), failure=0xA801))
    with pytest.raises(typer.Exit):
        report.end()
    said = capsys.readouterr().err
    assert said.startswith("failed: status A801, ")
    assert "who is\N{REPLACEMENT CHARACTER} that" in said


async def test_other_errors_are_not_for_the_report() -> None:
    report = Report(Service.MOVE)
    with pytest.raises(ZeroDivisionError):
        await report.follow("Moving", broken())


async def broken() -> AsyncIterator[Progress]:
    yield Progress(0xFF00)
    raise ZeroDivisionError
