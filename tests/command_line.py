"""The ``isocenter`` command in this process, with the data folder of a test."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from app.cli import app
from dicomcore.nodes import Node


def isocenter(data: Path, *arguments: object) -> Result:
    """Run it; lines of its help and of its errors are not broken."""
    *words, last = map(str, arguments)
    return CliRunner().invoke(app, [*words, last, "--data", str(data)], env={"COLUMNS": "400"})


def introduce(data: Path, node: Node) -> str:
    """Let the data folder know an application entity; returns its title."""
    result = isocenter(data, "node", "add", "--replace", node.ae_title, node.host, node.port)
    assert result.exit_code == 0, result.output
    return node.ae_title


def imported(data: Path, folder: Path, *files: bytes) -> None:
    """Store files in the archive."""
    folder.mkdir()
    for number, content in enumerate(files):
        (folder / str(number)).write_bytes(content)
    result = isocenter(data, "import", folder)
    assert result.exit_code == 0, result.output
