"""A web server on this machine that answers as a test tells it to, and a proxy in front of it."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class Handler(BaseHTTPRequestHandler):
    """Answers by the script of the path, which is told how many questions there were."""

    server: Any

    def do_GET(self) -> None:
        """Answer a question."""
        self.server.asked.append((self.path, dict(self.headers)))
        self.server.scripts[self.path.partition("?")[0]](self, len(self.server.asked))

    def log_message(self, *_words: object) -> None:
        """Say nothing."""

    def give(
        self, body: bytes = b"", *, status: int = 200, length: int | None = None, **headers: str
    ) -> None:
        """Send an answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)


class Proxy(BaseHTTPRequestHandler):
    """Asks in the name of others, and notes for whom."""

    server: Any

    def do_GET(self) -> None:
        """Pass a question on, and its answer back."""
        self.server.asked.append((self.path, dict(self.headers)))
        parts = urlsplit(self.path)
        link = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        kept = {name: cell for name, cell in self.headers.items() if "proxy" not in name.lower()}
        link.request("GET", path, headers=kept)
        answer = link.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name, cell in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "connection", "date", "server"}:
                self.send_header(name, cell)
        self.end_headers()
        self.wfile.write(body)
        link.close()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler] = Handler) -> Iterator[Any]:
    """Give a server: ``asked``, ``scripts`` by path, ``address``."""
    made: Any = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    made.asked, made.scripts = [], {}
    made.address = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        thread.join(timeout=10)
        made.server_close()
