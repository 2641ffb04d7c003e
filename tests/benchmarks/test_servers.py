"""The servers: what is started, and what is read of the machine."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

from benchmarks.servers import Isocenter, Orthanc, Server

SERVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


class Small(Server):
    name = "Small"
    ready_path = "/"

    def command(self) -> list[str]:
        return [sys.executable, "-c", SERVER, str(self.address.port)]


class Broken(Small):
    def command(self) -> list[str]:
        return [sys.executable, "-c", "raise SystemExit(1)"]


def test_a_server_is_started_measured_and_stopped(tmp_path: Path) -> None:
    server = Small(tmp_path)
    server.start()
    try:
        usage = server.usage()
    finally:
        server.stop()
    assert usage.cpu > 0
    assert 1_000_000 < usage.anonymous <= usage.rss <= usage.peak_of_one == usage.peak_of_all


def test_a_server_that_ends_at_once_is_an_error(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(RuntimeError, match="does not start"):
        Broken(tmp_path).start()
    assert time.monotonic() - started < 30


def test_the_configuration_of_orthanc_is_the_one_shipped_but_for_what_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = tmp_path / "shipped.json"
    shipped.write_text('{ /* a\n comment */ "SyncStorageArea" : true, // another\n "Url" : "http://a" }')
    monkeypatch.setattr(Orthanc, "configuration", shipped)
    executable, file = Orthanc(tmp_path).command()
    settings = json.loads(Path(file).read_text())
    assert (settings["SyncStorageArea"], settings["Url"]) == (True, "http://a")
    assert settings["DicomServerEnabled"] is False
    assert os.path.basename(executable) == "Orthanc"


def test_isocenter_is_started_with_two_workers_on_loopback(tmp_path: Path) -> None:
    words = Isocenter(tmp_path).command()
    assert words[1:4] == ["serve", "--host", "127.0.0.1"]
    assert words[-2:] == ["--workers", "2"]
