import pytest
import typer

from app.commands.damages import end_with
from dicomcore.resources import Resource
from dicomcore.upkeep import Damage


def test_no_damage_is_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    end_with([], "3 objects checked")
    assert capsys.readouterr().out == "3 objects checked, 0 damaged\n"


def test_damages_are_listed_and_end_with_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    damages = [Damage("0a", "the object is missing", Resource("1", "2", "3")), Damage("0b", "no DICOM")]
    with pytest.raises(typer.Exit) as ended:
        end_with(damages, "2 objects checked")
    assert ended.value.exit_code == 1
    assert capsys.readouterr().out.splitlines() == [
        "damaged: /studies/1/series/2/instances/3 (object 0a): the object is missing",
        "damaged: object 0b: no DICOM",
        "2 objects checked, 2 damaged",
    ]
