"""A geocoding service on this machine that speaks the grammar of ``/search/csv``.

Columns and cells are those that the public services give: all of them, those asked for where
``result_columns`` says so; a row of which nothing is found has empty cells and a status.
"""

from __future__ import annotations

import csv
import email
import email.policy
import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RESULTS = [
    "longitude",
    "latitude",
    "result_score",
    "result_score_next",
    "result_label",
    "result_type",
    "result_id",
    "result_banId",
    "result_housenumber",
    "result_name",
    "result_street",
    "result_postcode",
    "result_city",
    "result_context",
    "result_citycode",
    "result_oldcitycode",
    "result_oldcity",
    "result_district",
    "result_status",
]

Found = dict[str, str]


def found(citycode: str, *, kind: str = "housenumber", score: float = 0.93, **cells: str) -> Found:
    """Return what the service knows of one address."""
    return {
        "longitude": "-0.36",
        "latitude": "49.18",
        "result_score": str(score),
        "result_label": 'Rue "du Port", Caen',
        "result_type": kind,
        "result_context": "14, Calvados, Normandie",
        "result_citycode": citycode,
        "result_status": "ok",
        **cells,
    }


class Service(ThreadingHTTPServer):
    """The service: what it knows, what it got, and how it behaves."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.base = f"http://127.0.0.1:{self.server_port}/geocodage"
        self.known: Callable[[str, str], Found | None] = lambda _text, code: found(code or "99001")
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        self.forms: list[dict[str, list[str]]] = []
        self.scripts: list[Callable[[_Handler, bytes], None]] = []
        """One a request, in order; requests beyond them are answered well."""

    def sent(self) -> list[dict[str, str]]:
        """Return all rows that came in."""
        return [
            row
            for form in self.forms
            for row in csv.DictReader(io.StringIO(form["data"][0], newline=""))
        ]

    def answer(self, form: dict[str, list[str]]) -> str:
        """Return the file that goes back."""
        rows = list(csv.DictReader(io.StringIO(form["data"][0], newline="")))
        asked = form.get("result_columns") or RESULTS
        stream = io.StringIO()
        names = [*(rows[0] if rows else ["id"]), *(name for name in RESULTS if name in asked)]
        writer = csv.DictWriter(stream, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            words = " ".join(row[name] for name in form["columns"]).strip()
            code = row[form["citycode"][0]] if "citycode" in form else ""
            cells = self.known(words, code) or {"result_status": "not-found"}
            writer.writerow({**row, **cells})
        return stream.getvalue()


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body)
        self.server.paths.append(self.path)
        place = len(self.server.bodies) - 1
        if place < len(self.server.scripts):
            self.server.scripts[place](self, body)
        else:
            self.well(body)

    def well(self, body: bytes, change: Callable[[str], bytes] = str.encode) -> None:
        """Answer well; `change` says how the file is written."""
        form = parse_form(self.headers["Content-Type"], body)
        if set(form["columns"]) - set(next(csv.reader([form["data"][0].split("\n")[0]]))):
            self.give(b'{"code":400,"message":"unknown column"}', status=400)
            return
        self.server.forms.append(form)
        self.give(change(self.server.answer(form)), kind="text/csv")

    def give(
        self, body: bytes = b"", *, status: int = 200, kind: str = "text/html", **headers: str
    ) -> None:
        """Answer with a body."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, cell in headers.items():
            self.send_header(name.replace("_", "-"), cell)
        self.send_header("Content-Length", headers.get("length", str(len(body))))
        self.end_headers()
        self.wfile.write(body)

    def cut(self, _body: bytes) -> None:
        """Promise a file and hang up in the middle."""
        self.send_response(200)
        self.send_header("Content-Length", "5000")
        self.end_headers()
        self.wfile.write(b"id,latitude")
        self.close_connection = True

    def log_message(self, *_words: object) -> None:
        pass


def parse_form(kind: str, body: bytes) -> dict[str, list[str]]:
    """Return the fields of a multipart body, each with all it was given."""
    head = f"Content-Type: {kind}\r\nMIME-Version: 1.0\r\n\r\n".encode()
    message = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    form: dict[str, list[str]] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        form.setdefault(str(name), []).append(part.get_payload(decode=True).decode())
    return form


@contextmanager
def running() -> Iterator[Service]:
    """Run the service while it is used."""
    made = Service()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        thread.join(timeout=10)
        made.server_close()
