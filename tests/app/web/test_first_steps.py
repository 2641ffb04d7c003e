from pathlib import Path
from typing import Any

import pytest

from app.settings import load_settings
from app.web.first_steps import first_steps

BASE = "http://pacs.test:8080/pacs/dicom-web"


def commands(**settings: Any) -> list[str]:
    return [command.text for command in first_steps(load_settings(**settings), BASE)]


def test_the_commands_have_the_addresses_of_this_server() -> None:
    assert commands(dimse_port=11112, ae_title="RADIOLOGY") == [
        "isocenter import PATH",
        f"curl {BASE}/studies -H 'Content-Type: application/dicom' --data-binary @image.dcm",
        "storescu -aec RADIOLOGY +sd +r 127.0.0.1 11112 PATH",
    ]


def test_who_listens_everywhere_is_reached_by_the_name_of_the_web_server() -> None:
    made = commands(dimse_port=104, dimse_host="0.0.0.0", allow_anonymous=True)
    assert made[-1] == "storescu -aec ISOCENTER +sd +r pacs.test 104 PATH"


def test_there_is_no_command_for_associations_that_are_not_accepted() -> None:
    assert len(commands()) == 2


def test_there_is_no_command_for_associations_that_need_a_certificate() -> None:
    assert len(commands(dimse_port=2762, dimse_tls_certificate=Path("own.pem"))) == 2


@pytest.mark.parametrize(("host", "is_named"), [("127.0.0.1", True), ("0.0.0.0", False)])
def test_another_data_folder_is_named_to_who_is_at_this_machine(tmp_path: Path, host: str, is_named: bool) -> None:
    folder = tmp_path / "my data"
    text = commands(data=folder, host=host, allow_anonymous=True)[0]
    assert text == (f"isocenter import --data '{folder}' PATH" if is_named else "isocenter import PATH")
