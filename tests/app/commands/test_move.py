from pathlib import Path

from builders import ct_instance
from command_line import introduce, isocenter
from peers import dcmqrscp, storescp

FILES = [ct_instance(SOPInstanceUID=f"1.1.1.{n}", SeriesInstanceUID="1.1.1", StudyInstanceUID="1.1") for n in (1, 2)]


def test_a_node_sends_to_another(tmp_path: Path) -> None:
    with (
        storescp(tmp_path / "destination") as destination,
        dcmqrscp(tmp_path / "remote", FILES, destinations=[destination.node]) as remote,
    ):
        title = introduce(tmp_path, remote.node)
        result = isocenter(tmp_path, "move", title, "--study", "1.1", "--destination", "STORESCP")
        assert (result.exit_code, result.stdout) == (0, "2 instances were sent to STORESCP\n"), result.output
        assert len(destination.files) == 2


def test_a_destination_that_the_node_does_not_know_is_told(tmp_path: Path) -> None:
    with dcmqrscp(tmp_path / "remote", FILES) as remote:
        result = isocenter(tmp_path, "move", introduce(tmp_path, remote.node), "--study", "1.1")
    assert (result.exit_code, result.stdout) == (1, "0 instances were sent to ISOCENTER\n"), result.output
    assert "failed: status A801, " in result.stderr


def test_a_destination_that_is_no_ae_title_is_refused(tmp_path: Path) -> None:
    isocenter(tmp_path, "node", "add", "PACS", "127.0.0.1", 104)
    result = isocenter(tmp_path, "move", "PACS", "--study", "1.1", "--destination", "SEVENTEEN_LETTERS")
    assert (result.exit_code, "destination" in result.stderr) == (1, True)
