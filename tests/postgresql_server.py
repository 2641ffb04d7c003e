"""A PostgreSQL server of one's own: in a new directory, on a free port of 127.0.0.1, thrown away afterwards."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_USER = "postgres"


class PostgresqlServer:
    """A cluster in ``directory``, which has begun to answer at ``url`` when it is made."""

    def __init__(self, directory: Path) -> None:
        # As root its files are elsewhere: PostgreSQL runs as a user of its own, who cannot get into pytest's folders.
        self._place = directory
        if os.geteuid() == 0:
            self._place = Path(tempfile.mkdtemp(prefix="postgresql-"))
            shutil.chown(self._place, _USER)
        self._files = str(self._place / "cluster")
        self._port = _free_port()
        self.url = f"postgresql://{_USER}@127.0.0.1:{self._port}/postgres"
        _run("initdb", "-D", self._files, "-U", _USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        log = str(self._place / "server.log")
        _run("pg_ctl", "-D", self._files, "-l", log, "-o", options, "-w", "-t", "60", "start")

    def stop(self) -> None:
        """Stop it as a crash does; its files stay."""
        _run("pg_ctl", "-D", self._files, "-m", "immediate", "-w", "stop")

    def remove(self) -> None:
        """Stop it and throw everything away."""
        self.stop()
        shutil.rmtree(self._place, ignore_errors=True)


def start_postgresql(directory: Path) -> tuple[str, Callable[[], None]]:
    """Start a server with its files in ``directory``; return the URL of an empty database, and what stops it."""
    server = PostgresqlServer(directory)
    return server.url, server.remove


def _run(program: str, *arguments: str) -> None:
    command = [_find(program), *arguments]
    if os.geteuid() == 0:
        command = ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--init-groups", *command]
    # pg_ctl's child keeps the output open, so that it must not be a pipe.
    done = subprocess.run(command, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise RuntimeError(f"{program} ended with {done.returncode}")


def _find(program: str) -> str:
    candidates = [shutil.which(program), *(str(place / program) for place in _PLACES)]
    found = next((name for name in candidates if name and os.access(name, os.X_OK)), None)
    if found is None:
        raise RuntimeError(f"{program} is not installed: these tests need a PostgreSQL server")
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
