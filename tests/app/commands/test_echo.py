import re
from pathlib import Path

from command_line import introduce, isocenter
from peers import pynetdicom_ae
from pynetdicom import evt
from running_server import free_port

VERIFICATION = "1.2.840.10008.1.1"


def test_a_node_that_answers_says_so_with_its_time(tmp_path: Path) -> None:
    with pynetdicom_ae([], [VERIFICATION]) as node:
        result = isocenter(tmp_path, "echo", introduce(tmp_path, node))
    assert result.exit_code == 0, result.output
    assert re.fullmatch(r"PEER answers 0000 after \d+\.\d ms\n", result.stdout)


def test_it_is_asked_as_often_as_is_wanted_and_by_its_other_name(tmp_path: Path) -> None:
    with pynetdicom_ae([], [VERIFICATION]) as node:
        result = isocenter(tmp_path, "node", "echo", introduce(tmp_path, node), "--count", 3)
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 3)


def test_a_status_that_is_no_success_is_a_failure(tmp_path: Path) -> None:
    with pynetdicom_ae([(evt.EVT_C_ECHO, lambda event: 0x0211)], [VERIFICATION]) as node:
        result = isocenter(tmp_path, "echo", introduce(tmp_path, node))
    assert (result.exit_code, "PEER answers 0211" in result.stdout) == (1, True)


def test_a_node_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    port = free_port()
    isocenter(tmp_path, "node", "add", "PACS", "127.0.0.1", port)
    result = isocenter(tmp_path, "echo", "PACS")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"isocenter: 127.0.0.1:{port} cannot be reached")


def test_a_node_that_rejects_us_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pynetdicom_ae([], [VERIFICATION], require_calling_aet=["FRIEND"]) as node:
        title = introduce(tmp_path, node)
        stranger, friend = (
            isocenter(tmp_path, "echo", title),
            isocenter(tmp_path, "echo", title, "--ae-title", "FRIEND"),
        )
    assert (stranger.exit_code, friend.exit_code) == (1, 0)
    assert "calling" in stranger.stderr.lower()


def test_a_node_without_verification_is_told(tmp_path: Path) -> None:
    with pynetdicom_ae([], ["1.2.840.10008.5.1.4.1.1.2"]) as node:
        result = isocenter(tmp_path, "echo", introduce(tmp_path, node))
    assert (result.exit_code, f"does not accept SOP Class {VERIFICATION}" in result.stderr) == (1, True)


def test_an_unknown_node_is_told(tmp_path: Path) -> None:
    result = isocenter(tmp_path, "echo", "PACS")
    assert (result.exit_code, result.stderr) == (1, "isocenter: no node is called 'PACS'\n")
