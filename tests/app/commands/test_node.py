import json
from pathlib import Path

import httpx
import pytest
from command_line import isocenter
from running_server import start_server

from app.commands.known_nodes import known_node
from app.settings import load_settings
from dicomcore.nodes import Kind, Node, Retrieve


def stored(data: Path, ae_title: str) -> Node:
    return known_node(load_settings(data=data), ae_title)


def test_a_node_is_added_listed_and_removed(tmp_path: Path) -> None:
    assert isocenter(tmp_path, "node", "add", "PACS", "pacs.example", "104").exit_code == 0
    assert isocenter(tmp_path, "node", "list").stdout.splitlines() == [
        "AE title  address           TLS  retrieve",
        "PACS      pacs.example:104  no   C-GET",
    ]
    assert isocenter(tmp_path, "node", "remove", "PACS").exit_code == 0
    assert isocenter(tmp_path, "node", "list").stdout.splitlines() == ["AE title  address  TLS  retrieve"]


def test_everything_about_a_node_can_be_said(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\nnot this\n")
    options = ["--tls", "--retrieve", "move", "--character-set", "ISO_IR 100", "--max-associations", "2"]
    options += ["--username", "me", "--password-file", str(secret)]
    assert isocenter(tmp_path, "node", "add", "PACS", "::1", "11112", *options).exit_code == 0
    assert stored(tmp_path, "PACS") == Node(
        "PACS",
        "::1",
        11112,
        tls=True,
        retrieve=Retrieve.MOVE,
        character_set="ISO_IR 100",
        max_associations=2,
        username="me",
        password="s3cret",
    )


def test_a_dicomweb_server_has_a_url(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("t0ken")
    isocenter(tmp_path, "node", "add", "WEB", "--base-url", "https://web.example/dicom-web/", "--token-file", token)
    url = "https://web.example/dicom-web"
    assert stored(tmp_path, "WEB") == Node("WEB", kind=Kind.DICOMWEB, base_url=url, token="t0ken")
    assert isocenter(tmp_path, "node", "list").stdout.splitlines()[1] == f"WEB       {url}"


def test_secrets_are_not_listed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    isocenter(tmp_path, "node", "add", "PACS", "pacs.example", 104, "--username", "me", "--password-file", secret)
    result = isocenter(tmp_path, "node", "list", "--json")
    (listed,) = json.loads(result.stdout)
    assert (listed["ae_title"], listed["username"], listed["has_password"]) == ("PACS", "me", True)
    assert "s3cret" not in result.stdout


def test_a_title_is_given_once_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    isocenter(tmp_path, "node", "add", "PACS", "pacs.example", 104)
    again = isocenter(tmp_path, "node", "add", "PACS", "pacs.example", 105)
    assert (again.exit_code, "--replace" in again.stderr, stored(tmp_path, "PACS").port) == (1, True, 104)
    replaced = isocenter(tmp_path, "node", "add", "PACS", "pacs.example", 105, "--replace")
    assert (replaced.exit_code, stored(tmp_path, "PACS").port) == (0, 105)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("SEVENTEEN_LETTERS", "pacs.example", 104), "ae_title"),
        (("PACS",), "host"),
        (("PACS", "pacs.example"), "port"),
        (("PACS", "pacs.example", 65536), "port"),
        (("PACS", "pacs.example", 104, "--base-url", "http://web.example"), "host"),
        (("PACS", "pacs.example", 104, "--token-file", "/nowhere"), "/nowhere cannot be read"),
    ],
)
def test_what_cannot_be_a_node_is_a_wrong_use(tmp_path: Path, arguments: tuple[object, ...], problem: str) -> None:
    result = isocenter(tmp_path, "node", "add", *arguments)
    assert (result.exit_code, problem in result.stderr) == (2, True)


def test_who_is_not_there_cannot_be_removed(tmp_path: Path) -> None:
    result = isocenter(tmp_path, "node", "remove", "PACS")
    assert (result.exit_code, result.stderr) == (1, "isocenter: no node is called 'PACS'\n")


def test_a_running_server_and_the_command_see_each_others_changes(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data")
    try:
        assert httpx.get(f"{server.url}/nodes").json() == []
        isocenter(tmp_path / "data", "node", "add", "PACS", "pacs.example", 104)
        assert [node["ae_title"] for node in httpx.get(f"{server.url}/nodes").json()] == ["PACS"]
        assert httpx.put(f"{server.url}/nodes/PACS", json={"host": "other.example", "port": 105}).status_code == 200
        assert stored(tmp_path / "data", "PACS") == Node("PACS", "other.example", 105)
        assert httpx.delete(f"{server.url}/nodes/PACS").status_code == 204
        assert isocenter(tmp_path / "data", "node", "list", "--json").stdout == "[]\n"
    finally:
        server.stop()
