import subprocess
import sys

import pytest
from typer.testing import CliRunner

from app.cli import app

COMMANDS = [
    *("serve", "import", "export", "migrate", "reindex", "verify"),
    *("echo", "find", "get", "move", "send", "node list", "node add", "node remove", "node echo"),
]


def test_help_lists_the_commands() -> None:
    text = CliRunner().invoke(app, ["--help"]).output
    assert [command for command in COMMANDS if command.partition(" ")[0] not in text] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--help"])
    assert (result.exit_code, "--data" in result.output) == (0, True)


def test_a_wrong_setting_is_a_wrong_use() -> None:
    result = CliRunner().invoke(app, ["migrate", "--log-level", "loud"])
    assert result.exit_code == 2


def test_it_runs_as_a_module() -> None:
    result = subprocess.run([sys.executable, "-m", "app.cli", "--help"], capture_output=True, text=True)
    assert (result.returncode, "isocenter" in result.stdout.lower()) == (0, True)
