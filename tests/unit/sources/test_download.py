"""Downloads from a server on this machine that behaves well, badly and cunningly."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import json
import shutil
import socket
import subprocess
import sys

import pytest

from tests.serving import Proxy, serving
from toolkit.errors import SourceError, UsageError
from toolkit.language import problem_text
from toolkit.settings import LANGUAGES
from toolkit.sources import download as downloads
from toolkit.sources import registry, web
from toolkit.sources.download import Downloader, Wanted

pytestmark = pytest.mark.enable_socket
BODY = bytes(range(256)) * 4096  # 1 MiB


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving() as made:
        yield made


class _Time:
    """A clock that stands still until it is moved, and notes how long was waited."""

    def __init__(self):
        self.now = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
        self.waits = []

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return _Time()


@pytest.fixture
def client(tmp_path, time):
    return Downloader(tmp_path / "cache", loopback=True, now=time, wait=time.waits.append)


def wanted(server, path="/file.csv", **cells):
    return Wanted(
        **{"name": "file.csv", "address": server.address + path, "max_bytes": 2 << 20} | cells
    )


def test_a_file_comes_once_and_is_fresh_for_a_while(server, client, time):
    server.scripts["/file.csv"] = lambda to, _: to.give(BODY, ETag='"1"')
    seen = []
    path = client.fetch(wanted(server), progress=lambda done, whole: seen.append((done, whole)))
    assert path.read_bytes() == BODY
    assert seen[-1] == (len(BODY), len(BODY))
    time.now += dt.timedelta(days=29)
    assert client.fetch(wanted(server)) == path
    assert len(server.asked) == 1
    known = client.kept(wanted(server))
    assert (known.age_days(time.now), known.sha256) == (29, hashlib.sha256(BODY).hexdigest())


def test_an_old_copy_is_confirmed_without_being_sent_again(server, client, time):
    server.scripts["/file.csv"] = lambda to, turn: (
        to.give(BODY, ETag='"1"') if turn == 1 else to.give(status=304)
    )
    path = client.fetch(wanted(server))
    time.now += dt.timedelta(days=31)
    assert client.fetch(wanted(server)) == path
    assert server.asked[1][1]["If-None-Match"] == '"1"'
    assert client.kept(wanted(server)).age_days(time.now) == 0
    assert path.read_bytes() == BODY


def test_a_server_that_is_busy_is_left_in_peace_as_long_as_it_asks(server, client, time):
    server.scripts["/file.csv"] = lambda to, turn: (
        to.give(status=429, Retry_After="7") if turn == 1 else to.give(BODY)
    )
    client.fetch(wanted(server))
    assert time.waits == [7.0]


def test_a_wait_of_hours_is_not_waited_out(server, client, time):
    server.scripts["/file.csv"] = lambda to, _: to.give(status=503, Retry_After="7200")
    with pytest.raises(SourceError) as caught:
        client.fetch(wanted(server))
    assert caught.value.code == "download_busy"
    assert time.waits == []


def test_tries_come_less_and_less_often_and_end(server, client, time):
    server.scripts["/file.csv"] = lambda to, _: to.give(status=500)
    with pytest.raises(SourceError) as caught:
        client.fetch(wanted(server))
    assert caught.value.code == "download_failed"
    assert time.waits == [1.0, 2.0, 4.0]
    assert len(server.asked) == web.TRIES


def test_a_download_that_breaks_off_is_taken_up_where_it_stopped(server, client):
    half = len(BODY) // 2

    def answer(to, turn):
        if turn == 1:
            to.give(BODY[:half], length=len(BODY), ETag='"1"')
            to.connection.close()
            return
        begin = int(to.headers["Range"].removeprefix("bytes=").rstrip("-"))
        assert to.headers["If-Range"] == '"1"'
        span = f"bytes {begin}-{len(BODY) - 1}/{len(BODY)}"
        to.give(BODY[begin:], status=206, Content_Range=span, ETag='"1"')

    server.scripts["/file.csv"] = answer
    assert client.fetch(wanted(server)).read_bytes() == BODY
    assert [headers.get("Range") for _, headers in server.asked] == [None, f"bytes={half}-"]


def test_a_file_that_changed_meanwhile_is_taken_whole(server, client):
    new = BODY[::-1]

    def answer(to, turn):
        if turn == 1:
            to.give(BODY[:1000], length=len(BODY), ETag='"1"')
            to.connection.close()
        else:
            to.give(new, ETag='"2"')

    server.scripts["/file.csv"] = answer
    assert client.fetch(wanted(server)).read_bytes() == new


@pytest.mark.parametrize("is_said", [True, False])
def test_a_file_that_is_too_large_is_refused(server, client, is_said):
    def answer(to, _turn):
        if is_said:
            to.give(BODY)
            return
        to.send_response(200)
        to.end_headers()
        to.wfile.write(BODY)

    server.scripts["/file.csv"] = answer
    with pytest.raises(SourceError) as caught:
        client.fetch(wanted(server, max_bytes=1000))
    assert caught.value.code == "download_too_large"
    assert not [path for path in client.folder.iterdir() if path.suffix == ".part"]


def test_a_file_that_is_not_the_one_expected_is_thrown_away(server, client):
    server.scripts["/file.csv"] = lambda to, _: to.give(BODY)
    with pytest.raises(SourceError) as caught:
        client.fetch(wanted(server, sha256="0" * 64))
    assert caught.value.code == "download_checksum"
    assert not client.path_of(wanted(server)).exists()


def test_an_old_copy_stays_when_a_new_one_cannot_be_had(server, client, time):
    server.scripts["/file.csv"] = lambda to, turn: (
        to.give(BODY) if turn == 1 else to.give(status=404)
    )
    path = client.fetch(wanted(server))
    time.now += dt.timedelta(days=31)
    with pytest.raises(SourceError) as caught:
        client.fetch(wanted(server))
    assert caught.value.code == "download_refused"
    assert path.read_bytes() == BODY


def test_offline_asks_nobody(server, client, tmp_path, time):
    offline = Downloader(tmp_path / "cache", offline=True, now=time)
    with pytest.raises(SourceError) as caught:
        offline.fetch(wanted(server))
    assert caught.value.code == "download_offline"
    assert server.asked == []
    server.scripts["/file.csv"] = lambda to, _: to.give(BODY)
    client.fetch(wanted(server))
    time.now += dt.timedelta(days=400)
    assert offline.fetch(wanted(server)).read_bytes() == BODY


def test_a_damaged_copy_is_fetched_again(server, client):
    server.scripts["/file.csv"] = lambda to, _: to.give(BODY)
    path = client.fetch(wanted(server))
    path.write_bytes(b"x")
    assert client.fetch(wanted(server)).read_bytes() == BODY


@pytest.mark.parametrize(
    "target, code",
    [
        ("http://example.org/file.csv", "download_address"),
        ("ftp://example.org/file.csv", "download_address"),
        ("file:///etc/passwd", "download_address"),
        ("https://user@example.org/", "download_address"),
        ("https://10.0.0.8/file.csv", "download_private"),
        ("https://192.168.1.1/file.csv", "download_private"),
        ("https://169.254.169.254/latest/meta-data", "download_private"),
        ("https://[::ffff:10.0.0.8]/file.csv", "download_private"),
        ("https://[fd00::1]/", "download_private"),
    ],
)
def test_a_redirect_leads_to_public_machines_over_https_only(
    server, client, monkeypatch, target, code
):
    real = socket.getaddrinfo

    def resolve(host, port, *words, **cells):
        if host == "example.org":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", port))]
        return real(host, port, *words, **cells)

    monkeypatch.setattr(web.socket, "getaddrinfo", resolve)
    server.scripts["/file.csv"] = lambda to, _: to.give(status=302, Location=target)
    with pytest.raises(SourceError) as caught:
        client.fetch(wanted(server))
    assert caught.value.code == code
    assert len(server.asked) == 1


def test_this_machine_is_not_asked_unless_a_test_says_so(server, tmp_path):
    with pytest.raises(SourceError) as caught:
        Downloader(tmp_path).fetch(wanted(server))
    assert caught.value.code == "download_address"
    with pytest.raises(SourceError) as caught:
        Downloader(tmp_path).fetch(Wanted("f", "https://127.0.0.1:9/f", 10))
    assert caught.value.code == "download_private"
    assert server.asked == []


def test_a_redirect_is_followed_and_a_ring_is_not(server, client):
    server.scripts["/file.csv"] = lambda to, _: to.give(status=301, Location="/other")
    server.scripts["/other"] = lambda to, _: to.give(BODY)
    assert client.fetch(wanted(server)).read_bytes() == BODY
    server.scripts["/other"] = lambda to, _: to.give(status=301, Location="/file.csv")
    with pytest.raises(SourceError) as caught:
        client.fetch(wanted(server, name="ring.csv"))
    assert caught.value.code == "download_redirects"


def test_a_name_with_steps_stays_in_the_cache(server, client):
    server.scripts["/file.csv"] = lambda to, _: to.give(BODY)
    path = client.fetch(wanted(server, name="../../out.csv"))
    assert path.parent == client.folder


def rest(to, _turn):
    """Answer like a server that takes downloads up again."""
    begin = int(to.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
    if not begin:
        to.give(BODY, ETag='"1"')
        return
    assert to.headers["If-Range"] == '"1"'
    span = f"bytes {begin}-{len(BODY) - 1}/{len(BODY)}"
    to.give(BODY[begin:], status=206, Content_Range=span, ETag='"1"')


KILLED = """
import os, signal, sys
from pathlib import Path
from toolkit.sources.download import Downloader, Wanted

def stop(done, whole):
    if done > whole // 2:
        os.kill(os.getpid(), signal.SIGKILL)

wanted = Wanted("file.csv", sys.argv[2], 2 << 20)
Downloader(Path(sys.argv[1]), loopback=True).fetch(wanted, progress=stop)
"""


def test_a_download_that_was_killed_is_taken_up_where_it_stopped(server, client):
    server.scripts["/file.csv"] = rest
    line = [sys.executable, "-c", KILLED, str(client.folder), server.address + "/file.csv"]
    done = subprocess.run(line, timeout=60, check=False)
    assert done.returncode != 0
    part = client.folder / "file.csv.part"
    held = part.stat().st_size
    assert 0 < held < len(BODY)
    assert not client.path_of(wanted(server)).exists()
    assert client.fetch(wanted(server)).read_bytes() == BODY
    assert server.asked[-1][1]["Range"] == f"bytes={held}-"
    assert not part.exists()


def test_a_redirect_is_gone_through_again_when_a_download_is_taken_up(server, client):
    half = len(BODY) // 2
    server.scripts["/stable"] = lambda to, _: to.give(status=302, Location="/file.csv")
    server.scripts["/file.csv"] = lambda to, turn: (
        to.give(BODY[:half], length=len(BODY), ETag='"1"') if turn == 2 else rest(to, turn)
    )
    assert client.fetch(wanted(server, "/stable")).read_bytes() == BODY
    assert [path for path, _ in server.asked] == ["/stable", "/file.csv"] * 2
    assert server.asked[-1][1]["Range"] == f"bytes={half}-"


def test_a_disk_without_room_is_told_before_anything_is_written(server, client, monkeypatch):
    server.scripts["/file.csv"] = rest
    usage = shutil.disk_usage(client.folder.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(SourceError) as caught:
        client.fetch(wanted(server))
    assert caught.value.code == "download_no_room"
    assert caught.value.problem_list[0].params["folder"] == str(client.folder)
    assert list(client.folder.iterdir()) == []


def test_a_disk_that_fills_up_keeps_what_was_received(server, client, monkeypatch):
    server.scripts["/file.csv"] = rest

    def full(done, _whole):
        if done > len(BODY) // 2:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(SourceError) as caught:
        client.fetch(wanted(server), progress=full)
    assert caught.value.code == "download_no_room"
    assert (client.folder / "file.csv.part").stat().st_size > len(BODY) // 2
    assert client.fetch(wanted(server)).read_bytes() == BODY
    assert "Range" in server.asked[-1][1]


def test_the_proxy_of_the_settings_is_asked_and_redirects_go_through_it(
    server, client, monkeypatch
):
    server.scripts["/stable"] = lambda to, _: to.give(status=302, Location="/file.csv")
    server.scripts["/file.csv"] = rest
    with serving(Proxy) as proxy:
        monkeypatch.setenv("http_proxy", proxy.address)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        assert client.fetch(wanted(server, "/stable")).read_bytes() == BODY
        assert [path for path, _ in proxy.asked] == [
            server.address + "/stable",
            server.address + "/file.csv",
        ]


def test_a_proxy_that_does_not_answer_is_given_up(server, client, time, monkeypatch):
    with serving(Proxy) as proxy:
        gone = proxy.address
    monkeypatch.setenv("http_proxy", gone)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SourceError) as caught:
        client.fetch(wanted(server))
    assert caught.value.code == "download_failed"
    assert server.asked == []


def test_a_download_that_breaks_off_again_and_again_goes_on(server, client, time):
    step = downloads.CHUNK // 2
    whole = BODY * 2

    def answer(to, _turn):
        begin = int(to.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        piece = whole[begin : begin + step]
        span = {"Content_Range": f"bytes {begin}-{len(whole) - 1}/{len(whole)}"} if begin else {}
        status = 206 if begin else 200
        to.give(piece, status=status, length=len(whole) - begin, ETag='"1"', **span)
        to.connection.close()

    server.scripts["/file.csv"] = answer
    assert client.fetch(wanted(server, max_bytes=len(whole))).read_bytes() == whole
    assert len(server.asked) == len(whole) // step > 3 * web.TRIES
    server.scripts["/stuck"] = lambda to, _: (to.give(b"x", length=9), to.connection.close())
    with pytest.raises(SourceError) as caught:
        client.fetch(wanted(server, "/stuck", name="stuck.csv"))
    assert caught.value.code == "download_failed"


@pytest.mark.parametrize(
    "name, body",
    [
        ("a.csv", b"<!DOCTYPE html><title>Sign in</title>"),
        ("a.csv", b"\xef\xbb\xbf\n <html>"),
        ("a.parquet", b"siret,siren\n"),
        ("a.zip", b"<?xml version='1.0'?><Error/>"),
        ("a.json", b"<html>"),
        ("a.geojson", b"[]"),
        ("a.json", b""),
    ],
)
def test_a_page_that_comes_for_a_file_is_thrown_away(server, client, name, body):
    server.scripts["/file.csv"] = lambda to, _: to.give(body)
    with pytest.raises(SourceError) as caught:
        client.fetch(wanted(server, name=name))
    assert caught.value.code == "download_other_content"
    assert all(problem_text(caught.value.problem_list[0], lang=lang) for lang in LANGUAGES)
    assert list(client.folder.iterdir()) == []


@pytest.mark.parametrize(
    "name, body",
    [
        ("a.csv", b"\xef\xbb\xbfa;b\n"),
        ("a.csv", b""),
        ("a.zip", b"PK\x03\x04"),
        ("a.zip", b"PK\x05\x06"),
        ("a.json", b"\n[1]"),
        ("a.parquet", b"PAR1"),
    ],
)
def test_what_begins_as_it_should_is_kept(server, client, name, body):
    server.scripts["/file.csv"] = lambda to, _: to.give(body)
    assert client.fetch(wanted(server, name=name)).read_bytes() == body


# --- the registry -----------------------------------------------------------------------------
def test_the_shipped_registry_is_sound_and_https():
    for entry in registry.read_registry().values():
        address = entry.address or registry.CATALOGUE.format(dataset=entry.dataset)
        assert address.startswith("https://")
        assert entry.title
        assert entry.licence
        assert entry.file


def test_a_territory_changes_and_adds_sources(tmp_path):
    path = tmp_path / "sources.toml"
    path.write_text(
        '[schools]\nmax_mb = 7\n[ours]\nkind = "siae"\naddress = "https://example.org/a.csv"\n',
        encoding="utf-8",
    )
    read = registry.read_registry(path)
    assert read["schools"].max_mb == 7
    assert read["schools"].title == registry.read_registry()["schools"].title
    assert read["ours"].kind == "siae"


def test_every_fault_of_a_registry_is_told(tmp_path):
    path = tmp_path / "sources.toml"
    path.write_text('[a]\nkind = "siae"\nmax_mb = "x"\ncolour = "red"\n[b]\naddress = "x"\n')
    with pytest.raises(UsageError) as caught:
        registry.read_registry(path)
    keys = [(problem.found, problem.params["key"]) for problem in caught.value.problem_list]
    assert keys == [("a", "max_mb"), ("a", "colour"), ("a", "address"), ("b", "kind")]


def test_the_newest_file_of_a_data_set_in_the_format_wanted_is_taken(server, client, monkeypatch):
    def row(name, day, **cells):
        return {
            "url": f"https://example.org/{name}",
            "format": "csv",
            "type": "main",
            "last_modified": day,
        } | cells

    page = {
        "resources": [
            row("old.csv", "2025-01-01"),
            row("new.csv", "2026-10-01"),
            row("newer.xlsx", "2026-11-01", format="xlsx"),
            row("notice.csv", "2026-11-02", type="documentation"),
            row("plain.csv", "2026-11-03", url="http://example.org/plain.csv"),
        ]
    }
    server.scripts["/set"] = lambda to, _: to.give(json.dumps(page).encode())
    monkeypatch.setattr(registry, "CATALOGUE", server.address + "/set?{dataset}")
    entry = registry.Entry("x", "siae", dataset="list")
    assert registry._newest(entry, client) == "https://example.org/new.csv"
