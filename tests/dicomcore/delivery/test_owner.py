import os
import socket
import subprocess
import sys

from dicomcore.delivery.owner import has_gone, new_owner


def test_this_process_is_there() -> None:
    assert has_gone(new_owner()) is False


def test_every_name_is_another_one() -> None:
    assert new_owner() != new_owner()


def test_a_process_that_has_ended_has_gone() -> None:
    command = [sys.executable, "-c", "from dicomcore.delivery.owner import new_owner; print(new_owner())"]
    owner = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert has_gone(owner) is True


def test_a_process_that_has_ended_and_that_nobody_has_asked_for_has_gone() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        os.kill(process.pid, 9)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it is a zombie from now on
        assert has_gone(f"{socket.gethostname()}/{process.pid}/1/x") is True


def test_another_process_with_the_number_of_an_earlier_one_is_not_taken_for_it() -> None:
    host, process, started, chance = new_owner().split("/")
    assert has_gone(f"{host}/{process}/{int(started) - 1}/{chance}") is True


def test_of_another_host_nothing_is_known() -> None:
    assert has_gone("elsewhere/999999999/1/x") is False
    assert has_gone("") is False
