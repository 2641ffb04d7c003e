"""Other application entities: those of pynetdicom in threads of this process, those of DCMTK in processes of their own.

All of them listen on a port of 127.0.0.1 that the system, or `free_port`, has chosen.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pynetdicom import AE
from running_server import free_port

from dicomcore.nodes import Node

_START_SECONDS = 20


@contextmanager
def pynetdicom_ae(
    handlers: Sequence[tuple[Any, ...]],
    contexts: Sequence[str | tuple[str, Sequence[str]]],
    *,
    ae_title: str = "PEER",
    storage_roles: bool = False,
    **settings: Any,
) -> Iterator[Node]:
    """An AE that supports SOP Classes, each with the default transfer syntaxes or with those given.

    With ``storage_roles`` it is SCU of all of them too, as one that answers C-GET has to be. ``settings`` are
    attributes of `pynetdicom.AE`.
    """
    ae = AE(ae_title)
    for name, value in {"network_timeout": 10, "acse_timeout": 10, "dimse_timeout": 10, **settings}.items():
        setattr(ae, name, value)
    for context in contexts:
        uid, *syntaxes = context if isinstance(context, tuple) else (context,)
        roles = {"scu_role": True, "scp_role": True} if storage_roles else {}
        ae.add_supported_context(uid, *syntaxes, **roles)
    server = ae.start_server(("127.0.0.1", 0), block=False, evt_handlers=list(handlers))
    try:
        yield Node(ae_title, "127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()


@dataclass
class Program:
    """A program of DCMTK that listens."""

    node: Node
    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def files(self) -> list[Path]:
        """What it has stored."""
        return sorted(path for path in self.folder.iterdir() if path.is_file() and path.name != "index.dat")


@contextmanager
def storescp(folder: Path, *options: str, ae_title: str = "STORESCP") -> Iterator[Program]:
    """DCMTK's storage SCP, which keeps files in ``folder``."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    command = ["storescp", "--aetitle", ae_title, "--output-directory", str(folder), *options, str(port)]
    with _running(command, folder, Node(ae_title, "127.0.0.1", port)) as program:
        yield program


@contextmanager
def dcmqrscp(
    folder: Path, files: Sequence[bytes] = (), *options: str, destinations: Sequence[Node] = (), ae_title: str = "QRSCP"
) -> Iterator[Program]:
    """DCMTK's archive, which holds ``files`` and knows ``destinations``."""
    folder.mkdir(exist_ok=True)
    paths = []
    for number, content in enumerate(files):
        paths.append(folder / f"instance{number}")
        paths[-1].write_bytes(content)
    if paths:
        subprocess.run(["dcmqridx", "--not-new", str(folder), *map(str, paths)], check=True, capture_output=True)
    port = free_port()
    configuration = folder.with_suffix(".cfg")
    configuration.write_text(_configuration(ae_title, port, folder, destinations))
    command = ["dcmqrscp", "--config", str(configuration), *options]
    with _running(command, folder, Node(ae_title, "127.0.0.1", port)) as program:
        yield program


def _configuration(ae_title: str, port: int, folder: Path, destinations: Sequence[Node]) -> str:
    hosts = "\n".join(
        f"host{number} = ({node.ae_title}, {node.host}, {node.port})" for number, node in enumerate(destinations)
    )
    return f"""NetworkTCPPort = {port}
MaxPDUSize = 16384
MaxAssociations = 16
HostTable BEGIN
{hosts}
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
{ae_title} {folder} RW (500, 1024mb) ANY
AETable END
"""


@contextmanager
def _running(command: Sequence[str], folder: Path, node: Node) -> Iterator[Program]:
    with folder.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_until(lambda: _is_listening(node.port) or process.poll() is not None)
        yield Program(node, process, folder)
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # dcmqrscp has a process for each association
        process.wait()


def _is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + _START_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the peer does not listen")
        time.sleep(0.02)
