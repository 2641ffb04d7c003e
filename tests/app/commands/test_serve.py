import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from builders import ct_instance
from running_server import start_server
from typer.testing import CliRunner

from app.cli import app


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "pacs.example"])
def test_an_address_that_others_reach_is_refused_with_what_to_do(host: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["serve", "--host", host, "--data", str(tmp_path)], env={"COLUMNS": "400"})
    assert result.exit_code == 2
    assert "there is no authentication" in result.output
    assert "--allow-anonymous" in result.output


def test_associations_from_others_need_certificates_or_trust(tmp_path: Path) -> None:
    arguments = ["serve", "--dimse-port", "11112", "--dimse-host", "0.0.0.0", "--data", str(tmp_path)]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "400"})
    assert result.exit_code == 2
    assert "--dimse-tls-mutual" in result.output


def test_a_server_serves_everything_it_says(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data")
    try:
        for path in ("/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json"):
            assert httpx.get(server.url + path).status_code == 200, path
        assert httpx.get(f"{server.base}/studies").status_code == 204
    finally:
        server.stop()
    assert server.process.returncode == 0


def test_it_listens_where_anybody_can_reach_it_when_told_so(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data", "--host", "0.0.0.0", "--allow-anonymous")
    server.stop()
    assert server.process.returncode == 0


def test_the_log_is_json_lines_without_what_was_asked_for(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data")
    httpx.get(f"{server.base}/studies", params={"PatientName": "Doe^Jane"})
    server.stop()
    text = (tmp_path / f"server-{server.port}.log").read_text()
    events = [json.loads(line) for line in text.splitlines()]
    assert [event["route"] for event in events if event["event"] == "request"] == ["/dicom-web/studies"]
    assert "Doe" not in text


def test_several_workers_share_archive_and_metrics(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data", "--workers", "2")
    stored = 'isocenter_http_requests_total{method="POST",route="/dicom-web/studies",status="200"} 8.0'
    each = 'isocenter_event_streams{process="'
    try:
        for number in range(8):
            content = ct_instance(SOPInstanceUID=f"1.2.3.4.{number}")
            headers = {"Content-Type": "application/dicom", "Connection": "close"}
            assert httpx.post(f"{server.base}/studies", content=content, headers=headers).status_code == 200
        # The worker that is asked counts what it has noted at once, the other one after half a second.
        metrics, end = "", time.monotonic() + 30
        while (stored not in metrics or metrics.count(each) < 2) and time.monotonic() < end:
            metrics = httpx.get(f"{server.url}/metrics").text
    finally:
        server.stop()
    assert stored in metrics
    assert "isocenter_archive_instances 8.0" in metrics
    assert metrics.count(each) == 2


def test_a_port_that_is_taken_ends_it(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        arguments = ["serve", "--data", str(tmp_path / "data"), "--port", str(taken.getsockname()[1])]
        result = subprocess.run([sys.executable, "-m", "app.cli", *arguments], capture_output=True, text=True)
    assert result.returncode != 0
    assert "address already in use" in result.stderr


def test_a_request_that_runs_is_finished_before_the_server_ends(tmp_path: Path) -> None:
    server = start_server(tmp_path / "data")
    content = ct_instance()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        head = "POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/dicom\r\n"
        connection.sendall(f"{head}Expect: 100-continue\r\nContent-Length: {len(content)}\r\n\r\n".encode())
        answer = connection.makefile("rb")
        assert answer.readline().startswith(b"HTTP/1.1 100")  # it runs
        server.process.send_signal(signal.SIGTERM)
        connection.sendall(content)
        assert answer.readline() == b"\r\n"
        assert answer.readline() == b"HTTP/1.1 200 OK\r\n"
        assert b"00081199" in answer.read()
    server.process.wait(30)
