import pytest

from app.commands.progress import growing_bar, moving_bar


def test_a_bar_moves_and_says_nothing_where_there_is_no_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with moving_bar("Counting", 3) as moved:
        moved(1)
        moved(2)
    assert capfd.readouterr() == ("", "")


def test_a_bar_shows_how_far_it_is_on_a_terminal(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with moving_bar("Counting", 3) as moved:
        moved(3)
    assert "3/3" in capfd.readouterr().err


def test_a_bar_may_learn_how_much_there_is(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with growing_bar("Getting") as moved:
        moved(1, None)
        moved(2, 5)
    assert "2/5" in capfd.readouterr().err
