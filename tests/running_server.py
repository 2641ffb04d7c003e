"""A real Isocenter in processes of its own, started by the command that users start it with."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import httpx

_START_SECONDS = 60


_PROCESS = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 4
_PORTS = cycle(range(12_000 + 5_000 * _PROCESS, 17_000 + 5_000 * _PROCESS))


def free_port() -> int:
    """A port that nobody listens on, another one each time, in each process that runs tests.

    They are below those that the system gives to who wants any: two of our servers can listen on the same one.
    """
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("there are no more ports")


@dataclass
class RunningServer:
    process: subprocess.Popen[bytes]
    port: int
    data: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base(self) -> str:
        return f"{self.url}/dicom-web"

    @property
    def log(self) -> str:
        """What it has written so far."""
        return (self.data.parent / f"server-{self.port}.log").read_text()

    @property
    def peak_memory(self) -> int:
        """The most bytes that were resident at once, for the largest of its processes."""
        return max(_status(process, "VmHWM") for process in _tree(self.process.pid))

    @property
    def memory(self) -> int:
        """The bytes that are resident now, for the largest of its processes."""
        return max(_status(process, "VmRSS") for process in _tree(self.process.pid))

    @property
    def workers(self) -> list[int]:
        """The processes that answer requests, if there are several."""
        return [
            one for one in _children(self.process.pid) if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()
        ]

    def forget_peak(self) -> None:
        """Count the peak from now on."""
        for process in _tree(self.process.pid):
            Path(f"/proc/{process}/clear_refs").write_text("5")

    @property
    def spooled(self) -> list[Path]:
        """The files of unfinished arrivals."""
        return list((self.data / "spool").iterdir())

    def stop(self) -> None:
        """End it as an operator does; requests that run have 30 seconds (``--shutdown-seconds``)."""
        self.process.terminate()
        self.process.wait(60)

    def kill(self) -> None:
        """End it, and every worker it has, without warning."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)


def _children(process: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def _tree(process: int) -> list[int]:
    return [process, *(one for child in _children(process) for one in _tree(child))]


def _status(process: int, name: str) -> int:
    """A figure of the kernel about a process, which it gives in kB."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name))


def start_server(data: Path, *arguments: str, path: str = "/health/ready", **environment: str) -> RunningServer:
    """Start ``isocenter serve`` on a free port and wait until it answers with 200 at ``path``."""
    port = free_port()
    command = [sys.executable, "-m", "app.cli", "serve", "--port", str(port), "--data", str(data), *arguments]
    log = (data.parent / f"server-{port}.log").open("wb")
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )
    log.close()
    server = RunningServer(process, port, data)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError((data.parent / f"server-{port}.log").read_text())
        try:
            if httpx.get(server.url + path, timeout=5).status_code == 200:
                return server
        except httpx.TransportError:
            time.sleep(0.05)
    server.kill()
    raise RuntimeError((data.parent / f"server-{port}.log").read_text())
