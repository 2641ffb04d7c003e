"""What README and docs tell users to type exists, and every setting is documented."""

import re
import runpy
from pathlib import Path

import pytest
import typer

from app.cli import app
from app.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # it is a group
LINK = re.compile(r"\[[^]]*\]\(([^)#:]+)(#[^)]*)?\)")


def code(document: Path) -> str:
    """Everything in code blocks and in backticks."""
    text = document.read_text("utf-8")
    blocks = re.findall(r"^```.*?$(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return "\n".join([*blocks, *re.findall(r"`([^`\n]+)`", text)])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+(?: [a-z-]+)*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    known = {name for names in targets for name in names.split()}
    used = set(re.findall(r"(?:^|\s)make ([a-z-]+)", code(document)))
    assert used <= known


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_isocenter_command_and_its_options_exist(document: Path) -> None:
    for line in re.findall(r"(?:^|[\s/])isocenter ([a-z]+\b[^|#\n`]*)", code(document)):
        name, *rest = line.split()
        if name in COMMANDS:
            command = COMMANDS[name]
            if rest and rest[0] in getattr(command, "commands", ()):  # a group, such as node
                command = command.commands[rest[0]]
            options = {option for parameter in command.params for option in parameter.opts}
            assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= options | {"--help"}, line
        else:
            assert not (ROOT / "app" / "commands" / f"{name}.py").exists(), line


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_variable_is_a_setting(document: Path) -> None:
    used = set(re.findall(rf"{PREFIX}([A-Z_]+)\b", code(document)))
    assert used <= {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    links = [target for target, _ in LINK.findall(document.read_text("utf-8"))]
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_readme_shows_the_two_commands() -> None:
    assert {"make serve", "make test"} <= set(re.findall(r"make \w+", code(ROOT / "README.md")))


def test_the_table_of_settings_is_that_of_the_model() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "write_docs.py"))
    document = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    assert document == script["with_table"](document)


def test_every_setting_is_an_option_of_serve() -> None:
    options = {option for parameter in COMMANDS["serve"].params for option in parameter.opts}
    assert {"--" + name.replace("_", "-") for name in Settings.model_fields} <= options
