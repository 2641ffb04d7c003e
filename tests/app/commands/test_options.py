from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from app.commands.options import default_of, with_settings
from app.settings import Settings

runner = CliRunner()


def command(*names: str) -> tuple[typer.Typer, list[tuple[Settings, int]]]:
    """A command with these settings as options, and what it was called with."""
    calls: list[tuple[Settings, int]] = []
    app = typer.Typer(rich_markup_mode=None)

    @app.command()
    @with_settings(*names)
    def run(settings: Settings, times: Annotated[int, typer.Option(help="How often.")] = 1) -> None:
        """Run it."""
        calls.append((settings, times))

    return app, calls


def test_a_command_gets_its_settings_and_its_own_options() -> None:
    app, calls = command("port", "relative_urls")
    assert runner.invoke(app, ["--port", "9", "--relative-urls", "--times", "3"]).exit_code == 0
    ((settings, times),) = calls
    assert (settings.port, settings.relative_urls, times) == (9, True, 3)


def test_what_is_not_given_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOCENTER_PORT", "7")
    monkeypatch.setenv("ISOCENTER_RELATIVE_URLS", "true")
    app, calls = command("port", "relative_urls")
    runner.invoke(app, ["--no-relative-urls"])
    assert (calls[0][0].port, calls[0][0].relative_urls) == (7, False)


def test_a_wrong_value_is_told_in_a_sentence() -> None:
    app, calls = command()
    result = runner.invoke(app, ["--port", "http"])
    assert result.exit_code == 2
    assert "port: Input should be a valid integer" in result.output
    assert calls == []


def test_choices_are_choices() -> None:
    app, _ = command("duplicates")
    result = runner.invoke(app, ["--duplicates", "overwrite"])
    assert result.exit_code == 2
    assert "keep-first" in result.output


def test_help_lists_every_setting_with_default_and_unit() -> None:
    app, _ = command()
    text = " ".join(runner.invoke(app, ["--help"]).output.split())
    for name in Settings.model_fields:
        assert "--" + name.replace("_", "-") in text
    assert "(default: 4 MiB)" in text
    assert "(default: 15 seconds)" in text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("host", "127.0.0.1"),
        ("database", "none"),
        ("cors_origins", "none"),
        ("trusted_proxies", "127.0.0.1,::1"),
        ("relative_urls", "no"),
        ("header_timeout_seconds", "10 seconds"),
        ("workers", "1 worker"),
        ("root_path", "empty"),
    ],
)
def test_a_default_is_written_as_one_would_give_it(name: str, expected: str) -> None:
    assert default_of(Settings.model_fields[name]) == expected
