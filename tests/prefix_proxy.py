"""A reverse proxy that puts a server below a path prefix, as one in a hospital does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

import httpx

# What concerns one connection, and what httpx and the standard library write themselves (RFC 9110 §7.6.1).
_OF_THE_CONNECTION = frozenset(("connection", "content-length", "date", "host", "server", "transfer-encoding"))
_TIMEOUT = httpx.Timeout(60, read=None)  # a stream of events may be silent for long


@contextmanager
def prefix_proxy(server: str, prefix: str) -> Iterator[str]:
    """Pass on what is below ``prefix``, and refuse everything else; give the URL of the prefix."""
    limits = httpx.Limits(max_connections=None)
    with (
        httpx.Client(base_url=server, timeout=_TIMEOUT, limits=limits) as client,
        ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy,
    ):
        Handler.client, Handler.prefix = client, prefix
        proxy.daemon_threads = True
        proxy.block_on_close = False
        Thread(target=proxy.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{proxy.server_address[1]}{prefix}"
        proxy.shutdown()


class Handler(BaseHTTPRequestHandler):
    """Takes the prefix off, tells the server about it, and passes on whatever comes as it comes."""

    protocol_version = "HTTP/1.1"
    client: httpx.Client
    prefix: str

    def answer(self) -> None:
        path = urlsplit(self.path).path
        if path != self.prefix and not path.startswith(self.prefix + "/"):
            self.send_error(404)
            return
        told = {"X-Forwarded-Prefix": self.prefix, "X-Forwarded-Host": self.headers["Host"]}
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_THE_CONNECTION}
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        target = self.path.removeprefix(self.prefix) or "/"
        with (
            suppress(OSError, httpx.TransportError),  # the browser left, or the server was stopped
            self.client.stream(self.command, target, headers=headers | told, content=body) as answer,
        ):
            self.pass_on(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

    def pass_on(self, answer: httpx.Response) -> None:
        self.send_response(answer.status_code)
        for name, value in answer.headers.multi_items():
            if name not in _OF_THE_CONNECTION:
                self.send_header(name, value)
        has_body = self.command != "HEAD" and answer.status_code not in (204, 304)
        if has_body:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if has_body:
            for chunk in answer.iter_raw():
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
