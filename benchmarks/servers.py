"""Starting and stopping the servers that are compared, and what they use of the machine.

Orthanc is the one that Debian ships, with the configuration that Debian ships; only the directories, the port, the
DICOM listener and the access to it are changed. Isocenter is started as its README says, with two workers.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.client import Address, Connection, Request

LOOPBACK = "127.0.0.1"
_TICK = os.sysconf("SC_CLK_TCK")
_COMMENTS = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_DROP_CACHES = Path("/proc/sys/vm/drop_caches")


@dataclass(frozen=True)
class Usage:
    """What a process and its descendants have used: CPU seconds so far, and resident bytes."""

    cpu: float
    rss: int
    anonymous: int
    peak_of_one: int
    peak_of_all: int


class Server(ABC):
    """A server with a data directory and a port of its own."""

    name: str
    base = "/dicom-web"
    ready_path: str

    def __init__(self, directory: Path) -> None:
        self.directory = directory / self.name.lower()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.address = Address(LOOPBACK, free_port(), self.base)
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """Write what has to be written, and return the command line."""

    def start(self, timeout: float = 60.0) -> None:
        """Start the server and wait until it answers."""
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, start_new_session=True)
        deadline = time.monotonic() + timeout
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not start; see {self.directory / 'log'}")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        connection = Connection(Address(self.address.host, self.address.port, ""))
        try:
            return connection.ask(Request("GET", self.ready_path)).status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """Ask the server to end, and wait; what is left of it after half a minute is killed."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._process = None

    def processes(self) -> dict[int, Usage]:
        """Read what each of its processes has used so far from ``/proc``."""
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        return {pid: _process_usage(pid) for pid in _family(self._process.pid)}

    def usage(self) -> Usage:
        """Sum up what its processes have used so far."""
        processes = self.processes().values()
        return Usage(
            sum(one.cpu for one in processes),
            sum(one.rss for one in processes),
            sum(one.anonymous for one in processes),
            max(one.peak_of_one for one in processes),
            sum(one.peak_of_all for one in processes),
        )

    def forget_peaks(self) -> None:
        """Begin the measurement of peak memory anew (proc(5), ``clear_refs``)."""
        if self._process is not None:
            for pid in _family(self._process.pid):
                Path(f"/proc/{pid}/clear_refs").write_text("5")


class Orthanc(Server):
    """Debian's Orthanc with its DICOMweb plugin."""

    name = "Orthanc"
    ready_path = "/system"
    executable = "/usr/sbin/Orthanc"
    configuration = Path("/etc/orthanc/orthanc.json")
    plugin = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"

    @classmethod
    def is_installed(cls) -> bool:
        """Say whether Debian's packages orthanc and orthanc-dicomweb are there."""
        return all(Path(path).exists() for path in (cls.executable, cls.configuration, cls.plugin))

    def changes(self) -> dict[str, Any]:
        """Settings that a benchmark adds."""
        return {}

    def command(self) -> list[str]:
        """Write the configuration that Debian ships, with the changes named above."""
        shipped = _COMMENTS.sub(lambda match: match[1] or "", self.configuration.read_text())
        settings: dict[str, Any] = json.loads(shipped)
        settings |= {
            "StorageDirectory": str(self.directory / "db"),
            "IndexDirectory": str(self.directory / "db"),
            "TemporaryDirectory": str(self.directory),
            "Plugins": [self.plugin],
            "HttpPort": self.address.port,
            "DicomServerEnabled": False,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "StudiesMetadata": "Full", "SeriesMetadata": "Full"},
            **self.changes(),
        }
        file = self.directory / "orthanc.json"
        file.write_text(json.dumps(settings, indent=1))
        return [self.executable, str(file)]


class Isocenter(Server):
    """This server, with two workers and otherwise as it comes."""

    name = "Isocenter"
    ready_path = "/health/ready"
    workers = 2

    def command(self) -> list[str]:
        """Return the command of the README."""
        executable = Path(sys.executable).with_name("isocenter")
        options = {"--host": LOOPBACK, "--port": self.address.port, "--data": self.directory / "data"}
        options["--workers"] = self.workers
        return [str(executable), "serve", *(str(word) for pair in options.items() for word in pair)]


def drop_caches() -> bool:
    """Write back and forget the page cache; return False if only root could."""
    os.sync()
    try:
        _DROP_CACHES.write_text("3")
    except OSError:
        return False
    return True


def warm_caches(directory: Path) -> None:
    """Read every file below a directory, so that the page cache holds what fits."""
    buffer = bytearray(1 << 20)
    for path in (found for found in directory.rglob("*") if found.is_file()):
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass


def fresh_directory(root: Path) -> Path:
    """Make an empty directory for the data of the servers, on the disk of the corpus and not in memory."""
    directory = root / f"servers-{os.getpid()}"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def free_port() -> int:
    """Let the system choose a port."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _family(pid: int) -> list[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            fields = _stat(int(entry.name))
            if fields:
                parents[int(entry.name)] = int(fields[1])
    family = [pid]
    for member in family:
        family += [child for child, parent in parents.items() if parent == member]
    return family


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _process_usage(pid: int) -> Usage:
    fields = _stat(pid)
    cpu = sum(map(int, fields[11:15])) / _TICK if fields else 0.0
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return Usage(cpu, 0, 0, 0, 0)
    sizes = {
        name: int(rest.split()[0]) * 1024 for name, _, rest in (line.partition(":") for line in lines) if "kB" in rest
    }
    peak = sizes.get("VmHWM", 0)
    return Usage(cpu, sizes.get("VmRSS", 0), sizes.get("RssAnon", 0), peak, peak)
