import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from running_server import RunningServer, free_port, start_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    """One of two workers."""
    started = start_server(tmp_path / "data", "--workers", "2")
    yield started
    started.stop()


def test_workers_that_die_while_they_are_asked_are_replaced_at_once(server: RunningServer) -> None:
    before = server.workers
    assert len(before) == 2
    for worker in before:
        os.kill(worker, signal.SIGSTOP)
    with pytest.raises(httpx.ReadTimeout):  # meanwhile one is asked, and cannot answer
        httpx.get(f"{server.url}/health/ready", timeout=1.5)
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    assert httpx.get(f"{server.url}/health/ready", timeout=20).status_code == 200
    assert not set(server.workers) & set(before)


def test_workers_that_cannot_start_end_the_command_with_an_error(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = ["--port", str(free_port()), "--dimse-port", str(taken.getsockname()[1])]
        command = [sys.executable, "-m", "app.cli", "serve", "--data", str(tmp_path), "--workers", "2", *ports]
        result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 3
    assert "Address already in use" in result.stderr
